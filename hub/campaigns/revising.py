"""Changing what a paused campaign says: whoever has got it keeps the old text, all others get all of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign, CampaignTest, CampaignVariant, Interaction, TemplateVersion
from hub.models.vocabulary import Kind, Purpose, State
from hub.outbound import rendering
from hub.segments import tree
from hub.segments.tree import Raw
from hub.sentences import Sentence


def fixed(
    campaign: Campaign, segment: Raw, about: tuple[Purpose, str], ways: tuple[Sequence[str], bool]
) -> Sentence | None:
    """Which of the things that everybody was judged by would be changed; None when none is.

    `about`: its purpose and topic. `ways`: its channel kinds, and whether it goes by what was learnt.
    """
    if tree.read(segment) != tree.read(campaign.segment):
        return Sentence("whom it means")
    if about != (campaign.purpose, campaign.topic):
        return Sentence("why it writes")
    kinds, learnt = ways
    return Sentence("by which channels") if (list(kinds), learnt) != (campaign.kinds, campaign.learnt) else None


async def tests(session: AsyncSession, campaign: Campaign) -> bool:
    """Does a test still try which words serve best? What it tries is not changed beside it."""
    test = await session.get(CampaignTest, campaign.id, populate_existing=True)
    return test is not None and test.decided_at is None


async def unspoken(session: AsyncSession, campaign: Campaign, fallback: str) -> frozenset[Kind]:
    """Channel kinds by which messages wait and for which the campaign's text of now has nothing that serves all."""
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    kinds = select(Interaction.kind).where(*_waiting(campaign)).distinct()
    spoken = rendering.kinds(version.variants if version else {}, fallback, fallback)
    return frozenset(Kind(kind) for kind in await session.exec(kinds) if kind is not None) - spoken


async def reword(session: AsyncSession, campaign: Campaign, before: int | None) -> int:
    """Give the messages that wait, of the version `before` or any that a test tried, the campaign's text of now; how
    many there were.

    Version and values go together, so no message is half of one and half of the other; what was rendered already is
    rendered again when it leaves. A sender that has one in its hands keeps it from us until it is sent: it stays.
    """
    tried = select(CampaignVariant.template_version_id).where(col(CampaignVariant.campaign_id) == campaign.id)
    version = col(Interaction.template_version_id)
    waiting = update(Interaction).where(*_waiting(campaign), or_(version == before, version.in_(tried)))
    words: dict[str, Any] = {"template_version_id": campaign.template_version_id, "variables": campaign.variables}
    unsaid = {"language": "", "subject": "", "content_hash": ""}
    return (await session.exec(waiting.values(**words, **unsaid))).rowcount


def _waiting(campaign: Campaign) -> tuple[ColumnElement[bool], ...]:
    return (col(Interaction.campaign_id) == campaign.id, col(Interaction.state) == State.QUEUED)
