"""/api/v1/segments: saved segments, and how many customers any segment means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import Caller, Campaigner, CampaignReader
from hub.api.problems import Endpoint, Problem, wrong
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.segments import asking, saved
from hub.segments.conditions import BadCondition
from hub.segments.saved import LONGEST_NAME, Draft, SegmentProblem

router = APIRouter(tags=["Segments"], route_class=Endpoint)
_POLES = {"field": "language", "op": "eq", "value": "pl"}
_Tree = Annotated[list[dict[str, Any]], Field(max_length=50)] | dict[str, Any]
_SAMPLE = 10


class TreeIn(Body):
    tree: _Tree = Field(
        examples=[[_POLES], {"any": [_POLES, {"not": {"field": "vip", "op": "eq", "value": True}}]}],
        description="A list of conditions, all of which must hold; or all, any and not of conditions",
    )


class SegmentIn(TreeIn):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] = Field(examples=["Poles"])


class SegmentOut(Out):
    id: int
    name: str
    tree: Any
    listed: bool = Field(description="A list: it means whoever was put on it")
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None


class PersonOut(BaseModel):
    id: UUID
    name: str


class CountOut(BaseModel):
    """`sample`: the newest of those who are meant."""

    customers: int
    sample: list[PersonOut]


@router.get("/segments")
async def list_segments(caller: CampaignReader, *, archived: bool = False) -> Page[SegmentOut]:
    """By name: those that are offered, or those in the archive."""
    async with caller.hub.database.unit() as session:
        return Page(items=[SegmentOut.of(one) for one in await saved.listing(session, archived=archived)])


@router.post("/segments", status_code=201, responses=again(SegmentOut))
async def create_segment(caller: Campaigner, body: SegmentIn, asked: Once) -> SegmentOut:
    """Saved under its name."""

    async def create(session: Any) -> SegmentOut:
        made = await saved.create(session, Draft(body.name, body.tree), staff_id=caller.staff_id, now=caller.now)
        await _note(session, caller, "create", made.id)
        return SegmentOut.of(made)

    try:
        return await once(caller, asked, SegmentOut, create)
    except (SegmentProblem, BadCondition) as e:
        raise _wrong(e) from e


@router.post("/segments/count")
async def count_segment(caller: CampaignReader, body: TreeIn) -> CountOut:
    """How many customers a segment means now, saved or not, and some of them."""
    try:
        async with caller.hub.database.unit() as session:
            customers = await asking.count(session, body.tree, now=caller.now)
            people = await asking.sample(session, body.tree, limit=_SAMPLE, now=caller.now)
    except BadCondition as e:
        raise _wrong(e) from e
    return CountOut(customers=customers, sample=[PersonOut(id=one.id, name=one.name) for one in people])


@router.get("/segments/{segment_id}")
async def read_segment(caller: CampaignReader, segment_id: int) -> SegmentOut:
    """One of them."""
    async with caller.hub.database.unit() as session:
        return SegmentOut.of(await saved.get(session, segment_id))


@router.put("/segments/{segment_id}")
async def change_segment(caller: Campaigner, segment_id: int, body: SegmentIn) -> SegmentOut:
    """Campaigns that have not begun mean others by it from now on."""
    try:
        async with caller.hub.database.unit() as session:
            changed = await saved.change(session, segment_id, Draft(body.name, body.tree), now=caller.now)
            await _note(session, caller, "change", segment_id)
            return SegmentOut.of(changed)
    except (SegmentProblem, BadCondition) as e:
        raise _wrong(e) from e


@router.delete("/segments/{segment_id}", status_code=204, response_class=Response)
async def archive_segment(caller: Campaigner, segment_id: int) -> None:
    """Into the archive: it is offered no more, and what names it goes on meaning the same."""
    async with caller.hub.database.unit() as session:
        await saved.archive(session, segment_id, now=caller.now)
        await _note(session, caller, "archive", segment_id)


def _wrong(error: SegmentProblem | BadCondition) -> Problem:
    return wrong("Segment", "body.tree" if isinstance(error, BadCondition) else "body.name", str(error))


async def _note(session: Any, caller: Caller, act: str, segment_id: int | None) -> None:
    await caller.note(session, f"segment.{act}", subject=f"segment:{segment_id}")
