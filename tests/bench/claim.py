"""claim: taking tickets from the outbox within a sender's rate and settling them, against a bare queue in SQL."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from hub import clock
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models.vocabulary import Kind, State
from hub.outbound import outbox, senders
from tests.bench.figures import Figure, compare, say
from tests.bench.rows import add_customer, add_interactions, connected

ROWS, BATCH = 10_000, 200
QUEUED, CLAIMS = 1_000_000, 300

_TICKETS = """
insert into outbox (interaction_id, sender_id, priority, due_at, attempts, fence, worker)
select id, (select id from sender where channel = 'email'), 9, now(), 0, 0, '' from unnest($1::uuid[]) as id
"""
_DEEP = """
insert into outbox (interaction_id, sender_id, priority, due_at, attempts, fence, worker)
select gen_random_uuid(), (select id from sender where channel = 'email'), 9, now() - n * interval '1 ms', 0, 0, ''
from generate_series(1, $1::int) n
"""
_BARE_ROWS = "insert into bare (priority, due_at) select 9, now() from generate_series(1, $1::int)"
_BARE_TAKE = """
delete from bare where id in (select id from bare order by priority, due_at limit $1 for update skip locked)
returning id
"""


def measure() -> Figure:
    """Rows a second through claim and settle, 200 at a time, one worker, durable commits (fsync on)."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(_prepare(url))
        against = "bare DELETE SKIP LOCKED"
        return compare("claim", "rows/s", against, lambda: uvloop.run(_ours(url)), lambda: uvloop.run(_bare(url)))


def measure_deep() -> Figure:
    """Milliseconds that 99 of 100 claims of 200 stay under, with a million queued; what is taken is settled meanwhile.

    A claim reads outbox and sender and never the log, so the log's millions of rows are left out.
    """
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(_prepare(url))
        asyncio.run(_queue_up(url))
        took = sorted(uvloop.run(_claims(url)))
    middle, worst = took[len(took) // 2], took[int(len(took) * 0.99)]
    say(f"claim-deep: {len(took)} claims, half of them under {middle:.1f} ms, 99 of 100 under {worst:.1f} ms")
    return Figure("claim-deep", "ms (p99)", worst, most=10, rounds=tuple(took))


async def _queue_up(url: str) -> None:
    async with connected(url) as connection:
        await connection.execute(_DEEP, QUEUED)
        await connection.execute("vacuum analyze outbox")


async def _claims(url: str) -> list[float]:
    database, took = Database(url, pool_size=1), list[float]()
    try:
        for _ in range(CLAIMS):
            began = time.perf_counter()
            async with database.unit() as session:
                tickets = await outbox.claim(session, "email", limit=BATCH, worker="bench")
            took.append((time.perf_counter() - began) * 1000)
            assert len(tickets) == BATCH
            async with database.unit() as session:
                await outbox.drop(session, tickets)
    finally:
        await database.close()
    return took


async def _prepare(url: str) -> None:
    await migrating.upgrade(url)
    database, now = Database(url, pool_size=1), clock.now()
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        await senders.register(session, "email", Kind.EMAIL, rate=1e6, burst=1e6, now=now)
    await database.close()
    async with connected(url) as connection:
        await connection.execute("create table bare (id bigserial primary key, priority int, due_at timestamptz)")
        await connection.execute("create index on bare (priority, due_at)")


async def _ours(url: str) -> float:
    await _fill(url)
    database, done = Database(url, pool_size=2), 0
    try:
        began = time.perf_counter()
        while done < ROWS:
            async with database.unit() as session:
                tickets = await outbox.claim(session, "email", limit=BATCH, worker="bench")
            async with database.unit() as session:
                done += len(await outbox.drop(session, tickets))
        return ROWS / (time.perf_counter() - began)
    finally:
        await database.close()


async def _fill(url: str) -> None:
    """New messages and their tickets; statistics too, as autovacuum would bring in time."""
    async with connected(url) as connection:
        state = (State.QUEUED.value, State.QUEUED.rank)
        customer = await add_customer(connection)
        ids = await add_interactions(
            connection, customer, ROWS, kind="email", state=state, recipient="a@people.example"
        )
        await connection.execute(_TICKETS, ids)
        await connection.execute("analyze outbox")


async def _bare(url: str) -> float:
    async with connected(url) as connection:
        await connection.execute(_BARE_ROWS, ROWS)
        await connection.execute("analyze bare")
        began, done = time.perf_counter(), 0
        while done < ROWS:
            done += len(await connection.fetch(_BARE_TAKE, BATCH))
        return ROWS / (time.perf_counter() - began)
