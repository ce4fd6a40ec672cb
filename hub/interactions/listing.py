"""The log page by page, for programs: which interactions, newest first. What they say is `history`'s."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.models import Interaction
from hub.models.vocabulary import Direction, State


@dataclass(frozen=True, slots=True)
class Filter:
    """Only what has all that is given."""

    customer_id: UUID | None = None
    state: State | None = None
    kind: Kind | None = None
    direction: Direction | None = None


async def ids(session: AsyncSession, wanted: Filter, *, before: UUID | None = None, limit: int = 50) -> list[UUID]:
    """At most `limit` identifiers, newest first, older than `before`."""
    query = select(Interaction.id).order_by(col(Interaction.id).desc()).limit(limit)
    query = query.where(*_conditions(wanted))
    if before is not None:
        query = query.where(col(Interaction.id) < before)
    return list(await session.exec(query))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    pairs = [
        (col(Interaction.customer_id), wanted.customer_id),
        (col(Interaction.state), wanted.state),
        (col(Interaction.kind), wanted.kind),
        (col(Interaction.direction), wanted.direction),
    ]
    return [column == value for column, value in pairs if value is not None]
