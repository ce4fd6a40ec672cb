"""How many messages of a campaign may be made now, when it is to send no more than so many an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.models import Campaign, Interaction
from hub.models.vocabulary import State

_SHORTEST = timedelta(minutes=1)


async def room(session: AsyncSession, campaign: Campaign, *, now: datetime, limit: int) -> int:
    """At most `limit`. An hour's share is given out evenly, by the minute; slow ones one by one.

    Whoever is withheld takes nothing of it.
    """
    if campaign.per_hour is None:
        return limit
    window = max(_SHORTEST, timedelta(hours=1) / campaign.per_hour)
    share = max(int(campaign.per_hour * (window / timedelta(hours=1))), 1)
    lately = select(func.count()).where(
        col(Interaction.campaign_id) == campaign.id,
        col(Interaction.id) >= first_uuid7(now - window),
        col(Interaction.state) != State.WITHHELD,
    )
    return max(min(share - (await session.exec(lately)).one(), limit), 0)
