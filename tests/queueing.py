"""Waiting for the moment at which somebody stands in the queue for a row that another transaction holds."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text

from hub.database.engine import Database

_QUEUE = text("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")


async def queued(database: Database, task: asyncio.Task[Any]) -> None:
    """Until the task waits for a lock. Raises AssertionError when it is done without having waited."""
    async with asyncio.timeout(60):
        while True:
            async with database.unit() as session:
                if (await session.execute(_QUEUE)).first() is not None:
                    return
            assert not task.done(), "it waited for nobody"
