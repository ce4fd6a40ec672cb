"""When a campaign stops itself (requirement U3): too many complaints, bounces, refusals or errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import lifecycle, tallies
from hub.campaigns.tallies import Tally
from hub.conversations import tasks
from hub.conversations.tasks import NewTask
from hub.models import Campaign
from hub.models.vocabulary import CampaignState
from hub.settings import CampaignsTable


def exceeded(tally: Tally, limits: CampaignsTable) -> str:
    """What there is too much of, for people to read; empty when all is well.

    Shares are of what was tried, or of `sample` messages while it is less: one complaint among the first ten mails
    says nothing yet.
    """
    of = max(tally.tried, limits.sample)
    for number, most, words in (
        (tally.complained, limits.most_complaints, "complained of it"),
        (tally.bounced, limits.most_bounces, "came back because the address does not exist"),
        (tally.refused, limits.most_refusals, "were refused for what they are"),
        (tally.failed, limits.most_errors, "failed"),
    ):
        if number and number >= most * of:
            return f"{number} of {tally.tried} messages {words}: {number / of:.1%}, {most:.1%} are too many"
    return ""


async def watch(session: AsyncSession, limits: CampaignsTable, *, now: datetime) -> list[tuple[int, str]]:
    """Pause the running campaigns that go wrong, with a task for who made each. Gives them with what was too much.

    What a person knew when they resumed it is not held against it again.
    """
    paused = []
    before = await _running(session)
    for number, known in (await tallies.wrong(session, list(before))).items():
        reason = await _reason(session, number, known, before[number], limits)
        if reason:
            with suppress(lifecycle.NotStartable):  # somebody was faster: it does not run any more
                await stop(session, number, reason, now)
                paused.append((number, reason))
    return paused


async def _running(session: AsyncSession) -> dict[int, Mapping[str, int]]:
    query = select(Campaign.id, Campaign.judged).where(col(Campaign.state) == CampaignState.RUNNING)
    return {number: before for number, before in (await session.exec(query)).all() if number is not None}


async def _reason(
    session: AsyncSession, number: int, known: Tally, before: Mapping[str, int], limits: CampaignsTable
) -> str:
    """All messages are counted only when what is wrong would be too much for the smallest sample."""
    if not exceeded(known.since(before), limits):
        return ""
    return exceeded((await tallies.whole(session, number, known)).since(before), limits)


async def stop(session: AsyncSession, number: int, reason: str, now: datetime) -> None:
    """Pause a running campaign, with a task for who made it. Raises lifecycle.NotStartable."""
    campaign = await lifecycle.pause(session, number, now=now, reason=reason)
    title = f"“{campaign.name}” has paused itself: {reason}. Look into it, then go on with it or cancel it"
    await tasks.add(session, NewTask(tasks.shortened(title), due_at=now, assignee_id=campaign.created_by), now=now)
