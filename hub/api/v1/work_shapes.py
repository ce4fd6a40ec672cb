"""What travels about the desk's work: business hours and promises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from hub.api.shapes import Body
from hub.conversations import policies
from hub.conversations.policies import Policy
from hub.models.vocabulary import Promised
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


Minutes = Annotated[int, Field(ge=1, le=policies.LONGEST, description="of working time")]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


class PolicyIn(Body):
    """A service level. The first in the order of `position` that fits a conversation holds; null promises nothing."""

    name: Annotated[str, Field(min_length=1, max_length=policies.LONGEST_NAME, examples=["Gold"])]
    position: Annotated[int, Field(ge=-1000, le=1000)] = 1
    team_id: Id | None = Field(default=None, description="null: whosever conversation it is")
    label: Annotated[str, Field(max_length=100, description="of the customer; empty: any")] = ""
    vip_only: bool = False
    first: Minutes | None = Field(default=None, examples=[60])
    next: Minutes | None = Field(default=None, examples=[240])
    resolution: Minutes | None = None
    warn: Annotated[int, Field(ge=0, le=policies.LONGEST, description="so long before somebody is warned")] = 0
    escalate_to: Id | None = Field(default=None, description="who gets a task when it is late")
    escalate_to_team: Id | None = Field(default=None, description="or somebody of a team")

    def policy(self, policy_id: int | None = None) -> Policy:
        return Policy(**self.model_dump(), id=policy_id)


class PolicyOut(BaseModel):
    id: int
    name: str
    position: int
    team_id: int | None
    label: str
    vip_only: bool
    first: int | None
    next: int | None
    resolution: int | None
    warn: int
    escalate_to: int | None
    escalate_to_team: int | None


class PromiseOut(BaseModel):
    """A promise that is open. `due_at` null: the clock stands while the customer has the word."""

    kind: Promised
    since: datetime
    due_at: datetime | None
    warned: bool
    escalated: bool
    policy: str
