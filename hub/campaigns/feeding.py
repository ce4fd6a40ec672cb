"""Turning a running campaign into messages, slice by slice, a few thousand ahead of the senders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import audience, tickets
from hub.interactions import partitions
from hub.models import Campaign, CampaignRecipient, TemplateVersion
from hub.models.vocabulary import CampaignState, Kind, Origin
from hub.outbound import bulk
from hub.outbound.bulk import Mailing
from hub.outbound.request import Duplicate, Gate, Request, Templated, send_many

AHEAD = 5_000  # tickets that may lie in the outbox before feeding waits for the senders
_NOBODY = UUID(int=0)
_WORTH_COUNTING = 50_000  # after so many new rows the database's planner is told of them


async def feed(
    session: AsyncSession,
    campaign_id: int,
    *,
    gate: Gate,
    now: datetime,
    slice: int = AHEAD,  # noqa: A002
    ahead: int = AHEAD,
) -> bool:
    """Ask for the next `slice` customers' messages and move the cursor, in one transaction; True: call again at once.

    Whom it means is written down first, see `audience`. The row's lock is held and its state read here, so that a
    pause or a cancellation is instant. Everybody who is meant is asked for, whatever is known of them: the gate
    answers, and its answers are counted.
    """
    campaign = await _running(session, campaign_id)
    if campaign is None:
        return False
    if not await audience.take(session, campaign, now=now):
        await _keep(session, campaign)
        return True
    if await tickets.waiting(session, campaign_id, now=now, limit=ahead) >= ahead:
        return False
    last = await audience.next_slice(session, campaign, slice)
    if last is None:
        await _finish_if_done(session, campaign, now)
        return False
    await _feed_up_to(session, campaign, last, gate, now)
    await _keep(session, campaign)
    return True


async def _feed_up_to(session: AsyncSession, campaign: Campaign, last: UUID, gate: Gate, now: datetime) -> None:
    """All at once in the database, and one by one those whom only `permission` can judge."""
    first, before = campaign.cursor or _NOBODY, campaign.fed
    what = await mailing(session, campaign)
    campaign.fed += await bulk.feed(session, what, low=first, high=last, gate=gate, now=now)
    if others := await audience.left_over(session, campaign, first, last):
        campaign.fed += await _one_by_one(session, campaign, others, gate, now)
    campaign.cursor = last
    if campaign.fed // _WORTH_COUNTING > before // _WORTH_COUNTING:
        await session.execute(text("analyze outbox"))
        await partitions.analyze(session, now)


async def _one_by_one(
    session: AsyncSession, campaign: Campaign, customers: list[UUID], gate: Gate, now: datetime
) -> int:
    answers = await send_many(session, [request_for(campaign, one) for one in customers], gate=gate, now=now)
    for customer, answer in zip(customers, answers, strict=True):
        mine = (col(CampaignRecipient.campaign_id) == campaign.id, col(CampaignRecipient.customer_id) == customer)
        row = update(CampaignRecipient).where(*mine, col(CampaignRecipient.step) == 0)
        await session.exec(row.values(interaction_id=answer.interaction_id))
    return sum(not isinstance(answer, Duplicate) for answer in answers)


async def mailing(session: AsyncSession, campaign: Campaign) -> Mailing:
    """What the campaign says. Raises LookupError when it has no template."""
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    if version is None or campaign.id is None:
        raise LookupError(f"There is no template version {campaign.template_version_id}")
    kinds = tuple(Kind(kind) for kind in campaign.kinds)
    return Mailing(campaign.id, 0, campaign.purpose, kinds, version, campaign.variables)


def request_for(campaign: Campaign, customer_id: UUID) -> Request:
    """What is asked for one customer of a campaign."""
    return Request(
        customer_id=customer_id,
        purpose=campaign.purpose,
        origin=Origin.CAMPAIGN,
        content=Templated(campaign.template_version_id or 0, campaign.variables),
        kinds=tuple(Kind(kind) for kind in campaign.kinds),
        dedupe_key=f"campaign:{campaign.id}:customer:{customer_id}",
        campaign_id=campaign.id,
        automatic=True,
    )


async def _running(session: AsyncSession, campaign_id: int) -> Campaign | None:
    query = (
        select(Campaign)
        .where(col(Campaign.id) == campaign_id, col(Campaign.state) == CampaignState.RUNNING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one_or_none()


async def _finish_if_done(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    if campaign.id is None or await tickets.unfinished(session, campaign.id):
        return
    campaign.state, campaign.finished_at = CampaignState.FINISHED, now
    await _keep(session, campaign)


async def _keep(session: AsyncSession, campaign: Campaign) -> None:
    session.add(campaign)
    await session.flush()
    await live.publish(session, "campaign", id=campaign.id)
