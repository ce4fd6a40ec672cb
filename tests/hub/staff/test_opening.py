"""Working time, across midnights, changes of the clock, holidays and closed days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.staff.opening import ALWAYS, DAY, Opening, Span, after, is_open, spans, working_time

OFFICE = ((9 * 60, 12 * 60), (13 * 60, 17 * 60))
WARSAW = Opening("Europe/Warsaw", (OFFICE,) * 5 + ((), ()), country="PL")
MINUTE = timedelta(minutes=1)

# Zones whose clocks change at midnight, by half an hour, by a whole day, or never.
ZONES = (
    *("UTC", "Europe/Warsaw", "Europe/Sofia", "America/New_York", "America/Havana", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu"),
)


def local(*parts: int, zone: str = "Europe/Warsaw") -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type,misc]


@st.composite
def days(draw: st.DrawFn) -> tuple[Span, ...]:
    marks = sorted(draw(st.sets(st.integers(0, DAY), max_size=6)))
    return tuple(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    week = tuple(draw(days()) for _ in range(7))
    closed = frozenset(date(2026, 3, 28) + timedelta(days=n) for n in draw(st.sets(st.integers(0, 5), max_size=2)))
    return Opening(draw(st.sampled_from(ZONES)), week, draw(st.sampled_from(("", "PL", "BG"))), "", closed)


# Around the changes of 2026 in the zones above, the day that Apia skipped, and Casablanca's two a year.
CHANGES = tuple(
    datetime(*day, tzinfo=UTC)
    for day in ((2026, 3, 8), (2026, 3, 28), (2026, 4, 4), (2026, 10, 24), (2026, 11, 1), (2011, 12, 29), (2026, 2, 14))
)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    return draw(st.sampled_from(CHANGES)) + timedelta(minutes=draw(st.integers(0, 3 * DAY)))


@settings(max_examples=40, deadline=None)
@given(openings(), moments(), st.integers(0, DAY))
def test_working_time_is_the_minutes_at_which_the_wall_clock_says_open(
    opening: Opening, start: datetime, length: int
) -> None:
    end = start + timedelta(minutes=length)
    counted = sum(is_open(opening, start + n * MINUTE) for n in range(length))
    assert working_time(opening, start, end) == counted * MINUTE


@settings(max_examples=40, deadline=None)
@given(openings(), moments(), st.integers(0, 2 * DAY), st.integers(0, 2 * DAY))
def test_working_time_of_two_parts_is_that_of_the_whole(
    opening: Opening, start: datetime, first: int, second: int
) -> None:
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    parts = working_time(opening, start, middle) + working_time(opening, middle, end)
    assert parts == working_time(opening, start, end)


@settings(max_examples=40, deadline=None)
@given(openings(), moments(), st.integers(1, 3000))
def test_so_much_work_after_a_moment_is_that_much_work_later(opening: Opening, start: datetime, minutes: int) -> None:
    due = after(opening, start, minutes * MINUTE)
    if due is None:
        assert working_time(opening, start, start + timedelta(days=60)) < minutes * MINUTE
        return
    assert working_time(opening, start, due) == minutes * MINUTE
    assert working_time(opening, start, due - MINUTE) < minutes * MINUTE


@settings(max_examples=40, deadline=None)
@given(openings(), moments(), st.integers(0, 5 * DAY))
def test_stretches_of_work_come_in_order_and_within_the_time_asked_for(
    opening: Opening, start: datetime, length: int
) -> None:
    end = start + length * MINUTE
    found = list(spans(opening, start, end))
    marks = [moment for span in found for moment in span]
    assert marks == sorted(marks)
    assert all(start <= one <= end for one in marks)
    assert all(opens < closes for opens, closes in found)


def test_lunch_and_the_night_are_no_working_time() -> None:
    assert working_time(WARSAW, local(2026, 3, 10, 11), local(2026, 3, 10, 14)) == timedelta(hours=2)
    assert working_time(WARSAW, local(2026, 3, 10, 16), local(2026, 3, 11, 10)) == timedelta(hours=2)


def test_four_hours_from_friday_afternoon_end_on_monday() -> None:
    assert after(WARSAW, local(2026, 3, 13, 16), timedelta(hours=4)) == local(2026, 3, 16, 12)
    assert after(WARSAW, local(2026, 3, 13, 16), timedelta(hours=3)) == local(2026, 3, 16, 11)


def test_public_holidays_of_the_country_are_closed() -> None:
    assert not is_open(WARSAW, local(2026, 11, 11, 10))  # Independence Day, a Wednesday
    assert after(WARSAW, local(2026, 11, 10, 16), timedelta(hours=2)) == local(2026, 11, 12, 10)


def test_a_holiday_of_a_region_counts_there_alone() -> None:
    bavaria = Opening("Europe/Berlin", (OFFICE,) * 7, "DE", "BY")
    berlin = Opening("Europe/Berlin", (OFFICE,) * 7, "DE", "BE")
    epiphany = local(2026, 1, 6, 10, zone="Europe/Berlin")
    assert (is_open(bavaria, epiphany), is_open(berlin, epiphany)) == (False, True)


def test_a_closed_day_of_ones_own_is_closed() -> None:
    stocktaking = Opening("Europe/Warsaw", (OFFICE,) * 7, closed=frozenset({date(2026, 3, 10)}))
    assert working_time(stocktaking, local(2026, 3, 10, 0), local(2026, 3, 11, 0)) == timedelta()


def test_an_hour_that_the_clock_skips_is_no_work_and_one_that_comes_twice_is_two() -> None:
    night = Opening("Europe/Warsaw", (((60, 240),),) * 7)  # 01:00 to 04:00
    assert working_time(night, local(2026, 3, 29, 0), local(2026, 3, 29, 12)) == timedelta(hours=2)
    assert working_time(night, local(2026, 10, 25, 0), local(2026, 10, 25, 12)) == timedelta(hours=4)


def test_a_range_that_lies_in_the_skipped_hour_is_empty_that_night() -> None:
    night = Opening("Europe/Warsaw", (((130, 170),),) * 7)
    assert working_time(night, local(2026, 3, 29, 0), local(2026, 3, 30, 0)) == timedelta()


def test_who_never_opens_never_gets_there() -> None:
    assert after(Opening(week=((),) * 7), datetime(2026, 3, 10, tzinfo=UTC), MINUTE) is None


def test_without_hours_all_time_is_working_time() -> None:
    start = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)
    assert after(ALWAYS, start, timedelta(hours=30)) == start + timedelta(hours=30)


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("DE", "QQ")])
def test_a_country_or_region_nobody_knows_has_no_holidays(country: str, region: str) -> None:
    opening = Opening("UTC", (((0, DAY),),) * 7, country, region)
    assert is_open(opening, datetime(2026, 1, 1, 12, tzinfo=UTC))
