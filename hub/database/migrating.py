"""Bringing a database to the current schema, and telling whether it is there."""

from __future__ import annotations

from pathlib import Path

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hub.database.engine import async_url

SCRIPTS = Path(__file__).parents[1] / "migrations"
_LOCK = 0x436F6E74  # one migrating process at a time, whatever starts


async def upgrade(url: str) -> None:
    """Migrate up to the newest revision, one process at a time, in one transaction."""
    if await _current(url) == newest():
        return
    from hub.database import revisions  # slow to load, and nearly every start finds the schema as it should be

    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(revisions.upgrade, SCRIPTS)
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Revisions that `upgrade` would run, oldest first; empty when the schema is current."""
    if await _current(url) == newest():
        return []
    from hub.database import revisions

    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revisions.pending, SCRIPTS)
    finally:
        await engine.dispose()


def newest() -> str:
    """The revision that this version of the hub wants: its files begin with their numbers."""
    return max(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*_*.py"))


async def _current(url: str) -> str | None:
    """The revision that the database is at; None where there is none yet."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("select to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("select version_num from alembic_version")
        return revision
    finally:
        await connection.close()
