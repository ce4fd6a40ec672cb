"""/api/v1/call-lists: people whom agents call one by one. Reads only; they are worked through at the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hub.api.access import CampaignReader
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Out, Page
from hub.call_lists import arranging, results
from hub.call_lists.results import PARTS, Line
from hub.models.vocabulary import CallListState, CallResult, CallTurn, Purpose

router = APIRouter(tags=["Calls"], route_class=Endpoint)


class CallListOut(BaseModel):
    """`settled`: of `people`, those with whom nothing is to do any more."""

    id: int
    name: str
    state: CallListState
    purpose: Purpose
    team_id: int | None
    again_hours: int
    attempts: int
    created_at: datetime
    closed_at: datetime | None
    people: int
    settled: int

    @classmethod
    def of(cls, line: Line) -> CallListOut:
        found = line.found
        return cls(
            id=found.id or 0,
            name=found.name,
            state=found.state,
            purpose=found.purpose,
            team_id=found.team_id,
            again_hours=found.again_hours,
            attempts=found.attempts,
            created_at=found.created_at,
            closed_at=found.closed_at,
            people=line.total,
            settled=line.settled,
        )


class CallListResultsOut(CallListOut):
    """`parts`: how many stand where; `outcomes` of those reached, `reasons` of those left out."""

    parts: dict[str, int]
    outcomes: dict[str, int]
    reasons: dict[str, int]


class CalledOut(Out):
    """`due_at`: of whoever waits."""

    customer_id: UUID
    name: str
    turn: CallTurn
    calls: int
    due_at: datetime
    result: CallResult | None
    outcome: str
    reason: str
    settled_at: datetime | None


@router.get("/call-lists")
async def call_lists(caller: CampaignReader) -> Page[CallListOut]:
    """Those that are worked on first, the newest first; at most 500."""
    async with caller.hub.database.unit() as session:
        return Page(items=[CallListOut.of(line) for line in await results.listing(session)], next=None)


@router.get("/call-lists/{list_id}")
async def call_list(caller: CampaignReader, list_id: int) -> CallListResultsOut:
    """One, and how far it is."""
    async with caller.hub.database.unit() as session:
        found = await arranging.get(session, list_id)
        figures = await results.figures(session, list_id)
    line = CallListOut.of(Line(found, figures.parts["everybody"], figures.settled))
    return CallListResultsOut(
        **line.model_dump(), parts=dict(figures.parts), outcomes=dict(figures.outcomes), reasons=dict(figures.reasons)
    )


@router.get("/call-lists/{list_id}/people")
async def call_list_people(
    caller: CampaignReader,
    list_id: int,
    shown: Annotated[str, Query(max_length=20, description="Who: " + ", ".join(PARTS))] = "everybody",
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Limit = 50,
) -> Page[CalledOut]:
    """In the order in which they were put on it."""
    if shown not in PARTS:
        raise Problem(422, "Call list", f"There is no part {shown!r}", remedy=f"One of {', '.join(PARTS)}")
    async with caller.hub.database.unit() as session:
        await arranging.get(session, list_id)
        found = await results.people(session, list_id, shown, after=after, limit=limit)
    following = str(found[-1].id) if len(found) == limit else None
    return Page(items=[CalledOut.of(one) for one in found], next=following)
