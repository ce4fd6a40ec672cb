"""Is a campaign's template fit to be sent: all of it, rendered with the values of somebody who would get it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.models import (
    Campaign,
    CampaignRecipient,
    CampaignStep,
    CampaignTest,
    CampaignVariant,
    Customer,
    Template,
    TemplateVersion,
)
from hub.models.vocabulary import Goal, Kind, Purpose
from hub.outbound import faults, planning, rendering, templates
from hub.outbound.rendering import Variants
from hub.outbound.request import Gate
from hub.segments import asking
from hub.sentences import Gap, Sentence

_TOLD = 5  # faults of a template at once

# The texts that a channel's message is made of.
PARTS: Mapping[Kind, frozenset[str]] = {
    Kind.EMAIL: frozenset({"subject", "body", "html", "mjml"}),
    Kind.SMS: frozenset({"sms"}),
    Kind.VOICE: frozenset({"voice"}),
}


async def prove(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime) -> Sentence | None:
    """What is wrong, naming text and line, why and the remedy; None when nothing is."""
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    if version is None:
        return Sentence("it has no text. Write one, or choose a template")
    said = (version, *await _others(session, campaign))
    if wrong := await misused(session, [one.id for one in said]):
        return wrong
    sample = await somebody(session, campaign, now)
    if sample is None:
        return Sentence("nobody is in its segment. Loosen its conditions")
    values = planning.values(gate, sample, campaign.purpose, Kind.EMAIL, campaign.variables, now=now)
    for one in said:
        problems = rendering.check(one.variants, values)
        if problems:
            faulty = [problem.said for problem in problems]
            return told(faulty) if one is version else await _elsewhere(session, one, faulty)
    return _channels(campaign, version, gate) or await _undecidable(session, campaign)


async def misused(session: AsyncSession, versions: Iterable[int | None]) -> Sentence | None:
    """Which of these texts is meant for one customer's own matters; None when none is."""
    name = await templates.not_for_many(session, [one for one in versions if one is not None])
    if not name:
        return None
    words = "“%(text)s” is written for a customer's own matters, and no campaign says it. Choose an offer or a greeting"
    return Sentence(words, {"text": name})


def written(
    variants: Variants, purpose: Purpose, variables: Mapping[str, object], *, gate: Gate, now: datetime
) -> Sentence | None:
    """What is wrong with texts that are being saved, as far as that hangs on no customer; None when nothing is.

    What a customer's own attributes make of it is known when there is a customer: to the dry run.
    """
    somebody = Customer(id=uuid7(now), name="Ana Nowak", given_name="Ana", created_at=now, updated_at=now)
    sample = planning.values(gate, somebody, purpose, Kind.EMAIL, variables, now=now)
    person = cast("dict[str, object]", sample["customer"])
    wrong = rendering.check(variants, {**sample, "customer": person | {"attributes": _Anything()}})
    known = [one.said for one in wrong if one.why is not faults.MISFIT]
    return told(known) if known else None


async def unfit(
    session: AsyncSession, campaign: Campaign, version: TemplateVersion, *, gate: Gate, now: datetime
) -> frozenset[tuple[Kind, str]]:
    """The channels and languages of a text that cannot be sent as it is written."""
    sample = await somebody(session, campaign, now)
    if sample is None:
        return frozenset()
    values = planning.values(gate, sample, campaign.purpose, Kind.EMAIL, campaign.variables, now=now)
    wrong = rendering.check(version.variants, values)
    return frozenset((kind, one.language) for one in wrong for kind, parts in PARTS.items() if one.part in parts)


def told(problems: Sequence[Sentence]) -> Sentence:
    """The first of them, each with its place, cause and remedy."""
    return Sentence("%(faults)s", {"faults": tuple(map(_ended, problems[:_TOLD]))})


async def texts(session: AsyncSession, campaign: Campaign) -> Sequence[TemplateVersion]:
    """All that it says: first, in later steps, and in the variants of a test."""
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    return [version, *await _others(session, campaign)] if version is not None else []


class _Anything(dict[str, object]):
    """Attributes of a customer whom nobody knows yet: there is one of any name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> _Anything:
        return _Anything()


def _ended(said: Sentence) -> Sentence:
    return said if str(said).endswith(("?", ".", "!")) else Sentence("%(sentence)s.", {"sentence": said})


async def _elsewhere(session: AsyncSession, version: TemplateVersion, problems: Sequence[Sentence]) -> Sentence:
    """In a later step, or in the words of a test: those have a name."""
    template = await session.get(Template, version.template_id)
    gaps: dict[str, Gap] = {"text": template.title or template.name if template else "", "why": told(problems)}
    return Sentence("in “%(text)s”: %(why)s", gaps)


async def _undecidable(session: AsyncSession, campaign: Campaign) -> Sentence | None:
    """A test by clicks that nobody counts: the first text would win, whatever people do."""
    test = await session.get(CampaignTest, campaign.id)
    if campaign.tracked or test is None or test.decided_at is not None or test.goal is not Goal.CLICK:
        return None
    return Sentence("its test is decided by clicks, and they are not counted. Count them, or choose another goal")


async def _others(session: AsyncSession, campaign: Campaign) -> Sequence[TemplateVersion]:
    """What else it says: in later steps, and in the variants of a test."""
    later = select(CampaignStep.template_version_id).where(col(CampaignStep.campaign_id) == campaign.id)
    tried = select(CampaignVariant.template_version_id).where(col(CampaignVariant.campaign_id) == campaign.id)
    mine = or_(col(TemplateVersion.id).in_(later), col(TemplateVersion.id).in_(tried))
    return (await session.exec(select(TemplateVersion).where(mine).order_by(col(TemplateVersion.id)))).all()


def _channels(campaign: Campaign, version: TemplateVersion, gate: Gate) -> Sentence | None:
    """At least one channel needs a text in the language that everybody falls back to."""
    asked = {Kind(kind) for kind in campaign.kinds} or set(Kind)
    spoken = rendering.kinds(version.variants, gate.default_language, gate.default_language)
    gaps: dict[str, Gap] = {"channels": _named(asked), "language": faults.tongue(gate.default_language)}
    if not asked & spoken:
        return Sentence("there is no text in %(language)s for any of its channels (%(channels)s). Write one", gaps)
    if not asked & planning.available(gate, ""):
        return Sentence("none of its channels is set up (%(channels)s). Choose others", gaps)
    return None


def _named(kinds: Iterable[Kind]) -> tuple[Sentence, ...]:
    return tuple(faults.CHANNELS[kind] for kind in sorted(kinds))


async def somebody(session: AsyncSession, campaign: Campaign, now: datetime) -> Customer | None:
    """Who would get it: the first of its segment; of one that has begun, of those whom it meant then."""
    where = await asking.where(session, campaign.segment, now=now)
    found = (await session.exec(select(Customer).where(where).order_by(col(Customer.id)).limit(1))).first()
    if found is not None or campaign.started_at is None:
        return found
    meant = select(Customer).join(CampaignRecipient, col(CampaignRecipient.customer_id) == col(Customer.id))
    return (await session.exec(meant.where(col(CampaignRecipient.campaign_id) == campaign.id).limit(1))).first()
