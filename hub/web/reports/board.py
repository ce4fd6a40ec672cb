"""What is going on at this moment, for a screen on the wall."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hub.reports import board
from hub.reports.parts import PARTS
from hub.web.access import ReportReader
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)


@router.get("/reports/now")
async def now(visit: ReportReader) -> Response:
    """It refreshes itself. It names who is at the desk, and is for those who may read what each of them does."""
    visit.demand(PARTS["agents"].action)
    today = visit.now.astimezone(visit.zone).date()
    async with visit.hub.database.unit() as session:
        found = await board.board(session, today=today, zone=str(visit.zone), now=visit.now)
    return page(visit, "reports_now.html", board=found)
