"""Macros: the page on which they are written, and doing one with a conversation."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Response

from hub.conversations import canned, labels, macro_runs, macros
from hub.conversations.macro_runs import Done, Run, WouldNotLeave
from hub.conversations.macros import MacroProblem, Steps, Wording
from hub.conversations.replies import Overtaken
from hub.models.vocabulary import ConversationState
from hub.staff import accounts, teams
from hub.staff.roles import Action
from hub.web import words
from hub.web.access import Answerer, Forbidden, Visit
from hub.web.conversations.inbox import is_view
from hub.web.conversations.writing import undo_seconds
from hub.web.mending import WHOLE, WrongInput
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_OWN, _EVERYBODY = "own", "everybody"
_Number = Annotated[str, Form(max_length=9)]
_Line = Annotated[str, Form(max_length=2000)]


def _wording(
    visit: Answerer,
    name: _Line = "",
    scope: _Line = _OWN,
    answer: _Number = "",
    note: Annotated[str, Form()] = "",
    add: _Line = "",
    remove: _Line = "",
    assign: _Line = "",
    task: _Line = "",
    task_days: _Number = "",
    state: _Line = "",
    snooze_hours: _Number = "",
) -> Wording:
    """`scope`: "own", "everybody", or a team's number."""
    steps = Steps(
        answer=_number(answer, "answer"),
        note=note,
        add=tuple(add.split(",")),
        remove=tuple(remove.split(",")),
        assign=assign,
        task=task,
        task_days=_number(task_days, "task_days"),
        state=state,
        snooze_hours=_number(snooze_hours, "snooze_hours"),
    )
    team = None if scope in (_OWN, _EVERYBODY) else _number(scope, "scope")
    return Wording(name, steps, visit.staff_id if scope == _OWN else None, team)


Form_ = Annotated[Wording, Depends(_wording)]


@router.get("/macros")
async def listing(visit: Answerer) -> Response:
    return page(visit, "macros.html", **await _data(visit))


@router.post("/macros")
async def create(visit: Answerer, wording: Form_) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await _demand(session, visit, wording)
            assigns = visit.may(Action.ASSIGN)
            made = await macros.create(session, wording, by=visit.staff_id, assigns=assigns, now=visit.now)
    except MacroProblem as e:
        return await _again(visit, e, {"id": 0, "wording": wording})
    return go(visit, f"/macros#macro-{made.id}", _("Saved. In a conversation press M."))


@router.post("/macros/{macro_id}")
async def change(visit: Answerer, macro_id: int, wording: Form_) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await _demand(session, visit, await macros.get(session, macro_id))
            await _demand(session, visit, wording)
            assigns = visit.may(Action.ASSIGN)
            await macros.change(session, macro_id, wording, by=visit.staff_id, assigns=assigns, now=visit.now)
    except MacroProblem as e:
        return await _again(visit, e, {"id": macro_id, "wording": wording})
    return go(visit, f"/macros#macro-{macro_id}", _("Saved."))


@router.post("/macros/{macro_id}/delete")
async def delete(visit: Answerer, macro_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await _demand(session, visit, await macros.get(session, macro_id))
        await macros.remove(session, macro_id, by=visit.staff_id, now=visit.now)
    return go(visit, "/macros", _("The macro is gone. What it has done stays."))


@router.post("/conversations/{conversation_id}/macros/{macro_id}")
async def run(
    visit: Answerer,
    conversation_id: UUID,
    macro_id: int,
    form_token: Annotated[str, Form(max_length=40)] = "",
    seen: Annotated[str, Form(max_length=40)] = "",
    view: Annotated[str, Form()] = "all",
) -> Response:
    """All that it says, or nothing; its answer can be taken back as any other."""
    shown, seconds = view if is_view(view) else "all", undo_seconds(visit)
    wish = Run(
        macro_id=macro_id,
        conversation_id=conversation_id,
        staff_id=visit.staff_id,
        form_token=f"{macro_id}:{form_token or uuid4()}",
        seen=_uuid(seen),
        leaves_at=visit.now + timedelta(seconds=seconds) if seconds else None,
    )
    back = f"/inbox/{shown}/{conversation_id}"
    try:
        async with visit.hub.database.unit() as session:
            done = await macro_runs.run(session, wish, gate=visit.hub.gate, now=visit.now)
    except MacroProblem as e:
        return go(visit, back, worded(e))
    except WouldNotLeave as e:
        why = _(words.WITHHELD.get(e.reason, e.reason))
        return go(visit, back, _("Nothing was done, because the answer would not be sent: %(why)s") % {"why": why})
    except Overtaken:
        return go(visit, back, _("A colleague answered meanwhile, so nothing was done. Read it first."))
    return go(visit, back, _said(done), undo=_undo(done, seconds, shown))


def _said(done: Done) -> str:
    if done.again:
        return _("This was done already; it was not done twice.")
    return _("Done: %(macro)s.") % {"macro": done.name}


def _undo(done: Done, seconds: int, view: str) -> Undo | None:
    return Undo("message", done.answer.interaction_id, seconds, view) if done.answer is not None and seconds else None


async def _demand(session: Any, visit: Visit, scope: macros.Macro | Wording) -> None:
    """Raises Forbidden unless this person may write macros for these people."""
    own = [team.id for team in await teams.of(session, visit.staff_id)]
    if not macros.may_write(scope, visit.staff_id, own, everybodys=visit.may(Action.CANNED)):
        raise Forbidden(Action.CANNED.value)


def _number(text: str, field: str) -> int | None:
    """Raises WrongInput."""
    if text and not text.isdecimal():
        raise WrongInput(field, text, WHOLE)
    return int(text) if text else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as e:
        raise WrongInput("seen", text) from e


async def _again(visit: Visit, error: MacroProblem, typed: dict[str, Any]) -> Response:
    return page(visit, "macros.html", status=422, **await _data(visit) | {"trouble": worded(error), "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    everybodys = visit.may(Action.CANNED)
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session)
        found = await macros.listing(session, visit.staff_id, every_team=everybodys)
        answers = await canned.listing(session, reader=None if everybodys else visit.staff_id)
        people = await accounts.listing(session, inactive=False)
        known = await labels.known(session)
    own = [team.id for team in groups if visit.staff_id in team.members]
    return {
        "macros": found,
        "teams": groups,
        "scopes": [team for team in groups if everybodys or team.id in own],
        "answers": answers,
        "shortcuts": {one.id: one.shortcut for one in answers},
        "people": people if visit.may(Action.ASSIGN) else [],
        "names": {f"{macros.STAFF}{one.id}": one.name for one in people}
        | {f"{macros.TEAM}{one.id}": one.name for one in groups},
        "colours": {one.name: one.colour for one in known},
        "offered": known,
        "states": list(ConversationState),
        "everybodys": everybodys,
        "writable": {one.id for one in found if macros.may_write(one, visit.staff_id, own, everybodys=everybodys)},
        "blank": Wording("", Steps(), visit.staff_id),
        "trouble": "",
        "typed": {},
    }
