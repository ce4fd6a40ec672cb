"""When the last message would leave: by rate, burst, caps and what is before us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.campaigns.estimates import Pace, last

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("units", "pace", "end"),
    [
        (100, Pace(10, 1), NOON + timedelta(seconds=9.9)),
        (100, Pace(10, 100), NOON),
        (100, Pace(10, 1, waiting=100), NOON + timedelta(seconds=19.9)),
        (100, Pace(10, 1, begins=NOON + timedelta(hours=1)), NOON + timedelta(hours=1, seconds=9.9)),
        (100, Pace(10, 1, days=(60, 100)), MIDNIGHT + timedelta(seconds=3.9)),
        (150, Pace(10, 1, days=(20, 50, 200)), MIDNIGHT + timedelta(days=1, seconds=7.9)),
    ],
    ids=["rate", "burst", "others first", "resting", "a day's cap", "a ramp"],
)
def test_the_last_one_leaves_when_rate_and_caps_let_it(units: int, pace: Pace, end: datetime) -> None:
    assert last(units, pace, NOON) == end


def test_what_is_never_allowed_to_leave_never_ends() -> None:
    assert last(1, Pace(10, 1, days=(0,)), NOON) is None
