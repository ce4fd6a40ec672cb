"""How many messages of a campaign are made now, when no more than so many an hour leave; see `outbound.allowance`."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import tickets
from hub.models import Campaign
from hub.outbound import allowance

HELD = 50_000  # tickets that may lie in the outbox for later: more are made when these have left
_AHEAD = timedelta(minutes=1)
_A_DAY = 24  # hours


async def room(session: AsyncSession, campaign: Campaign, *, now: datetime, limit: int) -> int:
    """At most `limit`: what may leave within a minute and is not made yet. Whoever is withheld takes nothing of it."""
    if campaign.per_hour is None:
        return limit
    begin = await allowance.next_turn(session, campaign.id or 0, now)
    share = max(math.ceil((now + _AHEAD - begin) / allowance.apart(campaign.per_hour)), 0)
    made = await tickets.waiting(session, campaign.id or 0, now=now, limit=share) if share else 0
    return min(share - made, limit)


def most_held(campaign: Campaign) -> int:
    """How many may wait for a later moment, such as the morning; of a slow one no more than leave in a day."""
    return HELD if campaign.per_hour is None else min(campaign.per_hour * _A_DAY, HELD)


def last(number: int, per_hour: int, begin: datetime) -> datetime:
    """When the last of so many leaves, the first leaving at `begin`."""
    return begin + max(number - 1, 0) * allowance.apart(per_hour)
