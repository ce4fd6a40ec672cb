"""What is going on at this moment: for a screen on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.reports.asked import NOT_LEFT
from hub.reports.spans import Span

SOON = timedelta(minutes=30)  # a promise that runs out within this is about to break
_HERE = timedelta(minutes=5)  # who opened something at the desk within this is there

_NOW = text("""
select count(*) filter (where heard) as waiting,
       min(last_inbound_at) filter (where heard) as longest,
       count(*) filter (where due_at > :now and due_at <= :soon) as about_to_break,
       count(*) filter (where due_at <= :now) as broken,
       (select count(*) from current_call) as calls,
       (select count(*) from current_call c join handled_call h using (interaction_id) where h.talked_at is not null)
         as talking
from (select *, state = 'open' and last_inbound_at >= last_at as heard from conversation
      where state in ('open', 'snoozed')) c
""")
_TODAY = text("""
select count(*) filter (where direction = 'in') as received, count(*) filter (where direction = 'out') as sent
from interaction
where id >= :since and direction <> 'note' and kind is not null and origin not in ('test', 'report')
  and not state = any(:not_left)
""")
_THERE = text("""
select name from staff s where active and not away
  and exists (select from staff_session x where x.staff_id = s.id and x.seen_at > :lately and x.expires_at > :now)
order by lower(name), id
""")


@dataclass(frozen=True, slots=True)
class Board:
    """`waiting`: open conversations whose last word is the customer's; `longest`: when the first of them was said."""

    waiting: int
    longest: datetime | None
    about_to_break: int
    broken: int
    calls: int
    talking: int
    received: int
    sent: int
    there: tuple[str, ...]


async def board(session: AsyncSession, *, today: date, zone: str, now: datetime) -> Board:
    """`today` and `zone`: the day that what came in and left is counted from."""
    since, not_left = first_uuid7(Span(today, today, zone).since), [state.value for state in NOT_LEFT]
    here = (await session.execute(_NOW, {"now": now, "soon": now + SOON})).mappings().one()
    day = (await session.execute(_TODAY, {"since": since, "not_left": not_left})).mappings().one()
    there = await session.execute(_THERE, {"lately": now - _HERE, "now": now})
    return Board(**here, **day, there=tuple(there.scalars()))
