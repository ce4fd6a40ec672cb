"""Whose a conversation is and whether it is work: assign, resolve, reopen, snooze, wake, mark as read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import threads
from hub.conversations.inbox import NoSuchConversation
from hub.models import Conversation, Staff
from hub.models.vocabulary import ConversationState
from hub.sentences import Sentence
from hub.staff import accounts


class CannotAssign(ValueError):
    """It cannot go to this person; the message says why, for the person at the screen."""


async def assign(session: AsyncSession, conversation_id: UUID, staff_id: int | None) -> None:
    """Give a conversation to somebody who answers customers, or to nobody. Raises NoSuchConversation, CannotAssign."""
    if staff_id is not None:
        await _check(session, staff_id)
    await _set(session, conversation_id, assignee_id=staff_id)


async def resolve(session: AsyncSession, conversation_id: UUID, *, now: datetime) -> None:
    """Done: out of everybody's way until the customer writes again; twice keeps the first moment.

    Raises NoSuchConversation.
    """
    since = case((col(Conversation.state) == ConversationState.RESOLVED, col(Conversation.resolved_at)))
    values = {"unread": False, "flag": "", "snoozed_until": None, "resolved_at": func.coalesce(since, now)}
    await _set(session, conversation_id, state=ConversationState.RESOLVED, **values)


async def reopen(session: AsyncSession, conversation_id: UUID) -> None:
    """Work again. Raises NoSuchConversation."""
    await _set(session, conversation_id, state=ConversationState.OPEN, snoozed_until=None)


async def await_customer(session: AsyncSession, conversation_id: UUID) -> None:
    """Nothing to do until the customer writes; it stays in the views. Raises NoSuchConversation."""
    await _set(session, conversation_id, state=ConversationState.PENDING, unread=False, snoozed_until=None)


async def snooze(session: AsyncSession, conversation_id: UUID, until: datetime) -> None:
    """Out of the way until then, or until the customer writes. Raises NoSuchConversation."""
    await _set(session, conversation_id, state=ConversationState.SNOOZED, snoozed_until=until)


async def wake(session: AsyncSession, *, now: datetime) -> int:
    """Reopen what was snoozed until now or earlier; how many those were."""
    due = (col(Conversation.state) == ConversationState.SNOOZED, col(Conversation.snoozed_until) <= now)
    woken = await session.execute(
        update(Conversation)
        .where(*due)
        .values(state=ConversationState.OPEN, snoozed_until=None, unread=True)
        .returning(col(Conversation.id), col(Conversation.customer_id))
    )
    rows = woken.all()
    for conversation_id, customer_id in rows:
        await live.publish(session, "conversation", id=conversation_id, customer=customer_id)
    return len(rows)


async def mark_read(session: AsyncSession, conversation_id: UUID) -> None:
    """Somebody looked at it. Raises NoSuchConversation."""
    await _set(session, conversation_id, unread=False)


async def _check(session: AsyncSession, staff_id: int) -> None:
    person = await session.get(Staff, staff_id)
    if person is None:
        raise CannotAssign(Sentence("This colleague is not here any more. Choose somebody else."))
    if not accounts.answers(person):
        gaps = {"name": person.name}
        raise CannotAssign(Sentence("%(name)s does not answer customers. Choose somebody who does", gaps))


async def _set(session: AsyncSession, conversation_id: UUID, **values: Any) -> None:
    conversation_id = await threads.standing(session, conversation_id)  # a page that is open may know an older one
    changed = await session.execute(
        update(Conversation)
        .where(col(Conversation.id) == conversation_id)
        .values(**values)
        .returning(col(Conversation.customer_id))
    )
    customer_id = changed.scalar_one_or_none()
    if customer_id is None:
        raise NoSuchConversation(conversation_id)
    await live.publish(session, "conversation", id=conversation_id, customer=customer_id)
