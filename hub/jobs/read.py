"""Reading raw mail into the log, in groups. One that cannot be read never stands in another's way.

New mail goes before old: one of the three who read takes nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from hub import clock
from hub.bootstrap import Hub
from hub.database.outage import is_away
from hub.inbound import processing, raw
from hub.live import Happening
from hub.models.vocabulary import RawState

POLL = 1.0  # seconds; what is new is announced, so this is for retries and for lost announcements
AT_ONCE = 100  # mails a group; each holds two advisory locks, of which PostgreSQL has 6,400 as it comes
CLAIMS: Sequence[raw.Claim] = (raw.claim_new, raw.claim, raw.claim)  # one is received, the children read the others'
PAUSE = 0.5  # after a fault

_log = structlog.get_logger("read")


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Until `stop`; then finishes the mails in hand."""
    news = [asyncio.Event() for _ in CLAIMS]
    async with hub.live.subscribe("raw") as happenings, asyncio.TaskGroup() as group:
        waking = group.create_task(_wake(happenings, news))
        both = zip(CLAIMS, news, strict=True)
        reading = [group.create_task(_read_on(hub, claim, one, stop)) for claim, one in both]
        await stop.wait()
        for one in news:
            one.set()
        await asyncio.gather(*reading)
        waking.cancel()


async def _wake(happenings: asyncio.Queue[Happening], news: list[asyncio.Event]) -> None:
    while True:
        await happenings.get()
        for one in news:
            one.set()


async def _read_on(hub: Hub, claim: raw.Claim, news: asyncio.Event, stop: asyncio.Event) -> None:
    while not stop.is_set():
        news.clear()
        if not await _round(hub, claim):
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), POLL)


async def _round(hub: Hub, claim: raw.Claim) -> int:
    """Read what is due; how many that was."""
    try:
        async with hub.database.unit() as session:
            works = await claim(session, now=clock.now(), limit=AT_ONCE)
        states = await processing.process_all(hub.database, works, hub.reception, now=clock.now())
    except Exception as e:
        # Their tries are counted already: they come again when the lease is over, and are parked in the end.
        if is_away(e):
            _log.warning("database away", error=type(e).__name__)
        else:
            _log.exception("mails not read", error=type(e).__name__)
        await asyncio.sleep(PAUSE)
        return 0
    for raw_id, state in states.items():
        if state is not RawState.PROCESSED:
            _log.warning("mail not understood", raw=raw_id, state=state.value)
    return len(works)
