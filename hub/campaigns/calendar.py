"""Which campaigns leave when: what has begun, and what will begin by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign
from hub.models.vocabulary import CampaignState

_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Send:
    """`at`: when it began, or else when it will."""

    id: int
    name: str
    state: CampaignState
    at: datetime


async def sends(session: AsyncSession, start: datetime, end: datetime) -> list[Send]:
    """Between two moments, in their order; of one that is cancelled only what had begun."""
    at = func.coalesce(col(Campaign.started_at), col(Campaign.starts_at))
    query = select(Campaign.id, Campaign.name, Campaign.state, at).where(
        at >= start,
        at < end,
        col(Campaign.state) != CampaignState.DRAFT,
        (col(Campaign.state) != CampaignState.CANCELLED) | col(Campaign.started_at).is_not(None),
    )
    return [Send(*row) for row in await session.exec(query.order_by(at, col(Campaign.id)).limit(_MOST))]
