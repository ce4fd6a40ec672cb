"""Webhooks that were not let in: kept, within bounds, for the person who runs the hub. They change nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Rejected

KEPT = 1000  # rows; older ones go
A_MINUTE = 60  # rows; a flood says nothing new


async def note(session: AsyncSession, *, channel: str, cause: str, payload: Mapping[str, str], now: datetime) -> bool:
    """Keep one, its payload cut short; False when there have been enough lately."""
    lately = select(func.count()).select_from(Rejected).where(col(Rejected.at) > now - timedelta(minutes=1))
    if (await session.exec(lately)).one() >= A_MINUTE:
        return False
    row = Rejected(at=now, channel=channel, cause=_plain(cause), payload={k: _plain(v) for k, v in payload.items()})
    session.add(row)
    await session.flush()
    await session.exec(delete(Rejected).where(col(Rejected.id) <= (row.id or 0) - KEPT))
    return True


def _plain(text: str) -> str:
    """What the database can keep of foreign text, and no more than it needs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:1000]
