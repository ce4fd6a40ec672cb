"""What travels about the desk's work: business hours and promises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from hub.api.shapes import Body
from hub.staff import timetables
from hub.staff.opening import Opening
from hub.staff.timetables import Timetable

Hours = Annotated[str, Field(max_length=200, examples=["09:00–12:00, 13:00–17:00"])]


class HoursIn(Body):
    """Business hours. `week`: seven days, Monday first; an empty one is closed."""

    timezone: Annotated[str, Field(max_length=60, examples=["Europe/Warsaw"])]
    week: Annotated[list[Hours], Field(min_length=7, max_length=7)]
    country: Annotated[str, Field(max_length=2, description="whose public holidays are closed", examples=["PL"])] = ""
    subdivision: Annotated[str, Field(max_length=10, description="its region", examples=["BY"])] = ""
    closed: Annotated[dict[date, Annotated[str, Field(max_length=100)]], Field(max_length=400)] = {}

    def timetable(self, team_id: int | None) -> Timetable:
        """Raises timetables.TimetableProblem."""
        week = tuple(timetables.read_spans(one) for one in self.week)
        opening = Opening(self.timezone, week, self.country, self.subdivision, frozenset(self.closed))
        return Timetable(opening, team_id, tuple(sorted(self.closed.items())))


class HoursOut(BaseModel):
    """`team_id` null: the company's, which hold for every team without its own."""

    team_id: int | None
    timezone: str
    week: list[str]
    country: str
    subdivision: str
    closed: Mapping[date, str]

    @classmethod
    def of(cls, timetable: Timetable) -> HoursOut:
        opening = timetable.opening
        return cls(
            team_id=timetable.team_id,
            timezone=opening.zone,
            week=[timetables.write_spans(day) for day in opening.week],
            country=opening.country,
            subdivision=opening.subdivision,
            closed=dict(timetable.names),
        )


class WorkingTimeOut(BaseModel):
    """How much of the time between two moments is working time."""

    team_id: int | None
    start: datetime
    end: datetime
    seconds: int
