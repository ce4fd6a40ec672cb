"""What the open pages of this process are told: written once, in pieces that all of them share."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Iterable

from hub.live import Happening, Live

PAUSE = 0.1  # seconds: whoever waits hears at once, and of a flood ten times a second
_KEPT = 1_000_000  # characters
_MOST = 1_000  # happenings of a piece: of more than that a page is told to look at everything again
_EVENT = "event: change\ndata: {}\n"
_RESYNC = json.dumps({"topic": "resync", "ids": {}})


class Relay:
    """Follows what happens from the first page on. Server-sent events go out in numbered pieces.

    The last events' id is where a page goes on that was away.
    """

    def __init__(self, live: Live, *, kept: int = _KEPT, most: int = _MOST) -> None:
        self._live, self._kept, self._most, self._size = live, kept, most, 0
        self._name = secrets.token_hex(4)  # another process, or this one after it was started again, counts anew
        self._pieces: deque[str] = deque()
        self._waiting: dict[str, None] = {}
        self._number, self._told_at = 0, 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()

    @property
    def now(self) -> str:
        """The id of what was told last: a page that is made from now on goes on behind it."""
        self._live.follow(self._hear)
        return self.id(self._number)

    def id(self, number: int) -> str:
        """What a page says to go on behind that piece."""
        return f"{self._name}-{number}"

    def place(self, heard: str) -> int:
        """The number of the piece that a page heard last, by its id. Of one that is not known: -1, before all."""
        name, _, number = heard.partition("-")
        known = name == self._name and number.isdecimal() and len(number) < 16
        return int(number) if known else -1

    async def news(self, number: int) -> tuple[int, str]:
        """Wait for what comes after that piece: up to which one, and all of it, or a `resync` where it is not kept."""
        while number == self._number:
            await self._news.wait()
        behind = self._number - number
        if not 0 < behind <= len(self._pieces):
            return self._number, _written([_RESYNC], self.now)
        return self._number, "".join(self._pieces[place] for place in range(-behind, 0))

    def _hear(self, happening: Happening) -> None:
        """The same thing told twice counts where it stood last: somebody came, left and came again."""
        told = json.dumps({"topic": happening.topic, "ids": happening.ids})
        self._waiting.pop(told, None)
        self._waiting[told] = None
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told_at + PAUSE), self._tell)

    def _tell(self) -> None:
        """All pages are woken, once for everything that happened since the last time."""
        told = self._waiting if len(self._waiting) <= self._most else [_RESYNC]
        self._number, self._told_at = self._number + 1, asyncio.get_running_loop().time()
        self._keep(_written(told, self.now))
        self._waiting, self._timer = {}, None
        self._news.set()
        self._news = asyncio.Event()

    def _keep(self, events: str) -> None:
        self._pieces.append(events)
        self._size += len(events)
        while self._size > self._kept and len(self._pieces) > 1:
            self._size -= len(self._pieces.popleft())


def _written(told: Iterable[str], identity: str) -> str:
    """One event each. The id stands in the last one: of a piece that was cut short all is told again."""
    return "\n".join(map(_EVENT.format, told)) + f"id: {identity}\n\n"
