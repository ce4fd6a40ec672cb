"""/api/v1: saved views and a hand-over of everything of one colleague's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from channels.message import Kind
from hub.api.access import Caller, InboxReader, TeamLead
from hub.api.problems import telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.conversations import handing_over, inbox, views
from hub.conversations.handing_over import CannotHandOver
from hub.conversations.views import Conditions, NoSuchView, View, ViewProblem
from hub.models.vocabulary import ConversationState
from hub.staff import accounts
from hub.staff.roles import Action

_REMEDY = "Correct it and send the request again"
_TOLD = telling(
    (NoSuchView, 404, "View", "Look its id up with GET /api/v1/views"),
    (ViewProblem, 422, "View", _REMEDY),
    (CannotHandOver, 422, "Hand-over", _REMEDY),
    (accounts.NotFound, 422, "Hand-over", _REMEDY),
)
router = APIRouter(tags=["Work"], route_class=_TOLD)
_Person = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ConditionsIn(Body):
    """All of them have to hold; what is left out holds always."""

    states: Annotated[list[ConversationState], Field(min_length=1, max_length=10)] = [
        ConversationState.OPEN,
        ConversationState.PENDING,
    ]
    assignee: Annotated[str, Field(pattern=r"^(|me|nobody|[0-9]{1,9})$", examples=["me"])] = ""
    kind: Kind | None = None
    channel: Annotated[str, Field(max_length=100)] = ""
    team: _Person | None = Field(default=None, description="Its mailboxes")
    label: Annotated[str, Field(max_length=100, description="Of the conversation or its customer")] = ""
    unread: bool = False
    words: Annotated[str, Field(max_length=views.LONGEST_WORDS)] = ""

    def plain(self) -> Conditions:
        states = tuple(dict.fromkeys(self.states))
        given = self.model_dump() | {"states": states, "kind": self.kind.value if self.kind else ""}
        return Conditions(**given | {"label": self.label.strip(), "words": self.words.strip()})


class ConditionsOut(Out):
    states: list[ConversationState]
    assignee: str
    kind: str
    channel: str
    team: int | None
    label: str
    unread: bool
    words: str


class ViewIn(Body):
    """Of no team and not `shared`: one's own; `shared` without a team: everybody's."""

    name: Annotated[str, Field(min_length=1, max_length=views.LONGEST_NAME, examples=["Refunds"])]
    conditions: ConditionsIn
    shared: bool = False
    team_id: _Person | None = None


class ViewOut(BaseModel):
    id: int
    name: str
    view: str = Field(description="What GET /api/v1/conversations calls it")
    shared: bool
    team_id: int | None
    conditions: ConditionsOut

    @classmethod
    def of(cls, one: View) -> ViewOut:
        return cls(
            id=one.id,
            name=one.name,
            view=f"{inbox.SAVED}{one.id}",
            shared=one.shared,
            team_id=one.team_id,
            conditions=ConditionsOut.of(one.conditions),
        )


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
    return Page(items=[ViewOut.of(one) for one in found])


@router.post("/views", status_code=201, responses=again(ViewOut))
async def create_view(caller: InboxReader, body: ViewIn, asked: Once) -> ViewOut:
    """For oneself, a team of one's own, or everybody."""

    async def create(session: Any) -> ViewOut:
        conditions = await _checked(session, caller, body)
        made = await views.create(
            session,
            body.name,
            conditions,
            owner=caller.staff_id,
            shared=body.shared,
            team_id=body.team_id,
            now=caller.now,
        )
        return ViewOut.of(await views.get(session, made, caller.staff_id))

    return await once(caller, asked, ViewOut, create)


@router.put("/views/{view_id}")
async def change_view(caller: InboxReader, view_id: _Person, body: ViewIn) -> ViewOut:
    """Name, conditions and for whom, at once; a shared one of others with the right to assign."""
    async with caller.hub.database.unit() as session:
        await views.get(session, view_id, caller.staff_id)
        await views.change(
            session,
            view_id,
            body.name,
            await _checked(session, caller, body),
            by=caller.staff_id,
            everybodys=caller.may(Action.ASSIGN),
            shared=body.shared,
            team_id=body.team_id,
            now=caller.now,
        )
        return ViewOut.of(await views.get(session, view_id, caller.staff_id))


async def _checked(session: Any, caller: Caller, body: ViewIn) -> Conditions:
    """Raises ViewProblem."""
    staff = {one.id or 0 for one in await accounts.listing(session)}
    return views.checked(body.conditions.plain(), channels=caller.hub.channels, staff=staff)


@router.delete("/views/{view_id}", status_code=204, response_class=Response)
async def delete_view(caller: InboxReader, view_id: int) -> None:
    """One's own; whoever may assign deletes shared ones too. Its conversations stay."""
    async with caller.hub.database.unit() as session:
        if not 0 < view_id < 2**31:
            raise NoSuchView(f"There is no view {view_id} of yours")
        everybodys = caller.may(Action.ASSIGN)
        await views.remove(session, view_id, by=caller.staff_id, everybodys=everybodys, now=caller.now)


@router.post("/hand-over")
async def hand_over(caller: TeamLead, body: HandOverIn, asked: Once) -> HandOverOut:
    """All customers, open conversations, tasks and appointments of one colleague to another."""
    caller.demand(Action.ASSIGN)

    async def give(session: Any) -> HandOverOut:
        given = await handing_over.hand_over(session, body.giver, body.receiver, now=caller.now, by=caller.staff_id)
        return HandOverOut(customers=given.customers, conversations=given.conversations, tasks=given.tasks)

    return await once(caller, asked, HandOverOut, give)
