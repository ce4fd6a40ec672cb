"""How fast the messages of a campaign may leave that sends at most so many an hour: exact, over all processes.

A continuous allowance (GCRA), taken at the last look before sending, so that whatever becomes due together leaves
apart: after a night, a pause, an outage. Who finds nothing left is given a turn of their own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign, CampaignTempo

_SLACK = timedelta(seconds=5)  # who comes so late does not delay those behind
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One campaign's. Its row is locked until the transaction ends."""

    row: CampaignTempo
    apart: timedelta

    def take(self, now: datetime) -> datetime | None:
        """None: one may leave now. Otherwise from when to ask again: a moment that is nobody else's."""
        earliest = max(self.row.next_at, now - _SLACK)
        if earliest <= now:
            self.row.next_at = earliest + self.apart
            return None
        turn = max(self.row.promised, self.row.next_at)
        self.row.promised = turn + self.apart
        return turn


def apart(per_hour: int) -> timedelta:
    """Between two messages, so that no hour has more than so many, even one that begins with late ones."""
    return timedelta(microseconds=math.ceil((_HOUR + _SLACK) / timedelta(microseconds=1) / per_hour))


async def of(session: AsyncSession, campaigns: Collection[int], now: datetime) -> Mapping[int, Allowance]:
    """Those of these campaigns that are held to so many an hour."""
    slow = select(Campaign.id, Campaign.per_hour).where(
        col(Campaign.id).in_(campaigns), col(Campaign.per_hour).is_not(None)
    )
    paces = {number: apart(per_hour) for number, per_hour in await session.exec(slow) if number and per_hour}
    if not paces:
        return {}
    new = [{"campaign_id": number, "next_at": now, "promised": now} for number in sorted(paces)]
    await session.execute(insert(CampaignTempo).on_conflict_do_nothing(), new)
    query = select(CampaignTempo).where(col(CampaignTempo.campaign_id).in_(paces)).order_by("campaign_id")
    rows = await session.exec(query.with_for_update().execution_options(populate_existing=True))
    return {row.campaign_id: Allowance(row, paces[row.campaign_id]) for row in rows}


async def next_turn(session: AsyncSession, campaign_id: int, now: datetime) -> datetime:
    """The first moment at which nobody leaves yet who is known to."""
    row = await session.get(CampaignTempo, campaign_id, populate_existing=True)
    return now if row is None else max(now, row.next_at, row.promised)
