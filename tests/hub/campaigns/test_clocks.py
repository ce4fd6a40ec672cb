"""Fault F9 in a campaign: the clock steps while it is fed, and everybody is asked for once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import select

from hub.campaigns import feeding, lifecycle
from hub.campaigns.lifecycle import Plan
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Interaction
from hub.models.vocabulary import CampaignState
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]
STEPS = [timedelta(0), timedelta(hours=1), -timedelta(hours=1), timedelta(days=3), timedelta(milliseconds=-1)]


async def test_f9_a_clock_that_steps_in_a_campaign_asks_for_nobody_twice_and_leaves_nobody_out(
    database: Database, gate: Gate, enrol: Enrol, spring: int, now: datetime
) -> None:
    people = {await enrol(f"Person{letter}") for letter in "ABCDEFGHIJ"}
    segment = ({"field": "label", "op": "eq", "value": "spring"},)
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        plan = Plan("Spring", spring, segment, variables={"offer": "now"})
        campaign = (await lifecycle.create(session, plan, staff_id=None, now=now)).id or 0
        await lifecycle.start(session, campaign, gate=gate, now=now)
    for turn in range(12):
        async with database.unit() as session:
            at = now + STEPS[turn % len(STEPS)]
            await feeding.feed(session, campaign, gate=gate, now=at, slice=2)
    async with database.unit() as session:
        asked = list(await session.exec(select(Interaction.customer_id).where(Interaction.campaign_id == campaign)))
        found = await lifecycle.get(session, campaign)
    assert (len(asked), set(asked)) == (len(people), people)
    assert (found.fed, found.state) == (10, CampaignState.RUNNING)
