"""What was sent to customers and whether they answered, read from the log: of one customer, and of everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.clock import first_uuid7
from hub.database.engine import fetch
from hub.interactions import reaching
from hub.interactions.reaching import Count, General, Sent, Suggestion, Tally
from hub.models import Customer, GeneralReach

JOB = "learn-channels"
ANSWER_WITHIN = timedelta(days=3)
LOOK_BACK = timedelta(days=540)  # six half-lives: older messages would weigh nothing
_MOST = 500  # of one customer's messages, the latest

# A call that a person took is answered. A text is when a word of theirs, by whatever channel, comes after it within
# three days and before anything else of ours: of two messages the later one has the answer.
_TRIED = """
select s.kind, s.at, s.customer_id,
  case s.kind when 'email' then s.state <> 'failed' when 'sms' then s.state in ('delivered', 'read')
    else s.taken end as arrived,
  case when s.kind = 'voice' then s.taken else exists (
    select from interaction i where i.customer_id = s.customer_id and i.direction = 'in' and i.auto = ''
      and i.id > s.id and i.at > s.at and i.at <= least(s.at + cast(:within as interval), s.next_at)
  ) end as answered
from (
  select id, customer_id, kind, at, state,
    state in ('talking', 'delivered') and coalesce(call ->> 'answered_by', '') not in ('machine', 'fax') as taken,
    lead(at, 1, 'infinity') over (partition by customer_id order by id) as next_at
  from interaction
  where {whose} direction = 'out' and kind is not null and auto = '' and origin not in ('test', 'report')
    and id >= :since and state in ('sent', 'delivered', 'read', 'failed', 'talking')
  {limited}) s
where s.at <= :until
"""

_MINE = text(_TRIED.format(whose="customer_id = :customer and", limited="order by id desc limit :most"))

# The same about many at once, counted. Their words are read once, and questions meet answers in one join: looking for
# the answer to each message by itself goes through every later month. $1 customers, $2 since, $3 until, $4 now, $5 how
# long an answer may take, $6 the company's zone, $7 the half-life, $8 how many of each.
_THEIRS = """
with people as materialized (
  select c.id, coalesce(z.name, $6) as zone
  from customer c left join pg_timezone_names z on z.name = c.timezone where c.id = any($1::uuid[])),
words as materialized (
  select id, customer_id, kind, at, direction = 'in' as heard,
    case kind when 'email' then state <> 'failed' when 'sms' then state in ('delivered', 'read')
      else state in ('talking', 'delivered') and coalesce(call ->> 'answered_by', '') not in ('machine', 'fax')
      end as arrived
  from interaction
  where customer_id = any($1::uuid[]) and id >= $2 and auto = '' and (direction = 'in' or (direction = 'out'
    and kind is not null and origin not in ('test', 'report')
    and state in ('sent', 'delivered', 'read', 'failed', 'talking')))),
said as (
  select id, customer_id, kind, at, arrived, lead(at, 1, 'infinity') over theirs as next_at,
    row_number() over (partition by customer_id order by id desc) as place
  from words where not heard window theirs as (partition by customer_id order by id)),
tried as materialized (
  select id, customer_id, kind, at, arrived, least(at + $5::interval, next_at) as till
  from said where at <= $3 and place <= $8::int),
answered as (
  select distinct t.id from tried t join words w on w.customer_id = t.customer_id
  where w.heard and w.id > t.id and w.at > t.at and w.at <= t.till),
told as (
  select t.customer_id, t.kind, t.arrived, extract(hour from t.at at time zone p.zone)::int as hour,
    power(0.5, extract(epoch from $4::timestamptz - t.at)::float / 86400 / $7::float) as weight,
    case t.kind when 'voice' then t.arrived else a.id is not null end as answered
  from tried t join people p on p.id = t.customer_id left join answered a on a.id = t.id)
select customer_id, kind, hour, count(*), count(*) filter (where arrived), count(*) filter (where answered),
  sum(weight), coalesce(sum(weight) filter (where answered), 0)
from told group by customer_id, kind, hour"""

# What the planner believes of the sizes of common table expressions leads it to compare everybody with everybody.
_PLANNED = "select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)"
_PLANNED_AS_USUAL = "select set_config('enable_nestloop', 'on', true), set_config('jit', 'on', true)"

_EVERYBODY = text(f"""
insert into general_reach (kind, hour, tried, answered)
select t.kind, extract(hour from t.at at time zone coalesce(z.name, :zone)) as hour,
  sum(t.weight), sum(t.weight * t.answered::int)
from (select t.*, power(0.5, extract(epoch from :now - t.at) / 86400 / :half_life) as weight
      from ({_TRIED.format(whose="", limited="")}) t) t
join customer c on c.id = t.customer_id
left join pg_timezone_names z on z.name = c.timezone
group by 1, 2""")  # noqa: S608


async def of(
    session: AsyncSession, customer: Customer, usual: Sequence[Kind], *, company_zone: str, now: datetime
) -> Suggestion:
    """What is suggested for a customer; `usual`: the company's own order."""
    rows = (await session.execute(_MINE, {**_bounds(now), "customer": customer.id, "most": _MOST})).all()
    zone = _zone(customer.timezone, company_zone)
    return reaching.suggest([_sent(row, zone, now) for row in rows], await general(session), usual)


async def of_many(
    session: AsyncSession, customers: Collection[UUID], usual: Sequence[Kind], *, company_zone: str, now: datetime
) -> dict[UUID, Suggestion]:
    """What `of` says of each of them, in one statement; only those with messages that could be answered."""
    bounds = _bounds(now)
    about = (list(customers), bounds["since"], bounds["until"], now, ANSWER_WITHIN)
    await session.execute(text(_PLANNED))
    rows = await fetch(session, _THEIRS, *about, company_zone, reaching.HALF_LIFE, _MOST)
    await session.execute(text(_PLANNED_AS_USUAL))
    pasts: dict[UUID, dict[tuple[Kind, int], Count]] = {}
    for customer, kind, hour, tried, arrived, answered, weight, of_answered in rows:
        count = Count(tried, arrived, answered, Tally(weight, of_answered))
        pasts.setdefault(customer, {})[Kind(kind), hour] = count
    known = reaching.priors(await general(session), usual) if pasts else {}
    return {customer: reaching.weigh(past, known, usual) for customer, past in pasts.items()}


async def general(session: AsyncSession) -> General:
    """What customers in general answer, as it was reckoned last."""
    rows = await session.exec(select(GeneralReach))
    return {(row.kind, row.hour): Tally(row.tried, row.answered) for row in rows}


async def reckon(session: AsyncSession, *, company_zone: str, now: datetime) -> None:
    """What customers in general answer, from the whole log: for once a day."""
    await session.execute(text("delete from general_reach"))
    await session.execute(
        _EVERYBODY, {**_bounds(now), "zone": company_zone, "half_life": reaching.HALF_LIFE, "now": now}
    )


def _bounds(now: datetime) -> dict[str, Any]:
    """A message that may still be answered says nothing yet."""
    return {"since": first_uuid7(now - LOOK_BACK), "until": now - ANSWER_WITHIN, "within": ANSWER_WITHIN}


def _sent(row: Row[Any], zone: ZoneInfo, now: datetime) -> Sent:
    days = (now - row.at) / timedelta(days=1)
    return Sent(Kind(row.kind), row.at.astimezone(zone).hour, days, row.arrived, row.answered)


def _zone(name: str | None, company_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or company_zone)
    except (KeyError, ValueError, OSError):  # a name that came from elsewhere, and is none
        return ZoneInfo(company_zone)
