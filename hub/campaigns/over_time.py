"""A campaign over time: how many left, arrived, were opened and followed in each stretch since it began. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign

_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 180, 360, 720, 1440, 4320, 10080))
_MOST = 60  # stretches in one picture
_LONGEST = timedelta(days=60)

# What happened to each message first, by kind of happening. Machines' opens and clicks are left out.
_HAPPENED = text("""
with mine as materialized (
  select id from interaction where campaign_id = :campaign and state not in ('withheld', 'queued')),
happened as (
  select 'left' as what, min(a.ended_at) as at from attempt a join mine on mine.id = a.interaction_id
  where a.outcome = 'accepted' group by a.interaction_id
  union all
  select 'delivered', min(r.at) from receipt r join mine on mine.id = r.interaction_id
  where r.progress in ('delivered', 'read') group by r.interaction_id
  union all
  select case touch when 'open' then 'opened' else 'clicked' end, min(at) from reaction
  where campaign_id = :campaign and touch in ('open', 'click') and not machine group by interaction_id, touch)
select floor(extract(epoch from at - cast(:since as timestamptz)) / :step)::int as stretch, what, count(*) as number
from happened where at >= :since and at < :until group by 1, 2
""")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened from `at` on, until the next one."""

    at: datetime
    left: int
    delivered: int
    opened: int
    clicked: int


async def stretches(session: AsyncSession, campaign: Campaign, *, now: datetime) -> list[Stretch]:
    """Since it began, at most sixty days, in at most sixty stretches of the same length; empty before it begins."""
    if campaign.started_at is None:
        return []
    since, until = campaign.started_at, min(now, campaign.started_at + _LONGEST)
    step = next((one for one in _STEPS if (until - since) / one < _MOST), _STEPS[-1])
    values = {"campaign": campaign.id, "since": since, "until": until, "step": step.total_seconds()}
    found: dict[int, dict[str, Any]] = {}
    for stretch, what, number in (await session.execute(_HAPPENED, values)).all():
        found.setdefault(stretch, {})[what] = number
    whole = int((until - since) / step) + 1
    return [_stretch(since + step * place, found.get(place, {})) for place in range(whole)]


def _stretch(at: datetime, counted: dict[str, int]) -> Stretch:
    return Stretch(at, *(counted.get(what, 0) for what in ("left", "delivered", "opened", "clicked")))
