"""When the last message would leave: by rate, burst, caps and what is before us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.campaigns import lifecycle, tempo
from hub.campaigns.estimates import Pace, last
from hub.campaigns.lifecycle import Plan
from hub.database.engine import Database

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


Enrol = Callable[..., Awaitable[UUID]]


@pytest.mark.parametrize(("per_hour", "room"), [(None, 5000), (6000, 100), (60, 1), (6, 1)])
async def test_an_hours_share_is_given_out_evenly(
    database: Database, spring: int, now: datetime, per_hour: int | None, room: int
) -> None:
    async with database.unit() as session:
        plan = Plan("Slow", spring, per_hour=per_hour)
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        assert await tempo.room(session, campaign, now=now, limit=5000) == room
