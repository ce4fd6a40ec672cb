"""Reading raw mail into the log, a few at a time. One that cannot be read never stands in another's way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from hub import clock
from hub.bootstrap import Hub
from hub.database.outage import is_away
from hub.inbound import raw
from hub.models.vocabulary import RawState

POLL = 0.5  # seconds
AT_ONCE = 4

_log = structlog.get_logger("read")


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Until `stop`; then finishes the mails in hand."""
    while not stop.is_set():
        if not await _round(hub):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL)


async def _round(hub: Hub) -> int:
    """Read what is due; how many that was."""
    try:
        async with hub.database.unit() as session:
            waiting = await raw.due(session, now=clock.now(), limit=AT_ONCE)
    except Exception as e:
        if not is_away(e):
            raise
        _log.warning("database away", error=type(e).__name__)
        return 0
    await asyncio.gather(*(_read(hub, one) for one in waiting))
    return len(waiting)


async def _read(hub: Hub, raw_id: int) -> None:
    try:
        state = await raw.process(hub.database, raw_id, hub.reception, now=clock.now())
    except Exception as e:
        # Its try is counted already: it comes again when the lease is over, and is parked in the end.
        _log.exception("mail not read", raw=raw_id, error=type(e).__name__)
        return
    if state is not RawState.PROCESSED:
        _log.warning("mail not understood", raw=raw_id, state=state.value)
