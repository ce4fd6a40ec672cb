"""Putting right what stands where: a message into another conversation, a conversation in two, two into one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from hub.conversations import inbox, rearranging, undoing
from hub.conversations.inbox import Line
from hub.conversations.rearranging import CannotRearrange, Reach
from hub.conversations.undoing import WorkedOn
from hub.interactions import history
from hub.models import Rearrangement
from hub.web.access import Answerer, Visit
from hub.web.conversations.inbox import is_view
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
View = Annotated[str, Form()]


@router.get("/messages/{interaction_id}/move")
async def choose_for_message(visit: Answerer, interaction_id: UUID, q: str = "", view: str = "all") -> Response:
    """Which conversation a message is to go to: the one it points to, its customer's, or anybody's by search."""
    async with visit.hub.database.unit() as session:
        word = await history.entry(session, interaction_id)
        if word.conversation_id is None:
            raise HTTPException(404)
        lines = await inbox.others(session, word.conversation_id, query=q)
        pointed = await _pointed(session, word.points_to_id)
        here = await inbox.conversation(session, word.conversation_id)
    if pointed is not None and not q:
        lines = [pointed, *(line for line in lines if line.id != pointed.id)]
    return page(
        visit, "arrange.html", action=f"/messages/{interaction_id}/move", here=here, word=word, **_found(lines, q, view)
    )


@router.post("/messages/{interaction_id}/move")
async def move(visit: Answerer, interaction_id: UUID, into: Annotated[UUID, Form()], view: View = "all") -> Response:
    """One message into another conversation."""
    try:
        async with visit.hub.database.unit() as session:
            change = await rearranging.move(session, interaction_id, into, staff_id=visit.staff_id, now=visit.now)
            await _note(session, visit, "message.move", change)
    except CannotRearrange as e:
        return await _refused(visit, interaction_id, view, e)
    return _done(visit, change, view, _("The message was moved here."))


@router.post("/messages/{interaction_id}/split")
async def split(visit: Answerer, interaction_id: UUID, reach: Annotated[Reach, Form()], view: View = "all") -> Response:
    """A new conversation from a message on."""
    try:
        async with visit.hub.database.unit() as session:
            change = await rearranging.split(session, interaction_id, reach, staff_id=visit.staff_id, now=visit.now)
            await _note(session, visit, "conversation.split", change)
    except CannotRearrange as e:
        return await _refused(visit, interaction_id, view, e)
    return _done(visit, change, view, _("This is a conversation of its own now."))


@router.get("/conversations/{conversation_id}/merge")
async def choose_for_conversation(visit: Answerer, conversation_id: UUID, q: str = "", view: str = "all") -> Response:
    """Which conversation this one is to become part of."""
    async with visit.hub.database.unit() as session:
        here = await inbox.conversation(session, conversation_id)
        lines = await inbox.others(session, conversation_id, query=q)
    action = f"/conversations/{conversation_id}/merge"
    return page(visit, "arrange.html", action=action, here=here, word=None, **_found(lines, q, view))


@router.post("/conversations/{conversation_id}/merge")
async def merge(
    visit: Answerer,
    conversation_id: UUID,
    into: Annotated[UUID, Form()],
    confirmed: Annotated[str, Form()] = "",
    view: View = "all",
) -> Response:
    """Two conversations into one. Of two customers only after a page that names them both."""
    async with visit.hub.database.unit() as session:
        here, there = [await inbox.conversation(session, one) for one in (conversation_id, into)]
    if here.customer_id != there.customer_id and not confirmed:
        return page(visit, "arrange_people.html", here=here, there=there, view=_shown(view))
    try:
        async with visit.hub.database.unit() as session:
            change = await rearranging.merge(session, conversation_id, into, staff_id=visit.staff_id, now=visit.now)
            await _note(session, visit, "conversation.merge", change)
    except CannotRearrange as e:
        return go(visit, f"/inbox/{_shown(view)}/{conversation_id}", worded(e))
    return _done(visit, change, view, _("The conversations are one now."))


@router.post("/rearrangements/{change_id}/undo")
async def undo(visit: Answerer, change_id: UUID, view: View = "all") -> Response:
    """Back to where it was, as long as nobody has gone on from there."""
    try:
        async with visit.hub.database.unit() as session:
            change = await undoing.undo(session, change_id, now=visit.now)
            await _note(session, visit, "conversation.undo", change)
    except WorkedOn:
        said = _("Somebody has worked on it since. Move the messages one by one instead.")
        return go(visit, f"/inbox/{_shown(view)}", said)
    return go(visit, f"/inbox/{_shown(view)}/{change.from_id}", _("It is as it was before."))


async def _pointed(session: Any, conversation_id: UUID | None) -> Line | None:
    return None if conversation_id is None else await inbox.conversation(session, conversation_id)


def _found(lines: list[Line], q: str, view: str) -> dict[str, Any]:
    return {"lines": lines, "q": q, "view": _shown(view)}


def _done(visit: Visit, change: Rearrangement, view: str, said: str) -> Response:
    return go(visit, f"/inbox/{_shown(view)}/{change.into_id}", said, undo=Undo("rearranging", change.id))


async def _refused(visit: Visit, interaction_id: UUID, view: str, why: CannotRearrange) -> Response:
    async with visit.hub.database.unit() as session:
        word = await history.entry(session, interaction_id)
    place = f"/{word.conversation_id}" if word.conversation_id else ""
    return go(visit, f"/inbox/{_shown(view)}{place}", worded(why))


async def _note(session: Any, visit: Visit, action: str, change: Rearrangement) -> None:
    detail = f"conversation:{change.from_id} into conversation:{change.into_id}, {len(change.moved['words'])} words"
    await visit.note(session, action, subject=f"rearrangement:{change.id}", detail=detail)


def _shown(view: str) -> str:
    return view if is_view(view) else "all"
