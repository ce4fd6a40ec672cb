"""Reading mails in child processes with limits: whatever a mail does to its reader, the mailbox goes on (M8, F13)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

from channels.email.reader import Child, Job
from channels.message import Event

MOST = 4  # children of one process, on whatever machine
LATE_SECONDS = 2.0  # in which no mail that waits is taken: worth another child. One reads as quickly as a worker asks
IDLE_SECONDS = 60.0  # after which all children but one are let go
_IN_HAND, _FEW = 32, 8  # mails given to a child at once, when there are many and when there are few ...
_IN_HAND_BYTES = 1_000_000  # ... or so many bytes


class Readers:
    """A few children, started when those there are leave mails waiting, shared by everybody on this event loop."""

    def __init__(self, task: str, most: int) -> None:
        self._task, self._most = task, most
        self._waiting: list[Job] = []
        self._news = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()
        self._idle = 0
        self._moved = 0.0  # when a child last took mails, by the event loop's clock
        self._alarm: asyncio.TimerHandle | None = None

    def read(self, raw: bytes, own: str) -> asyncio.Future[list[Any]]:
        """What the child makes of it. Raises Unreadable; the mails beside it do not suffer."""
        loop = asyncio.get_running_loop()
        job = Job(raw, own, loop.create_future())
        self._waiting.append(job)
        self._news.set()
        if not self._working:
            self._start()
        if self._alarm is None:
            self._look_at(loop.time() + LATE_SECONDS)
        return job.answer

    async def close(self) -> None:
        """End every child, also one that is reading: its mail is unreadable to whoever waits for it."""
        if self._alarm is not None:
            self._alarm.cancel()
        working = list(self._working)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        for job in self._waiting:
            job.answer.cancel()

    def _start(self) -> None:
        task = asyncio.create_task(self._work())
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def _look_at(self, due: float) -> None:
        self._alarm = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        """Whether what waits moves on. When every child is at mails that take long, one more of them helps."""
        self._alarm = None
        if not self._waiting:
            return
        now, due = asyncio.get_running_loop().time(), self._moved + LATE_SECONDS
        if due <= now and len(self._working) < self._most:
            self._start()
        self._look_at(max(due, now + LATE_SECONDS / 2))

    async def _work(self) -> None:
        child = Child(self._task)
        try:
            while await self._anything():
                await child.read(self._taken())
        finally:
            await child.close()

    async def _anything(self) -> bool:
        """Wait for mails. False when this child may go: it is idle, and not the last."""
        while not self._waiting:
            self._news.clear()
            self._idle += 1
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), IDLE_SECONDS)
            finally:
                self._idle -= 1
            if not self._waiting and not self._news.is_set() and len(self._working) > 1:
                return False
        return True

    def _taken(self) -> list[Job]:
        """A share of what waits: the other children are to have something to do too."""
        self._moved = asyncio.get_running_loop().time()
        share = min(_IN_HAND, max(_FEW, -(-len(self._waiting) // len(self._working))))
        total, count = 0, 0
        for job in self._waiting[:share]:
            total += len(job.raw)
            if count and total > _IN_HAND_BYTES:
                break
            count += 1
        jobs, self._waiting = self._waiting[:count], self._waiting[count:]
        return [job for job in jobs if not job.answer.done()]


# The children belong to the process as its memory does: ten mailboxes are not to mean ten times as many.
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Readers, set[int]]] = WeakKeyDictionary()


class Parser:
    """Reads mails to `own`. Whoever closes the last one closes the children."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._loop = asyncio.get_running_loop()
        self._readers, self._users = _shared.setdefault(self._loop, (Readers("events", _size()), set()))
        self._users.add(id(self))

    def parse(self, raw: bytes) -> Awaitable[Sequence[Event]]:
        """What the mail says. Raises Unreadable when it is broken, too large or too complex.

        A future and no coroutine: whoever waits for hundreds of mails needs no task for each.
        """
        return self._readers.read(raw, self._own)

    async def close(self) -> None:
        self._users.discard(id(self))
        if not self._users:
            _shared.pop(self._loop, None)
            await self._readers.close()


class Understanding:
    """A child of its own, telling a mail as JSON for people and programs that look at single mails."""

    def __init__(self) -> None:
        self._readers = Readers("understand", 1)

    async def understand(self, raw: bytes) -> dict[str, Any]:
        """Everything that was read in the mail, as JSON can carry it. Raises Unreadable."""
        (found,) = await self._readers.read(raw, "")
        return cast("dict[str, Any]", found)

    async def close(self) -> None:
        await self._readers.close()


def _size() -> int:
    return max(1, min(MOST, os.cpu_count() or 1))
