"""What many keep and nobody is to be greeted for now is not asked about at each turn of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlmodel import col, func, select

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Greeting, GreetingLook, Occasion
from hub.models.vocabulary import Kind, OccasionKind, Purpose
from hub.occasions import greeting, looks, rules
from hub.occasions.rules import Wish
from hub.outbound import senders, templates
from hub.outbound.request import Gate

EVE = datetime(2026, 9, 20, 4, tzinfo=UTC)
NIGHT = datetime(2026, 9, 21, 1, tzinfo=UTC)
TEN = datetime(2026, 9, 21, 8, tzinfo=UTC)  # by the clocks of Warsaw
MINUTE = timedelta(minutes=1)
HERE, FAR = "Europe/Warsaw", "America/Los_Angeles"
WORDS = {"en": {"subject": "Our day", "body": "Dear {{ given_name }}"}}


def _wish(hour: time) -> Wish:
    return Wish(OccasionKind.FESTIVAL, "Our day", "ours", {"date": "09-21"}, late_days=1, at_hour=hour)


async def _person(database: Database, number: int, zone: str, now: datetime = EVE) -> UUID:
    async with database.unit() as session:
        new = directory.NewCustomer(f"P{number}", emails=(f"p{number}@x.example",), timezone=zone, language="en")
        made = await directory.create(session, new, now=now)
        yes = consent.Statement(made.id, Purpose.GREETINGS, None, granted=True, source="test")
        await consent.record(session, yes, now=now)
    return made.id


async def _festival(database: Database, *zones: str) -> None:
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=1000, burst=1000, now=EVE)
        await templates.save(session, "ours", WORDS, now=EVE)
        await rules.save(session, _wish(time(10)), now=EVE)
        await rules.change_birthdays(session, template="ours", enabled=False, now=EVE)
    for number, zone in enumerate(zones or (HERE,) * 6):
        await _person(database, number, zone)


async def _look(database: Database, gate: Gate, now: datetime) -> int:
    await greeting.greet(database, gate=gate, clock=lambda: now, size=2)
    async with database.unit() as session:
        return (await session.exec(select(func.count()).select_from(Greeting))).one()


async def _next(database: Database) -> datetime | None:
    async with database.unit() as session:
        return (await session.exec(select(GreetingLook.next_at))).one_or_none()


async def test_looks_that_find_nobody_grow_rare_and_the_hour_is_kept_to_the_minute(
    database: Database, gate: Gate
) -> None:
    await _festival(database)
    now, pauses = NIGHT, list[timedelta]()
    while now < TEN:
        assert await _look(database, gate, now) == 0
        following = await _next(database)
        assert following is not None
        pauses.append(following - now)
        now = following
    assert (now, min(pauses) >= MINUTE, max(pauses) <= looks.LONGEST) == (TEN, True, True)
    assert len(pauses) < 7 * 60 / 10, "each minute would have been 420"
    assert await _look(database, gate, TEN) == 6


async def test_who_lives_where_it_is_not_yet_time_is_asked_about_ever_more_rarely(
    database: Database, gate: Gate
) -> None:
    await _festival(database, *[HERE] * 3, *[FAR] * 3)
    assert await _look(database, gate, TEN) == 3
    pauses, now = [], TEN + MINUTE
    for _ in range(5):
        assert await _look(database, gate, now) == 3
        following = await _next(database)
        assert following is not None
        pauses.append(following - now)
        now = following
    assert (pauses[0], pauses == sorted(pauses), max(pauses) > 5 * MINUTE) == (MINUTE, True, True)
    late = await _person(database, 9, HERE)
    assert await _look(database, gate, now - MINUTE / 60) == 3, "nobody is looked for yet"
    assert await _look(database, gate, now) == 4, f"{late} came in meanwhile"


async def test_whoever_is_added_on_the_day_is_greeted_by_the_next_look_and_the_others_rest(
    database: Database, gate: Gate
) -> None:
    await _festival(database, *[HERE] * 3, *[FAR] * 3)
    assert await _look(database, gate, TEN) == 3
    now = TEN + MINUTE
    for _ in range(4):
        assert await _look(database, gate, now) == 3
        now, before = await _next(database) or now, now
    added = before + MINUTE
    assert added + MINUTE < now, "all rest"
    await _person(database, 8, HERE, added)
    await _person(database, 9, FAR, added)
    assert await _look(database, gate, added + MINUTE / 2) == 4
    assert await _look(database, gate, added + MINUTE) == 4, "once"
    assert await _next(database) == now


async def test_what_a_person_changes_is_obeyed_by_the_next_look(database: Database, gate: Gate) -> None:
    await _festival(database, *[FAR] * 4)
    assert await _look(database, gate, TEN) == 0
    assert await _next(database) is not None
    async with database.unit() as session:
        (occasion,) = (await session.exec(select(Occasion.id).where(col(Occasion.enabled)))).all()
        await rules.save(session, _wish(time(1)), occasion_id=occasion, now=TEN)
    assert await _look(database, gate, TEN + MINUTE / 2) == 4


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(database: Database, gate: Gate) -> None:
    await _festival(database)
    assert await _look(database, gate, TEN - MINUTE) == 0
    async with database.unit() as session:
        row = (await session.exec(select(GreetingLook))).one()
        row.next_at = TEN + timedelta(days=300)
    assert await _look(database, gate, TEN) == 6
