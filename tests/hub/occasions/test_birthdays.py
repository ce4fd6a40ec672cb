"""Greetings: once a year, on the day, by the customer's own clock, whatever the server's clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Customer, Interaction, Outbox
from hub.models.vocabulary import Kind, Purpose, State, Withheld
from hub.occasions import forecast, greeting, rules
from hub.outbound.request import Gate

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Born = tuple[int | None, int, int]


async def enrol(
    database: Database, name: str, born: Born, zone: str | None, *, agreed: bool = True, **more: Any
) -> UUID:
    new = directory.NewCustomer(name=name, birthday=born, emails=(f"{name.lower()}@example.org",), timezone=zone)
    async with database.unit() as session:
        customer = await directory.create(session, new, now=LONG_AGO)
        if agreed:
            said = consent.Statement(customer.id, Purpose.GREETINGS, None, granted=True, source="test")
            await consent.record(session, said, now=LONG_AGO)
        if more:
            await directory.change(session, customer.id, more, now=LONG_AGO)
    return customer.id


async def greet(database: Database, gate: Gate, at: datetime) -> int:
    return await greeting.greet(database, gate=gate, clock=lambda: at)


async def log(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


async def test_f9_a_schedule_that_runs_twice_greets_once(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (1990, 3, 10), "Europe/Warsaw")
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert [await greet(greetings, gate, at), await greet(greetings, gate, at + timedelta(minutes=10))] == [1, 0]
    (greeting,) = await log(greetings)
    assert (greeting.state, greeting.kind, greeting.purpose) == (State.QUEUED, Kind.EMAIL, Purpose.GREETINGS)
    said = {"given_name": "Ada", "occasion": "", "age": 36, "years": 36}
    assert (greeting.occasion, greeting.variables) == ("birthday", said)


async def test_f9_two_workers_at_the_same_instant_greet_once(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (1990, 3, 10), "Europe/Warsaw")
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert sum(await asyncio.gather(*(greet(greetings, gate, at) for _ in range(4)))) == 1
    assert len(await log(greetings)) == 1


async def test_f9_a_clock_set_forward_and_back_never_greets_twice(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (1990, 3, 10), "Europe/Warsaw")
    day = datetime(2026, 3, 10, 9, tzinfo=UTC)
    jumps = [timedelta(0), timedelta(days=3), timedelta(hours=-1), timedelta(days=1), timedelta(hours=1), timedelta(0)]
    assert sum([await greet(greetings, gate, day + jump) for jump in jumps]) == 1


@pytest.mark.parametrize("born", [(1990, 3, 29), (1990, 10, 25)])
async def test_f9_on_the_days_when_the_clocks_change_everybody_is_greeted_once(
    born: tuple[int, int, int], greetings: Database, gate: Gate
) -> None:
    """Spring forward on 29 March 2026, fall back on 25 October 2026, looked at every two hours of three days."""
    await enrol(greetings, "Ada", born, "Europe/Warsaw")
    first = datetime(2026, born[1], born[2] - 1, tzinfo=UTC)
    assert sum([await greet(greetings, gate, first + timedelta(hours=hour)) for hour in range(0, 72, 2)]) == 1
    (greeting,) = await log(greetings)
    assert greeting.at.astimezone(ZoneInfo("Europe/Warsaw")).date() == date(2026, *born[1:])


async def test_a_greeting_leaves_at_ten_by_the_clock_where_the_customer_lives(greetings: Database, gate: Gate) -> None:
    """In Auckland it is the 10th while it is still the 9th in UTC; in Honolulu it still is when UTC has the 11th."""
    east = await enrol(greetings, "East", (1990, 3, 10), "Pacific/Auckland")
    west = await enrol(greetings, "West", (1990, 3, 10), "Pacific/Honolulu")
    at_home = await enrol(greetings, "Home", (None, 3, 10), None)
    expected = {
        datetime(2026, 3, 9, 20, 59, tzinfo=UTC): [],
        datetime(2026, 3, 9, 21, 0, tzinfo=UTC): [east],
        datetime(2026, 3, 10, 8, 59, tzinfo=UTC): [],
        datetime(2026, 3, 10, 9, 0, tzinfo=UTC): [at_home],
        datetime(2026, 3, 10, 19, 59, tzinfo=UTC): [],
        datetime(2026, 3, 10, 20, 0, tzinfo=UTC): [west],
    }
    found: dict[datetime, list[UUID]] = {}
    for at in expected:
        before = {row.id for row in await log(greetings)}
        await greet(greetings, gate, at)
        found[at] = [row.customer_id for row in await log(greetings) if row.id not in before]
    assert found == expected


@pytest.mark.parametrize(
    ("at", "greeted"),
    [
        (datetime(2026, 3, 12, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 12, 23, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 20, 9, 0, tzinfo=UTC), False),
    ],
)
async def test_after_an_outage_a_greeting_comes_two_days_late_or_never(
    greetings: Database, gate: Gate, at: datetime, greeted: bool
) -> None:
    """The gate's quiet hours would hold a greeting of 23:59 until after the last day: that one is withheld as late."""
    await enrol(greetings, "Ada", (1990, 3, 10), "Europe/Warsaw")
    await greet(greetings, gate, at)
    assert [row.reason for row in await log(greetings)] == ([Withheld.TOO_LATE] if greeted else [])


