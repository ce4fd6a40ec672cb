"""The gate asked again about messages that have waited for the wire: all that ask at the same moment ask together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.database.engine import Database
from hub.models.vocabulary import Kind, State
from hub.outbound import clearance, preparing
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
                yes = await self._may_go([one for one, _ in group])
            except Exception as e:
                _tell(group, e)
                continue
            for ready, answer in group:
                if not answer.done():
                    answer.set_result(ready.ticket.id in yes)

    async def _may_go(self, waiting: Sequence[Ready]) -> set[int]:
        """Nearly all are a campaign's mails with nothing new to be said of them; the others are looked at closely."""
        now, yes = self.now(), set[int]()
        if mails := [one.ticket for one in waiting if one.kind is Kind.EMAIL and one.ticket.is_bulk]:
            cleared = await clearance.ask(self.database, mails, self.gate.rules, now=now, state=State.SENDING)
            yes.update(mail.ticket for mail in cleared)
        if others := [one for one in waiting if one.ticket.id not in yes]:
            async with self.database.unit() as session:
                yes |= await preparing.still(session, others, gate=self.gate, now=now)
        return yes


def _tell(group: list[tuple[Ready, asyncio.Future[bool]]], error: Exception) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(error)
