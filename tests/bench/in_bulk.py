"""Tables filled in bulk, for the benches' own databases: without indexes, which are made at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from hub.database.engine import Database
from hub.interactions import partitions
from tests.bench.rows import connected

_INDEXES = """
select c.oid::regclass::text as name, pg_get_indexdef(c.oid) as made
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = any($1::text[]::regclass[]) and not exists (select from pg_constraint k where k.conindid = c.oid)
order by i.indrelid = 'interaction'::regclass desc, i.indexrelid desc
"""


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One for which nothing is checked, no trigger runs and no commit waits for the disk."""
    async with connected(url) as one:
        await one.execute("set session_replication_role = replica")  # no keys are checked
        await one.execute("set synchronous_commit = off")
        await one.execute("set maintenance_work_mem = '512MB'")
        yield one


async def months(url: str, now: datetime, *, days: int) -> None:
    """The log's partitions of so many days."""
    database = Database(url, pool_size=1)
    try:
        async with database.unit() as session:
            for back in range(days // 28 + 2):
                await partitions.ensure_months(session, now - timedelta(days=28 * back), ahead=0)
    finally:
        await database.close()


async def without_indexes(connection: asyncpg.Connection, tables: Sequence[str]) -> list[str]:
    """Drop those that no key needs; the statements that make them again."""
    found = await connection.fetch(_INDEXES, list(tables))
    await connection.execute("drop index " + ", ".join(row["name"] for row in found))
    return [row["made"].replace(" ON ONLY ", " ON ") for row in found]


async def make(connection: asyncpg.Connection, statements: list[str]) -> None:
    """As long as any are left: the other connection takes from the same list."""
    while statements:
        await connection.execute(statements.pop(0))
