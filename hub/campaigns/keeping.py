"""What is done with campaigns that are over, or good enough to be used again: a copy of one, and the archive."""

from __future__ import annotations

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import lifecycle, rows, steps, variants
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind

_AT_REST = frozenset({CampaignState.DRAFT, CampaignState.FINISHED, CampaignState.CANCELLED})
_LONGEST_NAME = 200


async def clone(session: AsyncSession, campaign_id: int, name: str, *, staff_id: int | None, now: datetime) -> Campaign:
    """A new draft that says the same to whoever meets the same conditions then: the audience is not copied.

    Raises NotFound, Unsuitable.
    """
    old = await lifecycle.get(session, campaign_id)
    plan = Plan(
        name=name.strip()[:_LONGEST_NAME] or old.name,
        template_version_id=old.template_version_id,
        segment=old.segment,
        purpose=old.purpose,
        variables=old.variables,
        kinds=tuple(Kind(kind) for kind in old.kinds),
        per_hour=old.per_hour,
        topic=old.topic,
        learnt=old.learnt,
    )
    new = await lifecycle.create(session, plan, staff_id=staff_id, now=now)
    await steps.copy(session, campaign_id, new, now=now)
    await variants.copy(session, campaign_id, new.id or 0)
    return new


async def archive(session: AsyncSession, campaign_id: int, *, now: datetime) -> Campaign:
    """Out of the list; from now on it can only be read. Raises NotFound; NotStartable while it is under way."""
    campaign = await rows.locked(session, campaign_id)
    if campaign.state not in _AT_REST:
        raise NotStartable(rows.about(campaign, "“%(name)s” is %(state)s and cannot be put away. Cancel it first"))
    campaign.archived_at = campaign.archived_at or now
    return await rows.saved(session, campaign)


async def unarchive(session: AsyncSession, campaign_id: int) -> Campaign:
    """Back into the list. Raises NotFound."""
    campaign = await rows.locked(session, campaign_id)
    campaign.archived_at = None
    return await rows.saved(session, campaign)
