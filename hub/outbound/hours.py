"""When quiet ends for many customers at once: for each zone, and for those whose zone alone does not say it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind, Purpose
from hub.outbound.permission import Facts, Rules, allowed_from
from hub.outbound.quiet_hours import is_zone, zones_of_number


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose answers are wanted: `source` is SQL that gives `customer_id`s, all of them above `low` and up to `high`."""

    source: str
    values: Mapping[str, Any]
    low: UUID
    high: UUID


@dataclass(frozen=True, slots=True)
class Hours:
    """Instants before which nothing may leave, None: at once. `by_hand`: it hangs on which of several numbers is used.

    `odd`: customers with quiet hours of their own, or with a telephone number and no zone.
    """

    zones: Mapping[str, datetime | None]
    unknown: datetime | None
    odd: Mapping[UUID, datetime | None]
    by_hand: frozenset[UUID]


async def hours(session: AsyncSession, reach: Reach, *, purpose: Purpose, rules: Rules, now: datetime) -> Hours:
    """For the customers in reach. Two statements."""
    source, values = reach.source, {**reach.values, "low": reach.low, "high": reach.high}
    names = (await session.execute(text(_ZONES.format(source=source)), values)).scalars()
    zones = {name: _opens(_somebody(timezone=name), (), purpose, rules, now) for name in names if is_zone(name)}
    odd = (await session.execute(text(_ODD.format(source=source)), {**values, "zones": list(zones)})).all()
    several = frozenset(row.id for row in odd if row.timezone not in zones and len(row.numbers) > 1)
    return Hours(
        zones=zones,
        unknown=_opens(_somebody(), (), purpose, rules, now),
        odd=_odd([row for row in odd if row.id not in several], purpose, rules, now),
        by_hand=several,
    )


_ZONES = """
select distinct c.timezone from ({source}) r
join customer c on c.id = r.customer_id and c.id > :low and c.id <= :high where c.timezone is not null
"""

_ODD = """
select c.id, c.timezone, c.quiet_from, c.quiet_until,
  array(select i.value from identity i where i.customer_id = c.id and i.kind = 'phone' order by i.id) as numbers
from ({source}) r join customer c on c.id = r.customer_id and c.id > :low and c.id <= :high
where c.quiet_from is not null or c.quiet_until is not null
  or ((c.timezone is null or c.timezone <> all(cast(:zones as text[])))
      and exists (select 1 from identity i where i.customer_id = c.id and i.kind = 'phone'))
"""


def _odd(rows: Sequence[Row[Any]], purpose: Purpose, rules: Rules, now: datetime) -> dict[UUID, datetime | None]:
    """Reckoned once for all who have the same hours and the same zones: there are few such sorts of people."""
    sorts: dict[Hashable, datetime | None] = {}
    found = {}
    for row in rows:
        zones = () if is_zone(row.timezone or "") else tuple(zones_of_number(number) for number in row.numbers)
        sort = (row.timezone, row.quiet_from, row.quiet_until, zones)
        if sort not in sorts:
            customer = _somebody(timezone=row.timezone, quiet_from=row.quiet_from, quiet_until=row.quiet_until)
            sorts[sort] = _opens(customer, row.numbers, purpose, rules, now)
        found[row.id] = sorts[sort]
    return found


def _opens(
    customer: Customer, numbers: Collection[str], purpose: Purpose, rules: Rules, now: datetime
) -> datetime | None:
    phones = tuple(Identity.model_construct(kind=AddressKind.PHONE, value=number) for number in numbers)
    at = allowed_from(Facts(customer, phones), None, purpose, rules, now)
    return at if at > now else None


def _somebody(**known: Any) -> Customer:
    return Customer(**known)
