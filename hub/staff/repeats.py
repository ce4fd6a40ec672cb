"""Requests that a program may send again without their being done again: each has a key of the program's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import AskedOnce

KEPT = timedelta(days=1)


class AnotherRequest(ValueError):
    """The key was used for a request that said something else."""


async def before(
    session: AsyncSession, staff_id: int, key: str, request: str, *, now: datetime
) -> Mapping[str, Any] | None:
    """What the same request was answered; None: it was never made. Raises AnotherRequest.

    The key stays locked to the end of the unit: of several at once one does it, the others hear its answer.
    """
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(f"asked:{staff_id}:{key}", 0))))
    row = await session.get(AskedOnce, (staff_id, key), populate_existing=True)
    if row is None or row.at <= now - KEPT:
        return None
    if row.request != request:
        raise AnotherRequest("It was used for another request; nothing was done")
    return row.answer


async def keep(
    session: AsyncSession, staff_id: int, key: str, request: str, answer: Mapping[str, Any], *, now: datetime
) -> None:
    """Answered for the first time."""
    row = AskedOnce(staff_id=staff_id, key=key, request=request, answer=dict(answer), at=now)
    await session.merge(row)
    await session.flush()


async def prune(session: AsyncSession, *, now: datetime) -> None:
    """Keys that are kept no longer."""
    await session.exec(delete(AskedOnce).where(col(AskedOnce.at) <= now - KEPT))
