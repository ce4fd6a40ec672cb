"""Time limits for what is done thousands of times a second."""

from __future__ import annotations

import asyncio
import time
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
        task = _running()
        self._under_way[task] = time.monotonic() + self.seconds, task.cancelling()
        if self._alarm is None:
            self._alarm = task.get_loop().call_later(self.seconds, self._ring)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task = _running()
        if self._under_way.pop(task, None) is not None:
            return
        if task.uncancel() <= self._late.pop(task) and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self) -> None:
        self._alarm, now = None, time.monotonic()
        for task, (due, cancelled) in list(self._under_way.items()):
            if due > now:
                self._alarm = task.get_loop().call_later(due - now, self._ring)
                return
            del self._under_way[task]
            self._late[task] = cancelled
            task.cancel()


def _running() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task
