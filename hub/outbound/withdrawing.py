"""Messages that have not left and are true no more: their tickets away, and the log says why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction, Outbox
from hub.models.vocabulary import Recalled, State


async def withdraw(
    session: AsyncSession, interactions: Collection[UUID], why: Recalled, *, now: datetime
) -> Sequence[UUID]:
    """Which will not leave; one that a worker has claimed leaves all the same."""
    free = (col(Outbox.interaction_id).in_(interactions), col(Outbox.lease_until).is_(None))
    gone = (await session.execute(delete(Outbox).where(*free).returning(col(Outbox.interaction_id)))).scalars().all()
    if gone:
        ended = {"state": State.CANCELLED, "state_rank": State.CANCELLED.rank, "state_at": now, "reason": why.value}
        await session.execute(update(Interaction).where(col(Interaction.id).in_(gone)).values(**ended))
    return gone
