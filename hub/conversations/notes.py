"""What colleagues tell each other about a customer. It stands in the timeline and never leaves the house."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.clock import uuid7
from hub.conversations import mentions, threads
from hub.interactions import record
from hub.models import Interaction
from hub.models.vocabulary import Direction, Origin, State


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
) -> UUID:
    """Keep a note, and whom it mentions when it stands in a conversation. Raises EmptyNote."""
    words = text.replace("\0", "").strip()
    if not words:
        raise EmptyNote("Write something in the note first")
    if conversation_id is not None:
        conversation_id = await threads.standing(session, conversation_id)
    note = Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer_id,
        conversation_id=conversation_id,
        direction=Direction.NOTE,
        origin=Origin.AGENT,
        state=State.NOTED,
        state_at=now,
        body_text=words,
        staff_id=staff_id,
    )
    await record.add(session, note)
    await live.publish(session, "customer", id=customer_id)
    if conversation_id is not None:
        await mentions.note(session, note.id, words, by=staff_id, now=now)
        await live.publish(session, "conversation", id=conversation_id, customer=customer_id)
    return note.id
