"""Sending: one pump for each configured channel, woken by the database or by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hub.bootstrap import Hub
from hub.live import Happening
from hub.outbound import workers
from hub.outbound.delivery import Delivery
from hub.outbound.pump import Pump, reap


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Until `stop`; then lets what is in flight land, for at most ten seconds."""
    delivery = Delivery(hub.database, hub.channels, hub.storage, hub.gate, workers.name())
    pumps = {name: Pump(delivery, name, channel.at_once) for name, channel in hub.channels.items()}
    async with hub.live.subscribe() as happenings, asyncio.TaskGroup() as group:
        waking = group.create_task(_wake(happenings, pumps))
        living = group.create_task(workers.hold(hub.database.url, delivery.worker))
        group.create_task(reap(delivery, stop))
        sending = [group.create_task(pump.run(stop)) for pump in pumps.values()]
        await stop.wait()
        await asyncio.gather(*sending)
        for one in (waking, living):
            one.cancel()


async def _wake(happenings: asyncio.Queue[Happening], pumps: Mapping[str, Pump]) -> None:
    while True:
        happening = await happenings.get()
        if happening.topic == "outbox" and (pump := pumps.get(happening.ids.get("channel", ""))):
            pump.wake.set()
        if happening.topic == "resync":
            for pump in pumps.values():
                pump.wake.set()