async def test_a_greeting_two_days_late_still_leaves_in_the_daytime(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (1990, 3, 10), "Europe/Warsaw")
    assert await greet(greetings, gate, datetime(2026, 3, 12, 12, tzinfo=UTC)) == 1
    async with greetings.unit() as session:
        (ticket,) = (await session.exec(select(Outbox))).all()
    assert ticket.expires_at == datetime(2026, 3, 12, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "day"),
    [("february", date(2026, 2, 28)), ("march", date(2026, 3, 1))],
)
async def test_who_was_born_on_the_29th_of_february_is_greeted_by_the_rule(
    greetings: Database, gate: Gate, rule: str, day: date
) -> None:
    await enrol(greetings, "Leap", (2000, 2, 29), "UTC")
    async with greetings.unit() as session:
        await rules.change_birthdays(session, now=LONG_AGO, template="our-birthday", leap_day=rule, late_days=0)
    days = [date(2026, 2, 27) + timedelta(days=n) for n in range(4)]
    greeted = [d for d in days if await greet(greetings, gate, datetime.combine(d, time(12), UTC))]
    assert greeted == [day]


async def test_the_next_year_is_greeted_again(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (None, 12, 31), "UTC")
    assert await greet(greetings, gate, datetime(2026, 12, 31, 12, tzinfo=UTC)) == 1
    assert await greet(greetings, gate, datetime(2027, 1, 1, 12, tzinfo=UTC)) == 0
    assert await greet(greetings, gate, datetime(2027, 12, 31, 12, tzinfo=UTC)) == 1


async def test_whose_date_is_put_right_after_the_greeting_is_not_greeted_again_that_year(
    greetings: Database, gate: Gate
) -> None:
    ada = await enrol(greetings, "Ada", (1990, 3, 10), "UTC")
    assert await greet(greetings, gate, datetime(2026, 3, 10, 12, tzinfo=UTC)) == 1
    async with greetings.unit() as session:
        await session.exec(update(Customer).where(col(Customer.id) == ada).values(birth_month=5))
    assert await greet(greetings, gate, datetime(2026, 5, 10, 12, tzinfo=UTC)) == 0
    assert await greet(greetings, gate, datetime(2027, 5, 10, 12, tzinfo=UTC)) == 1


async def test_who_is_not_greeted_is_in_the_log_once_with_the_reason(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Never", (1990, 3, 10), "UTC", agreed=False)
    await enrol(greetings, "Gone", (1990, 3, 10), "UTC", deceased=True)
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert [await greet(greetings, gate, at + timedelta(hours=n)) for n in range(3)] == [0, 0, 0]
    assert sorted((row.state, row.reason) for row in await log(greetings)) == [
        (State.WITHHELD, Withheld.DECEASED),
        (State.WITHHELD, Withheld.NO_CONSENT),
    ]


async def test_a_rule_that_is_switched_off_greets_nobody(greetings: Database, gate: Gate) -> None:
    await enrol(greetings, "Ada", (1990, 3, 10), "UTC")
    async with greetings.unit() as session:
        await rules.change_birthdays(session, now=LONG_AGO, template="our-birthday", enabled=False)
    assert await greet(greetings, gate, datetime(2026, 3, 10, 12, tzinfo=UTC)) == 0
    assert await log(greetings) == []


async def test_a_zone_that_no_longer_exists_is_no_reason_to_fail(greetings: Database, gate: Gate) -> None:
    customer = await enrol(greetings, "Ada", (1990, 3, 10), None)
    async with greetings.unit() as session:
        await session.exec(update(Customer).where(col(Customer.id) == customer).values(timezone="Mars/Olympus"))
    assert await greet(greetings, gate, datetime(2026, 3, 10, 9, tzinfo=UTC)) == 1


async def test_what_is_coming_is_shown_with_the_gates_answer_and_nothing_is_logged(
    greetings: Database, gate: Gate, now: datetime
) -> None:
    today = await enrol(greetings, "Today", (1990, 3, 10), "Europe/Warsaw")
    await greet(greetings, gate, now)
    never = await enrol(greetings, "Never", (None, 3, 12), "Europe/Warsaw", agreed=False)
    await enrol(greetings, "Past", (1990, 3, 9), "Europe/Warsaw")
    await enrol(greetings, "Far", (1990, 3, 17), "Europe/Warsaw")
    east = await enrol(greetings, "East", (1990, 3, 16), "Pacific/Auckland")
    async with greetings.unit() as session:
        ahead = [one async for one in forecast.lines(session, 7, gate=gate, now=now)]
    ten, warsaw = time(10), "Europe/Warsaw"
    assert [(o.customer_id, o.date, o.local_time, o.zone, o.kind, o.withheld, o.years, o.greeted) for o in ahead] == [
        (today, date(2026, 3, 10), ten, warsaw, Kind.EMAIL, None, 36, True),
        (never, date(2026, 3, 12), ten, warsaw, None, Withheld.NO_CONSENT, None, False),
        (east, date(2026, 3, 16), ten, "Pacific/Auckland", Kind.EMAIL, None, 36, False),
    ]
    assert len(await log(greetings)) == 1
