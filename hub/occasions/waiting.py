"""Who keeps an occasion these days and was not greeted for it: found once in each look, as few or as very many."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.models import Occasion
from hub.occasions.dates import possible_days
from hub.occasions.keeping import Keeping, keeping

MOST = 100_000  # are kept in mind; of more, so many customers are looked through at a time


@dataclass(frozen=True, slots=True)
class Span:
    """The customers above `low` and up to `high`."""

    low: UUID
    high: UUID


EVERYBODY = Span(UUID(int=0), UUID(int=2**128 - 1))


class Keepers(NamedTuple):
    """Column by column, in the customers' order: thousands go from the database and back to it as they are."""

    customer_id: Sequence[UUID]
    kept: Sequence[date]
    years: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """`keepers`: None: more than `MOST`, looked for again in each span.

    `zone`: the company's, for whoever's own is not known.
    """

    occasion: Occasion
    days: Sequence[date]
    zone: str
    keepers: Keepers | None

    def within(self, span: Span, *, prefix: str) -> Keeping | None:
        """Those in the span, and perhaps others; the values' names begin with the prefix."""
        if self.keepers is None:
            return keeping(self.occasion, self.days, prefix=prefix, zone=self.zone)
        low, high = (bisect_right(self.keepers.customer_id, edge) for edge in (span.low, span.high))
        values = {f"{prefix}_{name}": column[low:high] for name, column in self.keepers._asdict().items()}
        return Keeping(_KEEPERS.replace("{p}", prefix), values)


def newcomers(since: datetime) -> Span:
    """Whoever was added since then: customers are numbered by the moment."""
    return Span(first_uuid7(since), EVERYBODY.high)


async def find(
    session: AsyncSession, occasion: Occasion, *, zone: str, now: datetime, among: Span = EVERYBODY
) -> Waiting | None:
    """Who may be greeted for it by some clock of the world, and is not to be skipped; None when nobody is."""
    days = list(possible_days(now, occasion.late_days))
    own = keeping(occasion, days, prefix="own", zone=zone)
    if own is None:
        return None
    values = {**own.values, "occasion": occasion.id, "limit": MOST + 1}
    sql = own.sql
    if among != EVERYBODY:
        sql, values = _AMONG.replace("{own}", sql), {**values, "low": among.low, "high": among.high}
    number, *columns = (await session.execute(text(_WAITING.replace("{own}", sql)), values)).one()
    if not number:
        return None
    return Waiting(occasion, days, zone, Keepers(*columns) if number <= MOST else None)


async def spans(session: AsyncSession, waiting: Waiting, *, size: int) -> list[Span]:
    """Among whom to look, each a matter of about `size` greetings at most."""
    if waiting.keepers is None:
        return _between((await session.execute(text(_BOUNDS), {"size": size})).scalars())
    who = waiting.keepers.customer_id
    return _between(who[place] for place in range(size - 1, len(who) - 1, size))


def _between(bounds: Iterable[UUID]) -> list[Span]:
    edges = dict.fromkeys([EVERYBODY.low, *bounds, EVERYBODY.high])
    return [Span(*edge) for edge in pairwise(edges)]


_KEEPERS = """
select k.customer_id, k.kept, k.years
from unnest(cast(:{p}_customer_id as uuid[]), cast(:{p}_kept as date[]), cast(:{p}_years as int[]))
  k(customer_id, kept, years)"""

_AMONG = "select * from ({own}) w where w.customer_id > :low and w.customer_id <= :high"

_WAITING = """
with found as materialized (
  select x.customer_id, x.kept, x.years from ({own}) x
  where not exists (select from greeting g where g.customer_id = x.customer_id and g.kept = x.kept)
    and not exists (
      select from greeting_skip s where s.customer_id = x.customer_id and s.occasion_id = :occasion and s.day = x.kept)
  limit :limit),
number as (select count(*) as found from found)
select n.found, array_agg(f.customer_id), array_agg(f.kept), array_agg(f.years)
from number n left join (select * from found order by customer_id, kept) f on n.found < :limit
group by n.found
"""

_BOUNDS = """
select id from (select id, row_number() over (order by id) as place from customer) c where place % :size = 0 order by id
"""
