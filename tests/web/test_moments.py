"""Time as the desk writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from babel.dates import format_timedelta

from hub.web import moments

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_an_age_is_said_in_whole_minutes_and_then_in_whole_hours() -> None:
    ages = [timedelta(seconds=seconds) for seconds in range(60, 86_400, 7)]
    said = [moments.short(NOW - age, NOW, UTC) for age in ages]
    assert said == [format_timedelta(age, format="short", threshold=1, locale="en") for age in ages]


def test_what_is_older_than_a_day_has_its_weekday_then_its_date() -> None:
    said = [moments.short(NOW - timedelta(days=days), NOW, UTC) for days in (2, 7, 100)]
    assert said == ["Sun", "3 Mar", "30 Nov 2025"]
