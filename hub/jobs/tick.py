"""Time: what recurs, each with a loop of its own, so that one that takes long or fails holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from hub import clock
from hub.bootstrap import Hub
from hub.database.outage import is_away
from hub.jobs.turns import SHORTEST, TICKS
from hub.live import Happening
from hub.occasions import schedules

_log = structlog.get_logger("tick")


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Keep every schedule until `stop`. Any number of processes may: a turn is taken by one of them."""
    async with hub.database.unit() as session:
        await schedules.ensure(session, {name: tick.every for name, tick in TICKS.items()}, now=clock.now())
    wakes = {name: asyncio.Event() for name in TICKS}
    async with hub.live.subscribe() as happenings, asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(happenings, wakes))
        keeping = [group.create_task(_keep(hub, name, wakes[name], stop)) for name in TICKS]
        await asyncio.gather(*keeping)
        listening.cancel()


async def _keep(hub: Hub, name: str, wake: asyncio.Event, stop: asyncio.Event) -> None:
    while not stop.is_set():
        woken = wake.is_set()
        wake.clear()
        try:
            await turn(hub, name, now=clock.now(), woken=woken)
        except Exception as e:
            # Whatever it is, the turn was rolled back and comes again; the other schedules go on meanwhile.
            tell = _log.warning if is_away(e) else _log.exception
            tell("a turn failed", schedule=name, error=type(e).__name__)
        await _pause(TICKS[name].pause, wake, stop)


async def turn(hub: Hub, name: str, *, now: datetime, woken: bool = False) -> None:
    """Take the turn if it is due, or if something happened; its effects and moving on are one transaction."""
    async with hub.database.unit() as session:
        if await schedules.take(session, name, now=now) or woken:
            await TICKS[name].body(hub, session, now)


async def _pause(seconds: float, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Until it is time to look again. Something that happens shortens it, but never below the shortest pause."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), SHORTEST)
    left = seconds - SHORTEST
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(wake.wait())]
    await asyncio.wait(waiting, timeout=max(left, 0.0), return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _listen(happenings: asyncio.Queue[Happening], wakes: Mapping[str, asyncio.Event]) -> None:
    while True:
        happening = await happenings.get()
        for name, tick in TICKS.items():
            if happening.topic in (tick.topic, "resync"):
                wakes[name].set()
