"""/api/v1/conversations: the inbox for programs. Views, one conversation, where it stands, and whose it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field, model_validator

from channels.message import Kind
from hub.api.access import Answerer, Caller, InboxReader
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body, Limit, Out, Page
from hub.conversations import assignment, inbox, threads
from hub.conversations.assignment import CannotAssign
from hub.conversations.inbox import NoSuchConversation
from hub.models.vocabulary import ConversationState
from hub.staff.roles import Action

router = APIRouter(tags=["Conversations"], route_class=Endpoint)


class ConversationOut(Out):
    id: UUID
    customer_id: UUID
    customer_name: str
    subject: str
    preview: str
    kind: Kind = Field(description="Of the latest word")
    channel: str
    state: ConversationState
    unread: bool
    assignee_id: int | None
    assignee_name: str
    last_at: datetime
    last_inbound_at: datetime | None
    snoozed_until: datetime | None
    due_at: datetime | None = Field(description="The earliest of its promises that are open")
    flag: str


class StandingIn(Body):
    """Where a conversation is to stand. `until`: with "snoozed", and only then."""

    state: ConversationState = Field(examples=["resolved"])
    until: AwareDatetime | None = Field(default=None, description="When a snoozed one wakes")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> StandingIn:
        if (self.state is ConversationState.SNOOZED) != (self.until is not None):
            raise ValueError("Give `until` with the state snoozed, and with no other")
        return self


class AssigneeIn(Body):
    staff_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(description="null: nobody's", examples=[3])


@router.get("/conversations", responses={404: {}})
async def list_conversations(
    caller: InboxReader,
    view: Annotated[
        str,
        Query(
            max_length=120,
            description=f"{', '.join(inbox.VIEWS)}, team-7, channel-NAME, saved-5; mine: the token's owner's",
        ),
    ] = "all",
    query: Annotated[str, Query(max_length=200, description="Part of a name, subject or preview")] = "",
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[ConversationOut]:
    """One view of the inbox, newest first."""
    try:
        async with caller.hub.database.unit() as session:
            lines = await inbox.lines(
                session, view, staff_id=caller.staff_id, before=before, limit=limit + 1, query=query
            )
    except LookupError as e:
        remedy = "GET /api/v1/conversations without `view` lists all that are open"
        raise Problem(404, "View", f"There is no view {view} that its owner sees", remedy=remedy) from e
    following = lines[limit - 1].cursor if len(lines) > limit else None
    return Page(items=[ConversationOut.of(line) for line in lines[:limit]], next=following)


@router.get("/conversations/{conversation_id}")
async def read_conversation(caller: InboxReader, conversation_id: UUID) -> ConversationOut:
    """One, as it stands; one that was merged answers as the one that took its place."""
    async with caller.hub.database.unit() as session:
        return await _told(session, caller, conversation_id)


@router.put("/conversations/{conversation_id}/state")
async def set_state(caller: Answerer, conversation_id: UUID, body: StandingIn) -> ConversationOut:
    """Resolve, reopen, snooze, or wait for the customer. The same again changes nothing."""
    if body.until is not None and body.until <= caller.now:
        remedy = "Give a moment that is yet to come"
        raise Problem(422, "Conversation", "It cannot be snoozed until a moment that has passed", remedy=remedy)
    async with caller.hub.database.unit() as session:
        standing = (await _told(session, caller, conversation_id)).id
        await _stand(session, standing, body, caller.now)
        await _note(session, caller, "conversation.state", standing, body.state.value)
        return await _told(session, caller, standing)


@router.put("/conversations/{conversation_id}/assignee")
async def assign_conversation(caller: Answerer, conversation_id: UUID, body: AssigneeIn) -> ConversationOut:
    """To somebody who answers customers, or to nobody. To others than oneself: for those who may assign."""
    if body.staff_id not in (None, caller.staff_id):
        caller.demand(Action.ASSIGN)
    async with caller.hub.database.unit() as session:
        standing = (await _told(session, caller, conversation_id)).id
        await _assign(session, standing, body.staff_id)
        await _note(session, caller, "conversation.assign", standing, f"staff:{body.staff_id or 'nobody'}")
        return await _told(session, caller, standing)


async def _stand(session: Any, conversation_id: UUID, body: StandingIn, now: datetime) -> None:
    if body.until is not None:
        await assignment.snooze(session, conversation_id, body.until)
    elif body.state is ConversationState.RESOLVED:
        await assignment.resolve(session, conversation_id, now=now)
    elif body.state is ConversationState.PENDING:
        await assignment.await_customer(session, conversation_id)
    else:
        await assignment.reopen(session, conversation_id)


async def _assign(session: Any, conversation_id: UUID, staff_id: int | None) -> None:
    try:
        await assignment.assign(session, conversation_id, staff_id)
    except CannotAssign as e:
        raise Problem(422, "Assignee", str(e), remedy="Use the number of an agent, or null for nobody") from e


async def _told(session: Any, caller: Caller, conversation_id: UUID) -> ConversationOut:
    try:
        standing = await threads.standing(session, conversation_id)
        return ConversationOut.of(await inbox.conversation(session, standing, staff_id=caller.staff_id))
    except NoSuchConversation as e:
        raise Problem(404, "Conversation", str(e), remedy="Look it up with GET /api/v1/conversations") from e


async def _note(session: Any, caller: Caller, action: str, conversation_id: UUID, detail: str) -> None:
    await caller.note(session, action, subject=f"conversation:{conversation_id}", detail=detail)
