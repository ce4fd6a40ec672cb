"""Turning a running campaign into messages, slice by slice, a few thousand ahead of the senders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import (
    audience,
    beginning,
    following,
    hours,
    portions,
    steps,
    tempo,
    thresholds,
    tickets,
    variants,
    waiting,
)
from hub.campaigns.portions import Portion
from hub.database import statistics
from hub.interactions import partitions
from hub.models import Campaign, CampaignVariant
from hub.models.vocabulary import CampaignState
from hub.outbound.request import Gate

AHEAD = 10_000  # tickets that may lie in the outbox before feeding waits for the senders
_NOBODY = UUID(int=0)
_WORTH_COUNTING = 50_000  # after so many new rows, twice and four times as many, the database's planner is told of them


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
    room = await _room(session, campaign, now, slice, ahead)
    if room == 0:
        return False
    if await following.feed(session, campaign, gate=gate, now=now, limit=room):
        await _keep(session, campaign)
        return True
    last = await audience.next_slice(session, campaign, room)
    if last is None:
        return await _end(session, campaign, now)
    await _feed_up_to(session, campaign, last, gate, now)
    await _keep(session, campaign)
    return True


async def _room(session: AsyncSession, campaign: Campaign, now: datetime, most: int, ahead: int) -> int:
    """How many may be made now, `most` at the most: none while enough waits for the senders or for the morning."""
    number, held = campaign.id or 0, tempo.most_held(campaign)
    if await tickets.waiting(session, number, now=now, limit=ahead) >= ahead:
        return 0
    if await tickets.held(session, number, now=now, limit=held) >= held:
        return 0
    return await tempo.room(session, campaign, now=now, limit=most)


async def _feed_up_to(session: AsyncSession, campaign: Campaign, last: UUID, gate: Gate, now: datetime) -> None:
    """All at once; but who has an hour of their own is put off until then, and of a test only who tries it is asked."""
    first, before, number = campaign.cursor or _NOBODY, campaign.fed, campaign.id or 0
    if campaign.learnt:
        some = await _tried(session, campaign, first, last)
        meant = await audience.left_over(session, number, 0, first, last) if some is None else some
        await beginning.by_learning(session, campaign, meant, gate=gate, now=now)
    elif campaign.local_time is not None:
        zone, hour = gate.rules.company_zone, campaign.local_time
        some = await _tried(session, campaign, first, last)
        await hours.put_off(session, campaign, hour, low=first, high=last, company_zone=zone, now=now, only=some)
    elif (some := await _tried(session, campaign, first, last)) is not None:
        await beginning.begin(session, campaign, some, gate=gate, now=now)
    else:
        everybody = Portion(await portions.mailing(session, campaign), first, last)
        campaign.fed += await portions.feed(session, everybody, gate=gate, now=now)
        for step in (await steps.of(session, number))[:1]:
            await waiting.enlist(session, step, now=now, between=(first, last))
    campaign.cursor = last
    if (campaign.fed // _WORTH_COUNTING).bit_length() > (before // _WORTH_COUNTING).bit_length():
        await statistics.refresh(session, "outbox")
        await partitions.analyze(session, now)


async def _tried(session: AsyncSession, campaign: Campaign, low: UUID, high: UUID) -> list[UUID] | None:
    """While a test goes on, those who try something; None: everybody."""
    test, tried = await variants.of(session, campaign.id or 0)
    if test is None or test.decided_at is not None:
        return None
    some = await audience.left_over(session, campaign.id or 0, 0, low, high)
    return [one for part in variants.parts(test, tried, some).values() for one in part]


async def _running(session: AsyncSession, campaign_id: int) -> Campaign | None:
    query = (
        select(Campaign)
        .where(col(Campaign.id) == campaign_id, col(Campaign.state) == CampaignState.RUNNING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one_or_none()


async def _end(session: AsyncSession, campaign: Campaign, now: datetime) -> bool:
    """Everybody was asked: decide the test if there is one, whereupon the others are; else finish when all is done."""
    test, tried = await variants.of(session, campaign.id or 0)
    if test is None or test.decided_at is not None:
        await _finish_if_done(session, campaign, now)
        return False
    if test.tried_at is None:
        if not await _trying(session, test.campaign_id, tried):
            test.tried_at = now
            await _keep(session, campaign)
        return False
    if (due := variants.due(test)) is None or now < due:
        return False
    if await variants.decide(session, campaign, test, now=now) is None:
        await _ask(session, campaign, now)
        return False
    return True


async def _trying(session: AsyncSession, campaign_id: int, tried: Sequence[CampaignVariant]) -> bool:
    """Has any message of the test still to be made, or to leave?"""
    if await waiting.anybody(session, campaign_id, step=0):
        return True
    return await tickets.unfinished(session, campaign_id, versions=[one.template_version_id for one in tried])


async def _ask(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    """The test reached nobody, so that nothing is known: whoever made the campaign decides."""
    await thresholds.stop(session, campaign.id or 0, "nobody was reached by its test. Choose the words for all", now)


async def _finish_if_done(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    if campaign.id is None or await waiting.anybody(session, campaign.id):
        return
    if await tickets.unfinished(session, campaign.id):
        return
    campaign.state, campaign.finished_at = CampaignState.FINISHED, now
    await _keep(session, campaign)


async def _keep(session: AsyncSession, campaign: Campaign) -> None:
    session.add(campaign)
    await session.flush()
    await live.publish(session, "campaign", id=campaign.id)
