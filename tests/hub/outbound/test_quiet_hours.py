"""Quiet hours by the customer's own wall, over the edges of daylight saving (requirements S6, S7)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.outbound.quiet_hours import Window, is_zone, opens, zones_of_number

WARSAW = ("Europe/Warsaw",)
NIGHT = Window(WARSAW, time(21), time(8))


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_by_day_it_is_open_at_once() -> None:
    assert opens(NIGHT, utc(2026, 3, 10, 12)) == utc(2026, 3, 10, 12)


def test_at_night_it_opens_in_the_morning_of_the_customers_zone() -> None:
    assert opens(NIGHT, utc(2026, 3, 10, 23)) == utc(2026, 3, 11, 7)


def test_the_first_second_of_quiet_is_quiet_and_its_last_is_not() -> None:
    assert opens(NIGHT, utc(2026, 3, 10, 20)) == utc(2026, 3, 11, 7)  # 21:00 in Warsaw
    assert opens(NIGHT, utc(2026, 3, 11, 7)) == utc(2026, 3, 11, 7)  # 08:00 in Warsaw


def test_quiet_that_ends_in_the_hour_that_spring_skips_ends_with_the_skip() -> None:
    # On 29 March 2026 Warsaw's clocks go from 02:00 to 03:00, at 01:00 UTC.
    assert opens(Window(WARSAW, time(22), time(2, 30)), utc(2026, 3, 28, 23)) == utc(2026, 3, 29, 1)


def test_quiet_that_ends_in_the_hour_that_autumn_repeats_ends_at_its_first() -> None:
    # On 25 October 2026 Warsaw's clocks go from 03:00 back to 02:00, at 01:00 UTC: 02:30 is 00:30 and 01:30 UTC.
    assert opens(Window(WARSAW, time(22), time(2, 30)), utc(2026, 10, 24, 22)) == utc(2026, 10, 25, 0, 30)


def test_the_morning_after_a_change_of_clocks_is_the_wall_clocks_morning() -> None:
    assert opens(NIGHT, utc(2026, 3, 28, 23)) == utc(2026, 3, 29, 6)  # summer time: 08:00 is 06:00 UTC
    assert opens(NIGHT, utc(2026, 10, 24, 23)) == utc(2026, 10, 25, 7)


def test_of_several_zones_the_strictest_counts() -> None:
    coasts = ("America/New_York", "America/Los_Angeles")
    noon = utc(2026, 3, 10, 12)  # 08:00 in New York, 05:00 in Los Angeles
    assert opens(Window(coasts, time(21), time(8)), noon) == utc(2026, 3, 10, 15)


def test_zones_with_no_common_hour_never_open() -> None:
    far = ("Pacific/Auckland", "Europe/London")
    assert opens(Window(far, time(18), time(8)), utc(2026, 6, 1)) is None


def test_equal_ends_mean_no_quiet_hours_at_all() -> None:
    assert opens(Window(WARSAW, time(8), time(8)), utc(2026, 3, 10, 2)) == utc(2026, 3, 10, 2)


@pytest.mark.parametrize(
    ("number", "zones"),
    [("+48732230001", ("Europe/Warsaw",)), ("+359888123456", ("Europe/Sofia",)), ("not a number", ())],
)
def test_a_number_tells_its_zones(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of_number(number) == zones


def test_a_number_of_a_wide_country_may_be_in_any_of_its_zones() -> None:
    assert {"Europe/Moscow", "Asia/Kamchatka"} <= set(zones_of_number("+79161234567"))


def test_only_iana_names_are_zones() -> None:
    assert is_zone("Europe/Sofia")
    assert not is_zone("Mars/Olympus")
    assert not is_zone("../../etc/passwd")


_TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
_ZONES = st.sampled_from(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: utc(2026, 1, 1) + timedelta(minutes=minutes)),
    _TIMES,
    _TIMES,
    st.lists(_ZONES, min_size=1, max_size=2, unique=True),
)
def test_it_opens_at_the_first_allowed_minute_and_not_before(
    at: datetime, start: time, end: time, zones: list[str]
) -> None:
    window = Window(tuple(zones), start, end)
    opened = opens(window, at)
    minutes = [at] + [at.replace(second=0) + timedelta(minutes=n) for n in range(1, 60 * 26)]
    expected = next((m for m in minutes if not _quiet(window, m)), None)
    if expected is not None:  # else it opens later than a day from now, or never
        assert opened == expected


def _quiet(window: Window, at: datetime) -> bool:
    def within(wall: time) -> bool:
        if window.quiet_from <= window.quiet_until:
            return window.quiet_from <= wall < window.quiet_until
        return wall >= window.quiet_from or wall < window.quiet_until

    return any(within(at.astimezone(ZoneInfo(zone)).time()) for zone in window.zones)
