"""What is still to do, mine or everybody's: lists, one task, and a calendar with the appointments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response

from hub.conversations import appointments, due, inbox, task_places, tasks
from hub.conversations.tasks import CALL_BACK, Change, NewTask, TaskProblem
from hub.customers import directory
from hub.models import Task
from hub.models.vocabulary import Kind
from hub.sentences import Sentence
from hub.staff import accounts
from hub.web import moments, month
from hub.web.access import Answerer, InboxReader, Visit
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.retold import retold, titled
from hub.web.translations import gettext as _
from hub.web.translations import worded
from hub.web.waits import NO_MOMENT

router = APIRouter(route_class=Page)
PAGE = 100
_Field = Annotated[str, Form(max_length=18)]


def _typed(
    title: Annotated[str, Form()] = "",
    due_at: Annotated[str, Form()] = "",
    assignee: _Field = "",
    remind: _Field = "",
) -> dict[str, str]:
    """A task's form, which comes back as it was typed."""
    return {"title": title, "due_at": due_at, "assignee": assignee, "remind": remind}


_Form = Annotated[dict[str, str], Depends(_typed)]


@router.get("/tasks")
async def listing(
    visit: InboxReader,
    whose: str = "mine",
    state: str = "open",
    customer: Annotated[UUID | None, Query()] = None,
    conversation: Annotated[UUID | None, Query()] = None,
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """`customer` or `conversation`: the form is filled in for a task about them. `after`: where a page ended."""
    typed = await _about(visit, customer, conversation)
    return page(visit, "tasks.html", **await _data(visit, whose, state, after), typed=typed)


@router.get("/tasks/calendar")
async def calendar(visit: InboxReader, whose: str = "mine", at: Annotated[str, Query(max_length=10)] = "") -> Response:
    """`at`: a month, as `2026-03`."""
    today = visit.now.astimezone(visit.zone).date()
    first = month.read(at, today)
    start, end = month.edges(first, visit.zone)
    person = None if whose == "all" else visit.staff_id
    async with visit.hub.database.unit() as session:
        todo = await tasks.between(session, start, end, assignee_id=person)
        coming = await appointments.between(session, start, end, owner_id=person)
        names = await _names(session, todo)
    dated = [(one.due_at, one) for one in todo if one.due_at is not None] + [(one.starts_at, one) for one in coming]
    shown = month.month(first, dated, visit.zone)
    return page(visit, "tasks_calendar.html", shown=shown, today=today, names=names, whose=whose)


@router.get("/tasks/late")
async def late(visit: InboxReader) -> Response:
    """How many are late, for the rail; and, once, what its reader has to be told of."""
    async with visit.hub.database.unit() as session:
        count = await due.late(session, visit.staff_id, now=visit.now)
        told = await due.notices(session, visit.staff_id)
    notice = " · ".join(_notice(visit, one) for one in told)
    if not notice:
        return page(visit, "tasks_late.html", block="tasks_late", late=count)
    return page(visit, "tasks_late.html", block="tasks_late", late=count, notice=notice, undo=None)


@router.get("/tasks/{task_id}")
async def one(visit: InboxReader, task_id: int) -> Response:
    return await _one(visit, task_id)


@router.post("/tasks")
async def add(
    visit: Answerer,
    typed: _Form,
    customer_id: Annotated[UUID | None, Form()] = None,
    conversation_id: Annotated[UUID | None, Form()] = None,
    back: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    try:
        new = NewTask(
            title=typed["title"],
            customer_id=customer_id,
            conversation_id=conversation_id,
            due_at=_moment(visit, typed["due_at"]),
            assignee_id=_assignee(typed, visit.staff_id),
            created_by=visit.staff_id,
            remind_minutes=_minutes(typed["remind"]),
        )
        async with visit.hub.database.unit() as session:
            await tasks.add(session, new, now=visit.now)
    except TaskProblem as e:
        again = {"typed": await _about(visit, customer_id, conversation_id), "filled": typed, "trouble": worded(e)}
        return page(visit, "tasks.html", status=422, **await _data(visit, "mine", "open") | again)
    return go(visit, _goal(back, customer_id, conversation_id), _("Noted down."))


def _goal(back: str, customer_id: UUID | None, conversation_id: UUID | None) -> str:
    """The page that the form stood on."""
    if conversation_id and back == "conversation":
        return f"/inbox/all/{conversation_id}"
    return f"/customers/{customer_id}" if customer_id and back == "customer" else "/tasks"


@router.post("/tasks/{task_id}")
async def change(visit: Answerer, task_id: int, typed: _Form) -> Response:
    try:
        due_at, remind = _moment(visit, typed["due_at"]), _minutes(typed["remind"])
        wanted = Change(title=typed["title"], due_at=due_at, assignee_id=_assignee(typed, None), remind_minutes=remind)
        async with visit.hub.database.unit() as session:
            await tasks.change(session, task_id, wanted, now=visit.now)
    except TaskProblem as e:
        return await _one(visit, task_id, worded(e), typed)
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


async def _data(visit: Visit, whose: str, state: str, after: str = "") -> dict[str, Any]:
    person, done = None if whose == "all" else visit.staff_id, state == "done"
    listed = tasks.finished if done else tasks.listing
    async with visit.hub.database.unit() as session:
        found = await listed(session, assignee_id=person, after=_place(after), limit=PAGE + 1)
        names = await _names(session, found)
        colleagues = await accounts.listing(session, inactive=False)
    owners = {one.id: one.name for one in colleagues}
    more = task_places.written(found[PAGE - 1], done=done) if len(found) > PAGE else ""
    data = {"tasks": found[:PAGE], "names": names, "colleagues": colleagues, "owners": owners}
    return data | {"whose": whose, "state": state, "after": after, "more": more, "filled": None, "trouble": ""}


def _place(after: str) -> task_places.Place | None:
    """Nobody types an address: one that says no place begins at the beginning."""
    try:
        return task_places.read(after) if after else None
    except ValueError:
        return None


async def _names(session: Any, found: Sequence[Task]) -> dict[UUID, str]:
    return await directory.names(session, {one.customer_id for one in found if one.customer_id})


async def _about(visit: Visit, customer: UUID | None, conversation: UUID | None) -> dict[str, Any]:
    """What the form begins with."""
    async with visit.hub.database.unit() as session:
        if conversation is not None:
            line = await inbox.conversation(session, conversation)
            called = line.kind is Kind.VOICE and not line.subject
            subject = retold(line.preview) if called else line.subject or line.preview
            about = {"customer": line.customer_id, "name": line.customer_name, "subject": subject}
            title = _(CALL_BACK) % {"name": line.customer_name} if called else _answer(subject)
            return about | {"conversation": conversation, "title": title}
        if customer is not None:
            found = await directory.get(session, customer)
            return {"customer": customer, "name": found.name, "subject": "", "conversation": None, "title": ""}
    return {}


def _answer(subject: str) -> str:
    return _("Answer: %(subject)s") % {"subject": subject} if subject else ""


async def _one(visit: Visit, task_id: int, trouble: str = "", filled: Mapping[str, str] | None = None) -> Response:
    """`filled`: what the form holds in place of the task's own words."""
    async with visit.hub.database.unit() as session:
        task = await tasks.get(session, task_id)
        names = await _names(session, [task])
        colleagues = await accounts.listing(session, inactive=False)
    status = 422 if trouble else 200
    data: dict[str, Any] = {
        "task": task,
        "names": names,
        "colleagues": colleagues,
        "trouble": trouble,
        "filled": filled,
    }
    return page(visit, "task.html", status=status, **data)


def _notice(visit: Visit, told: due.Notice) -> str:
    title = titled(told, visit.zone)
    if told.done:
        return title
    if told.due_at is None or told.due_at <= visit.now:
        return _("Due now: %(title)s") % {"title": title}
    return _("Due %(moment)s: %(title)s") % {"title": title, "moment": moments.plain(told.due_at, visit.zone)}


def _moment(visit: Visit, typed: str) -> datetime | None:
    """Raises TaskProblem."""
    try:
        return moments.read_local(typed, visit.zone) if typed else None
    except ValueError as e:
        raise TaskProblem(moments.amiss(e, Sentence(NO_MOMENT.words, {"typed": typed[:60]}))) from e


def _assignee(typed: Mapping[str, str], otherwise: int | None) -> int | None:
    return int(typed["assignee"]) if typed["assignee"].isdecimal() else otherwise


def _minutes(typed: str) -> int | None:
    """Raises TaskProblem."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal()) or int(typed) not in tasks.REMINDERS:
        raise TaskProblem(Sentence("This reminder is not offered. Choose one of the list."))
    return int(typed)
