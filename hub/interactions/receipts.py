"""What providers tell us afterwards about messages we sent: found, written down once, and acted on."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Kind, Progress, Reason, Receipt
from hub import live
from hub.customers import consent, identities
from hub.customers.consent import Statement
from hub.interactions import progress, record
from hub.models import EarlyReceipt, Interaction, ReceiptRow
from hub.models.vocabulary import Purpose, State
from hub.signing import Signer

# Their word for how far it got → our state. None: no step of its own, but proof that the provider has it.
_STATE: dict[Progress, State | None] = {
    Progress.DELAYED: None,
    Progress.QUEUED: None,
    Progress.SENDING: None,
    Progress.RINGING: State.RINGING,
    Progress.ANSWERED: State.TALKING,
    Progress.SENT: State.SENT,
    Progress.DELIVERED: State.DELIVERED,
    Progress.FAILED: State.FAILED,
    Progress.READ: State.READ,
}

_UNCLAIMED = timedelta(days=30)  # how long a receipt of a message that nobody knows is kept

# Reasons that say something about a mailbox for a while, not about the message (requirement B2). BLOCKED is none of
# them: our host or our words were refused, and the mailbox is well. Of a telephone they say nothing that lasts: it is
# off, or its carrier did not like the words, and it can still be called.
_SOFT = frozenset({Reason.MAILBOX_FULL, Reason.UNREACHABLE})
_ANOTHER = "a report names another recipient than we wrote to"


async def apply(
    session: AsyncSession, channel: Channel, receipt: Receipt, *, signer: Signer, now: datetime
) -> UUID | None:
    """Write a receipt down and move its interaction forward. None: nobody knows the message yet, the receipt waits.

    The same receipt again, or an earlier one late, changes nothing: all orders end alike (requirements 3.3, T2).
    """
    interaction = await _find(session, channel.name, receipt, signer)
    if interaction is None:
        await _keep_for_later(session, channel.name, receipt, now)
        return None
    if not _meant(interaction, receipt):
        await progress.flag(session, interaction.id, _ANOTHER)
        await announce(session, interaction)
        return None
    await _act(session, channel.name, receipt, interaction, now)
    return interaction.id


async def join_early(
    session: AsyncSession, channel_name: str, provider_id: str, interaction_id: UUID, *, now: datetime
) -> None:
    """The create's answer came: name the interaction, and apply the receipts that had overtaken it."""
    await record.claim(session, channel_name, provider_id)
    await record.name(session, channel_name, provider_id, interaction_id)
    early = delete(EarlyReceipt).where(
        col(EarlyReceipt.channel) == channel_name, col(EarlyReceipt.provider_id) == provider_id
    )
    waiting = (await session.execute(early.returning(col(EarlyReceipt.id), col(EarlyReceipt.receipt)))).all()
    for _, words in sorted(waiting, key=lambda row: row.id or 0):
        interaction = await session.get(Interaction, interaction_id, populate_existing=True)
        if interaction is not None and _meant(interaction, _receipt(words)):
            await _act(session, channel_name, _receipt(words), interaction, now)


async def forget_early(session: AsyncSession, *, now: datetime) -> int:
    """Receipts that nobody claimed for a month: anybody may send us a report about a mail that never was."""
    gone = await session.execute(delete(EarlyReceipt).where(col(EarlyReceipt.at) < now - _UNCLAIMED))
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def proven(session: AsyncSession, interaction_id: UUID) -> bool:
    """True when a receipt shows that the provider took this message, whatever its answer to us was."""
    rows = await session.exec(select(ReceiptRow.id).where(col(ReceiptRow.interaction_id) == interaction_id).limit(1))
    return rows.first() is not None


async def undeliverable(
    session: AsyncSession,
    interaction: Interaction,
    reason: Reason,
    *,
    hard: bool,
    detail: str,
    source: str,
    now: datetime,
) -> None:
    """What a refusal teaches about the customer's address: dead, suppressed, opted out, or only tired."""
    kind, address = interaction.kind, interaction.recipient
    if kind is None or not address:
        return
    if reason is Reason.OPTED_OUT:
        await _opted_out(session, interaction, kind, source, now)
    elif reason is Reason.COMPLAINED:
        await _complained(session, interaction, kind, source, now)
    elif hard or reason.hard or (reason in _SOFT and kind is Kind.EMAIL):
        is_hard = hard or reason.hard
        await identities.bounced(session, kind, address, hard=is_hard, reason=reason.value, detail=detail, now=now)


async def announce(session: AsyncSession, interaction: Interaction) -> None:
    """Tell open pages that this interaction changed."""
    if interaction.campaign_id is not None:
        await live.publish(session, "campaign", id=interaction.campaign_id)
    elif interaction.conversation_id is not None:
        await live.publish(session, "conversation", id=interaction.conversation_id, customer=interaction.customer_id)
    else:
        await live.publish(session, "customer", id=interaction.customer_id)


# ---- finding --------------------------------------------------------------------------------


async def _find(session: AsyncSession, channel: str, receipt: Receipt, signer: Signer) -> Interaction | None:
    """By our own signed token, else by the provider's name, else by the Message-ID of a mail to that recipient."""
    by_token = signer.read_message_token(receipt.token) if receipt.token else None
    if by_token is not None:
        return await session.get(Interaction, by_token, populate_existing=True)
    for name in (receipt.provider_id, receipt.message_id):
        number = await record.claim(session, channel, name) if name else None
        found = await session.get(Interaction, number, populate_existing=True) if number else None
        if found is not None and _meant(found, receipt):
            return found
    return None


