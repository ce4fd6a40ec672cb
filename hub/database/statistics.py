"""Telling the database's planner of tables that grew by many rows at once, rather than when autovacuum comes."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

# Hundreds of rows that are looked at. The usual 30,000 of a month of the log take a third of a second, as long as
# writing some thousands does, and say nothing more of columns that hold a few words or are unlike one another.
_SAMPLE = text("select set_config('default_statistics_target', '20', true)")
_USUAL_SAMPLE = text("reset default_statistics_target")


async def refresh(session: AsyncSession, table: str) -> None:
    """ANALYZE one of our own tables: its name, and its columns in brackets when not all are chosen by."""
    await session.execute(_SAMPLE)
    await session.execute(text(f"analyze {table}"))
    await session.execute(_USUAL_SAMPLE)
