"""A portion of a campaign: some of its recipients, and what they are sent. Fed all at once, in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import audience
from hub.models import Campaign, CampaignRecipient, TemplateVersion
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import mailings
from hub.outbound.mailings import Mailing, Roll
from hub.outbound.question import Learnt
from hub.outbound.request import Duplicate, Gate, Request, Templated, send_many


@dataclass(frozen=True, slots=True)
class Portion:
    """Of the recipients above `low` and up to `high`, those in `only`, or (None) all of them."""

    mailing: Mailing
    low: UUID
    high: UUID
    only: frozenset[UUID] | None = None

    @classmethod
    def of(cls, mailing: Mailing, customers: Collection[UUID]) -> Portion:
        """These customers, of whom there is at least one."""
        return cls(mailing, UUID(int=max(min(customers).int - 1, 0)), max(customers), frozenset(customers))


async def feed(session: AsyncSession, portion: Portion, *, gate: Gate, now: datetime) -> int:
    """Messages for those who have none yet, and one by one for those whom only `permission` can judge; how many."""
    mailing, low, high, only = portion.mailing, portion.low, portion.high, portion.only
    if only is not None and not only:
        return 0
    reach = mailings.in_reach(mailing.roll, low, high, only=only)
    fed = (await mailings.feed(session, mailing, reach, gate=gate, now=now)).logged
    others = await audience.left_over(session, mailing.campaign_id or 0, mailing.step, low, high)
    singly = [one for one in others if only is None or one in only]
    return fed + (await _one_by_one(session, mailing, singly, gate, now) if singly else 0)


async def mailing(
    session: AsyncSession,
    campaign: Campaign,
    *,
    step: int = 0,
    version_id: int | None = None,
    kinds: Collection[Kind] | None = None,
    learnt: Mapping[UUID, Learnt] | None = None,
) -> Mailing:
    """What a campaign says at a step; None: what it says first, on the channels it was made for. `learnt`: see
    `learning`.

    Raises LookupError when it has no template.
    """
    wanted = version_id or campaign.template_version_id or 0
    version = await session.get(TemplateVersion, wanted)
    if version is None or campaign.id is None:
        raise LookupError(f"There is no template version {wanted}")
    asked = tuple(Kind(kind) for kind in (campaign.kinds if kinds is None else kinds))
    return Mailing(
        roll=Roll("campaign_recipient", _RECIPIENTS, {"campaign": campaign.id, "step": step}),
        origin=Origin.CAMPAIGN,
        purpose=campaign.purpose,
        kinds=asked,
        version=version,
        variables=campaign.variables,
        topic=campaign.topic,
        campaign_id=campaign.id,
        step=step,
        learnt=learnt,
    )


def request_for(campaign: Campaign, customer_id: UUID, learnt: Learnt | None = None) -> Request:
    """What is asked first for one customer, of a draft without a template too."""
    number, asked = campaign.id or 0, tuple(Kind(kind) for kind in campaign.kinds)
    said = Templated(campaign.template_version_id or 0, campaign.variables)
    return _request(number, 0, campaign.purpose, asked, said, customer_id, campaign.topic, learnt)


def _request(
    campaign_id: int,
    step: int,
    purpose: Purpose,
    kinds: tuple[Kind, ...],
    said: Templated,
    customer_id: UUID,
    topic: str,
    learnt: Learnt | None,
) -> Request:
    """Its key makes it at most once, whoever asks."""
    later = f":step:{step}" if step else ""
    return Request(
        customer_id=customer_id,
        purpose=purpose,
        origin=Origin.CAMPAIGN,
        content=said,
        kinds=kinds,
        dedupe_key=f"campaign:{campaign_id}:customer:{customer_id}{later}",
        campaign_id=campaign_id,
        topic=topic,
        learnt=learnt,
        automatic=True,
    )


async def _one_by_one(session: AsyncSession, mailing: Mailing, customers: list[UUID], gate: Gate, now: datetime) -> int:
    said, what = Templated(mailing.version.id or 0, mailing.variables), (mailing.campaign_id or 0, mailing.step)
    about, known = (mailing.purpose, mailing.kinds), mailing.learnt
    lessons = {one: None if known is None else known.get(one, Learnt()) for one in customers}
    requests = [_request(*what, *about, said, one, mailing.topic, lessons[one]) for one in customers]
    answers = await send_many(session, requests, gate=gate, now=now)
    for customer, answer in zip(customers, answers, strict=True):
        mine = (col(CampaignRecipient.campaign_id) == mailing.campaign_id, col(CampaignRecipient.step) == mailing.step)
        row = update(CampaignRecipient).where(*mine, col(CampaignRecipient.customer_id) == customer)
        await session.exec(row.values(interaction_id=answer.interaction_id))
    return sum(not isinstance(answer, Duplicate) for answer in answers)


_RECIPIENTS = "r.campaign_id = :campaign and r.step = :step"
