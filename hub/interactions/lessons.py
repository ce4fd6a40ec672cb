"""What the fate of a message teaches about the address that it went to: tired, dead, suppressed, opted out, well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind, Progress, Reason, Receipt
from hub.customers import consent, identities, wordings
from hub.customers.consent import Statement
from hub.interactions.reckoning import Standing
from hub.models import Interaction
from hub.models.vocabulary import AddressKind, Purpose

# Reasons that say something about a mailbox for a while, not about the message (requirement B2). BLOCKED is none of
# them: our host or our words were refused, and the mailbox is well. Of a telephone they say nothing that lasts: it is
# off, or its carrier did not like the words, and it can still be called.
_SOFT = frozenset({Reason.MAILBOX_FULL, Reason.UNREACHABLE})

Message = Interaction | Standing


@dataclass(frozen=True, slots=True)
class Lesson:
    """A receipt that nobody had told before, and the message that it is about."""

    message: Standing
    receipt: Receipt

    @property
    def address(self) -> tuple[AddressKind, str] | None:
        kind, value = self.message.kind, self.message.recipient
        return (AddressKind.of(kind), value) if kind is not None and value else None

    @property
    def arrived(self) -> bool:
        return self.receipt.progress is Progress.DELIVERED

    @property
    def warns(self) -> bool:
        reason = self.receipt.reason
        return reason is Reason.COMPLAINED or (self.receipt.progress is Progress.FAILED and reason is not None)


async def learn(session: AsyncSession, lessons: Sequence[Lesson], *, now: datetime) -> None:
    """In their order. Of most there is nothing to learn: what arrives at an address that is well says nothing new."""
    warned = {one.address for one in lessons if one.warns}
    arrived = {one.address for one in lessons if one.arrived and one.address is not None}
    tired = warned | await identities.tired(session, [one for one in arrived if one not in warned])
    for lesson in lessons:
        if lesson.address is not None and lesson.address in tired:
            await _learn(session, lesson, now)


async def _learn(session: AsyncSession, lesson: Lesson, now: datetime) -> None:
    message, receipt = lesson.message, lesson.receipt
    if lesson.arrived and message.kind is not None:
        await identities.delivered(session, message.kind, message.recipient, now=now)
    if lesson.warns and receipt.reason is not None:
        hard, detail = receipt.hard, receipt.detail
        await undeliverable(session, message, receipt.reason, hard=hard, detail=detail, source="receipt", now=now)


async def undeliverable(
    session: AsyncSession, message: Message, reason: Reason, *, hard: bool, detail: str, source: str, now: datetime
) -> None:
    """What a refusal teaches about the customer's address: dead, suppressed, opted out, or only tired."""
    kind, address = message.kind, message.recipient
    if kind is None or not address:
        return
    if reason is Reason.OPTED_OUT:
        await _opted_out(session, message, kind, source, now)
    elif reason is Reason.COMPLAINED:
        await _complained(session, message, kind, source, now)
    elif hard or reason.hard or (reason in _SOFT and kind is Kind.EMAIL):
        is_hard = hard or reason.hard
        await identities.bounced(session, kind, address, hard=is_hard, reason=reason.value, detail=detail, now=now)


async def _opted_out(session: AsyncSession, message: Message, kind: Kind, source: str, now: datetime) -> None:
    """The carrier holds a STOP: from now on the hub does too, for all of its numbers (requirement S2, S5)."""
    by = f"carrier STOP ({source})"
    added = await consent.suppress(session, kind, message.recipient, purpose=None, reason="STOP", source=by, now=now)
    if added:
        said = Statement(
            message.customer_id,
            None,
            kind,
            granted=False,
            source=by,
            wording=wordings.CARRIER,
            wording_version=wordings.version("carrier"),
            evidence=str(message.id),
        )
        await consent.record(session, said, now=now)


async def _complained(session: AsyncSession, message: Message, kind: Kind, source: str, now: datetime) -> None:
    """Requirement B4: no marketing to this address from this moment, and the ledger says why."""
    address, reason, marketing = message.recipient, Reason.COMPLAINED.value, Purpose.MARKETING
    if kind is Kind.EMAIL:
        await identities.complained(session, address, now=now)
    added = await consent.suppress(session, kind, address, purpose=marketing, reason=reason, source=source, now=now)
    if added:
        said = Statement(
            message.customer_id,
            marketing,
            kind,
            granted=False,
            source="complaint",
            wording=wordings.COMPLAINT,
            wording_version=wordings.version("complaint"),
            evidence=str(message.id),
        )
        await consent.record(session, said, now=now)
