"""When quiet ends for many customers at once: for each zone, and for those whose zone alone does not say it."""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind, Purpose
from hub.outbound.local_hours import allowed_from
from hub.outbound.question import Facts, Rules
from hub.outbound.quiet_hours import is_zone, zones_of_number


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose answers are wanted: `source` is SQL that gives `customer_id`s, all of them above `low` and up to `high`.

    `few`: of the customers between the two. Their rows are then looked up, where else all between are read through.
    `carried`: what the answer has of each beside it, as SQL of the source's row `r` and the customer `c`, by name.
    """

    source: str
    values: Mapping[str, Any]
    low: UUID
    high: UUID
    few: bool = False
    carried: Mapping[str, str] = field(default_factory=dict)

    def within(self, column: str, those: str = "") -> str:
        """A condition: this customer is among them. `those`: SQL that gives them, when `source` is not to be asked."""
        if self.few:
            those = those or f"select customer_id from ({self.source}) s"
            return f"{column} = any(array({those}))"
        return f"{column} > :low and {column} <= :high"


Sort = tuple[str, time | None, time | None]  # a zone, and a customer's own quiet hours


@dataclass(frozen=True, slots=True)
class Hours:
    """Instants before which nothing may leave, None: at once. `by_hand`: it hangs on which of several numbers is used.

    `sorts`: of customers whose zone is known, reckoned once for all who have the same zone and the same hours.
    `odd`: customers with a telephone number and no zone. `unknown`: everybody else.
    """

    sorts: Mapping[Sort, datetime | None]
    unknown: datetime | None
    odd: Mapping[UUID, datetime | None]
    by_hand: frozenset[UUID]


async def hours(session: AsyncSession, reach: Reach, *, purpose: Purpose, rules: Rules, now: datetime) -> Hours:
    """For the customers in reach. One statement; two where a zone's name is none."""
    rows = await _asked(session, reach, "w.timezone is null", _SORTS)
    sorts = [row for row in rows if row.id is None]
    numbered = [row for row in rows if row.id is not None]
    if lost := sorted({row.timezone for row in sorts if not is_zone(row.timezone)}):
        numbered += await _asked(session, reach, "w.timezone = any(:lost)", lost=lost)
    several = frozenset(row.id for row in numbered if len(row.numbers) > 1)
    return Hours(
        sorts={_key(row): opens(_sort(row), (), purpose, rules, now) for row in sorts if row.timezone not in lost},
        unknown=opens(somebody(), (), purpose, rules, now),
        odd=_odd([row for row in numbered if row.id not in several], purpose, rules, now),
        by_hand=several,
    )


async def _asked(
    session: AsyncSession, reach: Reach, whose: str, more: str = "", **values: list[str]
) -> Sequence[Row[Any]]:
    numbers = reach.within("i.customer_id", "select id from who")
    asked = (
        _WHO.format(source=reach.source, who=reach.within("c.id")) + _ODD.format(numbers=numbers, whose=whose) + more
    )
    bound = {**reach.values, "low": reach.low, "high": reach.high, **values}
    return (await session.execute(text(asked), bound)).all()


def _key(row: Row[Any]) -> Sort:
    return row.timezone, row.quiet_from, row.quiet_until


_WHO = """
with who as materialized (
  select c.id, c.timezone, c.quiet_from, c.quiet_until from ({source}) r
  join customer c on c.id = r.customer_id and {who})
"""

_ODD = """
select w.id, w.timezone, w.quiet_from, w.quiet_until, array_agg(i.value order by i.id) as numbers
from who w join identity i on i.customer_id = w.id and i.kind = 'phone' and {numbers}
where {whose}
group by 1, 2, 3, 4
"""

_SORTS = """
union all
select null, timezone, quiet_from, quiet_until, null from who where timezone is not null group by 2, 3, 4
"""


def _odd(rows: Sequence[Row[Any]], purpose: Purpose, rules: Rules, now: datetime) -> dict[UUID, datetime | None]:
    """Reckoned once for all who have the same hours and the same zones: there are few such sorts of people."""
    sorts: dict[Hashable, datetime | None] = {}
    found = {}
    for row in rows:
        sort = (row.quiet_from, row.quiet_until, tuple(zones_of_number(number) for number in row.numbers))
        if sort not in sorts:
            sorts[sort] = opens(_sort(row), row.numbers, purpose, rules, now)
        found[row.id] = sorts[sort]
    return found


def _sort(row: Row[Any]) -> Customer:
    return somebody(timezone=row.timezone, quiet_from=row.quiet_from, quiet_until=row.quiet_until)


def opens(
    customer: Customer, numbers: Collection[str], purpose: Purpose, rules: Rules, now: datetime
) -> datetime | None:
    """From when on somebody with these telephone numbers may be written to; None: at once."""
    phones = tuple(Identity.model_construct(kind=AddressKind.PHONE, value=number) for number in numbers)
    at = allowed_from(Facts(customer, phones), None, purpose, rules, now)
    return at if at > now else None


@lru_cache(maxsize=1_024)  # the table's class takes as long to make one as a mail takes to be written
def somebody(**known: Any) -> Customer:
    """Nobody in particular, of whom only this is known; to be read only."""
    return Customer(**known)
