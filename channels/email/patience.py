"""How long a connection waits for the other side: one timer for each, which costs nothing while things go well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Patience:
    """Calls `late` when nothing was `renew`ed in time. A timer that rings too early is only set again."""

    def __init__(self, seconds: float, late: Callable[[], None]) -> None:
        self.seconds, self._late = seconds, late
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    def renew(self, seconds: float = 0) -> None:
        """From now on there is this much time."""
        self._due = self._loop.time() + (seconds or self.seconds)
        if self._alarm is not None and self._alarm.when() > self._due:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._due, self._ring)

    def rest(self) -> None:
        """Nothing is waited for."""
        self._due = 0.0

    def stop(self) -> None:
        self.rest()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        self._alarm = None
        if not self._due:
            return
        if self._loop.time() < self._due:
            self._alarm = self._loop.call_at(self._due, self._ring)
        else:
            self._late()
