"""What is remarked of a campaign's texts before it begins, as it is of templates while they are written.

Whether they can be rendered at all is for `proofs`. Both are asked at every start, whoever starts it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import proofs
from hub.models import Campaign, TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import planning, rendering
from hub.outbound.asking import Gate
from hub.sentences import Sentence
from hub.texts import lint
from hub.texts.lint import Finding


async def remarks(
    session: AsyncSession, campaign: Campaign, *, languages: Collection[str], gate: Gate, now: datetime
) -> list[Finding]:
    """Of the channels that it goes by, in all that it says. `languages`: those that ought to be written.

    Nothing while it cannot be rendered, or nobody is meant: that is told first.
    """
    sample = await proofs.somebody(session, campaign, now)
    if sample is None:
        return []
    values = planning.values(gate, sample, campaign.purpose, Kind.EMAIL, campaign.variables, now=now)
    found: list[Finding] = []
    for version in await proofs.texts(session, campaign):
        if not rendering.check(version.variants, values):
            meant = _meant(version, campaign)
            found += lint.lint(meant, campaign.purpose, values, languages=languages, fallback=gate.default_language)
    return list({str(one.told): one for one in found}.values())


async def hindrance(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime) -> Sentence | None:
    """Those of the remarks that must be mended before anything leaves; None when there is none."""
    stops = lint.errors(await remarks(session, campaign, languages=(), gate=gate, now=now))
    return proofs.told([one.told for one in stops]) if stops else None


def _meant(version: TemplateVersion, campaign: Campaign) -> dict[str, dict[str, str]]:
    kinds = {Kind(kind) for kind in campaign.kinds} or set(Kind)
    parts = frozenset[str]().union(*(proofs.PARTS[kind] for kind in kinds))
    return {code: {part: text for part, text in own.items() if part in parts} for code, own in version.variants.items()}
