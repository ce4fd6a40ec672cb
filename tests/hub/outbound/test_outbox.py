"""Tickets: claimed within the rate, by priority, by one at a time, and never settled by who lost them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from hub import clock
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import outbox, senders
from hub.outbound.outbox import Ticket
from hub.outbound.request import Gate, Request, Words, send_many

Enrol = Callable[..., Awaitable[UUID]]


async def fill(
    database: Database, gate: Gate, customer: UUID, count: int, now: datetime, origin: Origin = Origin.API
) -> None:
    one = Request(customer, Purpose.SERVICE, origin, Words("Hello"), kinds=(Kind.EMAIL,))
    async with database.unit() as session:
        await send_many(session, [one] * count, gate=gate, now=now)


async def claim(database: Database, limit: int = 100, **more: timedelta) -> list[Ticket]:
    async with database.unit() as session:
        return await outbox.claim(session, "mail", limit=limit, worker="test", **more)


async def rate(database: Database, rate: float, burst: float) -> None:
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=rate, burst=burst, now=clock.now())


async def test_no_more_than_the_burst_at_once(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    await rate(database, 0.001, 7)
    await fill(database, gate, await enrol(), 20, now)
    assert [len(await claim(database)) for _ in range(3)] == [7, 0, 0]


async def test_people_who_wait_go_before_bulk(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    customer = await enrol()
    await fill(database, gate, customer, 5, now)
    await fill(database, gate, customer, 1, now, Origin.AGENT)
    async with database.unit() as session:
        agents = await session.execute(text("select id from outbox where priority = 0"))
    assert [t.id for t in await claim(database, 1)] == [agents.scalar_one()]


async def test_a_claimed_ticket_is_nobody_elses(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 40, now)
    claims = await asyncio.gather(*(claim(database, 10) for _ in range(8)))
    ids = [ticket.id for tickets in claims for ticket in tickets]
    assert len(ids) == len(set(ids)) == 40


async def test_a_paused_sender_sends_nothing_and_a_mended_one_again(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, now)
    async with database.unit() as session:
        sender = (await senders.ids(session))["mail"]
        await senders.pause(session, sender, timedelta(hours=1), trouble="the password is refused")
    assert await claim(database) == []
    async with database.unit() as session:
        await senders.mended(session, sender)
    assert len(await claim(database)) == 1


async def test_what_is_not_due_is_not_claimed(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, clock.now() + timedelta(hours=1))
    assert await claim(database) == []


async def test_who_lost_a_ticket_holds_it_no_more(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, now)
    (first,) = await claim(database)
    async with database.unit() as session:
        assert await outbox.held(session, [first]) == [first]
        assert await outbox.give_back(session, first, due_at=now, counted=False)
        assert await outbox.held(session, [first]) == []
        assert not await outbox.give_back(session, first, due_at=now)
    (second,) = await claim(database)
    async with database.unit() as session:
        assert await outbox.drop(session, [first]) == set()
        assert await outbox.drop(session, [second]) == {second.id}
    assert (first.attempts, second.attempts) == (1, 1)


CLAIMER = """
import asyncio, sys
from hub.database.engine import Database
from hub.outbound import outbox

async def main():
    database = Database(sys.argv[1], pool_size=2)
    print("ready", flush=True)
    sys.stdin.readline()
    loop = asyncio.get_running_loop()
    end, taken, last = loop.time() + float(sys.argv[2]), 0, 0.0
    while loop.time() < end:
        async with database.unit() as session:
            taken += len(await outbox.claim(session, "mail", limit=50, worker=sys.argv[3]))
        last = loop.time()
    print(taken, last, flush=True)
    await database.close()

asyncio.run(main())
"""


async def test_the_rate_is_exact_over_two_processes(
    database: Database, database_url: str, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    """100 a second with a burst of 10, for about a second: neither more than allowed nor much less."""
    await fill(database, gate, await enrol(), 400, now)
    workers = [await _claimer(database_url, name) for name in ("one", "two")]
    for worker in workers:
        assert worker.stdout
        await worker.stdout.readline()
    started = asyncio.get_running_loop().time()  # one clock for all processes of a machine
    await rate(database, 100, 10)
    outs = [out.split() for out, _ in await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))]
    taken, last = sum(int(count) for count, _ in outs), max(float(at) for _, at in outs)
    assert 100 <= taken <= 10 + 100 * (last - started)


async def _claimer(url: str, name: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, "-c", CLAIMER, url, "1", name, stdin=pipe, stdout=pipe)
