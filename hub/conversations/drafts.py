"""Words that an agent has not sent: one draft for each conversation, and one for a first word to a customer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import DraftRow
from hub.outbound.request import NewFile


@dataclass(frozen=True, slots=True)
class Draft:
    """What stood in the composer. `kind` is a channel's kind or "note"; the files lie in the storage."""

    kind: str
    text: str
    subject: str = ""
    recipient: str = ""
    mailbox: str = ""
    signed: bool = True
    quoting: bool = True
    files: tuple[NewFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Whose draft, and of which composer: a conversation's, or a customer's page."""

    staff_id: int
    customer_id: UUID
    conversation_id: UUID | None = None


async def keep(session: AsyncSession, place: Place, draft: Draft, *, now: datetime) -> None:
    """In place of what was there."""
    await forget(session, place)
    session.add(
        DraftRow(
            staff_id=place.staff_id,
            customer_id=place.customer_id,
            conversation_id=place.conversation_id,
            typed=written(draft),
            at=now,
        )
    )
    await session.flush()


async def find(session: AsyncSession, place: Place) -> tuple[Draft, datetime] | None:
    """The draft, and since when it lies there."""
    row = (await session.exec(select(DraftRow).where(*_here(place)))).first()
    return (read(row.typed), row.at) if row is not None else None


async def forget(session: AsyncSession, place: Place) -> None:
    """It was sent, or is not wanted any more."""
    await session.exec(delete(DraftRow).where(*_here(place)))


def written(draft: Draft) -> dict[str, Any]:
    """As JSON."""
    return dataclasses.asdict(draft)


def read(typed: Mapping[str, Any]) -> Draft:
    """From JSON."""
    return Draft(**{**typed, "files": tuple(NewFile(**file) for file in typed["files"])})


def _here(place: Place) -> tuple[Any, ...]:
    mine = col(DraftRow.staff_id) == place.staff_id
    if place.conversation_id is not None:
        return mine, col(DraftRow.conversation_id) == place.conversation_id
    return mine, col(DraftRow.conversation_id).is_(None), col(DraftRow.customer_id) == place.customer_id
