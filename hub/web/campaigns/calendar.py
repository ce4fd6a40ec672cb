"""What leaves by itself in a month: campaigns, and how many greetings on each day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from hub.campaigns import calendar
from hub.occasions import forecast
from hub.web import month
from hub.web.access import CampaignReader
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)


@router.get("/campaigns/calendar")
async def sends(visit: CampaignReader, at: Annotated[str, Query(max_length=10)] = "") -> Response:
    """`at`: a month, as `2026-03`."""
    today = visit.now.astimezone(visit.zone).date()
    first = month.read(at, today)
    start, end = month.edges(first, visit.zone)
    begin, after = month.shown(first)
    async with visit.hub.database.unit() as session:
        found = await calendar.sends(session, start, end)
        greeted = await forecast.counts(session, begin, (after - begin).days, gate=visit.hub.gate)
    shown = month.month(first, [(one.at, one) for one in found], visit.zone)
    return page(visit, "campaign_calendar.html", shown=shown, today=today, greeted=greeted)
