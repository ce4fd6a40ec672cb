"""Work done side by side in tasks that are kept: making one for each mail costs as much as signing all its links."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """As many tasks as there ever was work at the same time. `work` raises nothing but cancellation."""

    def __init__(self, work: Callable[[T], Awaitable[None]]) -> None:
        self._work, self._is_over = work, False
        self._all: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[T]] = []  # of those that wait for work

    def begin(self, item: T) -> None:
        """Have this worked on from the loop's next turn on."""
        if self._idle:
            self._idle.pop().set_result(item)
            return
        task = asyncio.create_task(self._run(item))
        self._all.add(task)
        task.add_done_callback(self._all.discard)

    def rest(self) -> None:
        """Nothing more begins: who waits for work ends, and whoever is done with theirs."""
        self._is_over = True
        while self._idle:
            self._idle.pop().cancel()

    async def finish(self, seconds: float) -> int:
        """Rest, and wait for what is under way; what takes longer is cancelled. How many those were."""
        self.rest()
        late = (await asyncio.wait(self._all, timeout=seconds))[1] if self._all else set()
        for task in late:
            task.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)
        self._is_over = False
        return len(late)

    async def _run(self, item: T) -> None:
        while True:
            await self._work(item)
            if self._is_over:
                return
            waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._idle.append(waiting)
            item = await waiting
