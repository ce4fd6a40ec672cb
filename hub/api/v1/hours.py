"""/api/v1/business-hours: when the company and its teams work."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from pydantic import AwareDatetime

from hub.api.access import Anyone, TeamLead
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Page
from hub.api.v1.work_shapes import HoursIn, HoursOut, WorkingTimeOut
from hub.conversations import policies
from hub.staff import teams, timetables
from hub.staff.opening import working_time

router = APIRouter(tags=["Business hours"], route_class=Endpoint)
_LONGEST = timedelta(days=1500)


@router.get("/business-hours")
async def list_business_hours(caller: Anyone) -> Page[HoursOut]:
    """The company's first, then those of teams that have their own."""
    async with caller.hub.database.unit() as session:
        return Page(items=[HoursOut.of(one) for one in await timetables.listing(session)])


@router.put("/business-hours")
async def set_business_hours(caller: TeamLead, body: HoursIn, team_id: int | None = None) -> HoursOut:
    """The company's, or with `team_id` a team's own."""
    try:
        timetable = body.timetable(team_id)
        async with caller.hub.database.unit() as session:
            await timetables.save(session, timetable, now=caller.now, by=caller.staff_id)
            await policies.again(session)
            kept = next(one for one in await timetables.listing(session) if one.team_id == team_id)
    except timetables.TimetableProblem as e:
        raise Problem(422, "Business hours", str(e), remedy="Correct them and send the request again") from e
    except teams.NotFound as e:
        raise Problem(404, "Team", str(e), remedy="Leave team_id out for the company's hours") from e
    return HoursOut.of(kept)


@router.delete("/business-hours/{team_id}", status_code=204)
async def drop_business_hours(caller: TeamLead, team_id: int) -> None:
    """The team has the company's hours from now on."""
    async with caller.hub.database.unit() as session:
        await timetables.drop(session, team_id, now=caller.now, by=caller.staff_id)
        await policies.again(session)


@router.get("/working-time")
async def working_time_between(
    caller: Anyone, start: AwareDatetime, end: AwareDatetime, team_id: int | None = None
) -> WorkingTimeOut:
    """How much of the time between two moments somebody works: the company, or a team."""
    if end - start > _LONGEST:
        cause = f"More than {_LONGEST.days} days lie between start and end"
        raise Problem(422, "Working time", cause, remedy="Ask for less")
    async with caller.hub.database.unit() as session:
        opening = (await timetables.hours(session)).of(team_id)
    try:
        seconds = int(working_time(opening, start, end).total_seconds())
    except OverflowError as e:
        cause = "A moment lies at the end of the calendar"
        raise Problem(422, "Working time", cause, remedy="Ask for another one") from e
    return WorkingTimeOut(team_id=team_id, start=start, end=end, seconds=seconds)
