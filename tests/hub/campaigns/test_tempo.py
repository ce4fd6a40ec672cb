"""At most so many an hour: exact whatever becomes due together, and no slower than asked for."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from channels.adapter import Channel, Finding
from channels.message import Address
from hub.campaigns import estimates, feeding, lifecycle, tempo
from hub.campaigns.dry_runs import Group, Report
from hub.campaigns.lifecycle import Plan
from hub.database.engine import Database
from hub.models import CampaignTempo, Outbox
from hub.models.vocabulary import Kind
from hub.outbound import allowance, outbox, preparing, senders
from hub.outbound.allowance import Allowance
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)
EIGHT = datetime(2026, 3, 10, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def leaving(per_hour: int, due: list[datetime], late: timedelta) -> list[datetime]:
    """When those due at these moments leave, by a worker that looks `late` after every one of them."""
    row = CampaignTempo(campaign_id=1, next_at=min(due), promised=min(due))
    mine, waiting, left = Allowance(row, allowance.apart(per_hour)), list(due), []
    while waiting:
        now = heapq.heappop(waiting) + late
        turn = mine.take(now)
        if turn is None:
            left.append(now)
        else:
            heapq.heappush(waiting, turn)
    return left


@pytest.mark.parametrize("per_hour", [7, 100, 119, 500])
@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=3)])
def test_of_a_nights_messages_no_hour_has_more_than_asked_for_nor_any_full_one_much_less(
    per_hour: int, late: timedelta
) -> None:
    left = leaving(per_hour, [EIGHT] * (3 * per_hour), late)
    assert len(left) == 3 * per_hour
    hours = [sum(first <= one < first + HOUR for one in left) for first in left[: 2 * per_hour : 7]]
    assert max(hours) <= per_hour
    assert min(hours[:-1]) >= per_hour * 0.99 - 1


def test_nobody_is_given_a_turn_that_another_has() -> None:
    mine = Allowance(CampaignTempo(campaign_id=1, next_at=EIGHT, promised=EIGHT), allowance.apart(60))
    assert mine.take(EIGHT) is None
    turns = [mine.take(EIGHT) for _ in range(50)]
    assert len(set(turns)) == 50
    assert turns[0] == EIGHT + allowance.apart(60)


@pytest.mark.parametrize(
    ("per_hour", "room"), [(None, 5000), (6000, 100), (500, 9), (119, 2), (100, 2), (60, 1), (6, 1)]
)
async def test_as_many_are_made_as_may_leave_within_a_minute(
    database: Database, spring: int, now: datetime, per_hour: int | None, room: int
) -> None:
    async with database.unit() as session:
        plan = Plan("Slow", spring, per_hour=per_hour)
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        assert await tempo.room(session, campaign, now=now, limit=5000) == room


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "us@meadow.example"), None, _nothing_found)  # type: ignore[arg-type]


async def test_what_becomes_due_together_leaves_apart_and_costs_the_sender_nothing_before(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    for name in ("Ada", "Bea", "Celina"):
        await enrol(name)
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=100, burst=100, now=now)
        campaign = await lifecycle.create(
            session, Plan("Slow", spring, SPRING, variables={"offer": "now"}), staff_id=None, now=now
        )
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    for _ in range(3):
        async with database.unit() as session:
            await feeding.feed(session, campaign.id or 0, gate=gate, now=now)
    async with database.unit() as session:
        await session.execute(text("update campaign set per_hour = 60"))
    async with database.unit() as session:
        claimed = await outbox.claim(session, "mail", limit=10, worker="test")
        ready = await preparing.prepare(session, claimed, MAIL, gate=gate, claimed=0.0, now=now)
    assert (len(claimed), len(ready)) == (3, 1)
    async with database.unit() as session:
        back = list(
            await session.exec(
                select(Outbox.due_at).where(col(Outbox.lease_until).is_(None)).order_by(col(Outbox.due_at))
            )
        )
        used = (await session.execute(text("select used from sender where channel = 'mail'"))).scalar_one()
        found = await lifecycle.get(session, campaign.id or 0)
        assert await tempo.room(session, found, now=now, limit=10) == 0  # the coming minute is taken
    assert back == [now + allowance.apart(60), now + 2 * allowance.apart(60)]
    assert used == 1


async def test_the_estimate_is_of_the_same_pace_and_begins_anew_in_the_morning(
    database: Database, gate: Gate, now: datetime
) -> None:
    morning = now + timedelta(hours=12)
    groups = (Group(Kind.EMAIL, None, False, 100), Group(Kind.EMAIL, None, True, 50, until=morning))
    report = Report(now, now, 150, 150, groups)
    async with database.unit() as session:
        end = await estimates.finish(session, report, gate=gate, per_hour=10, now=now)
        sooner = await estimates.finish(session, report, gate=gate, per_hour=100, now=now)
    assert end == max(now + 149 * allowance.apart(10), morning + 49 * allowance.apart(10))
    assert sooner == morning + 49 * allowance.apart(100)


async def test_what_a_paused_campaign_set_aside_is_before_nobody(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    for name in ("Ada", "Bea", "Celina"):
        await enrol(name)
    report = Report(now, now, 1, 1, (Group(Kind.EMAIL, None, False, 1),))
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=1, burst=1, now=now)
        campaign = await lifecycle.create(
            session, Plan("Waits", spring, SPRING, variables={"offer": "now"}), staff_id=None, now=now
        )
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    for _ in range(3):
        async with database.unit() as session:
            await feeding.feed(session, campaign.id or 0, gate=gate, now=now)
    async with database.unit() as session:
        behind = await estimates.finish(session, report, gate=gate, per_hour=None, now=now)
        await lifecycle.pause(session, campaign.id or 0, now=now)
        alone = await estimates.finish(session, report, gate=gate, per_hour=None, now=now)
    assert (behind, alone) == (now + timedelta(seconds=3), now)
