"""The work tickets: putting them in, claiming what a sender's rate allows, giving them back. SQL, and nothing sent."""
# ruff: noqa: S608 - the statements are made of our own numbers; values are bound

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.database.engine import Database, fetch
from hub.models import Outbox
from hub.models.vocabulary import Kind, Origin
from hub.outbound import senders
from hub.outbound.asking import PRIORITY
from hub.outbound.front import BULK, HEAD, Front, Place

LEASE = timedelta(seconds=120)
ASIDE = timedelta(days=36_525)  # a hundred years: nobody's turn, and taken off again to the second
DEAREST = 64  # units: more than the longest SMS has segments


@dataclass(frozen=True, slots=True)
class NewTicket:
    interaction_id: UUID
    channel: str
    kind: Kind
    priority: int
    due_at: datetime
    expires_at: datetime | None = None
    cost: int = 1  # segments of an SMS
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A claimed ticket. Only the holder of the current `fence` may settle it."""

    id: int
    interaction_id: UUID
    sender_id: int
    attempts: int  # this one included
    fence: int
    expires_at: datetime | None
    cost: int = 1  # segments of an SMS; guessed as long as its words are not made
    priority: int = 0

    @property
    def is_bulk(self) -> bool:
        return self.priority >= BULK


# GCRA: one timestamp of the sender is the whole limiter, and its row lock makes it exact over all processes. What is
# spent are units: messages, or segments by what each costs. Who costs more than the burst goes when nothing was spent
# for long enough, and whoever comes next waits for it. A day's cap is kept in the same row: it holds back greetings
# and campaigns, counts everything, and a day is over at midnight where the company is. Who looks only whether somebody
# waits locks nothing, and has nothing to commit, while nobody does.
_CLAIM = f"""
with s as materialized (
  select id, unit, rate * pace as rate, greatest(burst * pace, 1) as burst, tat, daily_cap, reserve, ramp,
         clock_timestamp() as at, (clock_timestamp() at time zone zone)::date as today, ramp_from, day, used
  from sender
  where channel = $1 and (paused_until is null or paused_until <= clock_timestamp())
    and ($5::int > 0 or exists (
      select from outbox o where o.sender_id = sender.id and o.lease_until is null and o.due_at <= clock_timestamp()
        and o.priority < {BULK}))
  for update),
day as materialized (
  select s.*,
         -- nobody owes more than the longest message: what goes beyond it was written before the clock was set back
         case when tat > at + {DEAREST} / rate * interval '1s' then at - interval '1s' / rate
              else greatest(tat, at - burst / rate * interval '1s') end as base,
         -- a clock that was set back over midnight does not give the day a second time
         case when day between today and today + 1 then used else 0 end as spent,
         case when day = today + 1 then day else today end as current,
         least(daily_cap, ramp[today - coalesce(ramp_from, today) + 1]) - reserve as cap
  from s),
room as materialized (
  select *, floor(extract(epoch from at - base) * rate + 1e-6) as units, cap - spent as left_for_bulk
  from day),
people as materialized (
  select o.id, o.cost, o.priority, o.due_at from outbox o
  where o.sender_id = (select id from room) and o.lease_until is null and o.due_at <= clock_timestamp()
    and o.priority < {BULK}
  order by o.priority, o.due_at
  limit (select least($2::int, greatest(units, 0))::int from room)
  for update skip locked),
bulk as materialized (
  select o.id, o.cost, o.priority, o.due_at from outbox o
  where o.sender_id = (select id from room) and o.lease_until is null and o.due_at <= clock_timestamp()
    and (o.priority, o.due_at) >= ($6::smallint, $7::timestamptz)
  order by o.priority, o.due_at
  limit (select case when left_for_bulk <= 0 then 0 else
           least($5::int, greatest(least($2::int, units) - (select count(*) from people), 0))::int end from room)
  for update skip locked),
pick as (select * from people union all select * from bulk),
priced as (
  select p.*, case when room.unit = 'segments' then p.cost else 1 end as price from pick p, room),
summed as (
  select id, price, priority, row_number() over line as place, sum(price) over line as total
  from priced window line as (order by priority, due_at, id rows unbounded preceding)),
taken as materialized (
  select summed.id, summed.price from summed, room
  where (total <= units or (place = 1 and units >= floor(burst)))
    and (priority < {BULK} or cap is null or total <= left_for_bulk or (place = 1 and spent = 0))),
spend as (
  update sender
  set tat = room.base + (select sum(price) from taken) / room.rate * interval '1s',
      day = room.current, used = room.spent + (select sum(price) from taken),
      ramp_from = case when cardinality(room.ramp) > 0 then coalesce(room.ramp_from, room.today) end
  from room where sender.id = room.id and exists (select 1 from taken))
update outbox o
set attempts = attempts + 1, fence = fence + 1, worker = $3,
    lease_until = room.at + make_interval(secs => $4::float8)
