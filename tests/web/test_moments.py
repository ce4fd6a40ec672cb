"""Time as the desk writes it."""

from __future__ import annotations

from contextvars import copy_context
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_timedelta

from hub.sentences import Sentence
from hub.web import moments, translations

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_an_age_is_said_in_whole_minutes_and_then_in_whole_hours() -> None:
    ages = [timedelta(seconds=seconds) for seconds in range(60, 86_400, 7)]
    said = [moments.short(NOW - age, NOW, UTC) for age in ages]
    assert said == [format_timedelta(age, format="short", threshold=1, locale="en") for age in ages]


@pytest.mark.parametrize(
    ("speaking", "words"),
    [("en", "in 3 hr"), ("pl", "za 3 godz."), ("bg", "след 3 ч"), ("ru", "через 3 ч")],
)
def test_what_lies_ahead_is_told_from_what_is_over(speaking: str, words: str) -> None:
    def said() -> tuple[str, str, str]:
        translations.speak(speaking)
        ahead, past = NOW + timedelta(hours=3), NOW - timedelta(hours=3)
        return moments.short(ahead, NOW, UTC), moments.left(ahead, NOW, UTC), moments.short(past, NOW, UTC)

    told, left, over = copy_context().run(said)
    assert (told, left == over, left != told) == (words, True, True)


def test_what_is_older_than_a_day_has_its_weekday_then_its_date() -> None:
    said = [moments.short(NOW - timedelta(days=days), NOW, UTC) for days in (2, 7, 100)]
    assert said == ["Sun", "3 Mar", "30 Nov 2025"]


def test_a_day_that_its_month_has_not_is_named_with_the_remedy() -> None:
    for typed, words in {
        "2026-02-31T10:00": "There is no day 31 in February 2026: it has 28. Choose another day.",
        "2028-02-30T10:00": "There is no day 30 in February 2028: it has 29. Choose another day.",
        "2026-04-00": "There is no day 0 in April 2026: it has 30. Choose another day.",
        "2026-13-01T10:00": "otherwise",
        "": "otherwise",
    }.items():
        with pytest.raises(ValueError) as refused:  # noqa: PT011 (its words are looked at below)
            moments.read_local(typed, UTC)
        assert str(moments.amiss(refused.value, Sentence("otherwise"))) == words, typed
    assert moments.read_local("2028-02-29T10:00", UTC) == datetime(2028, 2, 29, 10, tzinfo=UTC)


def test_an_hour_that_the_clocks_pass_over_is_named_and_the_one_that_comes_twice_is_the_first() -> None:
    warsaw = ZoneInfo("Europe/Warsaw")
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (its words are looked at below)
        moments.read_local("2027-03-28T02:30", warsaw)
    said = "There is no 02:30 on 28 March 2027: the clocks are put forward then. Choose another hour."
    assert str(moments.amiss(refused.value, Sentence("otherwise"))) == said
    twice = moments.read_local("2026-10-25T02:30", warsaw)
    assert twice.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moments.read_local("2027-03-28T03:00", warsaw).astimezone(UTC) == datetime(2027, 3, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["", "25:00", "noon", "09:00+02:00", "09:00Z"])
def test_an_hour_by_another_clock_than_the_forms_is_no_hour(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moments.read_hour(typed)
    assert moments.read_hour("09:00") == time(9)
