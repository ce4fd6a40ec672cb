"""A year on a fast clock: every greeting exactly once, none at night, none to those who are left out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Customer, Interaction
from hub.models.vocabulary import OccasionKind, Purpose, State
from hub.occasions import forecast, greeting, name_days, rules
from hub.occasions.rules import Wish
from hub.outbound.request import Gate

LONG_AGO = datetime(2024, 12, 1, tzinfo=UTC)
FIRST = date(2025, 12, 31)
ZONES = ("Europe/Warsaw", "Europe/Sofia", "Asia/Kamchatka", "Pacific/Kiritimati", "Pacific/Honolulu", None)
PEOPLE = 16


async def _company(database: Database) -> None:
    """Name days and two feasts on; people of three countries, of whom one in eight died, one in eight never agreed."""
    chance = random.Random(1)
    async with database.unit() as session:
        for country in ("PL", "BG", "RU"):
            wish = Wish(OccasionKind.NAME_DAY, f"Name days {country}", "name-day", {"calendar": country}, (country,))
            await rules.save(session, wish, now=LONG_AGO)
        western = Wish(OccasionKind.FESTIVAL, "Easter", "easter", {"church": "western"}, ("PL",))
        await rules.save(session, western, now=LONG_AGO)
        eve = Wish(OccasionKind.FEAST, "New Year", "new-year", {"country": "PL", "feast": "new-years-day"}, ("PL",))
        await rules.save(session, eve, now=LONG_AGO)
        for number in range(PEOPLE):
            country = ("PL", "BG", "RU")[number % 3]
            name = chance.choice(sorted({one for some in name_days.names(country).values() for one in some}))
            born = date(1990, 1, 1) + timedelta(days=chance.randrange(365))
            new = directory.NewCustomer(
                name,
                country=country,
                timezone=ZONES[number % len(ZONES)],
                emails=(f"p{number}@example.org",),
                birthday=(None, 2, 29) if number == 0 else (None, born.month, born.day),
            )
            customer = await directory.create(session, new, now=LONG_AGO)
            if number % 8 == 1:
                await directory.change(session, customer.id, {"deceased": True}, now=LONG_AGO)
            if number % 8 != 2:
                said = consent.Statement(customer.id, Purpose.GREETINGS, None, granted=True, source="test")
                await consent.record(session, said, now=LONG_AGO)


def _moments(days: Collection[date]) -> Iterator[datetime]:
    """Twice on each of these days and the one before: in each zone ten o'clock has passed a little while ago."""
    around = sorted({day + timedelta(days=n) for day in days for n in (-1, 0)})
    return (datetime.combine(day, hour, UTC) for day in around for hour in (time(9, 30), time(22, 30)))


async def test_in_a_year_everybody_is_greeted_for_everything_exactly_once(database: Database, gate: Gate) -> None:
    await _company(database)
    async with database.unit() as session:
        begin = datetime.combine(FIRST, time(0), UTC)
        await partitions.ensure_months(session, begin, ahead=13)
        foretold = [one async for one in forecast.lines(session, 365, gate=gate, now=begin)]
    monthly = {FIRST + timedelta(days=7 * n) for n in range(0, 52, 4)}
    for moment in _moments({one.date for one in foretold} | monthly):
        await greeting.greet(database, gate=gate, clock=lambda at=moment: at)  # type: ignore[misc]
    async with database.unit() as session:
        rows = (await session.exec(select(Interaction).order_by(col(Interaction.id)))).all()
        people = {one.id: one for one in await session.exec(select(Customer))}
    expected = Counter(
        (one.customer_id, one.occasion.name, one.date) for one in foretold if one.withheld != forecast.CROWDED
    )
    assert expected
    assert max(expected.values()) == 1
    local = [(row, row.at.astimezone(ZoneInfo(people[row.customer_id].timezone or "Europe/Warsaw"))) for row in rows]
    last = FIRST + timedelta(days=364)
    assert Counter((row.customer_id, row.occasion, at.date()) for row, at in local if at.date() <= last) == expected
    assert max(Counter((row.customer_id, at.date()) for row, at in local).values()) == 1
    assert {row.occasion for row in rows} >= {"birthday", "name day PL", "name day BG", "name day RU"}
    for row, at in local:
        assert time(10) <= at.time() < time(21), "in the daytime, where they live"
        reached = row.state is State.QUEUED
        told = next(one for one in foretold if (one.customer_id, one.occasion.name) == (row.customer_id, row.occasion))
        assert reached == (told.kind is not None)
        assert not (reached and people[row.customer_id].deceased)
