"""The loop that sends for one channel: claim what the rate allows, send side by side, settle in groups. Any number of
processes may run it at once; they share nothing but the database.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import structlog

from hub.database.outage import is_away
from hub.outbound.delivery import Delivery
from hub.outbound.preparing import Ready
from hub.outbound.settling import Outcome

_log = structlog.get_logger("pump")

GROUP_SECONDS = 0.02  # outcomes that come within this are settled in one transaction
POLL_SECONDS = 1.0
_BUSY_SECONDS = 0.05
_KEPT = 5  # every so many-th place is for messages that somebody waits for: bulk may crawl


@dataclass(slots=True)
class Pump:
    """Sends for one channel until told to stop. `wake` is set when something new may be due."""

    delivery: Delivery
    channel: str
    concurrency: int = 20
    stop_seconds: float = 8.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _flying: set[asyncio.Task[None]] = field(default_factory=set)
    _bulk: set[asyncio.Task[None]] = field(default_factory=set)  # of them
    _landed: list[Outcome] = field(default_factory=list)
    _held: set[int] = field(default_factory=set)  # tickets that may have reached the wire and are not yet settled
    _astray: bool = False  # the database may know of tickets of ours that we do not know of
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when everything in flight has landed and is settled, or after `stop_seconds`."""
        async with self._settling():
            busy = False
            while not stop.is_set():
                started = await self._start(self._room())
                busy = started > 0 or (busy and bool(self._flying))
                await self._pause(stop, _BUSY_SECONDS if busy or started else POLL_SECONDS)
            await self._land()

    def _room(self) -> int:
        """What has landed and is not yet written down would be unknown after a crash: it is bounded as well."""
        in_flight, unwritten = len(self._flying), len(self._landed)
        return min(self.concurrency - in_flight, 2 * self.concurrency - in_flight - unwritten)

    def _room_for_bulk(self) -> int:
        return max(self.concurrency - max(self.concurrency // _KEPT, 1), 1) - len(self._bulk)

    async def _start(self, room: int) -> int:
        self.wake.clear()
        if room <= 0:
            return 0
        try:
            await self._find_astray()
            claimed, ready = await self.delivery.claim(self.channel, room, bulk=self._room_for_bulk())
        except Exception as e:
            self._astray = self._astray or is_away(e)
            _complain("cannot claim", e, channel=self.channel)  # what is in flight goes on, and the next turn comes
            return 0
        for one in ready:
            task = asyncio.create_task(self._send(one))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
            if one.ticket.is_bulk:
                self._bulk.add(task)
                task.add_done_callback(self._bulk.discard)
        self._held.update(one.ticket.id for one in ready)
        return claimed

    async def _find_astray(self) -> None:
        """A claim may be committed although its answer was lost: nobody would send it until its lease ends."""
        if not self._astray:
            return
        count = await self.delivery.let_go(self.channel, self._held)
        self._astray = False
        if count:
            _log.warning("tickets given back after an outage", channel=self.channel, count=count)

    async def _send(self, ready: Ready) -> None:
        self._landed.append(await self.delivery.deliver(ready))
        self._news.set()

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Until something may be due, or there is room again, or the time is up."""
        waiting = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self.wake.wait())}
        full = len(self._flying) >= self.concurrency or self._room_for_bulk() <= 0
        try:
            await asyncio.wait(
                waiting | (self._flying if full else set()), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for one in waiting:
                one.cancel()

    async def _land(self) -> None:
        """What does not land in time keeps its lease: when that runs out its outcome counts as unknown, as it is."""
        if not self._flying:
            return
        _, late = await asyncio.wait(self._flying, timeout=self.stop_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            _log.warning("stopped with messages in flight", channel=self.channel, count=len(late))

    @contextlib.asynccontextmanager
    async def _settling(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._settle_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self._settle()

    async def _settle_for_ever(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GROUP_SECONDS)
            await asyncio.shield(self._settle())

    async def _settle(self) -> None:
        """What cannot be written down now is kept and tried again: the database may be away for a while."""
        outcomes = list(self._landed)
        if not outcomes:
            return
        try:
            await self._write(outcomes)
        except Exception as e:
            _complain("cannot settle", e, channel=self.channel, count=len(outcomes))
            if is_away(e):
                await asyncio.sleep(POLL_SECONDS)
                self._news.set()
                return
            await self._settle_singly(outcomes)
        self._forget(outcomes)

    async def _settle_singly(self, outcomes: Sequence[Outcome]) -> None:
        """One of them cannot be written down. Its lease runs out, and then its fate counts as unknown, as it is."""
        for outcome in outcomes:
            try:
                await self._write([outcome])
            except Exception as e:
                _complain("not settled", e, channel=self.channel, interaction=str(outcome.ticket.interaction_id))

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        await self.delivery.settle(outcomes)
        self._held.difference_update(outcome.ticket.id for outcome in outcomes)

    def _forget(self, outcomes: Sequence[Outcome]) -> None:
        settled = {id(outcome) for outcome in outcomes}
        self._landed[:] = [outcome for outcome in self._landed if id(outcome) not in settled]


async def reap(delivery: Delivery, stop: asyncio.Event, *, every: float = 2.0) -> None:
    """Look for tickets whose worker did not come back, until told to stop. Every process may."""
    missed: set[str] = set()
    while not stop.is_set():
        try:
            missed = await delivery.bury(missed)
            count = await delivery.expire()
            if count:
                _log.warning("leases ran out", count=count)
        except Exception as e:
            _complain("cannot look for lost leases", e)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


def _complain(what: str, error: Exception, **about: object) -> None:
    """A database that is away is told in a line; anything else is a fault of ours, with its trace."""
    if is_away(error):
        _log.warning(what, error=type(error).__name__, **about)
    else:
        _log.exception(what, error=type(error).__name__, **about)
