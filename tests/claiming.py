"""Several processes that claim from one sender as fast as they can, some of them killed while they do."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from hub import clock
from hub.database.engine import Database
from hub.models.vocabulary import Kind
from hub.outbound import senders

CHANNEL, LEASE = "mail", 3600.0  # seconds

_CLAIMER = """
import asyncio, sys
from datetime import timedelta
from hub.database.engine import Database
from hub.outbound import outbox

async def main(url, channel, lease):
    database = Database(url, pool_size=2)
    print("ready", flush=True)
    while True:
        async with database.unit() as session:
            more = timedelta(seconds=float(lease))
            if not await outbox.claim(session, channel, limit=50, worker="claimer", lease=more):
                await asyncio.sleep(0.005)

asyncio.run(main(*sys.argv[1:]))
"""
_TICKETS = """
insert into outbox (interaction_id, sender_id, priority, due_at, attempts, fence, worker)
select gen_random_uuid(), (select id from sender where channel = :channel), 9, clock_timestamp(), 0, 0, ''
from generate_series(1, :number)
"""
_MOMENTS = """
select extract(epoch from lease_until) - :lease from outbox where lease_until is not null order by lease_until
"""


@dataclass(frozen=True, slots=True)
class Race:
    """`rate` a second with a `burst`, for so many `seconds`, by `processes` of which `kills` are killed."""

    rate: float
    burst: float
    seconds: float
    processes: int
    kills: int
    seed: int = 1


async def race(url: str, asked: Race) -> list[float]:
    """When each ticket was claimed, in seconds by the database's clock. Needs a migrated database without senders."""
    database = Database(url, pool_size=1)
    try:
        await _fill(database, asked)
        await _run(url, asked, random.Random(asked.seed))
        async with database.unit() as session:
            rows = await session.execute(text(_MOMENTS), {"lease": LEASE})
            return [float(moment) for (moment,) in rows]
    finally:
        await database.close()


def worst_second(moments: Sequence[float]) -> int:
    """The most that fall into any window of one second."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _fill(database: Database, asked: Race) -> None:
    async with database.unit() as session:
        await senders.register(session, CHANNEL, Kind.EMAIL, rate=asked.rate, burst=asked.burst, now=clock.now())
        number = int(2 * (asked.burst + asked.rate * asked.seconds))
        await session.execute(text(_TICKETS), {"channel": CHANNEL, "number": number})


async def _run(url: str, asked: Race, chance: random.Random) -> None:
    workers = list(await asyncio.gather(*(_claimer(url) for _ in range(asked.processes))))
    try:
        await asyncio.gather(*map(_ready, workers))
        for _ in range(asked.kills):
            await asyncio.sleep(asked.seconds / (asked.kills + 1) * chance.uniform(0.5, 1.2))
            victim = workers.pop(chance.randrange(len(workers)))
            victim.kill()
            await victim.wait()
            workers.append(await _claimer(url))
        await asyncio.sleep(asked.seconds / (asked.kills + 1))
    finally:
        for worker in workers:
            worker.kill()
            await worker.wait()


async def _claimer(url: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    arguments = (url, CHANNEL, str(LEASE))
    return await asyncio.create_subprocess_exec(sys.executable, "-c", _CLAIMER, *arguments, stdout=pipe)


async def _ready(worker: asyncio.subprocess.Process) -> None:
    assert worker.stdout
    await worker.stdout.readline()