def _meant(interaction: Interaction, receipt: Receipt) -> bool:
    """A report that names another recipient than we wrote to proves nothing (requirement B3).

    Of a call it names the telephone that was rung, which may well be a colleague's.
    """
    same = receipt.recipient.lower() == interaction.recipient.lower()
    return not receipt.recipient or same or (bool(receipt.token) and interaction.kind is not Kind.EMAIL)


async def _keep_for_later(session: AsyncSession, channel: str, receipt: Receipt, now: datetime) -> None:
    name = receipt.provider_id or receipt.message_id
    if name:
        session.add(EarlyReceipt(channel=channel, provider_id=name, at=now, receipt=_words(receipt)))
        await session.flush()


def _words(receipt: Receipt) -> dict[str, object]:
    words = asdict(receipt)
    return words | {"payload": dict(receipt.payload), "at": receipt.at.isoformat() if receipt.at else None}


def _receipt(words: dict[str, object]) -> Receipt:
    known = dict(words)
    at, reason = known.pop("at"), known.pop("reason")
    return Receipt(
        **{**known, "progress": Progress(str(known["progress"]))},  # type: ignore[arg-type]
        at=datetime.fromisoformat(str(at)) if at else None,
        reason=Reason(str(reason)) if reason else None,
    )


# ---- acting ---------------------------------------------------------------------------------


async def _act(session: AsyncSession, channel: str, receipt: Receipt, interaction: Interaction, now: datetime) -> None:
    if not await _write_down(session, receipt, interaction, now):
        return
    if receipt.provider_id:
        await record.name(session, channel, receipt.provider_id, interaction.id)
    await _move(session, receipt, interaction, now)
    await _learn(session, receipt, interaction, now)
    await announce(session, interaction)


async def _write_down(session: AsyncSession, receipt: Receipt, interaction: Interaction, now: datetime) -> bool:
    """False when the provider told us the same before."""
    row = {
        "interaction_id": interaction.id,
        "at": receipt.at or now,
        "progress": receipt.progress.value,
        "reason": receipt.reason.value if receipt.reason else "",
        "code": receipt.code,
        "leg": receipt.recipient,
        "detail": receipt.detail[:2000],
        "payload": dict(receipt.payload),
    }
    added = insert(ReceiptRow).values(**row).on_conflict_do_nothing().returning(col(ReceiptRow.id))
    return (await session.exec(added)).first() is not None


async def _move(session: AsyncSession, receipt: Receipt, interaction: Interaction, now: datetime) -> None:
    state = _STATE[receipt.progress]
    if state is None:
        await progress.found(session, interaction.id, now=now)
        return
    reason = receipt.reason.value if receipt.reason and state is State.FAILED else ""
    detail = receipt.detail if state is State.FAILED else ""
    moved = await progress.advance(session, interaction.id, state, reason=reason, detail=detail, now=now)
    if not moved and await _contradicts(session, interaction.id, state):
        await progress.flag(session, interaction.id, "receipts contradict each other")


async def _contradicts(session: AsyncSession, interaction_id: UUID, state: State) -> bool:
    """Delivered and failed cannot both be true: the first stands, a person is told."""
    other = {State.DELIVERED: State.FAILED, State.FAILED: State.DELIVERED}.get(state)
    stands = (await session.exec(select(Interaction.state).where(col(Interaction.id) == interaction_id))).first()
    return other is not None and stands is other


async def _learn(session: AsyncSession, receipt: Receipt, interaction: Interaction, now: datetime) -> None:
    kind, reason = interaction.kind, receipt.reason
    if receipt.progress is Progress.DELIVERED and kind is not None and interaction.recipient:
        await identities.delivered(session, kind, interaction.recipient, now=now)
    if reason is Reason.COMPLAINED or (receipt.progress is Progress.FAILED and reason is not None):
        await undeliverable(
            session, interaction, reason, hard=receipt.hard, detail=receipt.detail, source="receipt", now=now
        )
    if receipt.progress is Progress.FAILED and reason is Reason.UNKNOWN:
        await progress.flag(session, interaction.id, f"the provider's reason is not known: {receipt.code}"[:200])


async def _opted_out(session: AsyncSession, interaction: Interaction, kind: Kind, source: str, now: datetime) -> None:
    """The carrier holds a STOP: from now on the hub does too, for all of its numbers (requirement S2, S5)."""
    by = f"carrier STOP ({source})"
    added = await consent.suppress(
        session, kind, interaction.recipient, purpose=None, reason="STOP", source=by, now=now
    )
    if added:
        said = Statement(interaction.customer_id, None, kind, granted=False, source=by, evidence=str(interaction.id))
        await consent.record(session, said, now=now)


async def _complained(session: AsyncSession, interaction: Interaction, kind: Kind, source: str, now: datetime) -> None:
    """Requirement B4: no marketing to this address from this moment, and the ledger says why."""
    address, reason = interaction.recipient, Reason.COMPLAINED.value
    if kind is Kind.EMAIL:
        await identities.complained(session, address, now=now)
    added = await consent.suppress(
        session, kind, address, purpose=Purpose.MARKETING, reason=reason, source=source, now=now
    )
    if added:
        said = Statement(
            interaction.customer_id,
            Purpose.MARKETING,
            kind,
            granted=False,
            source="complaint",
            evidence=str(interaction.id),
        )
        await consent.record(session, said, now=now)
