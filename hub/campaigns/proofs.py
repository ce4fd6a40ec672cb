"""Is a campaign's template fit to be sent: all of it, rendered with the values of somebody who would get it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import segments
from hub.models import Campaign, Customer, Template, TemplateVersion
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
    template = await session.get(Template, version.template_id)
    values = planning.values(gate, sample, campaign.purpose, campaign.variables)
    problems = rendering.check(version.variants, values, name=template.name if template else "template")
    return "; ".join(map(str, problems[:5])) or _channels(campaign, version, gate)


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
