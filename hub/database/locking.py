"""Names that one process at a time may hold, over all processes and machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database.engine import Database


@asynccontextmanager
async def exclusive(database: Database, name: str) -> AsyncIterator[bool]:
    """Hold `name` inside the block; False when somebody else does.

    PostgreSQL lets go of it when the connection ends, so a holder that was killed blocks nobody. A holder that lost
    its connection unawares may meet a second one: what the name guards must be safe, if wasteful, twice.
    """
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        held = await _ask(connection, "pg_try_advisory_lock", name)
        try:
            yield held
        finally:
            if held:
                await _let_go(connection, name)


async def _let_go(connection: AsyncConnection, name: str) -> None:
    try:
        await _ask(connection, "pg_advisory_unlock", name)
    except (DBAPIError, OSError):
        await connection.invalidate()


async def _ask(connection: AsyncConnection, function: str, name: str) -> bool:
    asked = await connection.execute(text(f"select {function}(hashtextextended(:name, 1))"), {"name": name})
    return bool(asked.scalar_one())
