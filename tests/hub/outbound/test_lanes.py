"""Work side by side in tasks that are kept."""

from __future__ import annotations

import asyncio

from hub.outbound.lanes import Lanes


class Gate:
    """Work that is done when somebody says so."""

    def __init__(self) -> None:
        self.begun: dict[int, asyncio.Event] = {}
        self.done: list[int] = []
        self.tasks: set[asyncio.Task[object] | None] = set()

    async def work(self, item: int) -> None:
        self.tasks.add(asyncio.current_task())
        self.begun[item] = asyncio.Event()
        await self.begun[item].wait()
        self.done.append(item)


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_task_that_is_done_takes_the_next_and_a_new_one_is_made_where_none_is() -> None:
    gate = Gate()
    lanes = Lanes(gate.work)
    for item in (1, 2):
        lanes.begin(item)
    await turn()
    gate.begun[1].set()
    await turn()
    lanes.begin(3)
    await turn()
    assert (gate.done, set(gate.begun), len(gate.tasks)) == ([1], {1, 2, 3}, 2)
    for event in gate.begun.values():
        event.set()
    assert await lanes.finish(5) == 0
    assert sorted(gate.done) == [1, 2, 3]


async def test_what_takes_too_long_is_stopped_and_counted_and_nobody_is_left() -> None:
    gate = Gate()
    lanes = Lanes(gate.work)
    for item in (1, 2, 3):
        lanes.begin(item)
    await turn()
    gate.begun[2].set()
    await turn()
    assert await lanes.finish(0.01) == 2
    assert gate.done == [2]
    assert all(task is not None and task.done() for task in gate.tasks)
