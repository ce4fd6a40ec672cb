"""The work tickets: putting them in, claiming what a sender's rate allows, giving them back. SQL, and nothing sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Outbox
from hub.models.vocabulary import Kind
from hub.outbound import senders

LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class NewTicket:
    interaction_id: UUID
    channel: str
    kind: Kind
    priority: int
    due_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A claimed ticket. Only the holder of the current `fence` may settle it."""

    id: int
    interaction_id: UUID
    sender_id: int
    attempts: int  # this one included
    fence: int
    expires_at: datetime | None


# GCRA: one timestamp of the sender is the whole limiter, and its row lock makes it exact over all processes.
_CLAIM = text("""
with s as materialized (
  select id, rate, greatest(tat, clock_timestamp() - burst / rate * interval '1s') as base
  from sender
  where channel = :channel and (paused_until is null or paused_until <= clock_timestamp())
  for update),
room as materialized (
  select id, base, rate,
         least(:limit, floor(extract(epoch from clock_timestamp() - base) * rate + 1e-6))::int as n
  from s),
pick as materialized (
  select o.id from outbox o
  where o.sender_id = (select id from room) and o.lease_until is null and o.due_at <= clock_timestamp()
  order by o.priority, o.due_at
  limit (select greatest(n, 0) from room)
  for update skip locked),
spend as (
  update sender set tat = room.base + (select count(*) from pick) / room.rate * interval '1s'
  from room where sender.id = room.id and exists (select 1 from pick))
update outbox o
set attempts = attempts + 1, fence = fence + 1, worker = :worker,
    lease_until = clock_timestamp() + make_interval(secs => :lease)
from pick where o.id = pick.id
returning o.id, o.interaction_id, o.sender_id, o.attempts, o.fence, o.expires_at
""")

_RAN_OUT = text("""
select o.id, o.interaction_id, o.sender_id, o.attempts, o.fence, o.expires_at
from outbox o where o.lease_until < clock_timestamp()
order by o.lease_until limit 500 for update skip locked
""")


async def put(session: AsyncSession, tickets: Sequence[NewTicket], *, now: datetime) -> None:
    """Queue them, and wake whoever sends for their channels when the transaction commits."""
    if not tickets:
        return
    ids = await senders.ids(session)
    for channel, kind in {(t.channel, t.kind) for t in tickets if t.channel not in ids}:
        await senders.register(session, channel, kind, rate=1, burst=1, now=now)  # the worker brings its real rate
        ids = await senders.ids(session)
    await session.execute(insert(Outbox), [_row(ticket, ids[ticket.channel]) for ticket in tickets])
    for channel in {t.channel for t in tickets}:
        await live.publish(session, "outbox", channel=channel)


async def claim(
    session: AsyncSession, channel: str, *, limit: int, worker: str, lease: timedelta = LEASE
) -> list[Ticket]:
    """Take as many due tickets as the sender's rate allows now, those of people who wait first. Pauses are kept."""
    values = {"channel": channel, "limit": limit, "worker": worker, "lease": lease.total_seconds()}
    rows = (await session.execute(_CLAIM, values)).all()
    return [Ticket(*row) for row in rows]


async def ran_out(session: AsyncSession) -> list[Ticket]:
    """Tickets whose holder has not settled them in time, locked for the caller to decide about."""
    return [Ticket(*row) for row in (await session.execute(_RAN_OUT)).all()]


async def drop(session: AsyncSession, tickets: Sequence[Ticket]) -> set[int]:
    """Done with these: take them out. Gives the ids of those that were still ours."""
    mine = [t.id for t in await held(session, tickets)]
    if mine:
        await session.exec(delete(Outbox).where(col(Outbox.id).in_(mine)))
    return set(mine)


async def held(session: AsyncSession, tickets: Sequence[Ticket]) -> list[Ticket]:
    """Those that nobody else has claimed since, locked until the transaction ends."""
    if not tickets:
        return []
    rows = await session.execute(
        text("select id, fence from outbox where id = any(:ids) order by id for update"),
        {"ids": [t.id for t in tickets]},
    )
    current = {row.id: row.fence for row in rows}
    return [t for t in tickets if current.get(t.id) == t.fence]


async def give_back(session: AsyncSession, ticket: Ticket, *, due_at: datetime, counted: bool = True) -> bool:
    """To be claimed again from `due_at`. Not `counted`: the fault was not this message's, the attempt is forgotten.

    The fence grows here too: whoever held the ticket until now settles nothing any more.
    """
    back = await session.exec(
        update(Outbox)
        .where(col(Outbox.id) == ticket.id, col(Outbox.fence) == ticket.fence)
        .values(
            lease_until=None,
            fence=ticket.fence + 1,
            worker="",
            due_at=due_at,
            attempts=ticket.attempts if counted else ticket.attempts - 1,
        )
    )
    return bool(back.rowcount)


def _row(ticket: NewTicket, sender_id: int) -> dict[str, object]:
    return {
        "interaction_id": ticket.interaction_id,
        "sender_id": sender_id,
        "priority": ticket.priority,
        "due_at": ticket.due_at,
        "expires_at": ticket.expires_at,
        "attempts": 0,
        "fence": 0,
        "worker": "",
    }
