"""Turning a running campaign into messages, slice by slice, a few thousand ahead of the senders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import segments, tickets
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind, Origin
from hub.outbound.request import Duplicate, Gate, Request, Templated, send_many

AHEAD = 5_000  # tickets that may lie in the outbox before feeding waits for the senders


async def feed(
    session: AsyncSession,
    campaign_id: int,
    *,
    gate: Gate,
    now: datetime,
    slice: int = 500,  # noqa: A002
    ahead: int = AHEAD,
) -> bool:
    """Ask for the next `slice` customers' messages and move the cursor, in one transaction; True: call again at once.

    The row's lock is held and its state read here, so that a pause or a cancellation is instant. Everybody in the
    segment is asked for, whatever is known of them: the gate answers, and its answers are counted.
    """
    campaign = await _running(session, campaign_id)
    if campaign is None or await tickets.waiting(session, campaign_id, now=now, limit=ahead) >= ahead:
        return False
    customers = await _next(session, campaign, now, slice)
    if not customers:
        await _finish_if_done(session, campaign, now)
        return False
    answers = await send_many(session, [request_for(campaign, one) for one in customers], gate=gate, now=now)
    campaign.cursor = customers[-1]
    campaign.fed += sum(not isinstance(answer, Duplicate) for answer in answers)
    await _keep(session, campaign)
    return True


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


async def _next(session: AsyncSession, campaign: Campaign, now: datetime, limit: int) -> list[UUID]:
    where = segments.compile(campaign.segment, now=campaign.started_at or now)
    return await segments.slice_after(session, where, campaign.cursor, limit=limit)


async def _finish_if_done(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    if campaign.id is None or await tickets.unfinished(session, campaign.id):
        return
    campaign.state, campaign.finished_at = CampaignState.FINISHED, now
    await _keep(session, campaign)


async def _keep(session: AsyncSession, campaign: Campaign) -> None:
    session.add(campaign)
    await session.flush()
    await live.publish(session, "campaign", id=campaign.id)
