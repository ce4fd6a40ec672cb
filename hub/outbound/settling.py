"""Writing down what became of messages (requirement 3.2): in groups, each guarded by its ticket's fence.

A ticket that somebody else has claimed since is none of ours: nothing at all is written about it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted, Reason
from hub.database.engine import fetch
from hub.interactions import copies, progress, receipts, record
from hub.models import Attempt, Interaction
from hub.models.vocabulary import CopyFate, Kind, State
from hub.outbound import late_copies, outbox, pacing, senders
from hub.outbound.outbox import Ticket
from hub.outbound.patience import EVIDENCE, GIVE_UP, MAY_BE_DOUBLE, SENDS, TROUBLE_REST, back_off


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one conversation with a provider ended. `only`: it was about this copy of a mail, which had left before."""

    ticket: Ticket
    channel: str
    kind: Kind
    result: Accepted | TryLater | Refused | Unknown | Misconfigured
    started_at: datetime
    ended_at: datetime
    worker: str = ""
    only: str = ""


async def settle(session: AsyncSession, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """All of them in the caller's transaction."""
    mine = {t.id for t in await outbox.held(session, [o.ticket for o in outcomes])}
    there = await _there(session, outcomes)
    ours = [o for o in outcomes if o.ticket.id in mine and o.ticket.interaction_id in there]
    await outbox.drop(session, [o.ticket for o in outcomes if o.ticket.interaction_id not in there])
    await _write_attempts(session, ours)
    for outcome in ours:
        if outcome.only:
            await late_copies.settle(session, outcome.ticket, outcome.only, outcome.result, now=now)
    whole = [o for o in ours if not o.only]
    await _accepted(session, [o for o in whole if isinstance(o.result, Accepted)], now)
    for outcome in whole:
        if not isinstance(outcome.result, Accepted):
            await _not_accepted(session, outcome, now)
    await pacing.learn(session, ours, now=now)


async def _there(session: AsyncSession, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Messages that the log still has, and keeps until the transaction ends: nobody is told of one that was erased."""
    ids = [o.ticket.interaction_id for o in outcomes]
    query = select(Interaction.id).where(col(Interaction.id).in_(ids)).with_for_update(read=True, key_share=True)
    return set(await session.exec(query))


async def expire(session: AsyncSession, *, now: datetime) -> int:
    """Leases that ran out: what had begun is unknown, what had not goes back. Gives how many there were."""
    tickets = await outbox.ran_out(session)
    for ticket in tickets:
        row = await _row(session, ticket)
        if row is None or row.state is not State.SENDING:
            if not await late_copies.lost(session, ticket, now=now):
                await outbox.give_back(session, ticket, due_at=now, counted=False)
            continue
        session.add(Attempt(interaction_id=row.id, started_at=row.state_at, ended_at=now, outcome="lease_expired"))
        await _unknown(session, ticket, row, "the worker did not come back", now)
    return len(tickets)


async def let_go(session: AsyncSession, channel: str, *, worker: str, held: Collection[int], now: datetime) -> int:
    """Give back what was claimed in the name of a worker that is alive and knows that it never held it: an answer of
    the database was lost. Whatever the log says, nothing was sent. How many there were.
    """
    tickets = await outbox.astray(session, channel, worker=worker, held=held)
    for ticket in tickets:
        await outbox.give_back(session, ticket, due_at=now, counted=False)
        await _back_to_queue(session, ticket.interaction_id, "the database went away before it was sent", now)
        await late_copies.unbegun(session, ticket.interaction_id)
    return len(tickets)


# ---- accepted -------------------------------------------------------------------------------

# A mail that the server took is sent. An SMS or a call is so when the provider says that it is: until then `sending`.
_SENT = text("""
with t as materialized (
  select * from unnest(cast(:tickets as bigint[]), cast(:ids as uuid[]), cast(:channels as text[]),
    cast(:names as text[])) as t(ticket, id, channel, name)),
gone as (delete from outbox where id = any(cast(:tickets as bigint[]))),
named as (
  insert into provider_reference (channel, provider_id, interaction_id)
  select channel, name, id from t order by channel, name on conflict do nothing)
update interaction i set
  message_id = t.name,
  state = case when i.state_rank < :rank then 'sent' else i.state end,
  state_at = case when i.state_rank < :rank then :now else i.state_at end,
  state_rank = greatest(i.state_rank, :rank)
from t where i.id = t.id and i.id = any(cast(:ids as uuid[]))
returning i.campaign_id, i.conversation_id, i.customer_id
""")
_EARLY = "select provider_id from early_receipt where provider_id = any($1::text[])"


async def _accepted(session: AsyncSession, outcomes: Sequence[Outcome], now: datetime) -> None:
    if not outcomes:
        return
    mails = [o for o in outcomes if o.kind is Kind.EMAIL]
    await _sent(session, mails, now)
    early = {row[0] for row in await fetch(session, _EARLY, [_provider_id(o) for o in mails])} if mails else set()
    others = [o for o in outcomes if o.kind is not Kind.EMAIL]
    await outbox.drop(session, [o.ticket for o in others])
    for o in sorted(outcomes, key=_provider_id):
        if o.kind is not Kind.EMAIL or _provider_id(o) in early:
            await receipts.join_early(session, o.channel, _provider_id(o), o.ticket.interaction_id, now=now)
    for o in outcomes:
        await _not_taken(session, o, now)
    for sender in {o.ticket.sender_id for o in outcomes}:
        await senders.mended(session, sender)
    await _announce(session, [o.ticket.interaction_id for o in others])


async def _sent(session: AsyncSession, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Their tickets are held by the caller."""
    if not outcomes:
        return
    for channel in {o.channel for o in outcomes}:
        await record.hold(session, channel, [_provider_id(o) for o in outcomes if o.channel == channel])
    values = {
        "tickets": [o.ticket.id for o in outcomes],
        "ids": [o.ticket.interaction_id for o in outcomes],
        "channels": [o.channel for o in outcomes],
        "names": [_provider_id(o) for o in outcomes],
        "rank": State.SENT.rank,
        "now": now,
    }
    rows = (await session.execute(_SENT, values)).all()
    await receipts.announce_all(session, cast("list[Interaction]", rows))


async def _not_taken(session: AsyncSession, outcome: Outcome, now: datetime) -> None:
    """The mail has gone to the others. Whom the server put off is tried again; whom it refused their rows say."""
    missed = outcome.result.not_taken if isinstance(outcome.result, Accepted) else ()
    if later := [one for one in missed if one.later]:
        await late_copies.put_off(session, outcome.ticket, outcome.channel, later, now=now)
    for one in [one for one in missed if not one.later]:
        news = copies.News(
            one.address, CopyFate.REFUSED, one.reason, one.reason.hard, one.detail, one.code or "refused"
        )
        await copies.learn(session, outcome.ticket.interaction_id, news, now=now)


def _provider_id(outcome: Outcome) -> str:
    return outcome.result.provider_id if isinstance(outcome.result, Accepted) else ""


async def _announce(session: AsyncSession, ids: Sequence[UUID]) -> None:
    rows = (await session.exec(select(Interaction).where(col(Interaction.id).in_(ids)))).all()
    once = {row.campaign_id or row.conversation_id or row.customer_id: row for row in rows}
    for row in once.values():
        await receipts.announce(session, row)


# ---- not accepted ---------------------------------------------------------------------------


async def _not_accepted(session: AsyncSession, outcome: Outcome, now: datetime) -> None:
    row = await _row(session, outcome.ticket)
    if row is None:
        await outbox.drop(session, [outcome.ticket])
        return
    match outcome.result:
        case TryLater():
            await _try_later(session, outcome.ticket, row, outcome.result, now)
        case Refused():
            await _refused(session, outcome.ticket, row, outcome.result, now)
        case Unknown():
            await _unknown(session, outcome.ticket, row, str(outcome.result), now)
        case Misconfigured():
            await senders.pause(session, outcome.ticket.sender_id, TROUBLE_REST, trouble=str(outcome.result))
            await _again(session, outcome.ticket, row, now, str(outcome.result), counted=False, now=now)
    await receipts.announce(session, row)


async def _try_later(session: AsyncSession, ticket: Ticket, row: Interaction, error: TryLater, now: datetime) -> None:
    if error.whole_sender or error.stale:
        await _again(session, ticket, row, now, str(error), counted=False, now=now)
        return
    due = now + max(error.after or timedelta(0), back_off(ticket.attempts))
    if ticket.expires_at is not None and due >= ticket.expires_at:
        await _ended(session, ticket, row, State.EXPIRED, error.reason or Reason.UNREACHABLE, str(error), now)
    elif due >= await _first_try(session, row, now) + GIVE_UP:
        reason = error.reason or Reason.UNREACHABLE
        await _ended(session, ticket, row, State.FAILED, reason, f"given up after 48 hours: {error}", now)
    else:
        await _again(session, ticket, row, due, str(error), counted=True, now=now)


async def _first_try(session: AsyncSession, row: Interaction, now: datetime) -> datetime:
    """Patience begins here: the message may have been asked for days before it was due."""
    first = select(func.min(col(Attempt.started_at))).where(col(Attempt.interaction_id) == row.id)
    return (await session.exec(first)).one() or now


async def _refused(session: AsyncSession, ticket: Ticket, row: Interaction, error: Refused, now: datetime) -> None:
    await _ended(session, ticket, row, State.FAILED, error.reason, str(error), now)
    hard = error.reason.hard
    await receipts.undeliverable(
        session, row, error.reason, hard=hard, detail=str(error), source=error.code or "refused", now=now
    )


async def _unknown(session: AsyncSession, ticket: Ticket, row: Interaction, detail: str, now: datetime) -> None:
    """Never blindly again. Service mail goes again with the same Message-ID, all else stays for a person to judge."""
    if await receipts.proven(session, row.id):
        await outbox.drop(session, [ticket])
        if row.kind is Kind.EMAIL:
            await progress.advance(session, row.id, State.SENT, now=now)
        return
    await progress.advance(session, row.id, State.UNKNOWN, detail=detail[:2000], now=now)
    again = row.kind is Kind.EMAIL and row.purpose.may_be_sent_again
    if again and await _unknown_so_far(session, row) < SENDS:
        await progress.flag(session, row.id, MAY_BE_DOUBLE)
        await outbox.give_back(session, ticket, due_at=now + EVIDENCE)
    else:
        await outbox.drop(session, [ticket])


async def _unknown_so_far(session: AsyncSession, row: Interaction) -> int:
    """Only these count: a server that greylists uses up nobody's chances."""
    ended = (col(Attempt.interaction_id) == row.id, col(Attempt.outcome).in_(("unknown", "lease_expired")))
    return (await session.exec(select(func.count()).select_from(Attempt).where(*ended))).one()


async def _again(
    session: AsyncSession,
    ticket: Ticket,
    row: Interaction,
    due_at: datetime,
    detail: str,
    *,
    counted: bool,
    now: datetime,
) -> None:
    await outbox.give_back(session, ticket, due_at=due_at, counted=counted)
    await _back_to_queue(session, row.id, detail, now)


async def _back_to_queue(session: AsyncSession, interaction_id: UUID, detail: str, now: datetime) -> None:
    """The one step back there is: nothing was sent, and the holder of the ticket knows it."""
    await session.exec(
        update(Interaction)
        .where(col(Interaction.id) == interaction_id, col(Interaction.state) == State.SENDING)
        .values(state=State.QUEUED, state_rank=State.QUEUED.rank, state_at=now, detail=detail[:2000])
    )


async def _ended(
    session: AsyncSession,
    ticket: Ticket,
    row: Interaction,
    state: State,
    reason: Reason,
    detail: str,
    now: datetime,
) -> None:
    await outbox.drop(session, [ticket])
    await progress.advance(session, row.id, state, reason=reason.value, detail=detail[:2000], now=now)


async def _row(session: AsyncSession, ticket: Ticket) -> Interaction | None:
    return await session.get(Interaction, ticket.interaction_id, populate_existing=True)


# ---- attempts -------------------------------------------------------------------------------


async def _write_attempts(session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
    rows = [_attempt(o) for o in outcomes if not isinstance(o.result, Misconfigured)]
    if rows:
        await session.execute(insert(Attempt), rows)


def _attempt(outcome: Outcome) -> dict[str, object]:
    result = outcome.result
    known = isinstance(result, Accepted | Misconfigured)
    return {
        "interaction_id": outcome.ticket.interaction_id,
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
        "worker": outcome.worker,
        "outcome": _WORD[type(result)],
        "stage": "" if known else result.stage,  # type: ignore[union-attr]
        "code": "" if known else result.code,  # type: ignore[union-attr]
        "reply": f"{outcome.only}: {_reply(result)}" if outcome.only else _reply(result),
    }


def _reply(result: Accepted | TryLater | Refused | Unknown | Misconfigured) -> str:
    return (result.detail if isinstance(result, Accepted) else str(result))[:2000]


_WORD: dict[type, str] = {Accepted: "accepted", TryLater: "try_later", Refused: "refused", Unknown: "unknown"}
