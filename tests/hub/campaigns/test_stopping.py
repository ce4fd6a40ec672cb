"""Pausing and cancelling however much waits: the state at once, the tickets slice by slice, and nobody in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from channels.adapter import Channel, Finding
from channels.message import Address
from hub.campaigns import feeding, lifecycle, tickets
from hub.campaigns.lifecycle import Plan
from hub.database.engine import Database
from hub.models.vocabulary import CampaignState, Kind
from hub.outbound import outbox, preparing, senders
from hub.outbound.outbox import ASIDE
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)
MANY = 12_000


@pytest.fixture
async def campaign(database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime) -> int:
    """Running, for three people."""
    for name in ("Ada", "Bea", "Celina"):
        await enrol(name)
    return await begun(database, gate, spring, now)


async def begun(database: Database, gate: Gate, version: int, now: datetime, per_hour: int | None = None) -> int:
    plan = Plan("Spring", version, SPRING, variables={"offer": "now"}, per_hour=per_hour)
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=100, burst=100, now=now)
        made = await lifecycle.create(session, plan, staff_id=None, now=now)
        await lifecycle.start(session, made.id or 0, gate=gate, now=now)
    return made.id or 0


async def fill(database: Database, campaign: int, number: int, due_at: datetime) -> None:
    async with database.unit() as session:
        await session.execute(
            text("""
                insert into outbox (interaction_id, sender_id, campaign_id, priority, due_at, attempts, fence, worker)
                select gen_random_uuid(), (select id from sender where channel = 'mail'), :campaign, 9,
                  cast(:due as timestamptz) + n * interval '1 ms', 0, 0, '' from generate_series(1, :number) n"""),
            {"campaign": campaign, "due": due_at, "number": number},
        )


async def feed(database: Database, campaign: int, gate: Gate, now: datetime, ahead: int = 5000) -> int:
    """Until it wants no more; how many were looked at."""
    more = True
    while more:
        async with database.unit() as session:
            more = await feeding.feed(session, campaign, gate=gate, now=now, slice=1, ahead=ahead)
    async with database.unit() as session:
        return (await lifecycle.get(session, campaign)).fed


async def aside(database: Database, now: datetime) -> int:
    async with database.unit() as session:
        far = text("select count(*) from outbox where due_at > :far")
        return int((await session.execute(far, {"far": now + ASIDE / 2})).scalar_one())


async def follow(database: Database, campaign: int, now: datetime) -> int:
    """In how many transactions."""
    turns, more = 0, True
    while more:
        turns += 1
        async with database.unit() as session:
            more = await lifecycle.follow(session, campaign, now=now)
    return turns


async def test_f18_pausing_is_done_before_all_that_waits_is_moved_and_resuming_too(
    database: Database, gate: Gate, campaign: int, now: datetime
) -> None:
    await fill(database, campaign, MANY, now)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
    assert 0 < await aside(database, now) <= 500
    async with database.unit() as session:
        assert await lifecycle.strayed(session, now=now) == [campaign]
    assert await follow(database, campaign, now) == 3
    assert await aside(database, now) == MANY
    async with database.unit() as session:
        assert await lifecycle.strayed(session, now=now) == []
        await lifecycle.resume(session, campaign, gate=gate, now=now)
    assert await aside(database, now) >= MANY - 500
    async with database.unit() as session:
        assert await lifecycle.strayed(session, now=now) == [campaign]
    await follow(database, campaign, now)
    assert await aside(database, now) == 0
    async with database.unit() as session:
        when = (await session.execute(text("select min(due_at), max(due_at) from outbox"))).one()
    assert tuple(when) == (now + timedelta(milliseconds=1), now + timedelta(milliseconds=MANY))


async def test_f18_cancelling_is_done_before_all_that_waits_is_taken_away(
    database: Database, campaign: int, now: datetime
) -> None:
    await fill(database, campaign, MANY, now)
    async with database.unit() as session:
        assert (await lifecycle.cancel(session, campaign, now=now)).state is CampaignState.CANCELLED
    async with database.unit() as session:
        assert await tickets.waiting(session, campaign, now=now + timedelta(days=1), limit=MANY) >= MANY - 500
        assert await lifecycle.strayed(session, now=now) == [campaign]
    await follow(database, campaign, now)
    async with database.unit() as session:
        assert await tickets.waiting(session, campaign, now=now + timedelta(days=1), limit=MANY) == 0
        assert await lifecycle.strayed(session, now=now) == []


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "us@meadow.example"), None, _nothing_found)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["queued", "unknown"])
async def test_what_a_sender_takes_of_a_paused_campaign_is_set_aside_once_and_comes_back_with_it(
    database: Database, gate: Gate, campaign: int, now: datetime, state: str
) -> None:
    await feed(database, campaign, gate, now)
    async with database.unit() as session:
        await session.execute(text("update interaction set state = :state"), {"state": state})
        claimed = await outbox.claim(session, "mail", limit=3, worker="test")
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
    assert await aside(database, now) == 0
    async with database.unit() as session:
        assert await preparing.prepare(session, claimed, MAIL, gate=gate, claimed=0.0, now=now) == []
        used = (await session.execute(text("select used from sender where channel = 'mail'"))).scalar_one()
    assert (await aside(database, now), used) == (3, 0)
    async with database.unit() as session:
        assert await lifecycle.strayed(session, now=now) == []
        await lifecycle.resume(session, campaign, gate=gate, now=now)
    assert await aside(database, now) == 0


async def test_another_campaigns_tickets_that_became_due_at_once_do_not_hide_ones_own(
    database: Database, gate: Gate, spring: int, campaign: int, now: datetime
) -> None:
    other = await begun(database, gate, spring, now)
    await fill(database, other, 100, now - timedelta(hours=1))
    assert await feed(database, campaign, gate, now, ahead=2) == 2


async def test_what_is_held_for_the_morning_is_bounded(
    database: Database, gate: Gate, spring: int, campaign: int, now: datetime
) -> None:
    slow = await begun(database, gate, spring, now, per_hour=1)
    await fill(database, slow, 24, now + timedelta(hours=9))
    assert await feed(database, slow, gate, now) == 0
    async with database.unit() as session:
        await session.execute(text("delete from outbox where id = (select max(id) from outbox)"))
    assert await feed(database, slow, gate, now) == 1
