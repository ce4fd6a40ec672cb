"""A campaign's row: locked before anything of it is changed, and announced when it was."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Campaign
from hub.sentences import Gap, Sentence


class NotFound(LookupError):
    """There is no such campaign."""


def about(campaign: Campaign, words: str, gaps: Mapping[str, Gap] | None = None) -> Sentence:
    """A sentence in which the campaign's `name` and its `state` may stand."""
    return Sentence(words, {"name": campaign.name, "state": Sentence(campaign.state.value), **(gaps or {})})


async def locked(session: AsyncSession, campaign_id: int) -> Campaign:
    """As it is now, and nobody else's until the transaction ends. Raises NotFound."""
    query = select(Campaign).where(col(Campaign.id) == campaign_id).with_for_update()
    campaign = (await session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if campaign is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return campaign


async def saved(session: AsyncSession, campaign: Campaign) -> Campaign:
    """Written, and told to whoever looks at it."""
    session.add(campaign)
    await session.flush()
    await live.publish(session, "campaign", id=campaign.id)
    return campaign
