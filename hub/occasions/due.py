"""Whose turn it is: written down by one statement for each occasion, by every customer's own clock, one a day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions.dates import Window, possible_days, window
from hub.occasions.keeping import Keeping, keeping
from hub.occasions.waiting import Span, Waiting
from hub.outbound.spoken import zone_of


@dataclass(frozen=True, slots=True)
class Due:
    """A customer, the day that is kept, and the day it is where they live."""

    customer_id: UUID
    name: str
    given_name: str
    language: str
    years: int | None
    kept: date
    today: date
    zone: str

    def window(self, occasion: Occasion) -> Window:
        return window(self.kept, occasion.at_hour, ZoneInfo(self.zone), occasion.late_days)


def next_opening(waiting: Waiting, *, now: datetime, within: timedelta) -> datetime | None:
    """When it is time for it somewhere else; None: not so soon."""
    one = waiting.occasion
    own = keeping(one, list(possible_days(now + within, one.late_days)), prefix="own", zone=waiting.zone)
    days = set(own.values["own_kept"]) if own is not None else set[date]()
    every = {*zones(), zone_of(waiting.zone).key}
    opens = (_window(day, one.at_hour, zone, one.late_days).opens for day in days for zone in every)
    return min((moment for moment in opens if now < moment <= now + within), default=None)


async def take(
    session: AsyncSession, waiting: Waiting, before: Sequence[Waiting], span: Span, *, now: datetime
) -> tuple[int, int]:
    """Write down in `greeting` who may be greeted now and was not, each with the number that the log will have for it:
    how many, and the first row's number.

    Left out is who waits for an occasion of `before` on the same day, was greeted for that day or on this one, or is to
    be skipped.
    """
    own, occasion = waiting.within(span, prefix="own"), waiting.occasion
    if own is None:
        return 0, 0
    rivals, born = _rivals(before, span), occasion.kind is OccasionKind.BIRTHDAY
    values = {**own.values, **rivals.values, **_open(occasion.at_hour, occasion.late_days, waiting.zone, now)}
    values |= {"occasion": occasion.id, "low": span.low, "high": span.high, "head": str(uuid7(now))[:28]}
    kept = (_READ if waiting.keepers is None else _LOOKED_UP).replace("{own}", own.sql)
    statement = _TAKE.replace("{kept}", kept).replace("{rivals}", rivals.sql)
    for gap, words in (("year", _YEAR), ("once_a_year", _ONCE_A_YEAR)):
        statement = statement.replace(f"{{{gap}}}", words if born else _NOT_BORN[gap])
    return await _insert(session, statement, values)


async def _insert(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> tuple[int, int]:
    """Nearly always nobody else greets the same people at the same moment. Then the keys need not be looked for before
    each row; when somebody did, those they have are left out.
    """
    await session.execute(_PLANNED)
    try:
        async with session.begin_nested():
            row = (await session.execute(text(statement.replace("{double}", "")), values)).one()
    except IntegrityError:
        row = (await session.execute(text(statement.replace("{double}", "on conflict do nothing")), values)).one()
    await session.execute(_PLANNED_AS_USUAL)
    return row[0], row[1] or 0


async def taken(session: AsyncSession, customers: Collection[UUID], first: int, *, zone: str) -> list[Due]:
    """These of those who were taken, from that row on."""
    values = {"customers": list(customers), "first": first, "company": zone_of(zone).key, "known": sorted(zones())}
    return [Due(*row) for row in await session.execute(text(_TAKEN), values)]


def _rivals(before: Sequence[Waiting], span: Span) -> Keeping:
    """Who is greeted for another of these on which day."""
    parts, values = ["  select null::uuid as customer_id, null::date as kept where false"], dict[str, Any]()
    for place, one in enumerate(before):
        rival = one.within(span, prefix=f"rival{place}")
        if rival is not None:
            parts.append(_RIVAL.replace("{sql}", rival.sql).replace("{place}", str(place)))
            values |= {**rival.values, f"rival{place}_id": one.occasion.id}
    return Keeping(" union all ".join(parts), values)


# Nothing here is read as a whole, whatever the planner believes of tables that have grown since it last heard of them.
_PLANNED = text("select set_config('enable_seqscan', 'off', true), set_config('work_mem', '64MB', true)")
_PLANNED_AS_USUAL = text("select set_config('enable_seqscan', 'on', true)")

_READ = "select * from ({own}) x where x.customer_id > :low and x.customer_id <= :high"
_LOOKED_UP = "select x.*, c.timezone from ({own}) x join customer c on c.id = x.customer_id"

# A customer keeps several of the days at once, or one by several spellings: the first counts.
_TAKE = """
with kept as ({kept}),
rivals as materialized ({rivals}),
turn as (
  select distinct on (x.customer_id) x.customer_id, x.kept, x.years, z.today, z.closes
  from kept x
  left join unnest(cast(:known as text[])) k(zone) on k.zone = x.timezone
  join unnest(cast(:zones as text[]), cast(:kept_days as date[]), cast(:todays as date[]),
      cast(:closings as timestamptz[])) z(zone, kept, today, closes)
    on z.zone = coalesce(k.zone, :company) and z.kept = x.kept
  where not exists (select from greeting g where g.customer_id = x.customer_id and g.kept = x.kept)
    and not exists (select from greeting g where g.customer_id = x.customer_id and g.day = z.today) {once_a_year}
    and not exists (
      select from greeting_skip s where s.customer_id = x.customer_id and s.occasion_id = :occasion and s.day = x.kept)
    and (x.customer_id, x.kept) not in (select customer_id, kept from rivals)
  order by x.customer_id, x.kept),
