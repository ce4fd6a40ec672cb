"""/api/v1/occasions/forecast: who will be greeted, as things stand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hub.api.access import Greeter
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Page
from hub.models.vocabulary import Kind, OccasionKind
from hub.occasions import forecast, rules
from hub.occasions.forecast import Coming, Place

router = APIRouter(prefix="/occasions/forecast", tags=["Occasions"], route_class=Endpoint)
_MOST = 366  # days
_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)

Days = Annotated[int, Query(ge=1, le=_MOST, description="So many, the first among them")]
First = Annotated[date | None, Query(description="By each customer's own calendar; today, if nothing is said")]
After = Annotated[str, Query(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9]{1,7})?$", description="`next` of a page")]


class ComingOut(BaseModel):
    """`kind` null: it will not be sent, and `withheld` says why: `skipped` by somebody, `one_a_day` gives way to
    another one of that day, or a reason of the gate.
    """

    customer_id: UUID
    name: str
    occasion_id: int
    occasion: OccasionKind
    title: str
    date: date
    local_time: str = Field(examples=["10:00"], description="By the clocks of `zone`")
    zone: str
    years: int | None = Field(description="How old they get; null: nobody knows")
    kind: Kind | None
    withheld: str | None
    trace: tuple[str, ...]
    greeted: bool = Field(description="It is in the log already")

    @classmethod
    def of(cls, one: Coming) -> ComingOut:
        return cls(
            customer_id=one.customer_id,
            name=one.name,
            occasion_id=one.occasion.id or 0,
            occasion=one.occasion.kind,
            title=rules.title_in(one.occasion, "") or one.occasion.name,
            date=one.date,
            local_time=f"{one.local_time:%H:%M}",
            zone=one.zone,
            years=one.years,
            kind=one.kind,
            withheld=one.withheld,
            trace=one.why,
            greeted=one.greeted,
        )


@router.get("")
async def forecast_greetings(
    caller: Greeter, first: First = None, days: Days = 30, after: After = "", limit: Limit = 50
) -> Page[ComingOut]:
    """The greetings ahead, by date and name: on which channel, or why not, as things stand."""
    hub = caller.hub
    begin = first or caller.now.astimezone(ZoneInfo(hub.settings.hub.timezone)).date()
    if not _FIRST <= begin <= _LAST:
        raise Problem(422, "first", f"{begin} is too far away", remedy=f"Take a date from {_FIRST} to {_LAST}")
    last = begin + timedelta(days=days - 1)
    place = _place(after, begin, last)
    async with hub.database.unit() as session:
        found, more = await forecast.page(session, place, last, gate=hub.gate, now=caller.now, limit=limit)
    return Page(items=[ComingOut.of(one) for one in found], next=f"{more.date}.{more.passed}" if more else None)


def _place(after: str, begin: date, last: date) -> Place:
    day, _, passed = after.partition(".")
    try:
        place = Place(date.fromisoformat(day), int(passed)) if after else Place(begin)
    except ValueError:
        place = None
    if place is None or not begin <= place.date <= last:
        raise Problem(422, "after", f"{after} is in none of these days", remedy="Send the `next` of a page as it came")
    return place
