"""Canned answers: the page on which they are written, and the list that a slash opens in the composer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Response

from hub.conversations import canned, inbox
from hub.conversations.canned import CannedProblem, Wording
from hub.staff import teams
from hub.staff.roles import Action
from hub.web.access import Answerer, Forbidden, Visit
from hub.web.conversations.inbox import is_view
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)


def _wording(
    shortcut: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    team: Annotated[str, Form(max_length=9)] = "",
) -> Wording:
    """`team` empty: everybody's."""
    return Wording(shortcut, title, text, int(team) if team.isdecimal() else None)


Form_ = Annotated[Wording, Depends(_wording)]


@router.get("/canned")
async def listing(visit: Answerer) -> Response:
    return page(visit, "canned.html", **await _data(visit))


@router.get("/canned/pick")
async def pick(
    visit: Answerer, customer: UUID | None = None, conversation: UUID | None = None, view: str = "all", q: str = ""
) -> Response:
    """What may be put into the composer, filled in for a customer, or for whom a conversation is with."""
    async with visit.hub.database.unit() as session:
        if conversation is not None:
            customer = (await inbox.conversation(session, conversation)).customer_id
        if customer is None:
            raise HTTPException(404)
        company = visit.hub.gate.company
        found = await canned.offered(session, customer, staff_id=visit.staff_id, company=company, query=q)
        some = bool(found) or await canned.any_for(session, visit.staff_id)
    shown = view if is_view(view) else "all"
    back = f"/inbox/{shown}/{conversation}" if conversation else f"/customers/{customer}"
    return page(visit, "canned_pick.html", block="picks", found=found, some=some, back=back)


@router.post("/canned")
async def create(visit: Answerer, wording: Form_) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await demand(session, visit, wording.team_id)
            made = await canned.create(session, wording, by=visit.staff_id, now=visit.now)
    except CannedProblem as e:
        return await _again(visit, worded(e), {"id": 0, "wording": wording})
    return go(
        visit,
        f"/canned#canned-{made.id}",
        _("Saved. In the composer type /%(shortcut)s.") % {"shortcut": made.shortcut},
    )


@router.post("/canned/{canned_id}")
async def change(visit: Answerer, canned_id: int, wording: Form_) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            before = await canned.get(session, canned_id)
            await demand(session, visit, before.team_id)
            await demand(session, visit, wording.team_id)
            await canned.change(session, canned_id, wording, by=visit.staff_id, now=visit.now)
    except CannedProblem as e:
        return await _again(visit, worded(e), {"id": canned_id, "wording": wording})
    return go(visit, f"/canned#canned-{canned_id}", _("Saved."))


@router.post("/canned/{canned_id}/delete")
async def delete(visit: Answerer, canned_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        before = await canned.get(session, canned_id)
        await demand(session, visit, before.team_id)
        await canned.remove(session, canned_id, by=visit.staff_id, now=visit.now)
    return go(visit, "/canned", _("The canned answer is gone."))


async def demand(session: Any, visit: Visit, team_id: int | None) -> None:
    """Raises Forbidden unless this person may write answers of this team (None: everybody's)."""
    own = [team.id for team in await teams.of(session, visit.staff_id)]
    if not canned.may_write(team_id, own, everybodys=visit.may(Action.CANNED)):
        raise Forbidden(Action.CANNED.value)


async def _again(visit: Visit, trouble: str, typed: dict[str, Any]) -> Response:
    return page(visit, "canned.html", status=422, **await _data(visit) | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit) -> dict[str, Any]:
    everybodys = visit.may(Action.CANNED)
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session) if everybodys else await teams.of(session, visit.staff_id)
        answers = await canned.listing(session, reader=None if everybodys else visit.staff_id)
    own = [team.id for team in groups]
    return {
        "answers": answers,
        "teams": groups,
        "everybodys": everybodys,
        "writable": {one.id for one in answers if canned.may_write(one.team_id, own, everybodys=everybodys)},
        "names": canned.NAMES,
        "trouble": "",
        "typed": {},
    }
