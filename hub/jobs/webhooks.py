"""Telling other programs: each endpoint has its own task while anything waits for it, so a slow one keeps nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from channels import posting
from hub import clock
from hub.bootstrap import Hub
from hub.live import Happening
from hub.webhooks import deliveries
from hub.webhooks.deliveries import Parcel

_log = structlog.get_logger("webhooks")
_LOOK = 5.0  # seconds between two looks when nothing is announced


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Until `stop`; what is under way then is awaited, at most as long as one post may take."""
    busy: dict[int, asyncio.Task[None]] = {}
    wake = asyncio.Event()
    async with hub.live.subscribe("webhook") as happenings, asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(happenings, wake))
        while not stop.is_set():
            wake.clear()
            for endpoint, parcels in (await _claim(hub, busy)).items():
                busy[endpoint] = group.create_task(_post(hub, parcels))
                busy[endpoint].add_done_callback(partial(_free, busy, endpoint, wake))
            await _pause(wake, stop)
        await asyncio.gather(*busy.values())
        listening.cancel()


async def turn(hub: Hub) -> int:
    """Post what is due now, once; how many there were."""
    claimed = await _claim(hub, {})
    await asyncio.gather(*(_post(hub, parcels) for parcels in claimed.values()))
    return sum(map(len, claimed.values()))


async def _claim(hub: Hub, busy: dict[int, asyncio.Task[None]]) -> dict[int, list[Parcel]]:
    found: dict[int, list[Parcel]] = {}
    async with hub.database.unit() as session:
        for one in await deliveries.claim(session, hub.sealer, busy=list(busy), now=clock.now()):
            found.setdefault(one.endpoint_id, []).append(one)
    return found


def _free(busy: dict[int, asyncio.Task[None]], endpoint: int, wake: asyncio.Event, _done: object) -> None:
    del busy[endpoint]
    wake.set()


async def _post(hub: Hub, parcels: Sequence[Parcel]) -> None:
    """Side by side: at most eight, and a post ends long before the lease does. No transaction is open meanwhile."""
    await asyncio.gather(*(_post_one(hub, one) for one in parcels))


async def _post_one(hub: Hub, parcel: Parcel) -> None:
    try:
        await _post_and_settle(hub, parcel)
    except Exception as e:
        # Whatever it is, the deliveries beside it go on. Nobody has this one when its lease ends: it is tried again.
        _log.exception("delivery not settled", delivery=parcel.id, error=type(e).__name__)


async def _post_and_settle(hub: Hub, parcel: Parcel) -> None:
    answered = await posting.post(parcel.url, parcel.body, parcel.headers, loopback=hub.settings.webhooks.loopback)
    async with hub.database.unit() as session:
        await deliveries.settle(session, parcel, answered, now=clock.now())


async def _listen(happenings: asyncio.Queue[Happening], wake: asyncio.Event) -> None:
    while True:
        await happenings.get()
        wake.set()


async def _pause(wake: asyncio.Event, stop: asyncio.Event) -> None:
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(wake.wait())]
    await asyncio.wait(waiting, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
