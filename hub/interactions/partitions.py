"""The months of the interaction log: each is a partition, a range of UUIDv7 identifiers."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.database import statistics

_LOCK = 0x4D6F6E74  # two processes that start together make each month once

_THERE = """
select to_regclass(:name) is not null
  or exists (select 1 from interaction_default where id >= :low and id < :high)
"""
_CHOSEN_BY = "id, customer_id, conversation_id, campaign_id, direction, kind, origin, purpose, state"


async def ensure_months(session: AsyncSession, now: datetime, *, ahead: int = 3) -> list[str]:
    """Make the partitions of this month and the `ahead` next ones; the names of those that are new.

    A month of which the default partition already holds rows stays there: correct, only slower.
    """
    await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [_later(first, n) for n in range(ahead + 1)]
    return [_name(month) for month in months if await _make(session, month)]


async def analyze(session: AsyncSession, now: datetime) -> None:
    """Tell the planner what this month holds by now, in the columns that statements choose and join by."""
    name = _name(now.astimezone(UTC))
    if (await session.execute(text("select to_regclass(:name)"), {"name": name})).scalar_one() is not None:
        await statistics.refresh(session, f"{name} ({_CHOSEN_BY})")


async def _make(session: AsyncSession, month: datetime) -> bool:
    bounds = {"low": first_uuid7(month), "high": first_uuid7(_later(month, 1))}
    if (await session.execute(text(_THERE), {"name": _name(month), **bounds})).scalar_one():
        return False
    # Data definition takes no parameters; the name and the bounds are made of numbers only.
    span = f"from ('{bounds['low']}') to ('{bounds['high']}')"
    await session.execute(text(f"create table {_name(month)} partition of interaction for values {span}"))
    return True


def _name(month: datetime) -> str:
    return f"interaction_{month:%Y_%m}"


def _later(month: datetime, months: int) -> datetime:
    count = month.year * 12 + month.month - 1 + months
    return month.replace(year=count // 12, month=count % 12 + 1)