taken as (
  insert into greeting (customer_id, occasion_id, kept, day, birthday_of, years, closes_at, interaction_id)
  select x.customer_id, :occasion, x.kept, x.today, {year}, x.years, x.closes,
    (:head || lpad(to_hex(row_number() over ()), 8, '0'))::uuid
  from turn x {double} returning id)
select count(*), min(id) from taken
"""

_YEAR = "extract(year from x.kept)"
_ONCE_A_YEAR = """
    and not exists (
      select from greeting g where g.customer_id = x.customer_id and g.birthday_of = extract(year from x.kept))"""
_NOT_BORN = {"year": "null", "once_a_year": ""}

_TAKEN = """
select g.customer_id, c.name, coalesce(nullif(c.given_name, ''), c.name), c.language, g.years, g.kept, g.day,
  coalesce(k.zone, :company)
from greeting g join customer c on c.id = g.customer_id
left join unnest(cast(:known as text[])) k(zone) on k.zone = c.timezone
where g.id >= :first and g.customer_id = any(cast(:customers as uuid[]))
order by g.customer_id
"""

_RIVAL = """
  select r.customer_id, r.kept from ({sql}) r
  where r.customer_id > :low and r.customer_id <= :high and not exists (
    select from greeting_skip s
    where s.customer_id = r.customer_id and s.occasion_id = :rival{place}_id and s.day = r.kept)"""


@lru_cache(maxsize=64)
def _open(at_hour: time, late_days: int, zone: str, now: datetime) -> Mapping[str, Any]:
    """Every zone with the days for which a greeting may leave there now, the date it shows, and when it is too late."""
    company = zone_of(zone).key
    rows = []
    for one in {*zones(), company}:
        today = now.astimezone(ZoneInfo(one)).date()
        days = (today - timedelta(days=n) for n in range(late_days + 2))
        open_ = ((day, _window(day, at_hour, one, late_days)) for day in days)
        rows += [(one, day, today, window.closes) for day, window in open_ if now in window]
    named = ("zones", "kept_days", "todays", "closings")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(named)}
    return {"known": sorted(zones()), "company": company, **columns}


@lru_cache(maxsize=100_000)
def _window(day: date, at_hour: time, zone: str, late_days: int) -> Window:
    return window(day, at_hour, ZoneInfo(zone), late_days)


@cache
def zones() -> frozenset[str]:
    """Every time zone there is; a customer with another lives by the company's clock."""
    return frozenset(available_timezones())
