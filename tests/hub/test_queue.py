"""Background jobs when their worker is asked to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg

from hub import queue
from hub.database.engine import Database


async def _given(database: Database, url: str) -> None:
    await queue.install(url)
    async with database.unit() as session:
        await queue.enqueue(session, "count", payload={"to": 3})


async def _states(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row["status"] for row in await connection.fetch("select status::text from pgqueuer")]
    finally:
        await connection.close()


async def test_a_job_that_outlasts_its_worker_is_broken_off_and_done_by_the_next(
    database: Database, database_url: str
) -> None:
    await _given(database, database_url)
    begun, done = asyncio.Event(), asyncio.Event()

    async def endless(payload: Mapping[str, Any]) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def count(payload: Mapping[str, Any]) -> None:
        assert payload == {"to": 3}
        done.set()

    await _work(database_url, {"count": endless}, until=begun)
    assert await _states(database_url) == ["queued"]
    await _work(database_url, {"count": count}, until=done)
    assert await _states(database_url) == []


async def test_a_job_that_is_nearly_done_when_its_worker_stops_is_ended(database: Database, database_url: str) -> None:
    await _given(database, database_url)
    begun, ended = asyncio.Event(), list[int]()
    stop = asyncio.Event()

    async def slow(payload: Mapping[str, Any]) -> None:
        begun.set()
        await stop.wait()
        ended.append(payload["to"])

    working = asyncio.create_task(queue.run(database_url, {"count": slow}, stop))
    await begun.wait()
    stop.set()
    await working
    assert ended == [3]
    assert await _states(database_url) == []


async def _work(url: str, bodies: Mapping[str, queue.Body], *, until: asyncio.Event) -> None:
    """As a worker does, which is stopped then."""
    stop = asyncio.Event()
    working = asyncio.create_task(queue.run(url, bodies, stop, grace=0))
    await asyncio.wait_for(until.wait(), 60)
    stop.set()
    await asyncio.wait_for(working, 60)
