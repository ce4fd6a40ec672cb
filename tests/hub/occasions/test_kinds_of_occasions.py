"""Every kind of occasion: on its day, to those who keep it, once, whatever the clock does, and one a day at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Customer, Greeting, Interaction, Occasion
from hub.models.vocabulary import OccasionKind, Purpose, State
from hub.occasions import forecast, greeting, rules, skipping
from hub.occasions.keeping import keeping
from hub.occasions.rules import NoSuchOccasion, OccasionProblem, Wish
from hub.outbound import templates
from hub.outbound.request import Gate

LONG_AGO = datetime(2020, 5, 1, 12, tzinfo=UTC)
WORDS = {"en": {"subject": "{{ occasion }}", "body": "Dear {{ given_name }}", "sms": "Dear {{ given_name }}"}}


@dataclass(frozen=True)
class Sort:
    """A kind, as it is set up, and the day of 2026 on which Ana Nowak of Poland keeps it."""

    kind: OccasionKind
    rule: Mapping[str, Any]
    day: date
    keepers: tuple[str, ...] = ()


SORTS = [
    Sort(OccasionKind.NAME_DAY, {"calendar": "PL"}, date(2026, 7, 26), ("PL",)),
    Sort(OccasionKind.ANNIVERSARY, {}, date(2026, 5, 1)),
    Sort(OccasionKind.ANNIVERSARY, {"attribute": "since", "days": -3}, date(2026, 3, 28)),
    Sort(OccasionKind.DATE, {"attribute": "ends", "days": 7}, date(2026, 11, 1)),
    Sort(OccasionKind.FESTIVAL, {"date": "09-21"}, date(2026, 9, 21)),
    Sort(OccasionKind.FESTIVAL, {"church": "orthodox", "days": -7}, date(2026, 4, 5)),
    Sort(OccasionKind.FESTIVAL, {"church": "western", "days": 0}, date(2026, 4, 5)),
    Sort(OccasionKind.FEAST, {"country": "PL", "feast": "christmas-day"}, date(2026, 12, 25), ("PL",)),
]


async def person(database: Database, name: str = "Anna Nowak", **more: Any) -> UUID:
    known: dict[str, Any] = {
        "given_name": name.split(maxsplit=1)[0],
        "timezone": "Europe/Warsaw",
        "country": "PL",
        "attributes": {"since": "2019-03-31", "ends": "2026-10-25"},
        "emails": (f"{name.replace(' ', '.').lower()}@example.org",),
    }
    async with database.unit() as session:
        customer = await directory.create(session, directory.NewCustomer(name, **(known | more)), now=LONG_AGO)
        said = consent.Statement(customer.id, Purpose.GREETINGS, None, granted=True, source="test")
        await consent.record(session, said, now=LONG_AGO)
    return customer.id


async def set_up(database: Database, sort: Sort, title: str = "Our day", **more: Any) -> int:
    async with database.unit() as session:
        await templates.save(session, "ours", WORDS, now=LONG_AGO)
        wish = Wish(sort.kind, title, "ours", dict(sort.rule), sort.keepers, **more)
        return (await rules.save(session, wish, now=datetime(2026, 1, 1, tzinfo=UTC))).id or 0


async def greet(database: Database, gate: Gate, at: datetime) -> int:
    return await greeting.greet(database, gate=gate, clock=lambda: at)


async def log(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


def noon(day: date) -> datetime:
    return datetime.combine(day, time(11), UTC)


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{sort.kind}-{sort.day}")
async def test_f9_each_kind_is_greeted_once_whatever_the_clock_does(database: Database, gate: Gate, sort: Sort) -> None:
    await person(database)
    await set_up(database, sort)
    at = noon(sort.day)
    assert await greet(database, gate, at - timedelta(days=1)) == 0
    assert sum(await asyncio.gather(*(greet(database, gate, at) for _ in range(3)))) == 1
    jumps = (timedelta(days=3), timedelta(hours=-1), timedelta(days=1), timedelta(days=-9), timedelta(0))
    assert [await greet(database, gate, at + jump) for jump in jumps] == [0] * len(jumps)
    (row,) = await log(database)
    said = row.variables or {}
    assert (row.state, said["occasion"], said["given_name"]) == (State.QUEUED, "Our day", "Anna")


async def test_every_year_has_its_greeting_but_a_date_only_one(database: Database, gate: Gate) -> None:
    await person(database)
    for sort in SORTS[1:5]:
        await set_up(database, sort, f"{sort.kind} {sort.day}")
    days = [date(year, sort.day.month, sort.day.day) for sort in SORTS[1:5] for year in (2026, 2027)]
    assert [await greet(database, gate, noon(day)) for day in days] == [1, 1, 1, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("card", "kept"),
    [
        ({}, [date(2026, 4, 5)]),
        ({"culture": "orthodox"}, [date(2026, 4, 12)]),
        ({"country": "BG"}, []),
        ({"country": "BG", "culture": "orthodox"}, [date(2026, 4, 12)]),
        ({"country": None, "culture": "PL"}, [date(2026, 4, 5)]),
        ({"culture": "none"}, []),
    ],
)
async def test_everybody_has_the_feasts_of_their_culture_and_without_one_of_their_country(
    database: Database, gate: Gate, card: dict[str, Any], kept: list[date]
) -> None:
    await person(database, **card)
    western = Sort(OccasionKind.FESTIVAL, {"church": "western"}, date(2026, 4, 5), ("PL", "catholic"))
    eastern = Sort(OccasionKind.FESTIVAL, {"church": "orthodox"}, date(2026, 4, 12), ("orthodox",))
    await set_up(database, western, "Easter")
    await set_up(database, eastern, "Pascha")
    assert [day for day in (western.day, eastern.day) if await greet(database, gate, noon(day))] == kept


@pytest.mark.parametrize(
    ("name", "card", "calendar", "day"),
    [
        ("Анна Петрова", {"country": "BG"}, "BG", date(2026, 12, 9)),
        ("Georgi Georgiev", {"country": "BG"}, "BG", date(2026, 5, 6)),
        ("Цветана Илиева", {"country": "BG"}, "BG", date(2026, 4, 5)),
        ("Yulia Smirnova", {"country": "RU"}, "RU", date(2026, 7, 29)),
        ("Łukasz Żak", {}, "PL", date(2026, 10, 18)),
        ("lukasz zak", {"given_name": ""}, "PL", date(2026, 10, 18)),
    ],
)
async def test_a_name_is_known_in_any_alphabet_and_spelling(
    database: Database, gate: Gate, name: str, card: dict[str, Any], calendar: str, day: date
) -> None:
    await person(database, name, emails=("a@example.org",), **card)
    await set_up(database, Sort(OccasionKind.NAME_DAY, {"calendar": calendar}, day, (calendar,)))
    assert [await greet(database, gate, noon(day + timedelta(days=n))) for n in (-1, 0, 1)] == [0, 1, 0]


async def test_of_two_occasions_on_one_day_the_more_personal_goes_even_when_its_hour_comes_later(
    database: Database, gate: Gate
) -> None:
    ana = await person(database, birthday=(1990, 7, 26))
    async with database.unit() as session:
        await rules.change_birthdays(session, template="birthday", at_hour=time(16), now=LONG_AGO)
    name_day = await set_up(database, SORTS[0], at_hour=time(9))
    day = SORTS[0].day
    async with database.unit() as session:
        ahead = [one async for one in forecast.lines(session, 1, gate=gate, now=noon(day))]
    assert [(one.occasion.name, one.withheld) for one in ahead] == [
        ("birthday", None),
        ("name day PL", forecast.CROWDED),
    ]
    assert await greet(database, gate, noon(day)) == 0, "the birthday's hour has not come"
    assert await greet(database, gate, noon(day) + timedelta(hours=4)) == 1
    assert await greet(database, gate, noon(day) + timedelta(days=1)) == 0, "nor on the day after it"
    (row,) = await log(database)
    assert row.occasion == "birthday"
    async with database.unit() as session:
        await skipping.skip(session, ana, name_day, date(2027, 7, 26), by=None, now=noon(day))


async def test_whose_birthday_is_left_out_is_greeted_for_the_next_occasion_of_that_day(
    database: Database, gate: Gate
) -> None:
    ana = await person(database, birthday=(1990, 7, 26))
    await set_up(database, SORTS[0])
    day = SORTS[0].day
    async with database.unit() as session:
        birthday = (await rules.birthday(session)).id or 0
        await skipping.skip(session, ana, birthday, day, by=None, now=noon(day))
    assert await greet(database, gate, noon(day)) == 1
    (row,) = await log(database)
    assert row.occasion == "name day PL"
    async with database.unit() as session:
        with pytest.raises(skipping.TooLate):
            await skipping.skip(session, ana, (await rules.listing(session))[1].id or 0, day, by=None, now=noon(day))


async def test_after_an_outage_two_greetings_that_are_late_leave_on_two_days(database: Database, gate: Gate) -> None:
    await person(database, birthday=(1990, 9, 20))
    await set_up(database, SORTS[4])
    assert await greet(database, gate, noon(date(2026, 9, 21))) == 1
    assert await greet(database, gate, noon(date(2026, 9, 21)) + timedelta(hours=2)) == 0
    assert await greet(database, gate, noon(date(2026, 9, 22))) == 1
    async with database.unit() as session:
        made = (await session.exec(select(Greeting).order_by(col(Greeting.day)))).all()
    assert [(one.kept.day, one.day.day) for one in made] == [(20, 21), (21, 22)]


async def test_an_age_that_is_not_known_is_not_said(database: Database, gate: Gate) -> None:
    await person(database, birthday=(None, 7, 26))
    bare = {"en": {"subject": "Hello", "body": "{{ age }} today"}}
    guarded = {"en": {"subject": "Hello", "body": "{% if age %}{{ age }} today{% else %}Today{% endif %}"}}
    async with database.unit() as session:
        await templates.save(session, "aged", guarded, now=LONG_AGO)
        await rules.change_birthdays(session, template="aged", now=LONG_AGO)
        await templates.save(session, "aged", bare, now=LONG_AGO)
    with pytest.raises(OccasionProblem, match="says age"):
        async with database.unit() as session:
            await rules.change_birthdays(session, template="aged", now=LONG_AGO)
    assert await greet(database, gate, noon(date(2026, 7, 26))) == 1
    (row,) = await log(database)
    assert row.variables == {"given_name": "Anna", "occasion": "", "years": None}, "its words fail when they are made"


@pytest.mark.parametrize(
    ("kind", "rule", "field"),
    [
        (OccasionKind.NAME_DAY, {"calendar": "DE"}, "calendar"),
        (OccasionKind.DATE, {"attribute": " "}, "attribute"),
        (OccasionKind.ANNIVERSARY, {"days": "soon"}, "days"),
        (OccasionKind.ANNIVERSARY, {"days": 400}, "days"),
        (OccasionKind.FESTIVAL, {"date": "13-01"}, "date"),
        (OccasionKind.FESTIVAL, {}, "date"),
        (OccasionKind.FEAST, {"country": "PL", "feast": "no-such-feast"}, "feast"),
        (OccasionKind.FEAST, {"country": "PL", "feast": "all-saints-day"}, "feast"),
        (OccasionKind.FEAST, {"country": "XX", "feast": "christmas-day"}, "feast"),
    ],
)
async def test_what_can_never_be_kept_is_refused(
    database: Database, kind: OccasionKind, rule: dict[str, Any], field: str
) -> None:
    with pytest.raises(OccasionProblem) as refused:
        await set_up(database, Sort(kind, rule, date(2026, 1, 1)))
    assert refused.value.field == field


async def test_nonsense_in_an_attribute_is_no_date_and_no_reason_to_fail(database: Database, gate: Gate) -> None:
    await person(database)
    for number, said in enumerate(["31.03.2019", "2019-03", "soon", 20190331, True, None, "2019-02-31", "9999-99-99"]):
        await person(database, f"Odd {number}", attributes={"since": said, "ends": said})
    for sort in SORTS[2:4]:
        await set_up(database, sort, str(sort.day))
    assert [await greet(database, gate, noon(sort.day)) for sort in SORTS[2:4]] == [1, 1]


async def test_a_missing_template_keeps_no_other_occasion_from_being_greeted(database: Database, gate: Gate) -> None:
    await person(database, birthday=(None, 9, 21))
    await set_up(database, SORTS[4])
    async with database.unit() as session:
        await session.execute(update(Occasion).where(col(Occasion.name) == "birthday").values(template="x"))
        await session.execute(update(Customer).values(birth_month=1))
    assert await greet(database, gate, noon(SORTS[4].day)) == 1


FOUNDING = Wish(OccasionKind.FESTIVAL, "Founding day", "festival", {"date": "06-01"})


async def _saved(database: Database, wish: Wish, occasion_id: int | None = None) -> int:
    async with database.unit() as session:
        return (await rules.save(session, wish, occasion_id=occasion_id, now=LONG_AGO)).id or 0


async def test_a_second_occasion_of_one_name_is_refused_and_the_first_stays(database: Database) -> None:
    first = await _saved(database, FOUNDING)
    with pytest.raises(OccasionProblem, match="is greeted already") as refused:
        await _saved(database, replace(FOUNDING, rule={"date": "07-02"}))
    assert refused.value.field == "title"
    name_days = Wish(OccasionKind.NAME_DAY, "Name days", "name-day", {"calendar": "PL"})
    await _saved(database, name_days)
    with pytest.raises(OccasionProblem) as refused:
        await _saved(database, replace(name_days, title="Again"))
    assert refused.value.field == "calendar"
    async with database.unit() as session:
        kept = {one.id: one.rule for one in await rules.listing(session)}
    assert kept[first] == {"date": "06-01"}


async def test_a_changed_occasion_leaves_its_old_name_to_others(database: Database) -> None:
    first = await _saved(database, FOUNDING)
    assert await _saved(database, replace(FOUNDING, title="Day of the company"), first) == first
    assert await _saved(database, FOUNDING) != first


@pytest.mark.parametrize("number", [0, 10**9])
async def test_an_occasion_that_is_not_there_is_not_changed(database: Database, number: int) -> None:
    with pytest.raises(NoSuchOccasion):
        await _saved(database, FOUNDING, number)
    async with database.unit() as session:
        birthdays = (await rules.birthday(session)).id
    with pytest.raises(NoSuchOccasion):  # what is of another kind stays so
        await _saved(database, FOUNDING, birthdays or number)


@pytest.mark.parametrize("kind", [OccasionKind.ANNIVERSARY, OccasionKind.DATE])
async def test_dates_in_an_attribute_are_found_by_their_index(kind: OccasionKind, database: Database) -> None:
    rule = {"attribute": "since", "days": 0}
    occasion = Occasion(name="x", kind=kind, rule=rule, template="x", at_hour=time(10))
    own = keeping(occasion, [date(2026, 3, 28), date(2026, 3, 29)], prefix="own", zone="UTC")
    assert own is not None
    async with database.unit() as session:
        await session.execute(text("set local enable_seqscan = off"))
        plan = "\n".join((await session.execute(text(f"explain {own.sql}"), own.values)).scalars())
    assert "Bitmap Index Scan on customer_dates" in plan
