"""The marketer's desk of the sample company: whom she means again and again, and the day she invites to."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.gatherings import plans
from hub.gatherings.plans import Plan
from hub.segments import saved
from hub.segments.saved import Draft

_SEGMENTS = (
    Draft("Club members, silent for two months",
          [{"field": "label", "op": "eq", "value": "club"}, {"field": "wrote_days", "op": "gt", "value": 60}]),
    Draft("Best customers", [{"field": "rfm", "op": "ge", "value": 30}]),
    Draft("Bought once, not again", [{"field": "purchases", "op": "eq", "value": 1},
                                     {"field": "purchase_days", "op": "gt", "value": 180}]),
)  # fmt: skip


async def load(session: AsyncSession, *, marketer: int, now: datetime) -> None:
    """Of customers that are there already."""
    for draft in _SEGMENTS:
        await saved.create(session, draft, staff_id=marketer, now=now)
    day = (now + timedelta(days=18)).replace(hour=9, minute=0, second=0, microsecond=0)
    open_day = Plan(
        "Open day in the rose garden",
        day,
        "Europe/Warsaw",
        place="Rose garden, entrance by the old mill",
        ends_at=day + timedelta(hours=5),
        host="Garden advice",
        about="Pruning for beginners at eleven, tea all day.",
        capacity=40,
    )
    await plans.create(session, open_day, staff_id=marketer, now=now)
