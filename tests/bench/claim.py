"""claim: taking tickets from the outbox within a sender's rate and settling them, against a bare queue in SQL."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import uvloop

from hub import clock
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Interaction
from hub.models.columns import defaults
from hub.models.vocabulary import Kind, State
from hub.outbound import outbox, senders
from hub.outbound.front import Front
from tests.bench.figures import Figure, compare, say
from tests.bench.processes import processor_seconds
from tests.bench.rows import add_customer, add_interactions, connected

ROWS, BATCH = 10_000, 200
QUEUED, CLAIMS, BESIDE = 1_000_000, 300, 1_000
DEEP = int(os.environ.get("BENCH_ROWS", 1_000_000))  # of the log; 10,000,000 are 6 GB and take some minutes to write
_AT_ONCE = 250_000

Claim = tuple[float, float]  # milliseconds: how long it took, and how long processors worked at it

_TICKETS = """
insert into outbox (interaction_id, sender_id, priority, due_at, attempts, fence, worker)
select id, (select id from sender where channel = 'email'), 9, now(), 0, 0, '' from unnest($1::uuid[]) as id
"""
# Ten months of mails that a campaign sent to 10,000 customers; the last million of them still wait, or all there are.
_PEOPLE = """
insert into customer (id, name, given_name, language, attributes, labels, provisional, vip, deceased, do_not_contact,
  created_at, updated_at)
select (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 'Ana ' || n, '', 'en', '{}', '{}', false,
  false, false, false, now(), now() from generate_series(0, 9999) n
"""
_LOG = """
insert into interaction (id, at, customer_id, direction, kind, channel, origin, purpose, state, state_rank, state_at,
  recipient, campaign_id, template_version_id, trace, {words})
select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
  at, (lpad(to_hex(n % 10000), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 'out', 'email', 'email', 'campaign',
  'marketing', case when n > $3 then 'queued' else 'sent' end, case when n > $3 then {queued} else {sent} end, at,
  'ana' || n || '@people.example', 1, 1, '["email: allowed, ranked 1"]', {nothing}
from generate_series($1::int, $2::int) n,
  lateral (select now() - interval '300 days' * (($4 - n)::float8 / $4::int) as at) as t
"""
_DEEP = """
insert into outbox (interaction_id, campaign_id, sender_id, priority, due_at, attempts, fence, worker)
select id, 1, (select id from sender where channel = 'email'), 9, at, 0, 0, '' from interaction
where campaign_id = 1 and state = 'queued'
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


def measure_deep() -> Sequence[Figure]:
    """Milliseconds that 99 of 100 claims of 200 stay under, with a million queued; what is taken is settled meanwhile.

    Then the same while somebody reads an old snapshot, as a backup does: what has gone cannot be cleared away. Of each,
    how much was the processor's work: what a busy machine adds is not in it. BENCH_ROWS says how many interactions the
    log holds.
    """
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(_prepare(url))
        asyncio.run(_queue_up(url))
        undisturbed = uvloop.run(_claims(url, CLAIMS))
        snapshot = uvloop.run(_beside_a_reader(url))
    return [*_deep("claim-deep", undisturbed), *_deep("claim-snapshot", snapshot)]


def _deep(name: str, claims: Sequence[Claim]) -> Sequence[Figure]:
    took, worked = (sorted(column) for column in zip(*claims, strict=True))
    middle, worst, work = took[len(took) // 2], took[int(len(took) * 0.99)], worked[int(len(took) * 0.99)]
    say(
        f"{name}: {len(took)} claims in a log of {DEEP:,}, half of them under {middle:.1f} ms, 99 of 100 under "
        f"{worst:.1f} ms; of the processor, database and client: {worked[len(took) // 2]:.1f} and {work:.1f} ms"
    )
    return [
        Figure(name, "ms (p99)", worst, most=10, rounds=tuple(took)),
        Figure(f"{name}-processor", "ms (p99)", work, rounds=tuple(worked)),
    ]


async def _queue_up(url: str) -> None:
    database, now = Database(url, pool_size=1), clock.now()
    async with database.unit() as session:
        await partitions.ensure_months(session, now - timedelta(days=300), ahead=10)
    await database.close()
    said = {"id", "at", "customer_id", "channel", "recipient"}
    empty = [name for name, value in defaults(Interaction).items() if value == "" and name not in said]
    log = _LOG.format(
        words=", ".join(empty), nothing=", ".join(["''"] * len(empty)), queued=State.QUEUED.rank, sent=State.SENT.rank
    )
    async with connected(url) as connection:
        await connection.execute(_PEOPLE)
        for first in range(1, DEEP + 1, _AT_ONCE):
            await connection.execute(log, first, min(first + _AT_ONCE - 1, DEEP), max(DEEP - QUEUED, 0), DEEP)
        await connection.execute(_DEEP)
        await connection.execute("vacuum analyze")


async def _beside_a_reader(url: str) -> list[Claim]:
    async with connected(url) as reader, reader.transaction(isolation="repeatable_read"):
        await reader.fetchval("select count(*) from sender")
        return await _claims(url, BESIDE)


async def _claims(url: str, count: int) -> list[Claim]:
    database, front, claims = Database(url, pool_size=1), Front(), list[Claim]()
    try:
        server = (await database.alone("select pg_backend_pid()"))[0][0]
        for _ in range(count):
            began, before = time.perf_counter(), time.process_time() + processor_seconds(server)
            tickets = await outbox.take(database, "email", limit=BATCH, worker="bench", front=front)
            worked = time.process_time() + processor_seconds(server) - before
            claims.append(((time.perf_counter() - began) * 1000, worked * 1000))
            assert len(tickets) == BATCH
            async with database.unit() as session:
                await outbox.drop(session, tickets)
    finally:
        await database.close()
    return claims


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
    database, front, done = Database(url, pool_size=2), Front(), 0
    try:
        began = time.perf_counter()
        while done < ROWS:
            tickets = await outbox.take(database, "email", limit=BATCH, worker="bench", front=front)
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
