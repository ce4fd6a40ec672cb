"""The days of a report: by the reader's clock, also where it is moved, and the days before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.reports.spans import Span, SpanProblem, own, preset

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_day_begins_at_the_readers_midnight() -> None:
    span = Span(date(2026, 3, 10), date(2026, 3, 10), "Europe/Warsaw")
    assert (span.since, span.until) == (
        datetime(2026, 3, 9, 23, tzinfo=UTC),
        datetime(2026, 3, 10, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 30), 24)])
def test_the_days_on_which_clocks_are_moved_are_shorter_and_longer(day: date, hours: int) -> None:
    span = Span(day, day, "Europe/Warsaw")
    assert span.until - span.since == timedelta(hours=hours)


def test_a_midnight_that_the_clock_skips_is_the_moment_it_does() -> None:
    span = Span(date(2026, 9, 6), date(2026, 9, 6), "America/Santiago")  # 00:00 is shown as 01:00
    assert (span.since, span.until - span.since) == (datetime(2026, 9, 6, 4, tzinfo=UTC), timedelta(hours=23))


def test_presets_end_with_the_readers_today() -> None:
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # in Warsaw it is April
    assert {name: preset(name, late, "Europe/Warsaw") for name in ("7", "month", "last-month")} == {
        "7": Span(date(2026, 3, 26), date(2026, 4, 1), "Europe/Warsaw"),
        "month": Span(date(2026, 4, 1), date(2026, 4, 1), "Europe/Warsaw"),
        "last-month": Span(date(2026, 3, 1), date(2026, 3, 31), "Europe/Warsaw"),
    }


def test_it_is_compared_with_as_many_days_just_before() -> None:
    assert preset("7", NOON, "UTC").before == Span(date(2026, 2, 25), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("", ""),
        ("2026-03-10", "2026-03-09"),
        ("x", "2026-03-09"),
        ("2020-01-01", "2026-01-01"),
        ("0001-01-01", "0001-01-02"),
    ],
)
def test_what_are_no_days_is_refused_with_a_remedy(first: str, last: str) -> None:
    with pytest.raises(SpanProblem):
        own(first, last, "UTC")


def test_a_long_time_is_drawn_week_by_week() -> None:
    span = own("2026-01-01", "2026-12-31", "UTC")
    assert (span.points[0], span.points[1], len(span.points)) == (date(2026, 1, 1), date(2026, 1, 8), 53)
