"""What a sender may spend: units of its rate, units of its day, and how the provider's complaints slow it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.errors import TryLater
from channels.message import Accepted
from hub import clock
from hub.database.engine import Database
from hub.models import SenderRow
from hub.models.vocabulary import Kind, Origin, Purpose, Unit
from hub.outbound import outbox, pacing, senders
from hub.outbound.outbox import Ticket
from hub.outbound.request import Gate, Request, Words, send_many
from hub.outbound.senders import Limits
from hub.outbound.settling import Outcome

Enrol = Callable[..., Awaitable[UUID]]
SLOW = 0.001  # units a second: what a test sees is the burst
SEGMENTS = Limits(unit=Unit.SEGMENTS)
ONE, THREE = "Hello", "x" * 400  # segments of the text
CHANNEL = {Kind.EMAIL: "mail", Kind.SMS: "sms"}


async def limit(database: Database, kind: Kind, limits: Limits, *, rate: float = SLOW, burst: float = 10) -> None:
    async with database.unit() as session:
        await senders.register(session, CHANNEL[kind], kind, rate=rate, burst=burst, now=clock.now(), limits=limits)


async def ask(
    database: Database, gate: Gate, who: UUID, *words: str, kind: Kind = Kind.SMS, origin: Origin = Origin.CAMPAIGN
) -> None:
    now = datetime.fromisoformat("2026-03-10T12:00Z")
    asked = [Request(who, Purpose.SERVICE, origin, Words(one), kinds=(kind,)) for one in words]
    async with database.unit() as session:
        for one in asked:  # one after the other: they are due in this order
            await send_many(session, [one], gate=gate, now=now)


async def claim(database: Database, kind: Kind = Kind.SMS, most: int = 100) -> list[Ticket]:
    async with database.unit() as session:
        return await outbox.claim(session, CHANNEL[kind], limit=most, worker="test")


async def costs(database: Database, kind: Kind = Kind.SMS) -> list[int]:
    return sorted(ticket.cost for ticket in await claim(database, kind))


async def row(database: Database, kind: Kind) -> SenderRow:
    async with database.unit() as session:
        return (await session.exec(select(SenderRow).where(SenderRow.kind == kind))).one()


async def a_day_passes(database: Database) -> None:
    async with database.unit() as session:
        await session.execute(text("update sender set day = day - 1, ramp_from = ramp_from - 1"))


# ---- units ----------------------------------------------------------------------------------


async def test_a_rate_in_segments_counts_what_each_text_takes(database: Database, gate: Gate, enrol: Enrol) -> None:
    await limit(database, Kind.SMS, SEGMENTS, burst=7)
    await ask(database, gate, await enrol(), THREE, ONE, THREE, ONE)
    assert await costs(database) == [1, 3, 3]
    assert await costs(database) == []


async def test_a_rate_in_messages_counts_messages_however_long(database: Database, gate: Gate, enrol: Enrol) -> None:
    await limit(database, Kind.SMS, Limits(), burst=3)
    await ask(database, gate, await enrol(), THREE, THREE, THREE, THREE)
    assert len(await claim(database)) == 3


async def test_a_text_longer_than_the_burst_leaves_and_the_next_waits_for_it(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.SMS, SEGMENTS, rate=0.01, burst=2)
    await ask(database, gate, await enrol(), THREE, ONE)
    assert await costs(database) == [3]
    assert await costs(database) == []
    debt = (await row(database, Kind.SMS)).tat - clock.now()
    assert timedelta(seconds=90) < debt < timedelta(seconds=101)  # one segment more than it had


async def test_a_long_text_is_not_overtaken_by_short_ones_for_ever(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.SMS, SEGMENTS, burst=5)
    await ask(database, gate, await enrol(), THREE, THREE, ONE)
    assert await costs(database) == [3]
    assert await costs(database) == []


# ---- days -----------------------------------------------------------------------------------


async def test_a_days_cap_holds_campaigns_and_lets_people_through(database: Database, gate: Gate, enrol: Enrol) -> None:
    await limit(database, Kind.EMAIL, Limits(daily_cap=5, reserve=2), burst=1000)
    who = await enrol()
    await ask(database, gate, who, *["Tulips"] * 9, kind=Kind.EMAIL)
    assert len(await claim(database, Kind.EMAIL)) == 3
    await ask(database, gate, who, *["Your tulips are late"] * 4, kind=Kind.EMAIL, origin=Origin.AGENT)
    assert len(await claim(database, Kind.EMAIL)) == 4
    assert (await row(database, Kind.EMAIL)).used == 7
    await a_day_passes(database)
    assert len(await claim(database, Kind.EMAIL)) == 3


async def test_what_people_sent_counts_for_the_campaigns_of_the_day(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.EMAIL, Limits(daily_cap=5), burst=1000)
    who = await enrol()
    await ask(database, gate, who, *["Hello"] * 4, kind=Kind.EMAIL, origin=Origin.AGENT)
    await ask(database, gate, who, *["Tulips"] * 4, kind=Kind.EMAIL)
    assert len(await claim(database, Kind.EMAIL)) == 5


async def test_the_cap_is_exact_when_many_claim_at_once(database: Database, gate: Gate, enrol: Enrol) -> None:
    await limit(database, Kind.EMAIL, Limits(daily_cap=25), burst=1000)
    await ask(database, gate, await enrol(), *["Tulips"] * 40, kind=Kind.EMAIL)
    claims = await asyncio.gather(*(claim(database, Kind.EMAIL, 4) for _ in range(12)))
    assert sum(map(len, claims)) == 25


async def test_a_ramp_counts_from_the_first_message_and_ends(database: Database, gate: Gate, enrol: Enrol) -> None:
    await limit(database, Kind.EMAIL, Limits(daily_cap=6, ramp=(2, 4, 9)), burst=1000)
    await ask(database, gate, await enrol(), *["Tulips"] * 30, kind=Kind.EMAIL)
    days = []
    for _ in range(5):
        days.append(len(await claim(database, Kind.EMAIL)))
        await a_day_passes(database)
    assert days == [2, 4, 6, 6, 6]  # the third day's nine are more than a day's cap


async def test_a_ramp_that_is_taken_away_and_set_again_begins_anew(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.EMAIL, Limits(ramp=(1, 2)), burst=1000)
    await ask(database, gate, await enrol(), *["Tulips"] * 30, kind=Kind.EMAIL)
    assert len(await claim(database, Kind.EMAIL)) == 1
    await a_day_passes(database)
    await limit(database, Kind.EMAIL, Limits(), burst=1000)
    assert (await row(database, Kind.EMAIL)).ramp_from is None
    await limit(database, Kind.EMAIL, Limits(ramp=(1, 2)), burst=1000)
    assert len(await claim(database, Kind.EMAIL)) == 1


async def test_f9_a_clock_set_back_over_midnight_does_not_give_the_day_a_second_time(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.EMAIL, Limits(daily_cap=3), burst=1000)
    await ask(database, gate, await enrol(), *["Tulips"] * 9, kind=Kind.EMAIL)
    assert len(await claim(database, Kind.EMAIL)) == 3
    async with database.unit() as session:
        await session.execute(text("update sender set day = day + 1"))  # spent tomorrow, by the clock of before
    assert await claim(database, Kind.EMAIL) == []
    async with database.unit() as session:
        await session.execute(text("update sender set day = day + 2"))  # three days ahead: the clock was wrong
    assert len(await claim(database, Kind.EMAIL)) == 3


async def test_f9_a_clock_that_jumps_three_days_ahead_lets_out_no_more_than_the_burst(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    """Everything that was to leave on those days is overdue at once."""
    await limit(database, Kind.EMAIL, Limits(), rate=SLOW, burst=10)
    await ask(database, gate, await enrol(), *["Tulips"] * 40, kind=Kind.EMAIL)
    assert len(await claim(database, Kind.EMAIL)) == 10
    async with database.unit() as session:
        await session.execute(text("update outbox set due_at = due_at - interval '3 days'"))
        await session.execute(text("update sender set tat = tat - interval '3 days', day = day - 3"))
    assert [len(await claim(database, Kind.EMAIL)) for _ in range(3)] == [10, 0, 0]


async def test_f9_a_clock_set_back_by_an_hour_does_not_stop_a_sender_for_an_hour(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    await limit(database, Kind.EMAIL, Limits(), rate=1000, burst=10)
    await ask(database, gate, await enrol(), *["Tulips"] * 40, kind=Kind.EMAIL)
    async with database.unit() as session:
        await session.execute(text("update sender set tat = tat + interval '1 hour'"))
    claimed = 0
    async with asyncio.timeout(20):
        while claimed < 40:
            claimed += len(await claim(database, Kind.EMAIL))


# ---- what the provider says ----------------------------------------------------------------


def outcome(ticket: Ticket, result: Accepted | TryLater, *, ago: float = 0) -> Outcome:
    began = clock.now() - timedelta(seconds=ago)
    return Outcome(ticket, "sms", Kind.SMS, result, began, clock.now(), "test")


async def learn(database: Database, *outcomes: Outcome) -> SenderRow:
    async with database.unit() as session:
        await pacing.learn(session, outcomes, now=clock.now())
    return await row(database, Kind.SMS)


def too_fast(after: float | None = 3) -> TryLater:
    rest = None if after is None else timedelta(seconds=after)
    return TryLater("Twilio 20429: too fast", code="20429", stage="answered", after=rest, whole_sender=True)


async def rest(database: Database) -> float:
    left = "select extract(epoch from paused_until - clock_timestamp()) from sender where channel = 'sms'"
    async with database.unit() as session:
        return float((await session.execute(text(left))).scalar_one())


@pytest.fixture
async def ticket(database: Database, gate: Gate, enrol: Enrol) -> Ticket:
    await limit(database, Kind.SMS, Limits(daily_cap=100), rate=10, burst=10)
    await ask(database, gate, await enrol(), THREE)
    (found,) = await claim(database)
    return found


async def test_a_429_halves_the_rate_and_rests_the_sender_as_long_as_it_says(
    database: Database, ticket: Ticket
) -> None:
    slowed = await learn(database, outcome(ticket, too_fast(), ago=1))
    assert (slowed.pace, slowed.rate, slowed.used) == (0.5, 10, 0)
    assert await rest(database) == pytest.approx(3, abs=0.5)
    assert await claim(database) == []


async def test_answers_to_what_was_on_its_way_already_are_one_complaint(database: Database, ticket: Ticket) -> None:
    await learn(database, outcome(ticket, too_fast(), ago=1))
    slowed = await learn(database, outcome(ticket, too_fast(5), ago=2), outcome(ticket, too_fast(1), ago=3))
    assert slowed.pace == 0.5
    assert await rest(database) == pytest.approx(5, abs=0.5)  # the longest of the rests counts


async def test_without_a_word_how_long_it_rests_the_longer_the_slower_it_is(database: Database, ticket: Ticket) -> None:
    rests = []
    for _ in range(4):
        await learn(database, outcome(ticket, too_fast(None)))
        rests.append(round(await rest(database)))
        async with database.unit() as session:
            await session.execute(text("update sender set slowed_at = slowed_at - interval '1 minute'"))
    assert rests == [2, 4, 8, 16]


async def test_after_its_rest_it_does_not_spend_what_gathered_meanwhile(
    database: Database, gate: Gate, enrol: Enrol, ticket: Ticket
) -> None:
    await limit(database, Kind.SMS, Limits(), rate=SLOW, burst=10)
    async with database.unit() as session:
        await session.execute(text("update sender set tat = tat - interval '1 day'"))
    await learn(database, outcome(ticket, too_fast(0)))
    await ask(database, gate, await enrol("Bo"), *[ONE] * 10)
    assert len(await claim(database)) == 1


async def test_while_all_goes_well_it_is_as_fast_as_before_after_half_a_minute(
    database: Database, ticket: Ticket
) -> None:
    await learn(database, outcome(ticket, too_fast(0)))
    seconds, pace = 0, 0.5
    while pace < 1 and seconds < 60:
        good = [outcome(ticket, Accepted("SM1"))] * round(10 * pace)  # what leaves in a second
        pace, seconds = (await learn(database, *good)).pace, seconds + 1
    assert (pace, 20 <= seconds <= 30) == (1, True)


async def test_a_server_that_cannot_be_reached_has_not_complained_of_our_speed(
    database: Database, ticket: Ticket
) -> None:
    away = TryLater("no route", stage="connect", whole_sender=True)
    assert (await learn(database, outcome(ticket, away))).pace == 1
    assert await rest(database) == pytest.approx(30, abs=1)


async def test_what_did_not_leave_takes_nothing_from_the_day(database: Database, ticket: Ticket) -> None:
    assert (await row(database, Kind.SMS)).used == 1
    assert (await learn(database, outcome(ticket, TryLater("greylisted", code="4.2.0")))).used == 0


async def test_f9_a_worker_whose_clock_is_three_days_ahead_rests_a_sender_no_longer_than_it_was_told(
    database: Database, ticket: Ticket
) -> None:
    ahead = clock.now() + timedelta(days=3)
    told = Outcome(ticket, "sms", Kind.SMS, too_fast(), ahead - timedelta(seconds=1), ahead, "test")
    async with database.unit() as session:
        await pacing.learn(session, [told], now=ahead)
    assert await rest(database) == pytest.approx(3, abs=0.5)
    assert (await row(database, Kind.SMS)).used == 0
