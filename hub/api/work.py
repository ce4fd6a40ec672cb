"""/api/v1: tasks, saved views and a hand-over of everything of one colleague's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from hub.api.access import Answerer, InboxReader, TeamLead
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import EXAMPLE_ID, Body, Limit, Page
from hub.conversations import handing_over, inbox, tasks, views
from hub.conversations.handing_over import CannotHandOver
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.tasks import EmptyTask, NewTask, NoSuchTask
from hub.conversations.views import NoSuchView
from hub.customers import directory
from hub.models import Task
from hub.staff import accounts
from hub.staff.roles import Action

router = APIRouter(tags=["Work"], route_class=Endpoint)
_Person = Annotated[int, Field(ge=1, le=2**31 - 1)]


class TaskIn(Body):
    title: Annotated[str, Field(min_length=1, max_length=500, examples=["Call back about the invoice"])]
    customer_id: UUID | None = Field(default=None, examples=[EXAMPLE_ID])
    conversation_id: UUID | None = None
    due_at: AwareDatetime | None = None
    assignee_id: _Person | None = Field(default=None, description="null: the token's owner")


class TaskOut(BaseModel):
    id: int
    title: str
    customer_id: UUID | None
    conversation_id: UUID | None
    due_at: datetime | None
    done_at: datetime | None
    assignee_id: int | None

    @classmethod
    def of(cls, task: Task) -> TaskOut:
        return cls(**task.model_dump(include=set(cls.model_fields)))


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


@router.get("/tasks")
async def list_tasks(
    caller: InboxReader, assignee_id: int | None = None, customer_id: UUID | None = None, limit: Limit = 50
) -> Page[TaskOut]:
    """What is still to do, the earliest due first."""
    if assignee_id is not None and not 0 < assignee_id < 2**31:
        return Page(items=[])
    async with caller.hub.database.unit() as session:
        found = await tasks.listing(session, assignee_id=assignee_id, customer_id=customer_id, limit=limit)
        return Page(items=[TaskOut.of(one) for one in found])


@router.post("/tasks", status_code=201)
async def create_task(caller: Answerer, body: TaskIn) -> TaskOut:
    """Something to do, for oneself or a colleague."""
    async with caller.hub.database.unit() as session:
        await _there(session, body)
        whose = body.model_dump() | {"assignee_id": body.assignee_id or caller.staff_id}
        try:
            return TaskOut.of(await tasks.add(session, NewTask(**whose, created_by=caller.staff_id), now=caller.now))
        except EmptyTask as e:
            raise Problem(422, "Task", str(e), remedy="Correct it and send the request again") from e


@router.post("/tasks/{task_id}/done")
async def finish_task(caller: Answerer, task_id: int) -> TaskOut:
    """Done; the same again keeps the first moment."""
    try:
        async with caller.hub.database.unit() as session:
            if not 0 < task_id < 2**31:
                raise NoSuchTask(f"There is no task {task_id}")
            return TaskOut.of(await tasks.done(session, task_id, now=caller.now))
    except NoSuchTask as e:
        raise Problem(404, "Task", str(e), remedy="Look its id up with GET /api/v1/tasks") from e


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
async def hand_over(caller: TeamLead, body: HandOverIn) -> HandOverOut:
    """All customers, open conversations, tasks and appointments of one colleague to another."""
    caller.demand(Action.ASSIGN)
    try:
        async with caller.hub.database.unit() as session:
            given = await handing_over.hand_over(session, body.giver, body.receiver, now=caller.now, by=caller.staff_id)
    except (CannotHandOver, accounts.NotFound) as e:
        raise Problem(422, "Hand-over", str(e), remedy="Correct it and send the request again") from e
    return HandOverOut(customers=given.customers, conversations=given.conversations, tasks=given.tasks)


async def _there(session: Any, body: TaskIn) -> None:
    """Raises Problem 422 for a customer, conversation or colleague that is not there."""
    remedy = "Correct it and send the request again"
    try:
        if body.customer_id is not None:
            await directory.get(session, body.customer_id)
        if body.conversation_id is not None:
            await inbox.conversation(session, body.conversation_id)
        if body.assignee_id is not None:
            await accounts.get(session, body.assignee_id)
    except (directory.NotFound, NoSuchConversation, accounts.NotFound) as e:
        raise Problem(422, "Task", str(e), remedy=remedy) from e
