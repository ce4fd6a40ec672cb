"""Words that an agent has not sent: one draft for each conversation, and one for a first word to a customer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import DraftRow
from hub.outbound.request import NewFile

NOTE = "note"


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
    cc: str = ""  # as it was typed
    bcc: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose draft, and of which composer: a conversation's, or a customer's page."""

    staff_id: int
    customer_id: UUID
    conversation_id: UUID | None = None


async def keep(session: AsyncSession, place: Place, draft: Draft, *, now: datetime) -> None:
    """In place of what was there; of two at once the later one stays."""
    somewhere = place.conversation_id is not None
    row = insert(DraftRow).values(
        staff_id=place.staff_id,
        customer_id=place.customer_id,
        conversation_id=place.conversation_id,
        typed=written(draft),
        at=now,
    )
    here = row.on_conflict_do_update(
        index_elements=["staff_id", "conversation_id" if somewhere else "customer_id"],
        index_where=text(f"conversation_id is {'not null' if somewhere else 'null'}"),
        set_={name: row.excluded[name] for name in ("customer_id", "typed", "at")},
    )
    await session.execute(here)


async def add(session: AsyncSession, place: Place, draft: Draft, *, now: datetime) -> None:
    """Above what lies there already, so that neither is lost."""
    found = await find(session, place)
    await keep(session, place, _above(draft, found[0]) if found is not None else draft, now=now)


async def follow(session: AsyncSession, from_id: UUID, into_id: UUID) -> None:
    """What was one conversation is another's now: whatever was being written there goes along."""
    for row in (await session.exec(select(DraftRow).where(col(DraftRow.conversation_id) == from_id))).all():
        await add(session, Place(row.staff_id, row.customer_id, into_id), read(row.typed), now=row.at)
        await session.delete(row)
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


def _above(draft: Draft, lying: Draft) -> Draft:
    """Both in one. Where one is a note, all of it is: what colleagues alone should read goes to no customer."""
    kind = NOTE if NOTE in (draft.kind, lying.kind) else draft.kind
    texts = dict.fromkeys(words for words in (draft.text, lying.text) if words.strip())
    files = dict.fromkeys((*draft.files, *lying.files))
    return dataclasses.replace(draft, kind=kind, text="\n\n".join(texts), files=tuple(files))


def _here(place: Place) -> tuple[Any, ...]:
    mine = col(DraftRow.staff_id) == place.staff_id
    if place.conversation_id is not None:
        return mine, col(DraftRow.conversation_id) == place.conversation_id
    return mine, col(DraftRow.conversation_id).is_(None), col(DraftRow.customer_id) == place.customer_id
