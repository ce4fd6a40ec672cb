"""Carrying a campaign on, as the feeder's loop does: a slice a transaction."""

from __future__ import annotations

from datetime import datetime

from hub.campaigns import feeding
from hub.database.engine import Database
from hub.outbound.request import Gate


async def feed(database: Database, campaign: int, gate: Gate, now: datetime, size: int = 500) -> bool:
    """One slice; True while there is more to do."""
    async with database.unit() as session:
        return await feeding.feed(session, campaign, gate=gate, now=now, slice=size)


async def feed_all(database: Database, campaign: int, gate: Gate, now: datetime, size: int = 500) -> None:
    while await feed(database, campaign, gate, now, size):
        pass
