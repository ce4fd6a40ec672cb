"""/api/v1: what colleagues say to each other and customers of us: mentions, presence, satisfaction."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from hub.api.access import InboxReader, TeamLead
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body, Limit, Out, Page
from hub.conversations import inbox, mentions, presence, surveys
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.presence import Doing
from hub.models.vocabulary import Scale

router = APIRouter(tags=["Together"], route_class=Endpoint)


class MentionOut(Out):
    """A note that names the token's owner."""

    interaction_id: UUID
    conversation_id: UUID | None
    customer_id: UUID
    at: datetime
    read_at: datetime | None
    text: str


class PresenceIn(Body):
    """`new`: whoever is there is asked to say so."""

    doing: Doing = Field(examples=["look"])
    new: bool = False


class SatisfactionOut(BaseModel):
    id: int
    conversation_id: UUID
    customer_id: UUID
    customer_name: str
    scale: Scale
    score: int
    comment: str
    staff_id: int | None = Field(description="Whose work it was")
    asked_at: datetime
    answered_at: datetime


@router.get("/mentions")
async def list_mentions(
    caller: InboxReader,
    unread: bool = False,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[MentionOut]:
    """Notes that name the token's owner, newest first; `unread`: those not looked at."""
    async with caller.hub.database.unit() as session:
        found = await mentions.listing(session, caller.staff_id, unread=unread, before=before, limit=limit + 1)
    items = [MentionOut.of(one) for one in found[:limit]]
    return Page(items=items, next=str(items[-1].interaction_id) if len(found) > limit else None)


@router.post("/conversations/{conversation_id}/mentions/read", status_code=204, response_class=Response)
async def read_mentions(caller: InboxReader, conversation_id: UUID) -> None:
    """The token's owner has looked at those of this conversation."""
    async with caller.hub.database.unit() as session:
        await _there(session, conversation_id)
        await mentions.read(session, conversation_id, staff_id=caller.staff_id, now=caller.now)


@router.post("/conversations/{conversation_id}/presence", status_code=204, response_class=Response)
async def say_presence(caller: InboxReader, conversation_id: UUID, body: PresenceIn) -> None:
    """Every open page shows it for a minute. Nothing is kept: say it every twenty seconds, and `left` at the end."""
    async with caller.hub.database.unit() as session:
        await _there(session, conversation_id)
        await presence.tell(session, conversation_id, caller.staff_id, body.doing, new=body.new)


@router.get("/satisfaction")
async def list_satisfaction(
    caller: TeamLead,
    before: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[SatisfactionOut]:
    """What customers said of their satisfaction, newest first."""
    try:
        place = surveys.place(before) if before is not None else None
    except ValueError as e:
        raise Problem(422, "Cursor", str(e), remedy="Send back `next` as it was") from e
    async with caller.hub.database.unit() as session:
        found = await surveys.answers(session, before=place, limit=limit + 1)
    items = [SatisfactionOut(**row.model_dump(), customer_name=name) for row, name in found[:limit]]
    following = f"{items[-1].answered_at.isoformat()}~{items[-1].id}" if len(found) > limit else None
    return Page(items=items, next=following)


async def _there(session: Any, conversation_id: UUID) -> None:
    try:
        await inbox.conversation(session, conversation_id)
    except NoSuchConversation as e:
        raise Problem(404, "Conversation", str(e), remedy="Look it up with GET /api/v1/conversations") from e
