"""Labels: the list of them, and those of one conversation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response

from hub.conversations import labels
from hub.conversations.labels import LONGEST, LONGEST_DESCRIPTION, LabelProblem
from hub.web.access import Answerer, TeamLead, Visit
from hub.web.conversations.inbox import is_view
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_Name = Annotated[str, Form()]


@router.get("/labels")
async def listing(visit: TeamLead) -> Response:
    return page(visit, "labels.html", **await _data(visit))


@router.post("/labels")
async def create(visit: TeamLead, name: _Name = "", colour: _Name = "grey", description: _Name = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await labels.create(session, name, colour, description, by=visit.staff_id, now=visit.now)
    except LabelProblem as e:
        return await _again(visit, e, {"name": name, "colour": colour, "description": description})
    return go(visit, "/labels", _("Saved."))


@router.post("/labels/change")
async def change(
    visit: TeamLead, label: _Name, name: _Name = "", colour: _Name = "grey", description: _Name = ""
) -> Response:
    """`label`: what it is called until now."""
    try:
        async with visit.hub.database.unit() as session:
            await labels.change(session, label, name, colour, description, by=visit.staff_id, now=visit.now)
    except LabelProblem as e:
        return await _again(visit, e, {"label": label, "name": name, "colour": colour, "description": description})
    return go(visit, "/labels", _("Saved."))


@router.post("/labels/merge")
async def merge(visit: TeamLead, label: _Name, into: _Name = "") -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await labels.merge(session, label, into, by=visit.staff_id, now=visit.now)
    except LabelProblem as e:
        return await _again(visit, e, {})
    return go(visit, "/labels", _("Whoever had “%(old)s” has “%(new)s” now.") % {"old": label, "new": into})


@router.post("/labels/delete")
async def delete(visit: TeamLead, label: _Name) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await labels.remove(session, label, by=visit.staff_id, now=visit.now)
    except LabelProblem as e:
        return await _again(visit, e, {})
    return go(visit, "/labels", _("The label is gone, from customers and conversations too."))


@router.post("/conversations/{conversation_id}/labels")
async def put(
    visit: Answerer, conversation_id: UUID, label: _Name = "", view: Annotated[str, Form()] = "all"
) -> Response:
    """One more label; a new word comes into the list."""
    try:
        async with visit.hub.database.unit() as session:
            await labels.put(session, conversation_id, [label], by=visit.staff_id, now=visit.now)
    except LabelProblem as e:
        return go(visit, _back(conversation_id, view), worded(e))
    return go(visit, _back(conversation_id, view))


@router.post("/conversations/{conversation_id}/labels/remove")
async def take(visit: Answerer, conversation_id: UUID, label: _Name, view: Annotated[str, Form()] = "all") -> Response:
    async with visit.hub.database.unit() as session:
        await labels.take(session, conversation_id, [label], by=visit.staff_id, now=visit.now)
    return go(visit, _back(conversation_id, view))


def _back(conversation_id: UUID, view: str) -> str:
    return f"/inbox/{view if is_view(view) else 'all'}/{conversation_id}"


async def _again(visit: Visit, error: LabelProblem, typed: dict[str, str]) -> Response:
    return page(visit, "labels.html", status=422, **await _data(visit) | {"trouble": worded(error), "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        found = await labels.listing(session)
    return {
        "labels": found,
        "colours": labels.COLOURS,
        "longest": LONGEST,
        "much": LONGEST_DESCRIPTION,
        "trouble": "",
        "typed": {},
    }
