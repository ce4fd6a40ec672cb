"""Bringing a database to the current schema, and telling whether it is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hub.database.engine import async_url

SCRIPTS = Path(__file__).parents[1] / "migrations"
_LOCK = 0x436F6E74  # one migrating process at a time, whatever starts


class Misfit(Exception):
    """The data were made by another version of the hub than this one can go on from; says what to do."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"The data are not of this version of the hub, but of an earlier, unreleased one ({cause}). Nothing was "
            "changed. Move the data folder away ([hub] data_dir; `make clean` deletes the demo's), or empty the "
            "database ([database] url), and start again; the old data are read by the version that made them"
        )


async def upgrade(url: str) -> None:
    """Migrate up to the newest revision, one process at a time, in one transaction. Raises Misfit."""
    current = await _current(url)
    if current == newest():
        return
    if current is not None and current > newest():
        raise Misfit(f"its schema is {current}, this version's is {newest()}")
    from hub.database import revisions  # slow to load, and nearly every start finds the schema as it should be

    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(revisions.upgrade, SCRIPTS)
    except ProgrammingError as e:  # a table or column that is there already, or is not
        raise Misfit(str(e.orig).partition("\n")[0]) from e
    finally:
        await engine.dispose()


async def fit(url: str, wanted: Mapping[str, Collection[str]]) -> None:
    """Whether the database has these columns of these tables, whatever revision it says. Raises Misfit.

    Until a schema is released its migrations change under their own numbers.
    """
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_COLUMNS, list(wanted))
    finally:
        await connection.close()
    there = {(row["relname"], row["attname"]) for row in rows}
    lacking = sorted(f"{table}.{one}" for table, some in wanted.items() for one in some if (table, one) not in there)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Misfit(f"it lacks {lacking[0]}{more}")


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


_COLUMNS = """
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relname = any($1::text[]) and a.attnum > 0 and not a.attisdropped and pg_table_is_visible(c.oid)
"""


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
