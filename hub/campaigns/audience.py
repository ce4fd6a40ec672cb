"""Whom a campaign means: everybody in its segment when it began, written down in slices and not asked again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import literal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database import statistics
from hub.models import Campaign, CampaignRecipient, Customer
from hub.segments import asking

SLICE = 50_000
_WORTH_COUNTING = 10_000  # so many new rows change what the database's planner should know


async def take(session: AsyncSession, campaign: Campaign, *, now: datetime, limit: int = SLICE) -> bool:
    """Write down the next `limit` of them and move the cursor, in one transaction; True when all are there."""
    if campaign.audience_at is not None:
        return True
    written = await _write(session, campaign, now, limit)
    campaign.audience += written
    if written:
        campaign.audience_cursor = await _last(session, campaign)
    if written < limit:
        campaign.audience_at = now
        if campaign.audience >= _WORTH_COUNTING:
            await statistics.refresh(session, "campaign_recipient")
    return campaign.audience_at is not None


async def next_slice(session: AsyncSession, campaign: Campaign, limit: int) -> UUID | None:
    """The last of the next `limit` recipients after the campaign's cursor; None when there is nobody left."""
    following = (
        select(CampaignRecipient.customer_id)
        .where(col(CampaignRecipient.campaign_id) == campaign.id, col(CampaignRecipient.step) == 0)
        .order_by(col(CampaignRecipient.customer_id))
        .limit(limit)
    )
    if campaign.cursor is not None:
        following = following.where(col(CampaignRecipient.customer_id) > campaign.cursor)
    ids = following.subquery()
    return (await session.exec(select(ids.c.customer_id).order_by(ids.c.customer_id.desc()).limit(1))).first()


async def left_over(session: AsyncSession, campaign_id: int, step: int, low: UUID, high: UUID) -> list[UUID]:
    """Recipients above `low` and up to `high` that have no message yet and are still customers."""
    query = (
        select(CampaignRecipient.customer_id)
        .join(Customer, col(Customer.id) == col(CampaignRecipient.customer_id))
        .where(
            col(CampaignRecipient.campaign_id) == campaign_id,
            col(CampaignRecipient.step) == step,
            col(CampaignRecipient.customer_id) > low,
            col(CampaignRecipient.customer_id) <= high,
            col(CampaignRecipient.interaction_id).is_(None),
        )
    )
    return list((await session.exec(query.order_by(col(CampaignRecipient.customer_id)))).all())


async def _write(session: AsyncSession, campaign: Campaign, now: datetime, limit: int) -> int:
    segment = campaign.segment if campaign.meant is None else campaign.meant
    where = await asking.where(session, segment, now=campaign.started_at or now)
    meant = select(literal(campaign.id), literal(0), col(Customer.id)).where(where)
    if campaign.audience_cursor is not None:
        meant = meant.where(col(Customer.id) > campaign.audience_cursor)
    rows = insert(CampaignRecipient).from_select(
        ["campaign_id", "step", "customer_id"], meant.order_by(col(Customer.id)).limit(limit)
    )
    return (await session.exec(rows)).rowcount


async def _last(session: AsyncSession, campaign: Campaign) -> UUID | None:
    query = select(CampaignRecipient.customer_id).where(
        col(CampaignRecipient.campaign_id) == campaign.id, col(CampaignRecipient.step) == 0
    )
    return (await session.exec(query.order_by(col(CampaignRecipient.customer_id).desc()).limit(1))).first()
