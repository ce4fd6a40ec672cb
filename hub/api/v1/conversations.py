"""/api/v1: putting right what stands in which conversation. Nothing of what was said changes, nor whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.api.access import Answerer, Caller
from hub.api.problems import telling
from hub.api.repeating import Asked, Once, again, once
from hub.api.v1.message_shapes import MergeIn, MoveIn, RearrangementOut, SplitIn, TakenBackOut
from hub.conversations import held, rearranging, undoing
from hub.conversations.held import TooLate
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.rearranging import CannotRearrange
from hub.conversations.undoing import NoSuchRearrangement, WorkedOn
from hub.interactions.history import NoSuchEntry
from hub.models import Rearrangement

_LOOK = "Look its id up with GET /api/v1/interactions"
_TOLD = telling(
    (NoSuchEntry, 404, "Conversation", _LOOK),
    (NoSuchConversation, 404, "Conversation", _LOOK),
    (NoSuchRearrangement, 404, "Conversation", _LOOK),
    (CannotRearrange, 409, "Conversation", "Read it again; nothing was changed"),
    (WorkedOn, 409, "Conversation", "Read it again; nothing was changed"),
    (TooLate, 409, "Conversation", "Read it again; nothing was changed"),
)
router = APIRouter(tags=["Conversations"], route_class=_TOLD)


@router.post("/interactions/{interaction_id}/move", status_code=201, responses=again(RearrangementOut))
async def move_interaction(caller: Answerer, interaction_id: UUID, body: MoveIn, asked: Once) -> RearrangementOut:
    """One message into another conversation, of whichever customer."""
    return await _rearranged(
        caller,
        asked,
        "message.move",
        lambda session: rearranging.move(
            session, interaction_id, body.conversation_id, staff_id=caller.staff_id, now=caller.now
        ),
    )


@router.post("/interactions/{interaction_id}/split", status_code=201, responses=again(RearrangementOut))
async def split_conversation(caller: Answerer, interaction_id: UUID, body: SplitIn, asked: Once) -> RearrangementOut:
    """A new conversation with this message, or with it and everything behind it."""
    return await _rearranged(
        caller,
        asked,
        "conversation.split",
        lambda session: rearranging.split(
            session, interaction_id, body.reach, staff_id=caller.staff_id, now=caller.now
        ),
    )


@router.post("/conversations/{conversation_id}/merge", status_code=201, responses=again(RearrangementOut))
async def merge_conversation(caller: Answerer, conversation_id: UUID, body: MergeIn, asked: Once) -> RearrangementOut:
    """Everything of one conversation into another one, which takes its place; of two customers both take part then."""
    return await _rearranged(
        caller,
        asked,
        "conversation.merge",
        lambda session: rearranging.merge(
            session, conversation_id, body.into, staff_id=caller.staff_id, now=caller.now
        ),
    )


@router.post("/rearrangements/{rearrangement_id}/undo")
async def undo_rearrangement(caller: Answerer, rearrangement_id: UUID, asked: Once) -> RearrangementOut:
    """Everything back to where it was, as long as nobody has gone on from there."""
    return await _rearranged(
        caller, asked, "conversation.undo", lambda session: undoing.undo(session, rearrangement_id, now=caller.now)
    )


async def _rearranged(
    caller: Caller, asked: Asked, action: str, change: Callable[[Any], Awaitable[Rearrangement]]
) -> RearrangementOut:
    """Done and audited in one transaction, or refused in words."""

    async def done(session: Any) -> RearrangementOut:
        return await _told(session, caller, action, await change(session))

    return await once(caller, asked, RearrangementOut, done)


@router.post("/interactions/{interaction_id}/take-back")
async def take_back_interaction(caller: Answerer, interaction_id: UUID) -> TakenBackOut:
    """What an agent sent and has not left, or planned for later: not sent, and a draft of its writer's again."""
    async with caller.hub.database.unit() as session:
        taken = await held.take_back(session, interaction_id, by=caller.staff_id, now=caller.now)
    place = taken.place
    return TakenBackOut(
        staff_id=place.staff_id,
        customer_id=place.customer_id,
        conversation_id=place.conversation_id,
        text=taken.draft.text,
    )


async def _told(session: Any, caller: Caller, action: str, change: Rearrangement) -> RearrangementOut:
    shape = RearrangementOut.of(change)
    detail = f"conversation:{change.from_id} into conversation:{change.into_id}, {shape.words} words"
    await caller.note(session, action, subject=f"rearrangement:{change.id}", detail=detail)
    return shape
