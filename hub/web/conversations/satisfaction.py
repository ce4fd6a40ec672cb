"""Whether customers are asked how satisfied they are, and what they said."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.conversations import surveys
from hub.conversations.surveys import SurveyProblem
from hub.models import SurveyRule
from hub.models.vocabulary import Scale
from hub.web.access import TeamLead, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
DAYS = 30
_Number = Annotated[int, Form(ge=0, le=100_000)]


@router.get("/satisfaction")
async def show(visit: TeamLead) -> Response:
    return page(visit, "satisfaction.html", **await _data(visit))


@router.post("/satisfaction")
async def save(
    visit: TeamLead,
    enabled: Annotated[bool, Form()] = False,
    scale: Annotated[Scale, Form()] = Scale.CSAT,
    delay_minutes: _Number = 10,
    again_days: _Number = 30,
    low_days: _Number = 30,
) -> Response:
    wanted = SurveyRule(
        enabled=enabled, scale=scale, delay_minutes=delay_minutes, again_days=again_days, low_days=low_days
    )
    try:
        async with visit.hub.database.unit() as session:
            await surveys.set_rule(session, wanted, now=visit.now, by=visit.staff_id)
    except SurveyProblem as e:
        return page(
            visit, "satisfaction.html", status=422, **await _data(visit) | {"trouble": worded(e), "rule": wanted}
        )
    return go(visit, "/satisfaction", _("Saved."))


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        rule = await surveys.rule(session)
        return {
            "rule": rule,
            "summary": await surveys.summary(session, rule.scale, since=visit.now - timedelta(days=DAYS)),
            "said": await surveys.answers(session),
            "trouble": "",
        }
