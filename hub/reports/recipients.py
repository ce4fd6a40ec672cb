"""Who stands behind a number: the messages of a campaign in certain states. Read only."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from hub.interactions import history
from hub.interactions.history import Entry
from hub.models import Customer, Interaction
from hub.models.vocabulary import State


async def of_campaign(
    session: AsyncSession,
    campaign_id: int,
    states: Collection[State],
    *,
    before: UUID | None = None,
    limit: int = 100,
) -> list[tuple[Entry, str]]:
    """Its messages in these states with their customers' names, newest first, older than `before`."""
    rows = select(col(Interaction.id)).where(
        col(Interaction.campaign_id) == campaign_id, col(Interaction.state).in_(list(states))
    )
    return await _named(session, rows, before, limit)


async def _named(
    session: AsyncSession, rows: SelectOfScalar[UUID], before: UUID | None, limit: int
) -> list[tuple[Entry, str]]:
    query = rows.order_by(col(Interaction.id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(Interaction.id) < before)
    entries = await history.entries(session, list(await session.exec(query)))
    names = select(col(Customer.id), col(Customer.name)).where(
        col(Customer.id).in_({entry.customer_id for entry in entries})
    )
    known = dict((await session.exec(names)).all())
    return [(entry, known.get(entry.customer_id, "")) for entry in entries]
