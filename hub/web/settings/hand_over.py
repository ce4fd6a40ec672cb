"""One page on which everything of one person's goes to another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.conversations import handing_over
from hub.conversations.handing_over import CannotHandOver
from hub.staff import accounts
from hub.staff.roles import Action
from hub.web.access import TeamLead, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_Person = Annotated[int, Form(ge=1, le=2**31 - 1)]


@router.get("/hand-over")
async def show(visit: TeamLead, giver: int = 0) -> Response:
    """`giver` is chosen already, where somebody was just switched off."""
    return page(visit, "hand_over.html", **await _data(visit), giver=giver, receiver=0)


@router.post("/hand-over")
async def hand_over(visit: TeamLead, giver: _Person, receiver: _Person) -> Response:
    visit.demand(Action.ASSIGN)
    try:
        async with visit.hub.database.unit() as session:
            given = await handing_over.hand_over(session, giver, receiver, now=visit.now, by=visit.staff_id)
    except (CannotHandOver, accounts.NotFound) as e:
        chosen = {"giver": giver, "receiver": receiver, "trouble": worded(e)}
        return page(visit, "hand_over.html", status=422, **await _data(visit) | chosen)
    said = _(
        "Handed over: customers %(customers)s, conversations %(conversations)s, tasks %(tasks)s, "
        "appointments %(appointments)s."
    )
    return go(visit, "/hand-over", said % asdict(given))


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        people = await accounts.listing(session)
        known = await handing_over.loads(session, now=visit.now)
    loads = {one.id: known.get(one.id or 0, handing_over.NOTHING) for one in people}
    takers = [one for one in people if accounts.answers(one)]
    return {"people": people, "takers": takers, "loads": loads, "trouble": ""}
