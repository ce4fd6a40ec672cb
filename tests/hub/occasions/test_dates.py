"""The calendar's rules: leap days, zones, clock changes."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.occasions.dates import FEBRUARY, MARCH, Birthday, days_kept_on, kept_on, possible_days, window
from hub.outbound.spoken import spoken, zone_of

ZONES = st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
RULES = st.sampled_from([FEBRUARY, MARCH])


@pytest.mark.parametrize(
    ("year", "rule", "kept"),
    [
        (2024, FEBRUARY, date(2024, 2, 29)),
        (2024, MARCH, date(2024, 2, 29)),
        (2026, FEBRUARY, date(2026, 2, 28)),
        (2026, MARCH, date(2026, 3, 1)),
        (2100, FEBRUARY, date(2100, 2, 28)),
    ],
)
def test_a_leap_day_is_kept_where_the_rule_says_in_common_years(year: int, rule: str, kept: date) -> None:
    assert kept_on(Birthday(2, 29), year, rule) == kept


def test_the_day_of_birth_itself_and_days_that_do_not_exist_are_not_kept() -> None:
    assert kept_on(Birthday(3, 10, 2026), 2026, FEBRUARY) is None
    assert kept_on(Birthday(3, 10, 2026), 2027, FEBRUARY) == date(2027, 3, 10)
    assert kept_on(Birthday(6, 31), 2026, FEBRUARY) is None


@given(born=DAYS, year=st.integers(1990, 2090), rule=RULES)
def test_every_birthday_is_kept_exactly_once_a_year(born: date, year: int, rule: str) -> None:
    birthday = (born.month, born.day)
    first = date(year, 1, 1)
    kept = [
        day
        for day in (first + timedelta(days=n) for n in range(366))
        if day.year == year and birthday in days_kept_on(day, rule)
    ]
    assert kept == [kept_on(Birthday(born.month, born.day), year, rule)]


@given(zone=ZONES, day=DAYS, hour=st.times(), late=st.integers(0, 5))
def test_a_window_opens_on_its_own_day_and_closes_after_the_days_of_grace(
    zone: ZoneInfo, day: date, hour: time, late: int
) -> None:
    opening = window(day, hour, zone, late)
    assert opening.opens < opening.closes
    local = opening.opens.astimezone(zone)
    # Samoa and its like skipped whole days: then the greeting comes a day later, once.
    assert local.date() - day <= timedelta(days=1)
    assert local.replace(tzinfo=None) >= datetime.combine(day, hour)
    assert (opening.closes - timedelta(seconds=1)).astimezone(zone).date() <= day + timedelta(days=late)


@given(zone=ZONES, day=DAYS, hour=st.times(), late=st.integers(0, 5), part=st.floats(0, 1, exclude_max=True))
def test_a_day_whose_window_is_open_is_always_looked_at(
    zone: ZoneInfo, day: date, hour: time, late: int, part: float
) -> None:
    opening = window(day, hour, zone, late)
    moment = opening.opens + (opening.closes - opening.opens) * part
    assert day in set(possible_days(moment, late))


def test_an_hour_that_the_clocks_skip_comes_once_and_later() -> None:
    warsaw = ZoneInfo("Europe/Warsaw")
    opening = window(date(2026, 3, 29), time(2, 30), warsaw, 0)
    assert opening.opens == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert opening.opens.astimezone(warsaw).time() == time(3, 30)


def test_an_hour_that_comes_twice_is_taken_the_first_time() -> None:
    opening = window(date(2026, 10, 25), time(2, 30), ZoneInfo("Europe/Warsaw"), 0)
    assert opening.opens == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_first_time_zone_that_exists_is_taken() -> None:
    assert zone_of("Mars/Olympus", None, "", "../etc/passwd", "Europe/Sofia").key == "Europe/Sofia"
    assert zone_of("Mars/Olympus").key == "UTC"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Wednesday, March 11, 2026, 10:00 AM"),
        ("pl", "środa, 11 marca 2026, 10:00"),
        ("bg", "сряда, 11 март 2026 г., 10:00"),
        ("ru", "среда, 11 марта 2026 г., 10:00"),
        ("not a language", "Wednesday, March 11, 2026, 10:00 AM"),
    ],
)
def test_a_moment_is_said_in_the_customers_zone_and_language(language: str, said: str) -> None:
    moment = datetime(2026, 3, 11, 9, tzinfo=UTC)
    assert spoken(moment, ZoneInfo("Europe/Warsaw"), language) == said


@pytest.mark.parametrize(
    ("zone", "language", "said"),
    [
        ("Europe/Berlin", "en", "Wednesday, March 11, 2026, 10:00 AM"),  # the same hour: nothing to tell apart
        ("Europe/London", "en", "Wednesday, March 11, 2026, 9:00 AM (London)"),
        ("Asia/Tbilisi", "ru", "среда, 11 марта 2026 г., 13:00 (Тбилиси)"),
        ("America/Argentina/Buenos_Aires", "pl", "środa, 11 marca 2026, 06:00 (Buenos Aires)"),
        ("UTC", "bg", "сряда, 11 март 2026 г., 9:00 (UTC)"),
    ],
)
def test_another_clock_than_ours_is_named_beside_the_hour(zone: str, language: str, said: str) -> None:
    moment, ours = datetime(2026, 3, 11, 9, tzinfo=UTC), ZoneInfo("Europe/Warsaw")
    assert spoken(moment, ZoneInfo(zone), language, ours=ours) == said
