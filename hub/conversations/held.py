"""Messages that leave later: taken back by who wrote them, or cancelled because the customer was first.

Whoever holds the ticket decides: a worker that has claimed it sends the message, and nobody takes it back; whoever
deletes it unclaimed has it back, and nothing is sent. Locks are taken in one order: conversation, ticket, message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import drafts, threads
from hub.conversations.drafts import Draft, Place
from hub.interactions.history import NoSuchEntry
from hub.models import Conversation, HeldReply, Interaction, Outbox
from hub.models.vocabulary import ConversationState, Recalled, State
from hub.staff import audit

_KEPT = timedelta(days=30)  # the words of what was cancelled


class TooLate(Exception):
    """It is on its way, or gone, or somebody else has taken it back."""

    def __init__(self) -> None:
        super().__init__("It has left already. Write to the customer again if it has to be put right")


@dataclass(frozen=True, slots=True)
class Held:
    """What a page says of a message that has not left. `leaves_at` is when it is due, if the gate says so then."""

    interaction_id: UUID
    leaves_at: datetime
    scheduled: bool
    unless_answered: bool
    staff_id: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Whose draft it is now, and of which composer."""

    place: Place
    draft: Draft


def seen(conversation: Conversation, *, fresh: bool = False) -> dict[str, Any]:
    """What a reply changes about its conversation, to be put back. `fresh`: the reply opened it."""
    until, resolved_at = conversation.snoozed_until, conversation.resolved_at
    return {
        "state": conversation.state,
        "unread": conversation.unread,
        "assignee_id": conversation.assignee_id,
        "snoozed_until": until.isoformat() if until else None,
        "resolved_at": resolved_at.isoformat() if resolved_at else None,
        "kind": conversation.kind,
        "preview": conversation.preview,
        "last_at": conversation.last_at.isoformat(),
        "fresh": fresh,
    }


async def keep(
    session: AsyncSession,
    held: Held,
    draft: Draft,
    *,
    before: Mapping[str, Any],
    conversation: Conversation,
) -> None:
    """Remember what has just been put into the outbox, and how its conversation was before that."""
    session.add(
        HeldReply(
            interaction_id=held.interaction_id,
            staff_id=held.staff_id,
            leaves_at=held.leaves_at,
            scheduled=held.scheduled,
            unless_answered=held.unless_answered,
            typed=drafts.written(draft),
            before={"before": dict(before), "after": seen(conversation)},
        )
    )
    await session.flush()


async def reach(
    session: AsyncSession, interaction_id: UUID, *, before: Mapping[str, Any], conversation: Conversation
) -> None:
    """More was done together with the message: taking it back puts the conversation to where it was before all that."""
    row = await session.get_one(HeldReply, interaction_id)
    row.before = {"before": dict(before), "after": seen(conversation)}
    await session.flush()


async def of(session: AsyncSession, interaction_ids: Collection[UUID]) -> dict[UUID, Held]:
    """What is known of those of them that have not left, or were cancelled because the customer was first."""
    rows = select(HeldReply).join(Interaction, col(Interaction.id) == col(HeldReply.interaction_id))
    found = await session.exec(rows.where(col(HeldReply.interaction_id).in_(interaction_ids), _CAN_BE_TAKEN))
    return {row.interaction_id: _held(row) for row in found}


async def take_back(session: AsyncSession, interaction_id: UUID, *, by: int, now: datetime) -> Taken:
    """Not sent, and in its writer's composer again. Raises TooLate or history.NoSuchEntry."""
    row, message, conversation = await _locked(session, interaction_id)
    if message.state is State.QUEUED:
        await _unqueue(session, message)
    elif (message.state, message.reason) != (State.CANCELLED, Recalled.ANSWERED_FIRST):
        raise TooLate
    _cancel(message, Recalled.TAKEN_BACK, now)
    gone = conversation is not None and await _as_before(session, conversation, message, row.before)
    here = None if gone or conversation is None else conversation.id
    place, draft = Place(row.staff_id, message.customer_id, here), drafts.read(row.typed)
    await drafts.add(session, place, draft, now=now)
    subject, detail = f"customer:{message.customer_id}", f"interaction:{interaction_id}"
    await audit.write(session, "message.take-back", staff_id=by, subject=subject, detail=detail, now=now)
    await session.delete(row)
    await session.flush()
    await _tell(session, message.customer_id, conversation)
    return Taken(place, draft)


async def send_now(session: AsyncSession, interaction_id: UUID, *, by: int, now: datetime) -> Interaction:
    """Not later but at once. Raises TooLate or history.NoSuchEntry."""
    row, message, conversation = await _locked(session, interaction_id)
    ticket = await _ticket(session, interaction_id)
    if message.state is not State.QUEUED or ticket is None or ticket.lease_until is not None:
        raise TooLate
    ticket.due_at = now
    subject, detail = f"customer:{message.customer_id}", f"interaction:{interaction_id}"
    await audit.write(session, "message.send-now", staff_id=by, subject=subject, detail=detail, now=now)
    await session.delete(row)
    await session.flush()
    await live.publish(session, "outbox", channel=message.channel)
    await _tell(session, message.customer_id, conversation)
    return message


