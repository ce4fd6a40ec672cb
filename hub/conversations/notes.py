"""What colleagues tell each other about a customer. It stands in the timeline and never leaves the house."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import mentions, threads
from hub.interactions import record
from hub.models import DedupeKey


class EmptyNote(ValueError):
    """There is nothing in the note."""


async def add(
    session: AsyncSession,
    customer_id: UUID,
    conversation_id: UUID | None,
    text: str,
    *,
    staff_id: int,
    now: datetime,
    form_token: str = "",
) -> UUID:
    """Keep a note, and whom it mentions when it stands in a conversation. Raises EmptyNote.

    `form_token`: the same words of the same form are one note, however often they are sent.
    """
    words = text.replace("\0", "").strip()
    if not words:
        raise EmptyNote("Write something in the note first")
    key = _key(form_token, words)
    known = await _known(session, key) if form_token else None
    if known is not None:
        return known
    if conversation_id is not None:
        conversation_id = await threads.standing(session, conversation_id)
    note_id = await record.add(session, record.note(customer_id, conversation_id, words, now=now, staff_id=staff_id))
    if form_token:
        session.add(DedupeKey(key=key, interaction_id=note_id))
    await live.publish(session, "customer", id=customer_id)
    if conversation_id is not None:
        await mentions.note(session, note_id, words, by=staff_id, now=now)
        await live.publish(session, "conversation", id=conversation_id, customer=customer_id)
    return note_id


def _key(form_token: str, words: str) -> str:
    """With the words: whoever goes back to a form and writes something else in it means another note."""
    return f"note:{form_token}:{hashlib.sha256(words.encode()).hexdigest()}"


async def _known(session: AsyncSession, key: str) -> UUID | None:
    """The note that was kept under the key, which stays locked to the end of the unit."""
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    row = await session.get(DedupeKey, key, populate_existing=True)
    return row.interaction_id if row is not None else None
