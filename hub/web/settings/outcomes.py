"""What a call can come to: the list of outcomes that calls are wrapped up with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from starlette.datastructures import FormData

from hub.conversations import call_outcomes
from hub.conversations.call_outcomes import OutcomeProblem
from hub.web import words
from hub.web.access import TeamLead, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import LANGUAGES, worded
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)
_STEPS = {"up": -1, "down": 1}


@router.get("/outcomes")
async def listing(visit: TeamLead) -> Response:
    return page(visit, "outcomes.html", **await _data(visit))


@router.post("/outcomes")
async def add(
    visit: TeamLead,
    name: Annotated[str, Form(max_length=200)] = "",
    calls_back: Annotated[str, Form()] = "",
) -> Response:
    form = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            said: dict[str, Any] = {"titles": _titles(form), "calls_back": bool(calls_back)}
            await call_outcomes.add(session, _kept(name), **said, by=visit.staff_id, now=visit.now)
    except OutcomeProblem as e:
        return await _again(visit, worded(e), 0, form)
    return go(visit, "/outcomes", _("Added."))


@router.post("/outcomes/{outcome_id}")
async def change(
    visit: TeamLead,
    outcome_id: int,
    name: Annotated[str, Form(max_length=200)] = "",
    active: Annotated[str, Form()] = "",
    calls_back: Annotated[str, Form()] = "",
) -> Response:
    form = await visit.request.form()
    try:
        async with visit.hub.database.unit() as session:
            await call_outcomes.change(
                session,
                outcome_id,
                name=_kept(name),
                titles=_titles(form),
                active=bool(active),
                calls_back=bool(calls_back),
                by=visit.staff_id,
                now=visit.now,
            )
    except OutcomeProblem as e:
        return await _again(visit, worded(e), outcome_id, form)
    return go(visit, "/outcomes", _("Saved."))


@router.post("/outcomes/{outcome_id}/move")
async def move(visit: TeamLead, outcome_id: int, way: Annotated[str, Form()]) -> Response:
    if way not in _STEPS:
        raise WrongInput("way", way)
    async with visit.hub.database.unit() as session:
        await call_outcomes.move(session, outcome_id, _STEPS[way])
    return go(visit, "/outcomes")


def _kept(typed: str) -> str:
    """The outcomes that a new hub has are shown in everybody's language, and kept in one."""
    wanted = " ".join(typed.split()).lower()
    return next((ours for ours, word in words.OUTCOMES.items() if _(word).lower() == wanted), typed)


def _titles(form: FormData) -> dict[str, str]:
    return {code: str(form.get(f"title.{code}", "")) for code in LANGUAGES}


async def _again(visit: Visit, trouble: str, outcome_id: int, form: FormData) -> Response:
    typed = {outcome_id: {name: str(value) for name, value in form.items()}}
    return page(visit, "outcomes.html", status=422, **await _data(visit) | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        outcomes = await call_outcomes.listing(session, inactive=True)
    return {"outcomes": outcomes, "trouble": "", "typed": {}, "longest": call_outcomes.LONGEST_NAME}
