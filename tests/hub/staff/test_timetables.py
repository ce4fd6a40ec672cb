"""Business hours as they are typed, kept and refused."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlmodel import select

from hub.database.engine import Database
from hub.models import Audit
from hub.staff import teams, timetables
from hub.staff.opening import ALWAYS, DAY, Opening
from hub.staff.timetables import Timetable, TimetableProblem, read_closed, read_spans, write_spans

OFFICE = ((540, 720), (780, 1020))


async def test_a_team_without_hours_of_its_own_has_the_companys(database: Database, now: datetime) -> None:
    company = Opening("Europe/Warsaw", (OFFICE,) * 5 + ((), ()), "PL")
    nights = Opening("Europe/Sofia", (((0, 360), (1320, DAY)),) * 7, closed=frozenset({date(2026, 12, 24)}))
    async with database.unit() as session:
        assert (await timetables.hours(session)).of(None) == ALWAYS
        day, night = [(await teams.create(session, name, now=now)).id or 0 for name in ("Day", "Night")]
        eve = ((date(2026, 12, 24), "Christmas Eve"),)
        await timetables.save(session, Timetable(company), now=now, by=None)
        await timetables.save(session, Timetable(nights, night, eve), now=now, by=None)
    async with database.unit() as session:
        found = await timetables.hours(session)
        assert (found.of(None), found.of(day), found.of(night)) == (company, company, nights)
        assert [one.names for one in await timetables.listing(session)] == [(), eve]
        await timetables.drop(session, night, now=now, by=None)
        assert (await timetables.hours(session)).of(night) == company
    async with database.unit() as session:
        trail = list(await session.exec(select(Audit.action, Audit.subject).order_by(Audit.id)))  # type: ignore[arg-type]
    assert trail[-3:] == [
        ("hours.change", "company"),
        ("hours.change", f"team:{night}"),
        ("hours.drop", f"team:{night}"),
    ]


async def test_hours_that_are_saved_again_replace_the_older_ones(database: Database, now: datetime) -> None:
    for zone in ("Europe/Warsaw", "Europe/Sofia"):
        async with database.unit() as session:
            await timetables.save(session, Timetable(Opening(zone)), now=now, by=None)
    async with database.unit() as session:
        assert [one.opening.zone for one in await timetables.listing(session)] == ["Europe/Sofia"]


async def test_nobody_sets_the_hours_of_a_team_that_is_not_there(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(teams.NotFound):
            await timetables.save(session, Timetable(ALWAYS, 99), now=now, by=None)


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("9-12, 13:00–17:00", OFFICE),
        (" 09.00 - 12.00 ; 13—17 ", OFFICE),
        ("22-24", ((1320, DAY),)),
        ("", ()),
    ],
)
def test_ranges_are_read_as_people_type_them(typed: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert read_spans(typed) == spans
    assert read_spans(write_spans(spans)) == spans


@pytest.mark.parametrize("typed", ["nine to five", "9-12-15", "9:75-12", "9", "9–12, soon"])
def test_what_is_no_range_is_refused(typed: str) -> None:
    with pytest.raises(TimetableProblem):
        read_spans(typed)


@pytest.mark.parametrize(
    "opening",
    [
        Opening("Europe/Warsawa"),
        Opening("../../etc/passwd"),
        Opening(week=(OFFICE,) * 6),
        Opening(week=(((720, 540),), *((),) * 6)),
        Opening(week=(((540, DAY + 1),), *((),) * 6)),
        Opening(week=(((540, 720), (700, 800)), *((),) * 6)),
        Opening(country="XX"),
        Opening(country="PL", subdivision="BY"),
        Opening(subdivision="BY"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_their_cause(opening: Opening) -> None:
    with pytest.raises(TimetableProblem, match=r"\w+"):
        timetables.check(opening)


def test_ranges_are_put_in_order() -> None:
    given = Opening(week=(tuple(reversed(OFFICE)), *((),) * 6))
    assert timetables.check(given).week[0] == OFFICE


def test_closed_days_stand_one_a_line_with_their_names() -> None:
    assert read_closed("2026-12-24 Christmas Eve\n\n2026-05-02\n") == (
        (date(2026, 12, 24), "Christmas Eve"),
        (date(2026, 5, 2), ""),
    )
    with pytest.raises(TimetableProblem, match="tomorrow"):
        read_closed("tomorrow")
