"""What goes on behind the sandbox's back: calls in progress, callbacks on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    """Tasks that are waited for or stopped together."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._failed: list[BaseException] = []

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failed.append(error)

    async def settled(self) -> None:
        """Wait until nothing goes on any more. Raises the first error that an errand ended with."""
        while self._running:
            await asyncio.wait(set(self._running))
        if self._failed:
            raise self._failed.pop(0)

    async def stop(self) -> None:
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
