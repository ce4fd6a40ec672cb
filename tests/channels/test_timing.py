"""One time limit for many: who takes too long is stopped, each in its turn, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from channels.timing import TimeLimit


async def test_who_takes_too_long_is_stopped_each_by_its_own_time() -> None:
    limit, late = TimeLimit(0.05), list[int]()

    async def wait(number: int) -> None:
        with pytest.raises(TimeoutError), limit:
            await asyncio.get_running_loop().create_future()
        late.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(wait(number))
            await asyncio.sleep(0)
    assert late == [0, 1, 2]


async def test_who_is_done_in_time_hears_nothing_of_it_and_may_begin_again() -> None:
    limit = TimeLimit(60)
    for _ in range(2):
        with limit:
            await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_who_is_cancelled_by_somebody_else_is_cancelled() -> None:
    limit = TimeLimit(60)

    async def wait() -> None:
        with limit:
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_of_two_limits_the_inner_one_speaks_first() -> None:
    outer, inner = TimeLimit(60), TimeLimit(0.01)
    with outer:
        with pytest.raises(TimeoutError), inner:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)


async def test_an_error_of_its_own_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="mine"), TimeLimit(60):
        raise ValueError("mine")
