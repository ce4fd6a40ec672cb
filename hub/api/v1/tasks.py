"""/api/v1/tasks: what is still to do, and the address under which a calendar program finds one's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from hub.api.access import Answerer, Caller, InboxReader
from hub.api.problems import Problem, telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import EXAMPLE_ID, Body, Limit, Out, Page
from hub.conversations import task_places, tasks
from hub.conversations.tasks import Change, NewTask, NoSuchTask, TaskProblem
from hub.customers import directory
from hub.staff import feeds

_REMEDY = "Correct it and send the request again"
_TOLD = telling(
    (NoSuchTask, 404, "Task", "Look its id up with GET /api/v1/tasks"),
    (TaskProblem, 422, "Task", _REMEDY),
    (directory.NotFound, 422, "Task", _REMEDY),
)
router = APIRouter(tags=["Tasks"], route_class=_TOLD)
_Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
_Asked = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


class TaskChange(Body):
    title: Annotated[str, Field(min_length=1, max_length=tasks.LONGEST, examples=["Call back about the invoice"])]
    due_at: AwareDatetime | None = Field(default=None, examples=["2026-04-02T10:30:00+02:00"])
    assignee_id: _Id | None = Field(default=None, description="null: nobody's")
    remind_minutes: Annotated[int, Field(ge=1, le=40_320)] | None = Field(
        default=None, description="so long before it is due; its person is told then in any case", examples=[30]
    )


class TaskIn(TaskChange):
    customer_id: UUID | None = Field(default=None, examples=[EXAMPLE_ID])
    conversation_id: UUID | None = Field(default=None, description="its customer is the task's")


class TaskOut(Out):
    id: int
    title: str
    customer_id: UUID | None
    conversation_id: UUID | None
    due_at: datetime | None
    remind_minutes: int | None
    done_at: datetime | None
    assignee_id: int | None
    created_by: int | None
    created_at: datetime
    changed_at: datetime


class CalendarOut(BaseModel):
    """`url` null: there is none."""

    url: str | None


@router.get("/tasks")
async def list_tasks(
    caller: InboxReader,
    assignee_id: _Asked = None,
    customer_id: UUID | None = None,
    done: bool = False,
    after: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    """What is to do, the earliest due first; or, with `done`, what was done, the latest first."""
    wanted = tasks.finished if done else tasks.listing
    try:
        place = task_places.read(after) if after is not None else None
    except ValueError as e:
        raise Problem(422, "Cursor", str(e), remedy="Send back `next` as it was") from e
    async with caller.hub.database.unit() as session:
        found = await wanted(session, assignee_id=assignee_id, customer_id=customer_id, after=place, limit=limit + 1)
    following = task_places.written(found[limit - 1], done=done) if len(found) > limit else None
    return Page(items=[TaskOut.of(one) for one in found[:limit]], next=following)


@router.post("/tasks", status_code=201, responses=again(TaskOut))
async def create_task(caller: Answerer, body: TaskIn, asked: Once) -> TaskOut:
    """A task, for oneself when nobody is named; its person is told when it is due."""
    given = body.model_dump() | {"assignee_id": body.assignee_id or caller.staff_id}
    new = NewTask(created_by=caller.staff_id, **given)

    async def add(session: Any) -> TaskOut:
        return TaskOut.of(await tasks.add(session, new, now=caller.now))

    return await once(caller, asked, TaskOut, add)


@router.get("/tasks/{task_id}")
async def read_task(caller: InboxReader, task_id: int) -> TaskOut:
    """One, done or not."""
    async with caller.hub.database.unit() as session:
        return TaskOut.of(await tasks.get(session, _named(task_id)))


@router.put("/tasks/{task_id}")
async def change_task(caller: Answerer, task_id: int, body: TaskChange) -> TaskOut:
    """Title, day, reminder and person at once."""
    async with caller.hub.database.unit() as session:
        return TaskOut.of(await tasks.change(session, _named(task_id), Change(**body.model_dump()), now=caller.now))


@router.post("/tasks/{task_id}/done")
async def finish_task(caller: Answerer, task_id: int) -> TaskOut:
    """Twice keeps the first moment."""
    async with caller.hub.database.unit() as session:
        return TaskOut.of(await tasks.done(session, _named(task_id), now=caller.now))


@router.post("/tasks/{task_id}/reopen")
async def reopen_task(caller: Answerer, task_id: int) -> TaskOut:
    """It is still to do."""
    async with caller.hub.database.unit() as session:
        return TaskOut.of(await tasks.reopen(session, _named(task_id), now=caller.now))


@router.delete("/tasks/{task_id}", status_code=204, response_class=Response)
async def delete_task(caller: Answerer, task_id: int) -> None:
    """Can be brought back for thirty days."""
    async with caller.hub.database.unit() as session:
        await tasks.remove(session, _named(task_id), now=caller.now)


@router.post("/tasks/{task_id}/restore")
async def restore_task(caller: Answerer, task_id: int) -> TaskOut:
    """As it was before it was deleted."""
    async with caller.hub.database.unit() as session:
        return TaskOut.of(await tasks.restore(session, _named(task_id), now=caller.now))


@router.get("/calendar")
async def read_calendar_address(caller: InboxReader) -> CalendarOut:
    """Where a calendar program finds the tasks and appointments of this token's owner. Who has it needs no token."""
    return _address(caller, feeds.token(caller.hub.signer, caller.staff))


@router.post("/calendar")
async def renew_calendar_address(caller: InboxReader) -> CalendarOut:
    """A new address; the one before is dead."""
    async with caller.hub.database.unit() as session:
        staff = await feeds.renew(session, caller.staff_id, now=caller.now)
        return _address(caller, feeds.token(caller.hub.signer, staff))


@router.delete("/calendar", status_code=204, response_class=Response)
async def end_calendar_address(caller: InboxReader) -> None:
    """No address any more."""
    async with caller.hub.database.unit() as session:
        await feeds.end(session, caller.staff_id, now=caller.now)


def _named(task_id: int) -> int:
    """Raises NoSuchTask for a number that no task can have."""
    if not 0 < task_id < 2**31:
        raise NoSuchTask(f"There is no task {task_id}")
    return task_id


def _address(caller: Caller, token: str) -> CalendarOut:
    return CalendarOut(url=f"{caller.hub.settings.hub.public_url}/calendar/{token}.ics" if token else None)
