"""/api/v1/search: customers, conversations and messages by words and operators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from channels.message import Kind
from hub.api.access import Anyone, Caller
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Out
from hub.api.v1.customer_shapes import CustomerLineOut
from hub.models.vocabulary import ConversationState, Direction
from hub.search import everything, query
from hub.search.conversations import Talk
from hub.search.everything import Found, Group
from hub.search.messages import Said
from hub.search.query import QueryProblem
from hub.staff.roles import Action

router = APIRouter(prefix="/search", tags=["Search"], route_class=Endpoint)


class PieceOut(BaseModel):
    """A part of a line."""

    text: str
    hit: bool = Field(description="It is one of the words that were looked for")


class FoundConversationOut(Out):
    id: UUID
    customer_id: UUID
    customer_name: str
    kind: Kind
    channel: str
    state: ConversationState
    assignee_name: str
    last_at: datetime
    subject: list[PieceOut]
    preview: str


class FoundMessageOut(Out):
    id: UUID = Field(description="GET /api/v1/interactions/{id} tells the whole")
    at: datetime
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    direction: Direction
    kind: Kind | None = Field(description="null: a note between colleagues")
    channel: str
    writer: str = Field(description="The colleague who wrote it")
    subject: list[PieceOut]
    excerpt: list[PieceOut]
    files: list[str]


class FoundOut(BaseModel):
    """One list for each group; a group that cannot have what is asked for is empty, as one that is not allowed."""

    customers: list[CustomerLineOut] = []
    conversations: list[FoundConversationOut] = []
    messages: list[FoundMessageOut] = []
    next: dict[Group, str] = Field(
        default={}, description="For each group that goes on: what `after` is for its next page"
    )


@router.get("")
async def search(
    caller: Anyone,
    q: Annotated[str, Query(min_length=1, max_length=query.LONGEST, examples=['from:ana "invoice 118" -paid'])],
    group: Annotated[Group | None, Query(description="One group alone")] = None,
    after: Annotated[str, Query(max_length=2000, description="With `group`: its `next` of the page before")] = "",
    limit: Limit = 20,
) -> FoundOut:
    """Customers, conversations and messages by words and operators, as far as the token's owner may read them."""
    wanted = _allowed(caller) & ({group} if group else set(Group))
    if group and not wanted:
        caller.demand(Action.READ_CUSTOMERS if group is Group.CUSTOMERS else Action.READ_INBOX)
    try:
        asked = query.understood(
            q, now=caller.now, zone=ZoneInfo(caller.staff.timezone), channels=tuple(caller.hub.channels)
        )
        found = await everything.search(
            caller.hub.database,
            asked,
            dict.fromkeys(wanted, limit),
            staff_id=caller.staff_id,
            after=after if group else "",
            now=caller.now,
        )
    except QueryProblem as e:
        raise Problem(422, "Search", str(e), remedy="Correct the query and send the request again") from e
    async with caller.hub.database.unit() as session:
        await caller.note(session, "search")
    return _shape(found)


def _allowed(caller: Caller) -> set[Group]:
    customers = {Group.CUSTOMERS} if caller.may(Action.READ_CUSTOMERS) else set()
    return customers | ({Group.CONVERSATIONS, Group.MESSAGES} if caller.may(Action.READ_INBOX) else set())


def _shape(found: list[Found]) -> FoundOut:
    shape = FoundOut(next={one.group: one.following for one in found if one.following})
    for one in found:
        for line in one.lines:
            if isinstance(line, Talk):
                shape.conversations.append(FoundConversationOut.of(line))
            elif isinstance(line, Said):
                shape.messages.append(_said(line))
            else:
                shape.customers.append(CustomerLineOut.of(line))
    return shape


def _said(said: Said) -> FoundMessageOut:
    names = ["".join(piece.text for piece in name) for name in said.files]
    return FoundMessageOut.of(said, excerpt=said.text, files=names)
