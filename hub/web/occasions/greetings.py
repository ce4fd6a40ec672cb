"""The calendar of greetings: a year at a glance, a day's people, what each would read, and leaving somebody out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response

from hub.occasions import forecast, skipping
from hub.occasions.forecast import Coming
from hub.occasions.skipping import TooLate
from hub.outbound import templates
from hub.web.access import Greeter
from hub.web.occasions.months import months
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
YEAR = 365
_SHOWN = 300  # people of a day


@router.get("/occasions/year")
async def year(visit: Greeter) -> Response:
    """How many keep something on each of the next 365 days."""
    today = visit.now.astimezone(visit.zone).date()
    async with visit.hub.database.unit() as session:
        counts = await forecast.counts(session, today, YEAR, gate=visit.hub.gate)
    data: dict[str, Any] = {"months": months(today, YEAR, counts), "today": today, "number": counts.total()}
    return page(visit, "greeting_year.html", **data)


@router.get("/occasions/days/{day}")
async def people(visit: Greeter, day: date) -> Response:
    """Who keeps something on this day, on which channel they will be greeted, or why not."""
    if not 2000 <= day.year <= 2200:
        raise HTTPException(404)
    found: list[Coming] = []
    more = False
    async with visit.hub.database.unit() as session:
        async for one in forecast.lines(session, 1, gate=visit.hub.gate, now=visit.now, first=day):
            if len(found) == _SHOWN:
                more = True
                break
            found.append(one)
    data: dict[str, Any] = {"date": day, "people": found, "more": more}
    data |= {"before": day - timedelta(days=1), "after": day + timedelta(days=1), "skipped": forecast.SKIPPED}
    return page(visit, "greeting_day.html", **data)


@router.post("/occasions/skip")
async def skip(
    visit: Greeter,
    customer: Annotated[UUID, Form()],
    occasion: Annotated[int, Form()],
    day: Annotated[date, Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """`back`: greet them after all."""
    here = f"/occasions/days/{day.isoformat()}"
    try:
        async with visit.hub.database.unit() as session:
            if back:
                await skipping.take_back(session, customer, occasion, day)
            else:
                await skipping.skip(session, customer, occasion, day, by=visit.staff_id, now=visit.now)
            what = "greeting.unskip" if back else "greeting.skip"
            await visit.note(session, what, subject=f"customer:{customer}")
    except TooLate as e:
        return go(visit, here, worded(e))
    return go(visit, here, _("Greeted after all.") if back else _("Left out."))


@router.get("/occasions/preview")
async def shown(visit: Greeter, customer: UUID, occasion: int, day: date) -> Response:
    """What this customer would read or hear."""
    try:
        async with visit.hub.database.unit() as session:
            found = await forecast.words(session, customer, occasion, day, gate=visit.hub.gate, now=visit.now)
    except templates.NoSuchTemplate as e:
        return go(visit, f"/occasions/days/{day.isoformat()}", worded(e))
    if found is None:
        raise HTTPException(404)
    data: dict[str, Any] = {"date": day, "decision": found.decision, "rendered": found.rendered}
    return page(visit, "greeting_preview.html", **data)
