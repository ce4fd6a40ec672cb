"""Requirement U3: a campaign that annoys people or writes to nobody stops itself, and a person decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.campaigns import feeding, lifecycle, thresholds
from hub.campaigns.lifecycle import Plan
from hub.campaigns.tallies import Tally
from hub.conversations import tasks
from hub.database.engine import Database
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Role, State
from hub.outbound.request import Gate
from hub.reports.overview import Trouble, overview
from hub.settings import CampaignsTable
from hub.staff import accounts

Enrol = Callable[..., Awaitable[UUID]]
USUAL = CampaignsTable()


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally(1000, complained=2, bounced=49, refused=49, failed=98), ""),
        (Tally(1000, complained=3), "3 of 1000 messages complained of it: 0.3%, 0.3% are too many"),
        (Tally(10_000, complained=29), ""),
        (Tally(100, complained=1), ""),  # 0.2 % of the smallest sample
        (Tally(100, complained=2), "2 of 100 messages complained of it: 0.4%, 0.3% are too many"),
        (Tally(300, bounced=24, failed=24), ""),
        (
            Tally(600, bounced=30, failed=30),
            "30 of 600 messages came back because the address does not exist: 5.0%, 5.0% are too many",
        ),
        (
            Tally(600, refused=31, failed=31),
            "31 of 600 messages were refused for what they are: 5.2%, 5.0% are too many",
        ),
        (Tally(600, failed=150), "150 of 600 messages failed: 25.0%, 25.0% are too many"),
        (Tally(), ""),
    ],
)
def test_what_is_too_much(tally: Tally, said: str) -> None:
    assert thresholds.exceeded(tally, USUAL) == said


@pytest.fixture
async def campaign(database: Database, gate: Gate, enrol: Enrol, spring: int, now: datetime) -> Campaign:
    """Of somebody's, with ten messages that have left."""
    for letter in "ABCDEFGHIJ":
        await enrol(f"Person{letter}")
    async with database.unit() as session:
        who = await accounts.create(
            session, email="mira@meadow.example", name="Mira", role=Role.MARKETER, password="a long password", now=now
        )
        segment = ({"field": "label", "op": "eq", "value": "spring"},)
        made = await lifecycle.create(
            session, Plan("Spring", spring, segment, variables={"offer": "now"}), staff_id=who.id, now=now
        )
        await lifecycle.start(session, made.id or 0, gate=gate, now=now)
    while True:
        async with database.unit() as session:
            if not await feeding.feed(session, made.id or 0, gate=gate, now=now):
                break
    async with database.unit() as session:
        await session.execute(text("update interaction set state = 'sent', state_rank = 3 where state = 'queued'"))
    return made


async def spoil(database: Database, number: int, state: State, reason: str) -> None:
    async with database.unit() as session:
        await session.execute(
            text(
                "update interaction set state = :state, state_rank = :rank, reason = :reason where id in "
                "(select id from interaction where state = 'sent' order by id limit :number)"
            ),
            {"state": state.value, "rank": state.rank, "reason": reason, "number": number},
        )


async def complain(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await session.execute(
            text(
                "insert into receipt (interaction_id, at, progress, reason, code, leg, detail, payload) "
                "select id, :now, 'failed', 'complained', '', '', '', '{}' from interaction order by id limit 1"
            ),
            {"now": now},
        )


async def watch(database: Database, now: datetime, limits: CampaignsTable) -> int:
    async with database.unit() as session:
        return len(await thresholds.watch(session, limits, now=now))


async def read(database: Database, campaign: Campaign) -> Campaign:
    async with database.unit() as session:
        return await lifecycle.get(session, campaign.id or 0)


async def test_a_campaign_that_bounces_pauses_itself_and_calls_who_made_it(
    database: Database, campaign: Campaign, now: datetime
) -> None:
    ten = CampaignsTable(sample=10)
    assert await watch(database, now, ten) == 0
    await spoil(database, 1, State.FAILED, "bad_address")
    assert await watch(database, now, ten) == 1
    found = await read(database, campaign)
    reason = "1 of 10 messages came back because the address does not exist: 10.0%, 5.0% are too many"
    assert (found.state, found.pause_reason) == (CampaignState.PAUSED, reason)
    async with database.unit() as session:
        (task,) = await tasks.listing(session, assignee_id=campaign.created_by)
        assert (await overview(session, now=now)).troubles == (Trouble("Spring", reason, campaign.id),)
    assert task.title == f"“Spring” has paused itself: {reason}. Look into it, then go on with it or cancel it"
    assert await watch(database, now, ten) == 0  # once


async def test_who_resumes_it_knows_what_went_wrong_until_then(
    database: Database, gate: Gate, campaign: Campaign, now: datetime
) -> None:
    four = CampaignsTable(sample=4, most_bounces=0.5, most_errors=1)
    await spoil(database, 5, State.FAILED, "bad_address")
    assert await watch(database, now, four) == 1
    async with database.unit() as session:
        await lifecycle.resume(session, campaign.id or 0, gate=gate, now=now)
    assert (await read(database, campaign)).pause_reason == ""
    await spoil(database, 1, State.FAILED, "bad_address")
    assert await watch(database, now, four) == 0
    await spoil(database, 2, State.FAILED, "bad_address")
    assert await watch(database, now, four) == 1


async def test_one_complaint_in_ten_stops_it(database: Database, campaign: Campaign, now: datetime) -> None:
    await complain(database, now)
    assert await watch(database, now, USUAL) == 0
    assert await watch(database, now, CampaignsTable(sample=10)) == 1


async def test_messages_of_unknown_fate_are_errors(database: Database, campaign: Campaign, now: datetime) -> None:
    await spoil(database, 3, State.UNKNOWN, "")
    assert await watch(database, now, CampaignsTable(sample=10)) == 1
    assert "3 of 10 messages failed" in (await read(database, campaign)).pause_reason


async def test_a_campaign_that_a_person_paused_says_no_reason(
    database: Database, campaign: Campaign, now: datetime
) -> None:
    async with database.unit() as session:
        await lifecycle.pause(session, campaign.id or 0, now=now)
        assert (await overview(session, now=now)).troubles == ()
    await spoil(database, 9, State.FAILED, "bad_address")
    assert await watch(database, now, CampaignsTable(sample=1)) == 0
