"""What is still to do, mine or everybody's."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from hub.conversations import tasks
from hub.conversations.tasks import EmptyTask, NewTask
from hub.customers import directory
from hub.staff import accounts
from hub.web import moments
from hub.web.access import Answerer, InboxReader
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)


@router.get("/tasks")
async def listing(visit: InboxReader, whose: str = "mine") -> Response:
    async with visit.hub.database.unit() as session:
        found = await tasks.listing(session, assignee_id=None if whose == "all" else visit.staff_id)
        people = {task.customer_id for task in found if task.customer_id}
        names = await directory.names(session, people)
        colleagues = await accounts.listing(session, inactive=False)
    owners = {one.id: one.name for one in colleagues}
    return page(visit, "tasks.html", tasks=found, names=names, colleagues=colleagues, owners=owners, whose=whose)


@router.post("/tasks")
async def add(
    visit: Answerer,
    title: Annotated[str, Form()] = "",
    due_at: Annotated[str, Form()] = "",
    assignee: Annotated[str, Form(max_length=18)] = "",
    customer_id: Annotated[UUID | None, Form()] = None,
    back: Annotated[str, Form()] = "",
) -> Response:
    goal = f"/customers/{customer_id}" if customer_id and back == "customer" else "/tasks"
    try:
        due = moments.read_local(due_at, visit.zone) if due_at else None
    except ValueError as e:
        raise HTTPException(422) from e
    new = NewTask(
        title=title,
        customer_id=customer_id,
        due_at=due,
        assignee_id=int(assignee) if assignee.isdecimal() else visit.staff_id,
        created_by=visit.staff_id,
    )
    try:
        async with visit.hub.database.unit() as session:
            await tasks.add(session, new, now=visit.now)
    except EmptyTask:
        return go(visit, goal, _("Say what is to do."))
    return go(visit, goal, _("Noted down."))


@router.post("/tasks/{task_id}/done")
async def done(visit: Answerer, task_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await tasks.done(session, task_id, now=visit.now)
    return go(visit, "/tasks", _("Done."))
