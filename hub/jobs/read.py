"""Reading raw mail into the log, in groups. One that cannot be read never stands in another's way.

New mail goes before old: one of the three who read takes nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from hub import clock
from hub.bootstrap import Hub
from hub.database.outage import is_away
from hub.inbound import processing, raw
from hub.live import Happening
from hub.models.vocabulary import RawState
from hub.outbound import workers

POLL = 1.0  # seconds; what is new is announced, so this is for retries and for lost announcements
AT_ONCE = 200  # mails a group; each holds two advisory locks, of which PostgreSQL has 6,400 as it comes
CLAIMS: Sequence[raw.Claim] = (raw.claim_new, raw.claim, raw.claim)  # one is received, the children read the others'
PAUSE = 0.5  # after a fault

_log = structlog.get_logger("read")


@dataclass(slots=True)
class _Reader:
    """One of those who read. Between two rounds it has nothing in hand."""

    name: str
    claim: raw.Claim
    news: asyncio.Event = field(default_factory=asyncio.Event)
    astray: bool = False  # the database may know of mails that it took and has not read


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Until `stop`; then finishes the mails in hand."""
    worker = workers.name()
    readers = [_Reader(f"{worker}/{number}", claim) for number, claim in enumerate(CLAIMS)]
    async with hub.live.subscribe("raw") as happenings, asyncio.TaskGroup() as group:
        waking = group.create_task(_wake(happenings, readers))
        living = group.create_task(workers.hold(hub.database.url, worker))
        reading = [group.create_task(_read_on(hub, one, stop)) for one in readers]
        await stop.wait()
        for one in readers:
            one.news.set()
        await asyncio.gather(*reading)
        for task in (waking, living):
            task.cancel()


async def _wake(happenings: asyncio.Queue[Happening], readers: Sequence[_Reader]) -> None:
    while True:
        await happenings.get()
        for one in readers:
            one.news.set()


async def _read_on(hub: Hub, reader: _Reader, stop: asyncio.Event) -> None:
    while not stop.is_set():
        reader.news.clear()
        if not await _round(hub, reader):
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.news.wait(), POLL)


async def _round(hub: Hub, reader: _Reader) -> int:
    """Read what is due; how many that was."""
    try:
        works = await _take(hub, reader)
        states = await processing.process_all(hub.database, works, hub.reception, now=clock.now())
    except Exception as e:
        # Where it was not the database: their tries are counted, they come when the lease is over, parked in the end.
        if is_away(e):
            reader.astray = True
            _log.warning("database away", error=type(e).__name__)
        else:
            _log.exception("mails not read", error=type(e).__name__)
        await asyncio.sleep(PAUSE)
        return 0
    for raw_id, state in states.items():
        if state is not RawState.PROCESSED:
            _log.warning("mail not understood", raw=raw_id, state=state.value)
    return len(works)


async def _take(hub: Hub, reader: _Reader) -> list[raw.Work]:
    async with hub.database.unit() as session:
        if reader.astray:
            await raw.let_go(session, reader.name, now=clock.now())
        works = await reader.claim(session, now=clock.now(), limit=AT_ONCE, reader=reader.name)
    reader.astray = False
    return works
