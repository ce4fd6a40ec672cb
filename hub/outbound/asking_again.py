"""The gate asked again about messages that have waited for the wire: all that ask at the same moment ask together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hub.database.engine import Database
from hub.outbound import preparing
from hub.outbound.asking import Gate
from hub.outbound.preparing import Ready


@dataclass(slots=True)
class Doubts:
    """While one group is asked about, the next one gathers."""

    database: Database
    gate: Gate
    now: Callable[[], datetime]
    _waiting: list[tuple[Ready, asyncio.Future[bool]]] = field(default_factory=list)
    _asking: asyncio.Task[None] | None = None

    async def still(self, ready: Ready) -> bool:
        """May it go? Raises what the database raises."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                async with self.database.unit() as session:
                    yes = await preparing.still(session, [one for one, _ in group], gate=self.gate, now=self.now())
            except Exception as e:
                _tell(group, e)
                continue
            for ready, answer in group:
                if not answer.done():
                    answer.set_result(ready.ticket.id in yes)


def _tell(group: list[tuple[Ready, asyncio.Future[bool]]], error: Exception) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(error)
