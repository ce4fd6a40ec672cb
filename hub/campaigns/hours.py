"""Everybody's own hour: when a campaign's first message is to leave by each recipient's clock (requirements S6, S7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign
from hub.outbound.quiet_hours import is_zone, next_at, zones_of_number


async def put_off(
    session: AsyncSession,
    campaign: Campaign,
    hour: time,
    *,
    low: UUID,
    high: UUID,
    company_zone: str,
    now: datetime,
    only: Collection[UUID] | None = None,
) -> None:
    """Recipients above `low` and up to `high` without a message wait until their own clock shows the hour next.

    Their clock: their zone; without one, the westernmost of the zones that their telephone number may lie in, so that
    it is too early in none; else the
    company's. Of an hour that autumn repeats the first counts, one that spring skips comes when the skip ends.
    """
    who = {"campaign": campaign.id, "low": low, "high": high, "all": only is None, "only": list(only or ())}
    names = (await session.execute(_ZONES, who)).scalars()
    zones = {name: next_at(hour, name, now) for name in names if is_zone(name)}
    numbers = (await session.execute(_NUMBERS, {**who, "zones": list(zones)})).all()
    odd = {row.customer_id: by_number(row.numbers, hour, company_zone, now) for row in numbers}
    values: dict[str, Any] = {
        "zones": list(zones),
        "opens": list(zones.values()),
        "odd": list(odd),
        "odd_opens": list(odd.values()),
        "unknown": next_at(hour, company_zone, now),
    }
    await session.execute(_PUT_OFF, {**who, **values})


def by_number(numbers: Sequence[str], hour: time, company_zone: str, now: datetime) -> datetime:
    zones = {zone for number in numbers for zone in zones_of_number(number)} or {company_zone}
    latest = min(sorted(zones), key=lambda zone: now.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
    return next_at(hour, latest, now)


_WHO = """
from campaign_recipient r join customer c on c.id = r.customer_id
where r.campaign_id = :campaign and r.step = 0 and r.customer_id > :low and r.customer_id <= :high
  and r.interaction_id is null and (:all or r.customer_id = any(cast(:only as uuid[])))"""

_ZONES = text(f"select distinct c.timezone {_WHO} and c.timezone is not null")

_NUMBERS = text(f"""
select r.customer_id, array(select i.value from identity i where i.customer_id = c.id and i.kind = 'phone') as numbers
{_WHO} and (c.timezone is null or c.timezone <> all(cast(:zones as text[])))
  and exists (select 1 from identity i where i.customer_id = c.id and i.kind = 'phone')""")  # noqa: S608

_PUT_OFF = text("""
update campaign_recipient r set due_at = coalesce(o.opens, z.opens, cast(:unknown as timestamptz))
from customer c
left join unnest(cast(:zones as text[]), cast(:opens as timestamptz[])) as z(zone, opens) on z.zone = c.timezone
left join unnest(cast(:odd as uuid[]), cast(:odd_opens as timestamptz[])) as o(id, opens) on o.id = c.id
where c.id = r.customer_id
  and r.campaign_id = :campaign and r.step = 0 and r.customer_id > :low and r.customer_id <= :high
  and r.interaction_id is null and (:all or r.customer_id = any(cast(:only as uuid[])))""")
