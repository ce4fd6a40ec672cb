"""Time limits for what is done thousands of times a second."""

from __future__ import annotations

import asyncio
from types import TracebackType


class TimeLimit:
    """As `asyncio.timeout`, with one timer for all who are under way: all have as long, so who began first is late
    first. `with` it a task does one thing at a time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # Until when, and how often each was cancelled before.
        self._under_way: dict[asyncio.Task[object], tuple[float, int]] = {}
        self._late: dict[asyncio.Task[object], int] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        task, loop = _running()
        due = loop.time() + self.seconds
        self._under_way[task] = due, task.cancelling()
        if self._alarm is None:
            self._alarm = loop.call_at(due, self._ring, loop)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task, _loop = _running()
        if self._under_way.pop(task, None) is not None:
            return
        if task.uncancel() <= self._late.pop(task) and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm, now = None, loop.time()
        for task, (due, cancelled) in list(self._under_way.items()):
            if due > now:
                self._alarm = loop.call_at(due, self._ring, loop)
                return
            del self._under_way[task]
            self._late[task] = cancelled
            task.cancel()


def _running() -> tuple[asyncio.Task[object], asyncio.AbstractEventLoop]:
    task = asyncio.current_task()
    assert task is not None
    return task, asyncio.get_running_loop()
