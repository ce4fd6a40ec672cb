"""One worker process: every loop side by side, each started again when it fails."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

from hub.bootstrap import Hub
from hub.database.engine import know_tables
from hub.database.outage import is_away
from hub.jobs import background, listen, read, send, tick, webhooks

_log = structlog.get_logger("worker")

LOOPS: Mapping[str, Callable[[Hub, asyncio.Event], Awaitable[None]]] = {
    "send": send.run,
    "listen": listen.run,
    "read": read.run,
    "tick": tick.run,
    "background": background.run,
    "webhooks": webhooks.run,
}
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds until a loop that failed is started again; doubled each time
AWAY = 2.0  # the same while the database is away, so that all are back soon after it
_COLLECT_AFTER = 10_000  # new objects; Python's own 700 are one mail
SETTLED = 60.0  # a loop that ran for so long has earned a first pause again


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Run every loop until `stop`. Returns when all of them have finished what they had in hand."""
    _log.info("worker started", loops=list(LOOPS), channels=list(hub.channels))
    async with asyncio.TaskGroup() as group:
        for name, loop in LOOPS.items():
            group.create_task(_keep(name, loop, hub, stop))
    _log.info("worker stopped")


def leave_imports_alone() -> None:
    """For a process that is a worker or a web server and nothing else: what it imported is never garbage, and looked
    through no more.

    Looking takes a twelfth of a worker's time otherwise: it makes many objects, and hardly any rings of them. In a web
    server one look at everything keeps all who wait for an answer waiting for a tenth of a second or two.
    """
    know_tables()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])


async def _keep(
    name: str, loop: Callable[[Hub, asyncio.Event], Awaitable[None]], hub: Hub, stop: asyncio.Event
) -> None:
    pause, clock = FIRST_PAUSE, asyncio.get_running_loop().time
    while not stop.is_set():
        started = clock()
        try:
            await loop(hub, stop)
        except Exception as e:
            # Whatever it is, the other loops go on and this one is tried again: a worker that dies helps nobody.
            pause = FIRST_PAUSE if clock() - started > SETTLED else pause
            wait = AWAY if is_away(e) else pause
            _log.exception("loop failed, starting it again", loop=name, error=type(e).__name__, pause=wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            pause = min(pause * 2, LONGEST_PAUSE)
