"""A worker that is gone is missed in seconds; one that only lost its connection is not (fault F1)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from hub import clock
from hub.database.engine import Database
from hub.models.vocabulary import Kind
from hub.outbound import outbox, workers
from hub.outbound.outbox import NewTicket

pytestmark = pytest.mark.usefixtures("quick_senders")
_HOLDER = "import asyncio, sys; from hub.outbound import workers; asyncio.run(workers.hold(*sys.argv[1:]))"


async def _dead(database: Database) -> set[str]:
    async with database.unit() as session:
        return await workers.dead(session, young=0)


async def _enrolled(database: Database) -> bool:
    async with database.unit() as session:
        return bool((await session.execute(text("select count(*) from worker"))).scalar_one())


async def _until(truth: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while not await truth():
            pass


@asynccontextmanager
async def _holder(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _HOLDER, url, "one")
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_worker_is_missed_and_its_tickets_come_back_at_once(
    database: Database, database_url: str
) -> None:
    async with _holder(database_url) as process:
        await _until(lambda: _enrolled(database))
        assert await _dead(database) == set()
        await _claim(database)
        process.kill()
        await _until(lambda: _dead(database))
        async with database.unit() as session:
            assert await workers.dead(session, young=1e9) == set()  # a database that has just come back knows nobody
            assert await outbox.ran_out(session) == []
            await workers.bury(session, await workers.dead(session, young=0))
        async with database.unit() as session:
            assert [ticket.attempts for ticket in await outbox.ran_out(session)] == [1]
            assert await workers.dead(session, young=0) == set()


async def test_a_worker_that_lost_its_connection_takes_its_lock_again(database: Database, database_url: str) -> None:
    async with _holder(database_url):
        await _until(lambda: _enrolled(database))
        async with database.unit() as session:
            held = "select pid from pg_locks where locktype = 'advisory' and classid = 7305"
            await session.execute(text(f"select pg_terminate_backend(pid) from ({held}) as holders"))
        await _until(lambda: _dead(database))
        await _until(lambda: _none_dead(database))


async def test_a_worker_that_ends_well_leaves_nothing_to_look_for(database: Database, database_url: str) -> None:
    task = asyncio.create_task(workers.hold(database_url, "one"))
    await _until(lambda: _enrolled(database))
    task.cancel()
    await asyncio.wait([task])
    assert not await _enrolled(database)


async def test_a_worker_whose_farewell_fails_stops_all_the_same(database: Database, database_url: str) -> None:
    task = asyncio.create_task(workers.hold(database_url, "one"))
    await _until(lambda: _enrolled(database))
    async with database.unit() as session:
        await session.execute(text("alter table worker rename to workers"))
    task.cancel()
    await asyncio.wait_for(asyncio.wait([task]), 10)
    assert task.cancelled()


async def _none_dead(database: Database) -> bool:
    return not await _dead(database)


async def _claim(database: Database) -> None:
    ticket = NewTicket(clock.uuid7(clock.now()), "mail", Kind.EMAIL, 5, clock.now())
    async with database.unit() as session:
        await outbox.put(session, [ticket], now=clock.now())
    async with database.unit() as session:
        (held,) = await outbox.claim(session, "mail", limit=1, worker="one")
        assert held.interaction_id == ticket.interaction_id
