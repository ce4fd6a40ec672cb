"""Moving an interaction forward. Never back: a later state does not give way to an earlier one (requirement 3.3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction
from hub.models.vocabulary import State


async def advance(
    session: AsyncSession, interaction_id: UUID, state: State, *, reason: str = "", detail: str = "", now: datetime
) -> bool:
    """Move to `state` if that is further than where the interaction stands; False when it is not, or nobody knows it.

    One UPDATE, so two receipts at once cannot undo each other. UNKNOWN gives way to whatever proves what happened.
    """
    moved = await session.exec(
        update(Interaction)
        .where(col(Interaction.id) == interaction_id, col(Interaction.state_rank) < state.rank)
        .values(state=state, state_rank=state.rank, reason=reason, detail=detail, state_at=now)
    )
    return bool(moved.rowcount)


async def found(session: AsyncSession, interaction_id: UUID, *, now: datetime) -> bool:
    """The provider says it has a message whose fate was unknown: it is under way again, and waits for news."""
    settled = await session.exec(
        update(Interaction)
        .where(col(Interaction.id) == interaction_id, col(Interaction.state) == State.UNKNOWN)
        .values(state=State.SENDING, state_rank=State.SENDING.rank, reason="", detail="", state_at=now)
    )
    return bool(settled.rowcount)


async def flag(session: AsyncSession, interaction_id: UUID, words: str) -> None:
    """Say why a person should look, unless something is said already."""
    await session.exec(
        update(Interaction).where(col(Interaction.id) == interaction_id, col(Interaction.flag) == "").values(flag=words)
    )
