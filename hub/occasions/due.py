"""Whose turn it is: in one statement for each occasion, by every customer's own clock, one greeting a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Occasion
from hub.occasions.dates import Window, possible_days, window
from hub.occasions.keeping import keeping
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


async def due(
    session: AsyncSession, occasion: Occasion, before: Sequence[Occasion], *, zone: str, now: datetime, most: int
) -> list[Due]:
    """Who may be greeted for it now and was not, at most so many, in the order of their ids.

    Left out is who keeps an occasion of `before` on the same day, was greeted for that day or on this one, or is to be
    skipped. `zone`: the company's, for whoever's own is not known.
    """
    days = list(possible_days(now, occasion.late_days))
    own = keeping(occasion, days, prefix="own", zone=zone)
    if own is None or not (await session.execute(text(_ANY.replace("{own}", own.sql)), dict(own.values))).scalar_one():
        return []
    rivals = [keeping(one, days, prefix=f"rival{place}", zone=zone) for place, one in enumerate(before)]
    values = {
        **own.values,
        **_open(occasion.at_hour, occasion.late_days, zone, now),
        "occasion": occasion.id,
        "most": most,
    }
    giving_way = ""
    for place, (one, rival) in enumerate(zip(before, rivals, strict=True)):
        if rival is not None:
            giving_way += _RIVAL.replace("{sql}", rival.sql).replace("{place}", str(place))
            values |= {**rival.values, f"rival{place}_id": one.id}
    rows = await session.execute(text(_DUE.replace("{own}", own.sql).replace("{giving_way}", giving_way)), values)
    return [Due(*row) for row in rows]


# Asked first, since on most looks there is nobody.
_ANY = """
select exists (
  select from ({own}) x
  where not exists (select from greeting g where g.customer_id = x.customer_id and g.kept = x.kept))
"""

_DUE = """
with kept as ({own}),
here as (
  select x.customer_id, c.name, coalesce(nullif(c.given_name, ''), c.name) as given_name, c.language, x.years, x.kept,
         coalesce(k.zone, :company) as zone
  from kept x join customer c on c.id = x.customer_id
  left join unnest(cast(:known as text[])) k(zone) on k.zone = c.timezone)
select x.customer_id, x.name, x.given_name, x.language, x.years, x.kept, z.today, x.zone
from here x
join unnest(cast(:zones as text[]), cast(:kept_days as date[]), cast(:todays as date[])) z(zone, kept, today)
  on z.zone = x.zone and z.kept = x.kept
where not exists (
    select from greeting g where g.customer_id = x.customer_id and (g.kept = x.kept or g.day = z.today))
  and not exists (
    select from greeting_skip s where s.customer_id = x.customer_id and s.occasion_id = :occasion and s.day = x.kept)
  {giving_way}
order by x.customer_id, x.kept limit :most
"""

_RIVAL = """
  and not exists (
    select from ({sql}) r where r.customer_id = x.customer_id and r.kept = x.kept and not exists (
      select from greeting_skip s
      where s.customer_id = r.customer_id and s.occasion_id = :rival{place}_id and s.day = r.kept))"""


@lru_cache(maxsize=64)
def _open(at_hour: time, late_days: int, zone: str, now: datetime) -> Mapping[str, Any]:
    """Every zone with the days for which a greeting may leave there now, and the date it shows."""
    company = zone_of(zone).key
    rows = []
    for one in {*zones(), company}:
        today = now.astimezone(ZoneInfo(one)).date()
        days = (today - timedelta(days=n) for n in range(late_days + 2))
        rows += [(one, day, today) for day in days if now in _window(day, at_hour, one, late_days)]
    return {
        "known": sorted(zones()),
        "company": company,
        "zones": [one for one, _, _ in rows],
        "kept_days": [day for _, day, _ in rows],
        "todays": [today for _, _, today in rows],
    }


@lru_cache(maxsize=100_000)
def _window(day: date, at_hour: time, zone: str, late_days: int) -> Window:
    return window(day, at_hour, ZoneInfo(zone), late_days)


@cache
def zones() -> frozenset[str]:
    """Every time zone there is; a customer with another lives by the company's clock."""
    return frozenset(available_timezones())
