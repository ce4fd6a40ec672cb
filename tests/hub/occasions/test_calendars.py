"""Easter, feasts of every country, calendars of names, and words that name an age."""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import feasts, name_days, wording
from hub.occasions.dates import possible_days, window
from hub.occasions.easter import ORTHODOX, WESTERN, easter
from hub.occasions.keeping import is_festival, keeping
from hub.outbound import templates

COUNTRIES = st.sampled_from(feasts.countries())
ZONES = st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
YEARS = st.integers(2000, 2100)


# Told by the churches' own calendars; in 2025 both fall on one day.
@pytest.mark.parametrize(
    ("year", "west", "east"),
    [
        (2000, "04-23", "04-30"),
        (2008, "03-23", "04-27"),
        (2016, "03-27", "05-01"),
        (2024, "03-31", "05-05"),
        (2025, "04-20", "04-20"),
        (2026, "04-05", "04-12"),
        (2038, "04-25", "04-25"),
    ],
)
def test_easter_is_when_either_church_keeps_it(year: int, west: str, east: str) -> None:
    assert [f"{easter(year, church):%m-%d}" for church in (WESTERN, ORTHODOX)] == [west, east]


@settings(deadline=None, max_examples=300)
@given(country=COUNTRIES, year=st.integers(2000, 2060))
def test_a_feast_of_any_country_begins_once_or_by_the_moon_twice_in_a_year(country: str, year: int) -> None:
    found = feasts.feasts(country, year)
    assert all(one.day.year == year and one.key and one.title for one in found)
    for key, number in Counter(one.key for one in found).items():
        days = feasts.kept_on(country, key, year)
        assert len(days) == number
        assert all(later - earlier > timedelta(days=7) for earlier, later in pairwise(days))
    assert not [
        one for one in found if re.search("day off|observed|election|good friday", one.title.lower()) and not one.solemn
    ]


def test_eight_days_of_new_year_are_one_feast_and_good_friday_is_none_to_congratulate_on() -> None:
    russia = [(one.key, one.day) for one in feasts.feasts("RU", 2026)]
    assert russia[:2] == [("new-year-holidays", date(2026, 1, 1)), ("christmas-day", date(2026, 1, 7))]
    assert feasts.kept_on("BG", "easter", 2026) == (date(2026, 4, 12),)
    assert {one.key for one in feasts.feasts("BG", 2026) if one.solemn} == {"good-friday", "holy-saturday"}
    assert feasts.feasts("XX", 2026) == ()


@pytest.mark.parametrize("calendar", name_days.CALENDARS)
def test_every_name_has_one_day_and_every_day_exists(calendar: str) -> None:
    names = Counter(name for some in name_days.names(calendar).values() for name in some)
    assert len(names) >= 200
    assert {name: number for name, number in names.items() if number > 1} == {}
    for when in name_days.names(calendar):
        if not re.fullmatch(r"(western|orthodox)[+-]\d+", when):
            date.fromisoformat(f"2000-{when}")


@settings(deadline=None, max_examples=60)
@given(calendar=st.sampled_from(name_days.CALENDARS), year=YEARS, data=st.data())
def test_every_name_is_kept_once_in_every_year(calendar: str, year: int, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted({one for some in name_days.names(calendar).values() for one in some})))
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range(366)]
    kept = [day for day in days if day.year == year and name in name_days.names_on(calendar, day)]
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("calendar", "name", "day"),
    [
        ("PL", "Jan", date(2026, 6, 24)),
        ("PL", "Barbara", date(2026, 12, 4)),
        ("BG", "Иван", date(2026, 1, 7)),
        ("BG", "Цветелина", date(2026, 4, 5)),
        ("BG", "Тодор", date(2026, 2, 28)),
        ("RU", "Татьяна", date(2026, 1, 25)),
        ("RU", "Николай", date(2026, 12, 19)),
    ],
)
def test_known_name_days_are_where_everybody_keeps_them(calendar: str, name: str, day: date) -> None:
    assert name in name_days.names_on(calendar, day)


@settings(deadline=None)
@given(
    born=st.dates(date(1990, 1, 1), date(2090, 12, 31)),
    church=st.sampled_from(["", WESTERN, ORTHODOX]),
    away=st.integers(-48, 60),
    year=YEARS,
    leap=st.sampled_from(["february", "march"]),
)
def test_a_festival_is_kept_exactly_once_in_every_year(
    born: date, church: str, away: int, year: int, leap: str
) -> None:
    rule = {"church": church, "days": away} if church else {"date": f"{born:%m-%d}"}
    festival = Occasion(name="f", template="f", kind=OccasionKind.FESTIVAL, rule=rule, leap_day=leap)
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range(366)]
    kept = [day for day in days if day.year == year and is_festival(festival, day)]
    assert len(kept) == 1
    found = keeping(festival, days[:365], prefix="own", zone="UTC")
    assert found is None or found.values["own_kept"] == [day for day in kept if day in days[:365]]


@given(zone=ZONES, day=st.dates(date(2000, 1, 1), date(2090, 12, 31)), hour=st.integers(0, 23), late=st.integers(0, 5))
def test_no_greeting_leaves_on_another_day_than_its_own_or_the_days_of_grace(
    zone: ZoneInfo, day: date, hour: int, late: int
) -> None:
    opening = window(day, time(hour), zone, late)
    for moment in (opening.opens, opening.closes - timedelta(microseconds=1)):
        assert day in set(possible_days(moment.astimezone(UTC), late))
        assert day <= moment.astimezone(zone).date() <= day + timedelta(days=max(late, 1))
    assert datetime.combine(day, time(hour)) <= opening.opens.astimezone(zone).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("words", "bare"),
    [
        ("Happy {{ age }}!", True),
        ("{% if given_name %}{{ age }}{% endif %}", True),
        ("{% if age %}{{ age }}{% else %}{{ age }}{% endif %}", True),
        ("{% if not age %}{{ age }}{% endif %}", True),
        ("{% if age or given_name %}{{ age }}{% endif %}", True),
        ("{{ years ~ ' years' }}", True),
        ("{% if age %}{{ age }} today{% endif %}", False),
        ("{% if given_name and age %}{{ age }}{% endif %}", False),
        ("{% if age %}{% if given_name %}{{ age }}{% endif %}{% endif %}", False),
        ("{{ age if age else 'today' }}", False),
        ("{{ age | default('') }}", False),
        ("Dear {{ given_name }}", False),
        ("{{ broken", False),
    ],
)
def test_an_age_is_only_said_where_it_is_asked_for(words: str, bare: bool) -> None:
    assert bool(wording.unguarded({"en": {"body": words}})) is bare


@pytest.mark.parametrize("name", ["birthday", "name-day", "anniversary", "festival", "christmas", "new-year", "easter"])
def test_the_shipped_greetings_name_no_age_that_may_not_be_known(name: str) -> None:
    shipped = templates.from_folder(templates.folder() / name)
    assert set(shipped) == {"en", "pl", "bg", "ru"}
    assert wording.unguarded(shipped) == []
