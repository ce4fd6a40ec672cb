"""The last look before sending: the gate is asked again, the words are made, and `sending` is written down.

After this transaction the message may reach the wire at any moment; before it, it certainly has not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Outbound
from hub.interactions import receipts
from hub.models import AttachmentRow, Interaction
from hub.models.vocabulary import CampaignState, CopyFate, Kind, Origin, State, Withheld
from hub.outbound import allowance, composing, confirmations, copying, late_copies, outbox
from hub.outbound.allowance import Allowance
from hub.outbound.asking import Gate
from hub.outbound.batches import Batch, read
from hub.outbound.outbox import Ticket
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Question
from hub.outbound.rendering import TemplateProblem


@dataclass(frozen=True, slots=True)
class Ready:
    """One message on its way. `claimed` is monotonic: a worker that was frozen must not send what others may own.

    So is `asked`, when the gate said yes: an answer that has grown old is no answer (see `still`).
    """

    ticket: Ticket
    channel: str
    kind: Kind
    message: Outbound[Any]
    files: tuple[AttachmentRow, ...]
    claimed: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)


async def prepare(
    session: AsyncSession, tickets: Sequence[Ticket], channel: Channel, *, gate: Gate, claimed: float, now: datetime
) -> list[Ready]:
    """Give what may be sent now; settle all else (too late, withheld, postponed) in this transaction."""
    mine = await outbox.held(session, tickets)
    batch = await read(session, mine, now)
    paced = await allowance.of(session, batch.campaigns, now)
    ready = []
    for ticket in mine:
        row = batch.rows.get(ticket.interaction_id)
        if row is not None and late_copies.is_late(row, batch.copies.get(row.id, ())):
            message = await _late_copy(session, ticket, row, batch, gate, now)
        elif row is None or row.state not in (State.QUEUED, State.UNKNOWN):
            await outbox.drop(session, [ticket])  # cancelled, or a receipt has shown meanwhile that it arrived
            continue
        else:
            message = await _allowed(session, ticket, row, batch, gate, now, paced)
        if message is not None:
            files = tuple(batch.files.get(row.id, ()))
            ready.append(Ready(ticket, channel.name, channel.kind, message, files, claimed))
    await _mark_sending(session, [r.ticket.interaction_id for r in ready if r.message.only is None], channel, now)
    return ready


async def still(session: AsyncSession, waiting: Sequence[Ready], *, gate: Gate, now: datetime) -> set[int]:
    """Which of them would the gate and the state of their campaigns let go now? Gives their tickets.

    Who has waited for the wire is asked about again.
    """
    held = {ticket.id for ticket in await outbox.held(session, [ready.ticket for ready in waiting])}
    mine = [ready for ready in waiting if ready.ticket.id in held]
    batch = await read(session, [ready.ticket for ready in mine], now)
    late = {ready.ticket.id: ready.message.only for ready in mine if ready.message.only is not None}
    known = {ready.ticket.id: batch.copies.get(ready.ticket.interaction_id, ()) for ready in mine}
    whole = {ready.ticket for ready in mine if ready.ticket.id not in late}
    would_go = {ticket.id for ticket in whole if _would_go(ticket, batch, gate, now)}
    return would_go | await late_copies.still(session, late, known, gate=gate, now=now)


def _would_go(ticket: Ticket, batch: Batch, gate: Gate, now: datetime) -> bool:
    row = batch.rows.get(ticket.interaction_id)
    if row is None or batch.campaigns.get(row.campaign_id or 0) in (CampaignState.PAUSED, CampaignState.CANCELLED):
        return False
    if _is_read_by_nobody(row, batch):
        return False
    decision = _decision(ticket, row, batch, gate, now)
    return decision.kind is not None and decision.not_before is None


async def _allowed(
    session: AsyncSession,
    ticket: Ticket,
    row: Interaction,
    batch: Batch,
    gate: Gate,
    now: datetime,
    paced: Mapping[int, Allowance],
) -> Outbound[Any] | None:
    if await _stopped(session, ticket, row, batch, now):
        return None
    if await _refused(session, ticket, row, _decision(ticket, row, batch, gate, now), now):
        return None
    if await _waits_its_turn(session, ticket, row, paced.get(row.campaign_id or 0), now):
        return None
    try:
        composing.complete(row, batch, gate, now)
        message = await composing.message(session, row, batch, gate, now)
    except TemplateProblem as problem:
        await _withhold(session, ticket, row, Withheld.TEMPLATE_ERROR, (str(problem.said),), now)
        return None
    along = [one for one in batch.copies.get(row.id, ()) if one.fate is CopyFate.ALONG]
    cc, bcc = await copying.last_look(session, along, gate=gate, now=now)
    return replace(message, cc=cc, bcc=bcc) if along else message


async def _refused(session: AsyncSession, ticket: Ticket, row: Interaction, decision: Decision, now: datetime) -> bool:
    """By the gate: for now, or for good."""
    if decision.not_before is not None:
        await _postpone(session, ticket, row, decision, now)
        return True
    if decision.kind is None:
        await _withhold(session, ticket, row, decision.reason or Withheld.NO_CHANNEL, decision.trace, now)
        return True
    return False


async def _waits_its_turn(
    session: AsyncSession, ticket: Ticket, row: Interaction, pace: Allowance | None, now: datetime
) -> bool:
    """Of a campaign that may send so many an hour."""
    if pace is None or row.origin is not Origin.CAMPAIGN or (turn := pace.take(now)) is None:
        return False
    await outbox.give_back(session, ticket, due_at=turn, counted=False)
    await outbox.unspend(session, [ticket])
    return True


async def _late_copy(
    session: AsyncSession, ticket: Ticket, row: Interaction, batch: Batch, gate: Gate, now: datetime
) -> Outbound[Any] | None:
    """The mail as it left, to one of those whom the server put off."""
    known = batch.copies[row.id]
    only = await late_copies.begin(session, ticket, known, gate=gate, now=now)
    if only is None:
        return None
    return replace(await composing.message(session, row, batch, gate, now), cc=late_copies.named(known), only=only)


def _decision(ticket: Ticket, row: Interaction, batch: Batch, gate: Gate, now: datetime) -> Decision:
    """A test is for nobody whom the gate protects, nor is a confirmation asked for, nor a letter to a colleague: see
    `trial`, `confirmations`, `colleagues`."""
    if row.origin in (Origin.TEST, Origin.REPORT) or confirmations.is_one(row):
        return Decision(row.kind, None, None, None, ())
    return decide(batch.facts[row.customer_id], _question(ticket, row, batch.topics), gate.rules, now)


async def _stopped(session: AsyncSession, ticket: Ticket, row: Interaction, batch: Batch, now: datetime) -> bool:
    """Too late, or its campaign is not running, or the colleague whom it is for may not read it any more."""
    if ticket.expires_at is not None and ticket.expires_at <= now:
        await _end(session, ticket, row, State.EXPIRED, now=now)
        return True
    campaign = batch.campaigns.get(row.campaign_id or 0)
    if campaign is CampaignState.CANCELLED or _is_read_by_nobody(row, batch):
        await _end(session, ticket, row, State.CANCELLED, now=now)
        return True
    if campaign is CampaignState.PAUSED:
        await outbox.put_aside(session, ticket)
        await outbox.unspend(session, [ticket])
        return True
    return False


def _question(ticket: Ticket, row: Interaction, topics: Mapping[int, str]) -> Question:
    """The same question as when it was asked for, about the one address that was chosen then."""
    kinds = (row.kind,) if row.kind else ()
    return Question(
        purpose=row.purpose,
        origin=row.origin,
        available=frozenset(kinds),
        texts=frozenset(kinds),
        kinds=kinds,
        recipient=row.recipient,
        answering=bool(row.in_reply_to),
        occasion=row.occasion,
        conversation_id=row.conversation_id,
        interaction=row.id,
        expires_at=ticket.expires_at,
        topic=topics.get(row.campaign_id or 0, ""),
    )


def _is_read_by_nobody(row: Interaction, batch: Batch) -> bool:
    return row.origin is Origin.REPORT and row.id not in batch.letters


# ---- settling what is not sent --------------------------------------------------------------


async def _end(
    session: AsyncSession, ticket: Ticket, row: Interaction, state: State, *, reason: str = "", now: datetime
) -> None:
    """Settled without being sent. A mail that may have left stays unknown: the log does not claim what is not so."""
    if row.state is not State.UNKNOWN:
        row.state, row.state_rank, row.state_at, row.reason = state, state.rank, now, reason
    session.add(row)
    await session.flush()
    await outbox.drop(session, [ticket])
    await receipts.announce(session, row)


async def _withhold(
    session: AsyncSession, ticket: Ticket, row: Interaction, reason: Withheld, trace: Sequence[str], now: datetime
) -> None:
    """Requirement U6."""
    row.trace = [*(row.trace or ()), *(f"at sending: {line}" for line in trace)]
    await _end(session, ticket, row, State.WITHHELD, reason=reason.value, now=now)


async def _postpone(session: AsyncSession, ticket: Ticket, row: Interaction, decision: Decision, now: datetime) -> None:
    row.trace = [*(row.trace or ()), *(f"at sending: {line}" for line in decision.trace)]
    session.add(row)
    await session.flush()
    await outbox.give_back(session, ticket, due_at=decision.not_before or now, counted=False)


async def _mark_sending(session: AsyncSession, ids: Sequence[UUID], channel: Channel, now: datetime) -> None:
    if not ids:
        return
    await session.exec(
        update(Interaction)
        .where(col(Interaction.id).in_(ids))
        .values(state=State.SENDING, state_rank=State.SENDING.rank, state_at=now, sender=channel.address.value)
    )
