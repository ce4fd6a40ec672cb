"""The loop that sends for one channel: claim what the rate allows, send side by side, settle in groups. Any number of
processes may run it at once; they share nothing but the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from hub.database.outage import is_away
from hub.outbound.delivery import Delivery
from hub.outbound.drawing import Drawn
from hub.outbound.lanes import Lanes
from hub.outbound.outbox import Ticket
from hub.outbound.preparing import Ready
from hub.outbound.settling import Outcome

_log = structlog.get_logger("pump")

GROUP_SECONDS = 0.02  # outcomes that come within this are settled in one transaction, unless a portion of them is there
POLL_SECONDS = 1.0
_BUSY_SECONDS = 0.05
_MOMENT = 0.1  # seconds; what leaves in so long may be under way, and twice that is drawn ahead
_MOST_AHEAD = 1_000  # mails; a yes of the gate must be fresh (F17)
_FEW = 20  # may be under way however slowly they leave
_KEPT = 5  # every so many-th place is for messages that somebody waits for: bulk may crawl
_PORTIONS = 3  # of bulk under way, begun and settled one by one: while one is written down, the others are on the wire
_TOGETHER = 5  # where few may be under way a commit for each costs more than the waiting


Claimed = tuple[Ticket, float]  # and when, by the monotonic clock


@dataclass(slots=True)
class Flow:
    """How much leaves in a moment."""

    _clock: Callable[[], float] = time.monotonic
    _landed: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_AHEAD))

    def count(self) -> None:
        self._landed.append(self._clock())

    def window(self, most: int) -> int:
        """So many may be under way: what leaves in a moment. The more there are, the fewer commits; the fewer, the less
        is unknown after a crash, and the less waits for a connection with a yes that grows old."""
        return min(most, max(_FEW, self.lately()))

    def lately(self) -> int:
        """As many as left in the last moment."""
        since = self._clock() - _MOMENT
        while self._landed and self._landed[0] < since:
            self._landed.popleft()
        return len(self._landed)


def shares(window: int) -> tuple[int, int]:
    """Of what may be under way: how much may be bulk, and how much of that is begun together."""
    bulk = max(window - max(window // _KEPT, 1), 1)
    return bulk, max(bulk // _PORTIONS, min(bulk, _TOGETHER))


@dataclass(slots=True)
class Pump:
    """Sends for one channel until told to stop. `wake` is set when something new may be due."""

    delivery: Delivery
    channel: str
    concurrency: int = 20
    stop_seconds: float = 8.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _people: deque[Claimed] = field(default_factory=deque)  # claimed, not begun: somebody waits for these
    _ahead: deque[Drawn | Claimed] = field(default_factory=deque)  # and nobody for these
    _flying: int = 0
    _bulk: int = 0  # of them
    _landed: list[Outcome] = field(default_factory=list)
    _held: set[int] = field(default_factory=set)  # tickets that we know to be ours
    _astray: bool = False  # the database may know of tickets of ours that we do not know of
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _low: asyncio.Event = field(default_factory=asyncio.Event)
    _many: asyncio.Event = field(default_factory=asyncio.Event)
    _room_again: asyncio.Event = field(default_factory=asyncio.Event)
    _flow: Flow = field(default_factory=lambda: Flow())
    _lanes: Lanes[Ready] = field(init=False)

    def __post_init__(self) -> None:
        self._lanes = Lanes(self._send)

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when everything in flight has landed and is settled, or after `stop_seconds`."""
        async with self._settling():
            drawing = asyncio.create_task(self._draw_until(stop))
            try:
                while not stop.is_set():
                    self._room_again.clear()
                    if not await self._begin():
                        await first_of(stop, self._room_again, seconds=POLL_SECONDS)
            finally:
                self._lanes.rest()
                await drawing
                await self._give_back()
            await self._land()

    @property
    def _window(self) -> int:
        return self._flow.window(self.concurrency)

    @property
    def _kept(self) -> int:
        return self._window // _KEPT

    # ---- ahead of the wire ------------------------------------------------------------------

    async def _draw_until(self, stop: asyncio.Event) -> None:
        """Keep as many claimed as leave in a moment; more would grow old, and keep people waiting behind them."""
        while not stop.is_set():
            self.wake.clear()
            self._low.clear()
            bulk = self._missing()
            limit = bulk + max(self._kept - len(self._people), 0)
            found = await self._draw(limit, bulk) if limit else 0
            if found:
                self._room_again.set()
            if found < limit or not limit:
                busy = bool(self._flying or self._ahead)
                more = (self._low,) if found >= bulk else ()  # less than was wanted: asking at once finds no more
                await first_of(stop, self.wake, *more, seconds=_BUSY_SECONDS if busy else POLL_SECONDS)

    def _missing(self) -> int:
        """None until half of what is wanted has gone: a draw costs the same for one as for a hundred."""
        wanted = max(self._window, min(self._flow.lately() * 2, _MOST_AHEAD))
        return 0 if len(self._ahead) > wanted // 2 else wanted - len(self._ahead)

    async def _draw(self, limit: int, bulk: int) -> int:
        try:
            await self._find_astray()
            drawn, others, claimed = await self.delivery.draw(self.channel, limit, bulk=bulk)
        except Exception as e:
            self._astray = self._astray or is_away(e)
            _complain("cannot claim", e, channel=self.channel)  # what is in flight goes on, and the next turn comes
            return 0
        self._ahead.extend(drawn)
        self._people.extend((ticket, claimed) for ticket in others if not ticket.is_bulk)
        self._ahead.extend((ticket, claimed) for ticket in others if ticket.is_bulk)
        self._held.update([one.ready.ticket.id for one in drawn] + [ticket.id for ticket in others])
        return len(drawn) + len(others)

    async def _find_astray(self) -> None:
        """A claim may be committed although its answer was lost: nobody would send it until its lease ends."""
        if not self._astray:
            return
        self._astray = False
        try:
            count = await self.delivery.let_go(self.channel, self._held)
        except BaseException:
            self._astray = True
            raise
        if count:
            _log.warning("tickets given back after an outage", channel=self.channel, count=count)

    def _startable(self) -> tuple[int, int]:
        """For how many that people wait for there is room, and for how many others. A few of those at a time would cost
        a commit for each few.

        What has landed and is not yet written down would be unknown after a crash: it takes up a place as well.
        """
        window, ahead = self._window, len(self._ahead)
        room = max(window - self._flying - len(self._landed), 0)
        people = min(room, len(self._people))
        most, portion = shares(window)
        bulk = max(min(room - people, most - self._bulk, ahead, portion), 0)
        return people, bulk if people or bulk >= min(portion, ahead) else 0

    async def _begin(self) -> int:
        """Hand as many to the wire as there is room for; how many."""
        people, bulk = self._startable()
        batch: list[Drawn | Claimed] = [self._people.popleft() for _ in range(people)]
        batch += [self._ahead.popleft() for _ in range(bulk)]
        if self._missing():
            self._low.set()
        if not batch:
            return 0
        ready = await self._begun(batch)
        self._held.difference_update({_ticket(one).id for one in batch} - {one.ticket.id for one in ready})
        self._flying += len(ready)
        self._bulk += sum(one.ticket.is_bulk for one in ready)
        for one in ready:
            self._lanes.begin(one)
        return len(batch)

    async def _begun(self, batch: Sequence[Drawn | Claimed]) -> list[Ready]:
        drawn = [one for one in batch if isinstance(one, Drawn)]
        others = [one for one in batch if not isinstance(one, Drawn)]
        ready: list[Ready] = []
        try:
            for claimed in {claimed for _, claimed in others}:
                tickets = [ticket for ticket, when in others if when == claimed]
                ready += await self.delivery.make(self.channel, tickets, claimed)
            if drawn:
                ready += await self.delivery.begin(self.channel, drawn)
        except Exception as e:
            self._astray = True  # whatever was committed of it, nothing is on the wire: it is given back
            _complain("cannot begin", e, channel=self.channel, count=len(batch) - len(ready))
            await asyncio.sleep(_BUSY_SECONDS)
        return ready

    async def _give_back(self) -> None:
        tickets = [_ticket(one) for one in (*self._people, *self._ahead)]
        self._people.clear()
        self._ahead.clear()
        try:
            await self.delivery.give_back(tickets)
        except Exception as e:
            _complain("cannot give back", e, channel=self.channel, count=len(tickets))

    # ---- on the wire ------------------------------------------------------------------------

    async def _send(self, ready: Ready) -> None:
        try:
            self._landed.append(await self.delivery.deliver(ready))
        finally:
            self._flying -= 1
            self._bulk -= ready.ticket.is_bulk
        self._flow.count()
        self._news.set()
        if len(self._landed) >= shares(self._window)[1]:
            self._many.set()
        if not self._room_again.is_set() and any(self._startable()):
            self._room_again.set()

    async def _land(self) -> None:
        """What does not land in time keeps its lease: when that runs out its outcome counts as unknown, as it is."""
        if late := await self._lanes.finish(self.stop_seconds):
            _log.warning("stopped with messages in flight", channel=self.channel, count=late)

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
            await first_of(self._many, seconds=GROUP_SECONDS)
            self._news.clear()
            self._many.clear()
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
        self._room_again.set()

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


def _ticket(one: Drawn | Claimed) -> Ticket:
    return one.ready.ticket if isinstance(one, Drawn) else one[0]


async def first_of(*events: asyncio.Event, seconds: float) -> None:
    """Until one of them is set, or the time is up. `asyncio.wait_for` swallows a cancellation at that very moment."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


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
