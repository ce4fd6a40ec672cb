"""Messages of which nobody knows whether they left: two buttons each, for those who may send such messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from hub.outbound import uncertain
from hub.outbound.uncertain import NotUncertain
from hub.reports import uncertain as lists
from hub.reports.uncertain import Line, Whose
from hub.staff import audit
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
    return await _decide(visit, interaction_id, "again")


@router.post("/uncertain/{interaction_id}/leave")
async def leave(visit: Anyone, interaction_id: UUID) -> Response:
    return await _decide(visit, interaction_id, "leave")


def whose_of(visit: Visit, campaign_id: int | None = None) -> Whose:
    """Those this person may decide about. Raises Forbidden when there are none."""
    bulk, single = visit.may(Action.CAMPAIGNS), visit.may(Action.ANSWER)
    if not (bulk or single):
        raise Forbidden(Action.ANSWER.value)
    return Whose(bulk, single, campaign_id)


async def _decide(visit: Visit, interaction_id: UUID, what: str) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            line = await lists.about(session, interaction_id)
            if line is None:
                return go(visit, "/uncertain", _("It is known by now, or somebody has decided already."))
            _permit(visit, line)
            if what == "again":
                await uncertain.send_again(session, interaction_id, now=visit.now)
            else:
                await uncertain.leave(session, interaction_id)
            await _note(session, visit, line, what)
    except NotUncertain as e:
        return go(visit, "/uncertain", str(e))
    said = _("It is sent again, with the same name, and marked.") if what == "again" else _("It stays as it is.")
    return go(visit, "/uncertain", said)


def _permit(visit: Visit, line: Line) -> None:
    visit.demand(Action.CAMPAIGNS if line.bulk else Action.ANSWER)


async def _note(session: Any, visit: Visit, line: Line, what: str) -> None:
    await audit.write(
        session,
        f"uncertain.{what}",
        staff_id=visit.staff_id,
        subject=f"customer:{line.customer_id}",
        detail=f"interaction:{line.id}",
        ip=visit.ip,
        now=visit.now,
    )
