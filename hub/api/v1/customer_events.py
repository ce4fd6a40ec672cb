"""/api/v1/customers/{id}/events: what a customer did elsewhere. Campaigns take it for the goal of their tests."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from hub.api.access import CustomerReader, CustomerWriter
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body, Limit, Page
from hub.customers import directory, events
from hub.customers.events import Event

_AHEAD = timedelta(hours=1)  # of our clock, theirs may be

router = APIRouter(prefix="/customers", tags=["Customers"], route_class=Endpoint)


class EventIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")] = Field(examples=["bought"])
    key: Annotated[str, Field(max_length=200, description="Told twice, kept once")] = Field(
        default="", examples=["order 1042"]
    )
    at: AwareDatetime | None = Field(default=None, description="null: now")


class EventOut(BaseModel):
    name: str
    key: str
    at: datetime


@router.post("/{customer_id}/events", status_code=201)
async def record_event(
    caller: CustomerWriter, customer_id: UUID, body: EventIn, request: Request, response: Response
) -> EventOut:
    """Keep what a customer did. 200 when it was told before. 10,000 are kept of each; 500 at once, then 5 a second."""
    if not request.state.meters.events.take(str(customer_id), time.monotonic()):
        raise _too_fast()
    at = (body.at or caller.now).astimezone(UTC)
    if at > caller.now + _AHEAD:
        raise Problem(422, "Event", f"{at:%Y-%m-%d %H:%M} UTC is yet to come", remedy="Send it when it has happened")
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        if await events.too_many(session, customer_id):
            raise Problem(422, "Event", f"{events.MOST:,} are kept of this customer", remedy="Send only goals of tests")
        if not await events.record(session, Event(customer_id, body.name.strip(), at, body.key)):
            response.status_code = 200
    return EventOut(name=body.name.strip(), key=body.key, at=at)


def _too_fast() -> Problem:
    return Problem(
        429,
        "Event",
        "Too much is told of this customer at once",
        remedy="Wait a second, then send it again",
        headers={"Retry-After": "1"},
    )


@router.get("/{customer_id}/events")
async def list_events(caller: CustomerReader, customer_id: UUID, limit: Limit = 50) -> Page[EventOut]:
    """The newest first."""
    async with caller.hub.database.unit() as session:
        found = await events.of(session, customer_id, limit=limit)
    return Page(items=[EventOut(name=one.name, key=one.key, at=one.at) for one in found])
