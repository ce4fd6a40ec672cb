"""What a call can come to: the list of outcomes that calls are wrapped up with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.conversations import wrap_ups
from hub.conversations.wrap_ups import OutcomeProblem
from hub.web import words
from hub.web.access import TeamLead, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

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
    try:
        async with visit.hub.database.unit() as session:
            await wrap_ups.add_outcome(
                session, _kept(name), calls_back=bool(calls_back), by=visit.staff_id, now=visit.now
            )
    except OutcomeProblem as e:
        return await _again(visit, worded(e), {0: name})
    return go(visit, "/outcomes", _("Added."))


@router.post("/outcomes/{outcome_id}")
async def change(
    visit: TeamLead,
    outcome_id: int,
    name: Annotated[str, Form(max_length=200)] = "",
    active: Annotated[str, Form()] = "",
    calls_back: Annotated[str, Form()] = "",
) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await wrap_ups.change_outcome(
                session,
                outcome_id,
                name=_kept(name),
                active=bool(active),
                calls_back=bool(calls_back),
                by=visit.staff_id,
                now=visit.now,
            )
    except OutcomeProblem as e:
        return await _again(visit, worded(e), {outcome_id: name})
    return go(visit, "/outcomes", _("Saved."))


@router.post("/outcomes/{outcome_id}/move")
async def move(visit: TeamLead, outcome_id: int, way: Annotated[str, Form()]) -> Response:
    if way not in _STEPS:
        raise WrongInput("way", way)
    async with visit.hub.database.unit() as session:
        await wrap_ups.move_outcome(session, outcome_id, _STEPS[way])
    return go(visit, "/outcomes")


def _kept(typed: str) -> str:
    """The outcomes that a new hub has are shown in everybody's language, and kept in one."""
    wanted = " ".join(typed.split()).lower()
    return next((ours for ours, word in words.OUTCOMES.items() if _(word).lower() == wanted), typed)


async def _again(visit: Visit, trouble: str, typed: dict[int, str]) -> Response:
    return page(visit, "outcomes.html", status=422, **await _data(visit) | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        outcomes = await wrap_ups.outcomes(session, inactive=True)
    return {"outcomes": outcomes, "trouble": "", "typed": {}, "longest": wrap_ups.LONGEST_NAME}
