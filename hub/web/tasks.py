"""What is still to do, mine or everybody's: lists, one task, and a calendar with the appointments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response

from hub.conversations import appointments, due, inbox, tasks
from hub.conversations.tasks import Change, NewTask, TaskProblem
from hub.customers import directory
from hub.models import Task
from hub.staff import accounts
from hub.web import moments, month
from hub.web.access import Answerer, InboxReader, Visit
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.retold import retold
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_Field = Annotated[str, Form(max_length=18)]


@router.get("/tasks")
async def listing(
    visit: InboxReader,
    whose: str = "mine",
    state: str = "open",
    customer: Annotated[UUID | None, Query()] = None,
    conversation: Annotated[UUID | None, Query()] = None,
) -> Response:
    """`customer` or `conversation`: the form is filled in for a task about them."""
    typed = await _about(visit, customer, conversation)
    return page(visit, "tasks.html", **await _data(visit, whose, state), typed=typed)


@router.get("/tasks/calendar")
async def calendar(visit: InboxReader, whose: str = "mine", at: Annotated[str, Query(max_length=10)] = "") -> Response:
    """`at`: a month, as `2026-03`."""
    today = visit.now.astimezone(visit.zone).date()
    try:
        first = month.read(at, today)
    except ValueError:  # nobody has typed a form: this month is a better answer than a complaint
        first = month.read("", today)
    start, end = month.edges(first, visit.zone)
    person = None if whose == "all" else visit.staff_id
    async with visit.hub.database.unit() as session:
        todo = await tasks.between(session, start, end, assignee_id=person)
        coming = await appointments.between(session, start, end, owner_id=person)
        names = await _names(session, todo)
    shown = month.month(first, todo, coming, visit.zone)
    return page(visit, "tasks_calendar.html", shown=shown, today=today, names=names, whose=whose)


@router.get("/tasks/late")
async def late(visit: InboxReader) -> Response:
    """How many are late, for the rail; and, once, what its reader has to be told of."""
    async with visit.hub.database.unit() as session:
        count = await due.late(session, visit.staff_id, now=visit.now)
        told = await due.notices(session, visit.staff_id)
    notice = " · ".join(_notice(visit, one.title, one.due_at) for one in told)
    if not notice:
        return page(visit, "tasks_late.html", block="tasks_late", late=count)
    return page(visit, "tasks_late.html", block="tasks_late", late=count, notice=notice, undo=None)


@router.get("/tasks/{task_id}")
async def one(visit: InboxReader, task_id: int) -> Response:
    return await _one(visit, task_id)


@router.post("/tasks")
async def add(
    visit: Answerer,
    title: Annotated[str, Form()] = "",
    due_at: Annotated[str, Form(max_length=40)] = "",
    assignee: _Field = "",
    remind: _Field = "",
    customer_id: Annotated[UUID | None, Form()] = None,
    conversation_id: Annotated[UUID | None, Form()] = None,
    back: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    goal = f"/customers/{customer_id}" if customer_id and back == "customer" else "/tasks"
    if conversation_id and back == "conversation":
        goal = f"/inbox/all/{conversation_id}"
    new = NewTask(
        title=title,
        customer_id=customer_id,
        conversation_id=conversation_id,
        due_at=_moment(visit, due_at),
        assignee_id=int(assignee) if assignee.isdecimal() else visit.staff_id,
        created_by=visit.staff_id,
        remind_minutes=_minutes(remind),
    )
    try:
        async with visit.hub.database.unit() as session:
            await tasks.add(session, new, now=visit.now)
    except TaskProblem as e:
        return go(visit, goal, worded(e))
    return go(visit, goal, _("Noted down."))


@router.post("/tasks/{task_id}")
async def change(
    visit: Answerer,
    task_id: int,
    title: Annotated[str, Form()] = "",
    due_at: Annotated[str, Form(max_length=40)] = "",
    assignee: _Field = "",
    remind: _Field = "",
) -> Response:
    wanted = Change(
        title=title,
        due_at=_moment(visit, due_at),
        assignee_id=int(assignee) if assignee.isdecimal() else None,
        remind_minutes=_minutes(remind),
    )
    try:
        async with visit.hub.database.unit() as session:
            await tasks.change(session, task_id, wanted, now=visit.now)
    except TaskProblem as e:
        return await _one(visit, task_id, worded(e))
    return go(visit, "/tasks", _("Saved."))


@router.post("/tasks/{task_id}/done")
async def done(visit: Answerer, task_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tasks.done(session, task_id, now=visit.now)
    return go(visit, "/tasks", _("Done."), undo=Undo("task-done", task_id))


@router.post("/tasks/{task_id}/reopen")
async def reopen(visit: Answerer, task_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tasks.reopen(session, task_id, now=visit.now)
    return go(visit, "/tasks", _("It is to do again."))


@router.post("/tasks/{task_id}/delete")
async def delete(visit: Answerer, task_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tasks.remove(session, task_id, now=visit.now)
    return go(visit, "/tasks", _("The task is gone."), undo=Undo("task-deleted", task_id))


@router.post("/tasks/{task_id}/restore")
async def restore(visit: Answerer, task_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tasks.restore(session, task_id, now=visit.now)
    return go(visit, "/tasks", _("The task is back."))


async def _data(visit: Visit, whose: str, state: str) -> dict[str, Any]:
    person = None if whose == "all" else visit.staff_id
    async with visit.hub.database.unit() as session:
        found: Sequence[Task]
        if state == "done":
            found = await tasks.finished(session, assignee_id=person)
        else:
            found = await tasks.listing(session, assignee_id=person)
        names = await _names(session, found)
        colleagues = await accounts.listing(session, inactive=False)
    owners = {one.id: one.name for one in colleagues}
    data = {"tasks": found, "names": names, "colleagues": colleagues, "owners": owners}
    return data | {"whose": whose, "state": state}


async def _names(session: Any, found: Sequence[Task]) -> dict[UUID, str]:
    return await directory.names(session, {one.customer_id for one in found if one.customer_id})


async def _about(visit: Visit, customer: UUID | None, conversation: UUID | None) -> dict[str, Any]:
    """What the form begins with."""
    async with visit.hub.database.unit() as session:
        if conversation is not None:
            line = await inbox.conversation(session, conversation)
            about = {"customer": line.customer_id, "name": line.customer_name, "subject": line.subject or line.preview}
            return about | {"conversation": conversation}
        if customer is not None:
            found = await directory.get(session, customer)
            return {"customer": customer, "name": found.name, "subject": "", "conversation": None}
    return {}


async def _one(visit: Visit, task_id: int, trouble: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        task = await tasks.get(session, task_id)
        names = await _names(session, [task])
        colleagues = await accounts.listing(session, inactive=False)
    status = 422 if trouble else 200
    data: dict[str, Any] = {"task": task, "names": names, "colleagues": colleagues, "trouble": trouble}
    return page(visit, "task.html", status=status, **data)


def _notice(visit: Visit, title: str, due_at: datetime | None) -> str:
    said = retold(title)
    if due_at is None or due_at <= visit.now:
        return _("Due now: %(title)s") % {"title": said}
    return _("Due %(moment)s: %(title)s") % {"title": said, "moment": moments.plain(due_at, visit.zone)}


def _moment(visit: Visit, typed: str) -> datetime | None:
    try:
        return moments.read_local(typed, visit.zone) if typed else None
    except ValueError as e:
        raise HTTPException(422) from e


def _minutes(typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal()) or int(typed) not in tasks.REMINDERS:
        raise HTTPException(422)
    return int(typed)
