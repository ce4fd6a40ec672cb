"""Merging those who are sure to be one person, where the operator allows that without asking anybody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import directory, identities, merging, suggesting
from hub.models import CustomerMerge


async def merge_next(session: AsyncSession, *, now: datetime) -> CustomerMerge | None:
    """The likeliest two of those that are sure as they stand now; None when there are none left.

    A card that a person has looked at remains, of two such the older one.
    """
    while found := await suggesting.sure(session, limit=1):
        one, other = await _by_age(session, found[0].one_id, found[0].other_id)
        if await identities.hides(session, one, other):
            await suggesting.refuse(session, one, other, staff_id=None, now=now)
        elif await suggesting.still_sure(session, one, other, now=now):
            return await merging.merge(session, one, other, staff_id=None, now=now)
    return None


async def _by_age(session: AsyncSession, *customers: UUID) -> tuple[UUID, UUID]:
    rows = [await directory.get(session, one) for one in customers]
    first, second = sorted(rows, key=lambda row: (row.provisional, row.id))
    return first.id, second.id
