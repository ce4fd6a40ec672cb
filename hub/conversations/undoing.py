"""Taking back what an agent rearranged, for as long as nobody has gone on from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations.rearranging import ended, pair, refresh, tell, words
from hub.models import Conversation, Interaction, Rearrangement, Task
from hub.models.vocabulary import ConversationState, Direction


class WorkedOn(ValueError):
    """Somebody has gone on from there; taking it back would tear their work apart."""


class NoSuchRearrangement(LookupError):
    """There is no such change."""


async def undo(session: AsyncSession, change_id: UUID, *, now: datetime) -> Rearrangement:
    """Everything back to where it was. Raises NoSuchRearrangement or WorkedOn."""
    change = await session.get(Rearrangement, change_id, with_for_update=True, populate_existing=True)
    if change is None:
        raise NoSuchRearrangement(f"There is no change {change_id}")
    source, target = await pair(session, change.from_id, change.into_id)
    if await _worked_on(session, change, source, target):
        raise WorkedOn("Somebody has worked on it since, or it was undone already")
    await _put_back(session, change)
    heard = await _heard_since(session, target.id, change.at)
    for conversation in (source, target):
        if not (heard and conversation is target):
            _restore(conversation, change.moved["before"].get(str(conversation.id), {}))
        await refresh(session, conversation)
    if not await words(session, target.id):
        ended(target, source)
    change.undone_at = now
    await tell(session, source, target)
    return change


async def undoable(session: AsyncSession, conversation_id: UUID) -> Rearrangement | None:
    """The latest change of this conversation, as long as it can be taken back."""
    rows = select(Rearrangement).where(_touches(conversation_id), col(Rearrangement.undone_at).is_(None))
    change = (await session.exec(rows.order_by(col(Rearrangement.id).desc()).limit(1))).first()
    if change is None:
        return None
    source = await session.get(Conversation, change.from_id)
    target = await session.get(Conversation, change.into_id)
    if source is None or target is None or await _worked_on(session, change, source, target):
        return None
    return change


# ---- whether, and how ------------------------------------------------------------------------


async def _put_back(session: AsyncSession, change: Rearrangement) -> None:
    for word, (by, flag, to) in change.moved["words"].items():
        here = (col(Interaction.id) == UUID(word), col(Interaction.conversation_id) == change.into_id)
        values = {"conversation_id": change.from_id, "threaded_by": by, "flag": flag}
        values["points_to_id"] = UUID(to) if to else None
        await session.exec(update(Interaction).where(*here).values(**values))
    if change.moved["tasks"]:
        mine = (col(Task.id).in_(change.moved["tasks"]), col(Task.conversation_id) == change.into_id)
        await session.exec(update(Task).where(*mine).values(conversation_id=change.from_id))


async def _worked_on(session: AsyncSession, change: Rearrangement, source: Conversation, target: Conversation) -> bool:
    """Undone, changed again, answered, noted, given to somebody or settled since."""
    if change.undone_at is not None or await _changed_again(session, change):
        return True
    both = (source, target)
    if any(_handled(one, change.moved["after"].get(str(one.id), {})) for one in both):
        return True
    said = select(Interaction.id).where(
        col(Interaction.conversation_id).in_([one.id for one in both]),
        col(Interaction.direction) != Direction.IN,
        col(Interaction.at) > change.at,
    )
    return (await session.exec(said.limit(1))).first() is not None


def _handled(conversation: Conversation, after: Mapping[str, Any]) -> bool:
    """An agent gave it to somebody or changed its state. That a customer's word opened it again is no work."""
    if not after:
        return False
    opened = conversation.state is ConversationState.OPEN
    return conversation.assignee_id != after["assignee_id"] or (conversation.state != after["state"] and not opened)


async def _changed_again(session: AsyncSession, change: Rearrangement) -> bool:
    later = or_(_touches(change.from_id), _touches(change.into_id))
    rows = select(Rearrangement.id).where(
        later, col(Rearrangement.undone_at).is_(None), col(Rearrangement.id) > change.id
    )
    return (await session.exec(rows.limit(1))).first() is not None


async def _heard_since(session: AsyncSession, conversation_id: UUID, at: datetime) -> bool:
    said = (col(Interaction.direction) == Direction.IN, col(Interaction.at) > at)
    rows = select(Interaction.id).where(col(Interaction.conversation_id) == conversation_id, *said)
    return (await session.exec(rows.limit(1))).first() is not None


def _touches(conversation_id: UUID) -> Any:
    return or_(col(Rearrangement.from_id) == conversation_id, col(Rearrangement.into_id) == conversation_id)


def _restore(conversation: Conversation, before: Mapping[str, Any]) -> None:
    if not before:
        return
    until, into = before["snoozed_until"], before["merged_into_id"]
    conversation.state = ConversationState(before["state"])
    conversation.unread, conversation.assignee_id = before["unread"], before["assignee_id"]
    conversation.flag, conversation.subject = before["flag"], before["subject"]
    conversation.snoozed_until = datetime.fromisoformat(until) if until else None
    conversation.merged_into_id = UUID(into) if into else None
