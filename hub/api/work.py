"""/api/v1: saved views and a hand-over of everything of one colleague's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import InboxReader, TeamLead
from hub.api.problems import Endpoint, Problem
from hub.api.repeating import Once, once
from hub.api.shapes import Body, Page
from hub.conversations import handing_over, inbox, views
from hub.conversations.handing_over import CannotHandOver
from hub.conversations.views import NoSuchView
from hub.staff import accounts
from hub.staff.roles import Action

router = APIRouter(tags=["Work"], route_class=Endpoint)
_Person = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ViewOut(BaseModel):
    id: int
    name: str
    view: str = Field(description="What GET /api/v1/conversations calls it")
    shared: bool
    team_id: int | None


class HandOverIn(Body):
    giver: _Person
    receiver: _Person


class HandOverOut(BaseModel):
    """How many of each have somebody else now."""

    customers: int
    conversations: int
    tasks: int


@router.get("/views")
async def list_views(caller: InboxReader) -> Page[ViewOut]:
    """Saved views that the token's owner sees: their own, their teams', everybody's."""
    async with caller.hub.database.unit() as session:
        found = await views.listing(session, caller.staff_id)
    items = [
        ViewOut(id=one.id, name=one.name, view=f"{inbox.SAVED}{one.id}", shared=one.shared, team_id=one.team_id)
        for one in found
    ]
    return Page(items=items)


@router.delete("/views/{view_id}", status_code=204, response_class=Response)
async def delete_view(caller: InboxReader, view_id: int) -> None:
    """One's own; whoever may assign deletes shared ones too. Its conversations stay."""
    try:
        async with caller.hub.database.unit() as session:
            if not 0 < view_id < 2**31:
                raise NoSuchView(f"There is no view {view_id} of yours")
            everybodys = caller.may(Action.ASSIGN)
            await views.remove(session, view_id, by=caller.staff_id, everybodys=everybodys, now=caller.now)
    except NoSuchView as e:
        raise Problem(404, "View", str(e), remedy="Look its id up with GET /api/v1/views") from e


@router.post("/hand-over")
async def hand_over(caller: TeamLead, body: HandOverIn, asked: Once) -> HandOverOut:
    """All customers, open conversations, tasks and appointments of one colleague to another."""
    caller.demand(Action.ASSIGN)

    async def give(session: Any) -> HandOverOut:
        given = await handing_over.hand_over(session, body.giver, body.receiver, now=caller.now, by=caller.staff_id)
        return HandOverOut(customers=given.customers, conversations=given.conversations, tasks=given.tasks)

    try:
        return await once(caller, asked, HandOverOut, give)
    except (CannotHandOver, accounts.NotFound) as e:
        raise Problem(422, "Hand-over", str(e), remedy="Correct it and send the request again") from e
