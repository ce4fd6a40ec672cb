"""Is a campaign's template fit to be sent: all of it, rendered with the values of somebody who would get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import segments
from hub.models import Campaign, CampaignStep, CampaignVariant, Customer, Template, TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import planning, rendering
from hub.outbound.request import Gate


async def prove(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime) -> str:
    """What is wrong, in words for the marketer, naming file and line; empty when nothing is."""
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    if version is None:
        return "it has no template. Choose one"
    sample = await _somebody(session, campaign, now)
    if sample is None:
        return "nobody is in its segment"
    values = planning.values(gate, sample, campaign.purpose, Kind.EMAIL, campaign.variables)
    for one in (version, *await _others(session, campaign)):
        if problem := await _wrong(session, one, values):
            return problem
    return _channels(campaign, version, gate)


async def _wrong(session: AsyncSession, version: TemplateVersion, values: Mapping[str, object]) -> str:
    template = await session.get(Template, version.template_id)
    problems = rendering.check(version.variants, values, name=template.name if template else "template")
    return "; ".join(map(str, problems[:5]))


async def _others(session: AsyncSession, campaign: Campaign) -> Sequence[TemplateVersion]:
    """What else it says: in later steps, and in the variants of a test."""
    later = select(CampaignStep.template_version_id).where(col(CampaignStep.campaign_id) == campaign.id)
    tried = select(CampaignVariant.template_version_id).where(col(CampaignVariant.campaign_id) == campaign.id)
    mine = or_(col(TemplateVersion.id).in_(later), col(TemplateVersion.id).in_(tried))
    return (await session.exec(select(TemplateVersion).where(mine).order_by(col(TemplateVersion.id)))).all()


def _channels(campaign: Campaign, version: TemplateVersion, gate: Gate) -> str:
    """At least one channel needs a text in the language that everybody falls back to."""
    asked = {Kind(kind) for kind in campaign.kinds} or set(Kind)
    spoken = rendering.kinds(version.variants, gate.default_language, gate.default_language)
    if not asked & spoken:
        names = ", ".join(sorted(asked))
        return f"its template has no text in “{gate.default_language}” for {names}"
    if not asked & planning.available(gate, ""):
        return f"no channel is set up for {', '.join(sorted(asked))}"
    return ""


async def _somebody(session: AsyncSession, campaign: Campaign, now: datetime) -> Customer | None:
    where = segments.compile(campaign.segment, now=now)
    return (await session.exec(select(Customer).where(where).order_by(col(Customer.id)).limit(1))).first()
