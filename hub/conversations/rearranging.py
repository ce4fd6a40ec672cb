"""What stands where: agents move messages, split and merge conversations. Taking it back is `undoing`'s.

Only the place in a conversation changes. Whose word it is never does: everybody's own timeline shows it as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.conversations import drafts, threads
from hub.conversations.inbox import NoSuchConversation
from hub.interactions.history import NoSuchEntry
from hub.models import Conversation, Interaction, Rearrangement, Task
from hub.models.vocabulary import ConversationState, Direction, Rearranged, ThreadedBy
from hub.sentences import Sentence

_THREAD_FLAGS = (threads.STRANGER, threads.AMBIGUOUS)
_LIVELIEST = (
    ConversationState.OPEN,
    ConversationState.PENDING,
    ConversationState.SNOOZED,
    ConversationState.RESOLVED,
)


class Reach(StrEnum):
    """How much of a conversation is meant."""

    MESSAGE = "message"  # this one
    LATER = "later"  # this one and everything behind it


class CannotRearrange(ValueError):
    """It would change nothing, or leave nothing behind; the message says which."""


async def move(
    session: AsyncSession, interaction_id: UUID, into_id: UUID, *, staff_id: int, now: datetime
) -> Rearrangement:
    """One message into another conversation, of whichever customer.

    Raises NoSuchEntry, NoSuchConversation, CannotRearrange.
    """
    word = await _word(session, interaction_id)
    source, target = await _both(session, _place(word), await threads.standing(session, into_id))
    await _still_there(session, word, source)
    return await _carry(session, Rearranged.MOVE, source, target, [word.id], ThreadedBy.MOVED, staff_id, now)


async def split(
    session: AsyncSession, interaction_id: UUID, reach: Reach, *, staff_id: int, now: datetime
) -> Rearrangement:
    """A conversation of its own for a message, or for it and what came later. Raises NoSuchEntry, CannotRearrange."""
    word = await _word(session, interaction_id)
    source = await threads.locked(session, _place(word))
    await _still_there(session, word, source)
    ids = await words(session, source.id)
    taken = [word.id] if reach is Reach.MESSAGE else [one for one in ids if one >= word.id]
    if len(taken) == len(ids):
        raise CannotRearrange(Sentence("Nothing would be left in this conversation: it is one of its own already"))
    kind, channel = word.kind or source.kind, word.channel or source.channel
    target = threads.opened(word.customer_id, kind, channel, subject=word.subject or source.subject, now=now)
    target.unread, target.assignee_id = False, source.assignee_id
    session.add(target)
    await session.flush()
    return await _carry(session, Rearranged.SPLIT, source, target, taken, ThreadedBy.SPLIT, staff_id, now)


async def merge(session: AsyncSession, from_id: UUID, into_id: UUID, *, staff_id: int, now: datetime) -> Rearrangement:
    """Everything of one conversation into another, which takes its place. Raises NoSuchConversation, CannotRearrange.

    Of different customers too: then both take part in what remains.
    """
    source, target = await _both(session, from_id, await threads.standing(session, into_id))
    ids = await words(session, source.id)
    return await _carry(session, Rearranged.MERGE, source, target, ids, ThreadedBy.MERGED, staff_id, now)


async def join(session: AsyncSession, from_id: UUID, into_id: UUID, *, now: datetime) -> bool:
    """The mail between two conversations of one customer came late and shows that they are one.

    False when a person has to decide, because somebody has worked on the first already: then the other is flagged.
    """
    source, target = await pair(session, from_id, into_id)
    apart = source.customer_id != target.customer_id or source.merged_into_id or target.merged_into_id
    if apart or await _answered(session, source.id):
        target.flag = target.flag or threads.AMBIGUOUS
        return False
    ids = await words(session, source.id)
    await _carry(session, Rearranged.MERGE, source, target, ids, ThreadedBy.JOINED, None, now)
    return True


# ---- moving ---------------------------------------------------------------------------------


async def _carry(
    session: AsyncSession,
    what: Rearranged,
    source: Conversation,
    target: Conversation,
    ids: Sequence[UUID],
    by: ThreadedBy,
    staff_id: int | None,
    now: datetime,
) -> Rearrangement:
    before = {str(one.id): _snapshot(one) for one in (source, target)}
    moved: dict[str, Any] = {"words": await _reasons(session, ids), "tasks": [], "before": before}
    values = {"conversation_id": target.id, "threaded_by": by.value, "points_to_id": None}
    await session.exec(update(Interaction).where(col(Interaction.id).in_(ids)).values(**values))
    settled = col(Interaction.flag).in_(_THREAD_FLAGS)
    await session.exec(update(Interaction).where(col(Interaction.id).in_(ids), settled).values(flag=""))
    if what is not Rearranged.SPLIT:
        _livelier(target, source)
    if not await words(session, source.id):
        moved["tasks"] = await _tasks(session, source.id, target.id)
        await drafts.follow(session, source.id, target.id)
        ended(source, target)
    for one in (source, target):
        await refresh(session, one)
    moved["after"] = {str(one.id): _snapshot(one) for one in (source, target)}
    return await _written(session, what, source, target, moved, staff_id, now)


async def _written(
    session: AsyncSession,
    what: Rearranged,
    source: Conversation,
    target: Conversation,
    moved: dict[str, Any],
    staff_id: int | None,
    now: datetime,
) -> Rearrangement:
    change = Rearrangement(
        id=uuid7(now), at=now, staff_id=staff_id, what=what, from_id=source.id, into_id=target.id, moved=moved
    )
    session.add(change)
    await session.flush()
    await tell(session, source, target)
    return change


def _livelier(target: Conversation, source: Conversation) -> None:
    """The work that the words bring along comes with them; whoever has the target keeps it."""
    if _LIVELIEST.index(source.state) < _LIVELIEST.index(target.state):
        target.state, target.snoozed_until = source.state, source.snoozed_until
    target.unread = target.unread or source.unread
    target.assignee_id = target.assignee_id or source.assignee_id
    target.subject = target.subject or source.subject
    if source.flag not in _THREAD_FLAGS:
        target.flag = target.flag or source.flag


def ended(source: Conversation, target: Conversation) -> None:
    """Nothing is left of it: whoever looks for it finds the other one."""
    source.merged_into_id, source.state = target.id, ConversationState.RESOLVED
    source.unread, source.flag, source.snoozed_until = False, "", None


async def refresh(session: AsyncSession, conversation: Conversation) -> None:
    """What the inbox shows of it, from the words that are in it now."""
    said = (col(Interaction.conversation_id) == conversation.id, col(Interaction.kind).is_not(None))
    rows = select(Interaction).where(*said).order_by(col(Interaction.id).desc()).limit(1)
    last = (await session.exec(rows, execution_options={"populate_existing": True})).first()
    if last is not None:
        conversation.last_at, conversation.kind = last.at, last.kind or conversation.kind
        conversation.channel = last.channel or conversation.channel
        conversation.preview = threads.preview(last.reply_text or last.body_text) or conversation.preview
    heard = (*said, col(Interaction.direction) == Direction.IN, col(Interaction.auto) == "")
    conversation.last_inbound_at = (await session.exec(select(func.max(col(Interaction.at))).where(*heard))).one()
    if conversation.flag in _THREAD_FLAGS and not await _flagged(session, conversation.id):
        conversation.flag = ""
    conversation.stirred = True  # who waits for an answer may have changed with the words
    session.add(conversation)
    await session.flush()


async def _flagged(session: AsyncSession, conversation_id: UUID) -> bool:
    rows = select(Interaction.id).where(
        col(Interaction.conversation_id) == conversation_id, col(Interaction.flag).in_(_THREAD_FLAGS)
    )
    return (await session.exec(rows.limit(1))).first() is not None


async def _tasks(session: AsyncSession, from_id: UUID, into_id: UUID) -> list[int]:
    moved = update(Task).where(col(Task.conversation_id) == from_id).values(conversation_id=into_id)
    return [one for one in (await session.execute(moved.returning(col(Task.id)))).scalars() if one is not None]


async def _reasons(session: AsyncSession, ids: Sequence[UUID]) -> dict[str, list[str | None]]:
    """Why each word stood where it stood: reason, flag, what it pointed to."""
    columns = (Interaction.id, Interaction.threaded_by, Interaction.flag, col(Interaction.points_to_id))
    rows = await session.exec(select(*columns).where(col(Interaction.id).in_(ids)))
    return {str(one): [by, flag, str(to) if to else None] for one, by, flag, to in rows}


def _snapshot(conversation: Conversation) -> dict[str, Any]:
    until, into = conversation.snoozed_until, conversation.merged_into_id
    return {
        "state": conversation.state.value,
        "unread": conversation.unread,
        "assignee_id": conversation.assignee_id,
        "flag": conversation.flag,
        "subject": conversation.subject,
        "snoozed_until": until.isoformat() if until else None,
        "merged_into_id": str(into) if into else None,
    }


# ---- reading --------------------------------------------------------------------------------


async def _word(session: AsyncSession, interaction_id: UUID) -> Interaction:
    word = await session.get(Interaction, interaction_id)
    if word is None:
        raise NoSuchEntry(interaction_id)
    return word


def _place(word: Interaction) -> UUID:
    if word.conversation_id is None:
        nowhere = Sentence("This message stands in no conversation: only its customer's timeline shows it")
        raise CannotRearrange(nowhere)
    return word.conversation_id


async def _still_there(session: AsyncSession, word: Interaction, source: Conversation) -> None:
    """Looked at behind the lock: somebody may have moved it just before. Raises CannotRearrange."""
    await session.refresh(word, ["conversation_id"])
    if word.conversation_id != source.id:
        raise CannotRearrange(Sentence("A colleague has just moved this message. Load the page again"))


async def words(session: AsyncSession, conversation_id: UUID) -> list[UUID]:
    """Everything that stands in a conversation, oldest first."""
    rows = select(Interaction.id).where(col(Interaction.conversation_id) == conversation_id)
    return list(await session.exec(rows.order_by(col(Interaction.id))))


async def _both(session: AsyncSession, from_id: UUID, into_id: UUID) -> tuple[Conversation, Conversation]:
    """Two conversations that stand for themselves, locked."""
    if from_id == into_id:
        raise CannotRearrange(Sentence("That is the same conversation"))
    source, target = await pair(session, from_id, into_id)
    if source.merged_into_id is not None or target.merged_into_id is not None:
        raise CannotRearrange(Sentence("A colleague has just merged it with another one. Load the page again"))
    return source, target


async def pair(session: AsyncSession, from_id: UUID, into_id: UUID) -> tuple[Conversation, Conversation]:
    """Two conversations, locked in one order. Raises NoSuchConversation."""
    rows = select(Conversation).where(col(Conversation.id).in_((from_id, into_id))).order_by(col(Conversation.id))
    found = await session.exec(rows.with_for_update(), execution_options={"populate_existing": True})
    by_id = {one.id: one for one in found}
    for one in (from_id, into_id):
        if one not in by_id:
            raise NoSuchConversation(one)
    return by_id[from_id], by_id[into_id]


async def _answered(session: AsyncSession, conversation_id: UUID) -> bool:
    ours = (col(Interaction.conversation_id) == conversation_id, col(Interaction.direction) != Direction.IN)
    return (await session.exec(select(Interaction.id).where(*ours).limit(1))).first() is not None


async def tell(session: AsyncSession, *conversations: Conversation) -> None:
    """Open pages hear of it when the transaction commits."""
    await session.flush()
    for one in conversations:
        await threads.tell(session, one.id, one.customer_id)
