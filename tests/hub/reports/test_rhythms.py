"""When a report leaves by mail, and which days it is about: by the reader's clock, once each, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.models.vocabulary import Rhythm
from hub.reports import rhythms
from hub.reports.spans import Span

WARSAW = "Europe/Warsaw"
ZONES = ("UTC", WARSAW, "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(WARSAW)).astimezone(UTC)


@pytest.mark.parametrize(
    ("rhythm", "now", "first"),
    [
        (Rhythm.DAILY, "2026-03-10T06:59", date(2026, 3, 10)),
        (Rhythm.DAILY, "2026-03-10T07:00", date(2026, 3, 11)),
        (Rhythm.WEEKLY, "2026-03-10T12:00", date(2026, 3, 16)),
        (Rhythm.WEEKLY, "2026-03-16T06:00", date(2026, 3, 16)),
        (Rhythm.WEEKLY, "2026-03-16T08:00", date(2026, 3, 23)),
        (Rhythm.MONTHLY, "2026-12-01T08:00", date(2027, 1, 1)),
        (Rhythm.MONTHLY, "2026-12-01T00:00", date(2026, 12, 1)),
    ],
)
def test_the_first_issue_is_the_next_one_that_is_still_to_come(rhythm: Rhythm, now: str, first: date) -> None:
    assert rhythms.first(rhythm, 7, WARSAW, moment(now)) == first


def test_each_is_about_the_day_the_week_or_the_month_that_is_over() -> None:
    day = date(2026, 6, 1)  # a Monday
    assert [rhythms.covered(one, day, WARSAW) for one in Rhythm] == [
        Span(date(2026, 5, 31), date(2026, 5, 31), WARSAW),
        Span(date(2026, 5, 25), date(2026, 5, 31), WARSAW),
        Span(date(2026, 5, 1), date(2026, 5, 31), WARSAW),
    ]


def test_an_hour_that_the_clock_skips_comes_when_it_has_skipped_it() -> None:
    assert rhythms.due_at(date(2026, 3, 29), 2, WARSAW) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_after_an_outage_of_some_days_every_one_is_made_up() -> None:
    due, sent = date(2026, 3, 10), []
    while (day := rhythms.next_due(Rhythm.DAILY, due, 7, WARSAW, moment("2026-03-13T09:00"))) is not None:
        sent.append(day)
        due = rhythms.following(Rhythm.DAILY, day)
    assert sent == [date(2026, 3, day) for day in (10, 11, 12, 13)]


@pytest.mark.parametrize(
    ("rhythm", "sent"),
    [
        (Rhythm.DAILY, [date(2026, 5, day) for day in range(14, 21)]),
        (Rhythm.WEEKLY, [date(2026, 5, 18)]),
        (Rhythm.MONTHLY, [date(2026, 5, 1)]),
    ],
)
def test_after_a_long_outage_the_old_ones_are_left_out_but_never_the_latest(rhythm: Rhythm, sent: list[date]) -> None:
    due, found = rhythms.following(rhythm, date(2026, 3, 1)), []
    while (day := rhythms.next_due(rhythm, due, 7, WARSAW, moment("2026-05-20T12:00"))) is not None:
        found.append(day)
        due = rhythms.following(rhythm, day)
    assert found == sent


@given(
    rhythm=st.sampled_from(list(Rhythm)),
    hour=st.integers(0, 23),
    zone=st.sampled_from(ZONES),
    start=st.integers(0, 25 * 365 * 24).map(lambda hours: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(hours=hours)),
    steps=st.lists(st.integers(-6, 40), min_size=1, max_size=40),
)
def test_whichever_way_the_clock_goes_the_days_told_of_follow_on_each_other(
    rhythm: Rhythm, hour: int, zone: str, start: datetime, steps: list[int]
) -> None:
    """Looked at at any moments, forwards and backwards: no day twice, none left out, none before it is over."""
    now, due, told = start, rhythms.first(rhythm, hour, zone, start), list[Span]()
    for step in steps:
        now += timedelta(hours=step)
        while (day := rhythms.next_due(rhythm, due, hour, zone, now)) is not None:
            told.append(rhythms.covered(rhythm, day, zone))
            due = rhythms.following(rhythm, day)
            assert told[-1].until <= now
    assert all(after.first == before.last + timedelta(days=1) for before, after in pairwise(told))