async def customer_spoke(
    session: AsyncSession, customer_id: UUID, conversation_id: UUID | None, *, now: datetime
) -> None:
    """They wrote or called: what was to leave unless they did stays here, and its conversation is work again."""
    rows = select(HeldReply.interaction_id).join(Interaction, col(Interaction.id) == col(HeldReply.interaction_id))
    theirs = [col(Interaction.customer_id) == customer_id]
    if conversation_id is not None:
        theirs.append(col(Interaction.conversation_id) == conversation_id)
    waiting = rows.where(col(HeldReply.unless_answered), col(Interaction.state) == State.QUEUED, or_(*theirs))
    for interaction_id in (await session.exec(waiting.order_by(col(Interaction.conversation_id)))).all():
        with suppress(TooLate):
            await _overtake(session, interaction_id, now)


async def _overtake(session: AsyncSession, interaction_id: UUID, now: datetime) -> None:
    """Raises TooLate."""
    _, message, conversation = await _locked(session, interaction_id)
    if message.state is not State.QUEUED:
        raise TooLate
    await _unqueue(session, message)
    _cancel(message, Recalled.ANSWERED_FIRST, now)
    if conversation is not None:
        conversation.state, conversation.unread = ConversationState.OPEN, True
        conversation.snoozed_until = None
    await session.flush()
    await _tell(session, message.customer_id, conversation)


async def forget_left(session: AsyncSession, *, now: datetime) -> None:
    """What has left cannot be taken back; what was cancelled long ago nobody takes up any more."""
    here = exists().where(col(Interaction.id) == col(HeldReply.interaction_id), _CAN_BE_TAKEN)
    old = col(HeldReply.leaves_at) < now - _KEPT
    late = col(HeldReply.leaves_at) < now - timedelta(hours=1)
    await session.exec(delete(HeldReply).where(late, or_(old, ~here)))


_CAN_BE_TAKEN = or_(
    col(Interaction.state) == State.QUEUED,
    (col(Interaction.state) == State.CANCELLED) & (col(Interaction.reason) == Recalled.ANSWERED_FIRST),
)


async def _locked(session: AsyncSession, interaction_id: UUID) -> tuple[HeldReply, Interaction, Conversation | None]:
    """Raises TooLate for a message that is not held, NoSuchEntry for none at all."""
    place = await session.exec(select(Interaction.conversation_id).where(col(Interaction.id) == interaction_id))
    found = place.all()
    if not found:
        raise NoSuchEntry(interaction_id)
    conversation = await threads.locked(session, found[0]) if found[0] is not None else None
    await _ticket(session, interaction_id)
    rows = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    message = (await session.exec(rows, execution_options=_FRESH)).one()
    row = await session.get(HeldReply, interaction_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise TooLate
    return row, message, conversation


async def _ticket(session: AsyncSession, interaction_id: UUID) -> Outbox | None:
    rows = select(Outbox).where(col(Outbox.interaction_id) == interaction_id).with_for_update()
    return (await session.exec(rows, execution_options=_FRESH)).first()


async def _unqueue(session: AsyncSession, message: Interaction) -> None:
    """Its ticket away, so that nobody sends it. Raises TooLate when somebody holds that."""
    gone = await session.exec(
        delete(Outbox).where(col(Outbox.interaction_id) == message.id, col(Outbox.lease_until).is_(None))
    )
    if not gone.rowcount:
        raise TooLate


def _cancel(message: Interaction, why: Recalled, now: datetime) -> None:
    message.state, message.state_rank, message.state_at = State.CANCELLED, State.CANCELLED.rank, now
    message.reason = why.value


async def _as_before(
    session: AsyncSession, conversation: Conversation, message: Interaction, kept: Mapping[str, Any]
) -> bool:
    """Put the conversation back, unless somebody has gone on from there. True when it is there no more."""
    before, after = kept["before"], kept["after"]
    if {**seen(conversation), "fresh": False} != after:
        return False
    if before["fresh"] and not await _has_other_words(session, conversation.id, message.id):
        message.conversation_id = None
        await session.flush()
        await session.delete(conversation)
        return True
    until, resolved_at = before["snoozed_until"], before["resolved_at"]
    conversation.state, conversation.unread = ConversationState(before["state"]), before["unread"]
    conversation.assignee_id, conversation.preview = before["assignee_id"], before["preview"]
    conversation.kind = before["kind"]
    conversation.snoozed_until = datetime.fromisoformat(until) if until else None
    conversation.resolved_at = datetime.fromisoformat(resolved_at) if resolved_at else None
    conversation.last_at = datetime.fromisoformat(before["last_at"])
    return False


async def _has_other_words(session: AsyncSession, conversation_id: UUID, interaction_id: UUID) -> bool:
    others = (col(Interaction.conversation_id) == conversation_id, col(Interaction.id) != interaction_id)
    return (await session.exec(select(Interaction.id).where(*others).limit(1))).first() is not None


async def _tell(session: AsyncSession, customer_id: UUID, conversation: Conversation | None) -> None:
    await live.publish(session, "customer", id=customer_id)
    if conversation is not None:
        await threads.tell(session, conversation.id, conversation.customer_id)


def _held(row: HeldReply) -> Held:
    return Held(row.interaction_id, row.leaves_at, row.scheduled, row.unless_answered, row.staff_id)


_FRESH = {"populate_existing": True}
