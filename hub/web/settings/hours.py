"""Business hours: the company's, and those of teams that have their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.conversations import policies
from hub.staff import teams, timetables
from hub.staff.opening import Opening
from hub.staff.timetables import Timetable, TimetableProblem
from hub.web.access import TeamLead, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
USUAL = "09:00–17:00"


@router.get("/hours")
async def listing(visit: TeamLead) -> Response:
    return page(visit, "hours.html", **await _data(visit))


@router.post("/hours")
async def save(
    visit: TeamLead,
    team: Annotated[int | None, Form()] = None,
    zone: Annotated[str, Form(max_length=60)] = "",
    day: Annotated[list[str], Form()] = [],  # noqa: B006
    country: Annotated[str, Form(max_length=2)] = "",
    subdivision: Annotated[str, Form(max_length=10)] = "",
    closed: Annotated[str, Form(max_length=50_000)] = "",
) -> Response:
    """Seven fields `day`, Monday first. Without `team`, the company's hours."""
    typed = {"team": team, "zone": zone, "day": day, "country": country, "subdivision": subdivision, "closed": closed}
    try:
        names = timetables.read_closed(closed)
        week = tuple(timetables.read_spans(one) for one in day)
        opening = Opening(zone.strip(), week, country, subdivision.strip(), frozenset(one for one, _name in names))
        async with visit.hub.database.unit() as session:
            await timetables.save(session, Timetable(opening, team, names), now=visit.now, by=visit.staff_id)
            await policies.again(session)
    except TimetableProblem as e:
        return page(visit, "hours.html", status=422, **await _data(visit) | {"trouble": worded(e), "typed": typed})
    return go(visit, f"/hours#hours-{team or 0}", _("Saved."))


@router.post("/hours/{team_id}/drop")
async def drop(visit: TeamLead, team_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await timetables.drop(session, team_id, now=visit.now, by=visit.staff_id)
        await policies.again(session)
    return go(visit, "/hours", _("The team has the company's hours now."))


async def _data(visit: Visit) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        groups = await teams.listing(session)
        kept = {one.team_id: _fields(one) for one in await timetables.listing(session)}
    zone = visit.hub.settings.hub.timezone
    return {
        "groups": groups,
        "kept": kept,
        "usual": kept.get(None) or _form(zone, [USUAL] * 5 + [""] * 2),
        "countries": timetables.countries(),
        "trouble": "",
        "typed": None,
    }


def _form(zone: str, day: list[str], country: str = "", subdivision: str = "", closed: str = "") -> dict[str, Any]:
    """What the fields hold, as it is typed."""
    return {"zone": zone, "day": day, "country": country, "subdivision": subdivision, "closed": closed}


def _fields(timetable: Timetable) -> dict[str, Any]:
    opening = timetable.opening
    day = [timetables.write_spans(spans) for spans in opening.week]
    closed = "\n".join(f"{one.isoformat()} {name}".strip() for one, name in timetable.names)
    return _form(opening.zone, day, opening.country, opening.subdivision, closed)
