"""What recurs: one turn each, in step with the schedule, whatever the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.database.engine import Database
from hub.occasions.schedules import Turn, due, ensure, following, take

HOUR = timedelta(hours=1)


@pytest.fixture
async def hourly(database: Database, now: datetime) -> Database:
    async with database.unit() as session:
        await ensure(session, {"hourly": HOUR}, now=now)
    return database


async def turn(database: Database, now: datetime) -> Turn | None:
    async with database.unit() as session:
        return await take(session, "hourly", now=now)


async def test_a_schedule_is_due_at_once_and_then_an_hour_later(hourly: Database, now: datetime) -> None:
    assert await turn(hourly, now) == Turn("hourly", now, missed=0)
    assert await turn(hourly, now) is None
    assert await turn(hourly, now + HOUR) == Turn("hourly", now + HOUR, missed=0)


async def test_missed_turns_collapse_into_one_and_the_step_is_kept(hourly: Database, now: datetime) -> None:
    late = now + 3 * HOUR + timedelta(minutes=20)
    assert await turn(hourly, late) == Turn("hourly", now, missed=3)
    assert await turn(hourly, late) is None
    assert await turn(hourly, now + 4 * HOUR) == Turn("hourly", now + 4 * HOUR, missed=0)


async def test_a_turn_whose_effects_failed_comes_again(hourly: Database, now: datetime) -> None:
    with pytest.raises(RuntimeError):
        async with hourly.unit() as session:
            assert await take(session, "hourly", now=now) is not None
            raise RuntimeError
    assert await turn(hourly, now) is not None


async def test_two_workers_share_one_turn(hourly: Database, now: datetime) -> None:
    taken = await asyncio.gather(*(turn(hourly, now) for _ in range(8)))
    assert sum(t is not None for t in taken) == 1


async def test_a_turn_that_somebody_holds_is_not_waited_for(hourly: Database, now: datetime) -> None:
    async with hourly.unit() as session:
        assert await take(session, "hourly", now=now) is not None
        assert await turn(hourly, now) is None


async def test_f9_a_clock_set_back_by_days_does_not_stop_a_schedule(hourly: Database, now: datetime) -> None:
    assert await turn(hourly, now + timedelta(days=3)) is not None
    assert await turn(hourly, now + timedelta(minutes=1)) is not None
    assert await turn(hourly, now + timedelta(minutes=2)) is None


async def test_clocks_that_differ_a_little_give_no_extra_turn(hourly: Database, now: datetime) -> None:
    assert await turn(hourly, now) is not None
    assert await turn(hourly, now - timedelta(seconds=30)) is None


async def test_a_changed_interval_is_taken_over_without_a_new_turn(hourly: Database, now: datetime) -> None:
    assert await turn(hourly, now) is not None
    async with hourly.unit() as session:
        await ensure(session, {"hourly": timedelta(minutes=30)}, now=now)
        assert await due(session, now=now) == []
        assert await due(session, now=now + HOUR) == ["hourly"]


@given(
    scheduled=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    every=st.integers(1, 10**6),
    apart=st.integers(-(10**8), 10**8),
)
def test_the_following_turn_is_the_first_one_in_step_after_now(scheduled: datetime, every: int, apart: int) -> None:
    now, step = scheduled + timedelta(seconds=apart), timedelta(seconds=every)
    after = following(scheduled, step, now)
    assert now < after <= now + step
    assert (after - scheduled) % step == timedelta(0)