from taken, room where o.id = taken.id
returning o.id, o.interaction_id, o.sender_id, o.attempts, o.fence, o.expires_at, o.cost, o.priority, o.due_at
"""

_RAN_OUT = text("""
select o.id, o.interaction_id, o.sender_id, o.attempts, o.fence, o.expires_at, o.cost
from outbox o where o.lease_until < clock_timestamp()
order by o.lease_until limit 500 for update skip locked
""")

_UNCLAIMED = text("""
select count(*) from (
  select from sender s cross join lateral (
    select from outbox o where o.sender_id = s.id and o.priority = :priority and o.lease_until is null limit :limit) o
  limit :limit) waiting
""")

_GIVE_BACK = text("""
update outbox set lease_until = null, fence = fence + 1, worker = '', attempts = attempts - 1 where id = any(:ids)
""")


_ASTRAY = text("""
select o.id, o.interaction_id, o.sender_id, o.attempts, o.fence, o.expires_at, o.cost
from outbox o
where o.lease_until is not null and o.worker = :worker and not o.id = any(:held)
  and o.sender_id = (select id from sender where channel = :channel)
for update skip locked
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


async def waiting(session: AsyncSession, origin: Origin, *, limit: int) -> int:
    """Tickets as urgent as those of this origin that nobody holds, counted up to `limit`."""
    return int((await session.execute(_UNCLAIMED, {"priority": PRIORITY[origin], "limit": limit})).scalar_one())


async def claim(
    session: AsyncSession,
    channel: str,
    *,
    limit: int,
    worker: str,
    lease: timedelta = LEASE,
    bulk: int | None = None,
) -> list[Ticket]:
    """Take as many due tickets as the sender's rate and day allow now, those of people who wait first.

    At most `bulk` of those that nobody waits for (None: `limit`). Pauses are kept.
    """
    return [
        Ticket(*row[:-1]) for row in await fetch(session, _CLAIM, *_asked(channel, limit, worker, lease, bulk, HEAD))
    ]


async def take(
    database: Database,
    channel: str,
    *,
    limit: int,
    worker: str,
    front: Front,
    lease: timedelta = LEASE,
    bulk: int | None = None,
) -> list[Ticket]:
    """`claim` as a transaction by itself, at a third of the price: for workers, who do nothing else in it.

    Bulk is looked for from the `front` of this process and channel on, which moves.
    """
    rows = await database.alone(_CLAIM, *_asked(channel, limit, worker, lease, bulk, front.begin()))
    if bulk != 0:
        front.reached((row["priority"], row["due_at"]) for row in rows)
    return [Ticket(*row[:-1]) for row in rows]


def _asked(
    channel: str, limit: int, worker: str, lease: timedelta, bulk: int | None, begin: Place
) -> tuple[object, ...]:
    return channel, limit, worker, lease.total_seconds(), limit if bulk is None else bulk, *begin


async def ran_out(session: AsyncSession) -> list[Ticket]:
    """Tickets whose holder has not settled them in time, locked for the caller to decide about."""
    return [Ticket(*row) for row in (await session.execute(_RAN_OUT)).all()]


async def astray(session: AsyncSession, channel: str, *, worker: str, held: Collection[int]) -> list[Ticket]:
    """Tickets of this channel that are claimed in the worker's name and not among those that it holds, locked."""
    rows = await session.execute(_ASTRAY, {"channel": channel, "worker": worker, "held": list(held)})
    return [Ticket(*row) for row in rows.all()]


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


async def put_aside(session: AsyncSession, ticket: Ticket) -> None:
    """Back unsent, and out of everybody's reach until its campaign goes on. The attempt is forgotten."""
    mine = update(Outbox).where(col(Outbox.id) == ticket.id, col(Outbox.fence) == ticket.fence)
    untaken = {"lease_until": None, "fence": ticket.fence + 1, "worker": "", "attempts": ticket.attempts - 1}
    await session.exec(mine.values(**untaken, due_at=col(Outbox.due_at) + ASIDE))


async def unspend(session: AsyncSession, tickets: Sequence[Ticket]) -> None:
    """These did not leave after all: the sender may use its rate and its day for others."""
    for sender in sorted({ticket.sender_id for ticket in tickets}):
        mine = [ticket.cost for ticket in tickets if ticket.sender_id == sender]
        await session.execute(_UNSPEND, {"sender": sender, "messages": len(mine), "segments": sum(mine)})


_UNSPEND = text("""
update sender set used = greatest(used - p.price, 0), tat = tat - p.price / (rate * pace) * interval '1s'
from (select case when unit = 'segments' then cast(:segments as int) else cast(:messages as int) end as price
      from sender where id = :sender) p
where id = :sender
""")


async def give_back_all(session: AsyncSession, tickets: Sequence[Ticket]) -> None:
    """Nothing has been done with these: whoever comes next may have them, those that are still ours."""
    mine = await held(session, tickets)
    if mine:
        await session.execute(_GIVE_BACK, {"ids": [t.id for t in mine]})
        await unspend(session, mine)


def _row(ticket: NewTicket, sender_id: int) -> dict[str, object]:
    return {
        "interaction_id": ticket.interaction_id,
        "sender_id": sender_id,
        "campaign_id": ticket.campaign_id,
        "priority": ticket.priority,
        "due_at": ticket.due_at,
        "expires_at": ticket.expires_at,
        "cost": ticket.cost,
        "attempts": 0,
        "fence": 0,
        "worker": "",
    }
