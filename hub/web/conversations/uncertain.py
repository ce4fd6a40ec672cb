"""Messages of which nobody knows whether they left: two buttons each, for those who may send such messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from hub.outbound import uncertain
from hub.outbound.uncertain import NotUncertain, Why
from hub.reports import uncertain as lists
from hub.reports.uncertain import Whose
from hub.staff.roles import Action
from hub.web.access import Anyone, Forbidden, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)


@router.get("/uncertain")
async def listing(visit: Anyone, before: UUID | None = None, campaign: int | None = None) -> Response:
    """The newest first; `campaign`: those of one only."""
    whose = whose_of(visit, campaign)
    async with visit.hub.database.unit() as session:
        found = await lists.lines(session, whose=whose, before=before, limit=lists.PAGE + 1)
    more = found[lists.PAGE - 1].id if len(found) > lists.PAGE else None
    data: dict[str, Any] = {"lines": found[: lists.PAGE], "more": more, "campaign_id": campaign}
    return page(visit, "uncertain.html", **data)


@router.post("/uncertain/{interaction_id}/again")
async def again(visit: Anyone, interaction_id: UUID) -> Response:
    return await _decide(visit, interaction_id, again=True)


@router.post("/uncertain/{interaction_id}/leave")
async def leave(visit: Anyone, interaction_id: UUID) -> Response:
    return await _decide(visit, interaction_id, again=False)


def whose_of(visit: Visit, campaign_id: int | None = None) -> Whose:
    """Those this person may decide about. Raises Forbidden when there are none."""
    bulk, single = visit.may(Action.CAMPAIGNS), visit.may(Action.ANSWER)
    if not (bulk or single):
        raise Forbidden(Action.ANSWER.value)
    return Whose(bulk, single, campaign_id)


async def _decide(visit: Visit, interaction_id: UUID, *, again: bool) -> Response:
    by: dict[str, Any] = {"demand": visit.demand, "staff_id": visit.staff_id, "ip": visit.ip, "now": visit.now}
    try:
        async with visit.hub.database.unit() as session:
            await uncertain.decide(session, interaction_id, again=again, **by)
    except NotUncertain as e:
        return go(visit, "/uncertain", _why(e.why))
    said = _("It is sent again, with the same name, and marked.") if again else _("It stays as it is.")
    return go(visit, "/uncertain", said)


def _why(why: Why) -> str:
    words = {
        Why.KNOWN: _("It is known by now, or somebody has decided already."),
        Why.LEFT: _("Somebody has decided already to leave it."),
        Why.AGAIN: _("Somebody has just decided to send it again."),
        Why.GOING: _("It is being sent again at this moment."),
        Why.CANCELLED: _("Its campaign was cancelled: nothing of it is sent any more."),
    }
    return words[why]
