"""/api/v1/lists: saved segments that mean whoever was put on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from channels import address
from channels.address import BadAddress
from hub.api.access import Caller, Campaigner, CampaignReader
from hub.api.problems import Endpoint, wrong
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Limit, Line, Page
from hub.api.v1.segments import SegmentOut
from hub.customers.finding import Whom
from hub.segments import lists
from hub.segments.saved import LONGEST_NAME, SegmentProblem

router = APIRouter(tags=["Segments"], route_class=Endpoint)
_MOST = 1000


class ListIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] = Field(examples=["Guests of the fair"])


class WhomIn(Body):
    """One of them, or several that mean the same customer."""

    customer_id: UUID | None = None
    external_id: Line = Field(default="", examples=["C-1042"])
    email: Line = Field(default="", examples=["ana@example.org"])
    phone: Line = Field(default="", examples=["+48601123456"])

    @model_validator(mode="after")
    def _is_somebody(self) -> WhomIn:
        if not (self.customer_id or self.external_id or self.email or self.phone):
            raise ValueError("Say who it is: customer_id, external_id, email or phone")
        return self

    def whom(self, country: str) -> Whom:
        """Raises BadAddress."""
        return Whom(
            id=self.customer_id,
            external_id=self.external_id,
            email=address.mail(self.email) if self.email else "",
            phone=address.phone(self.phone, country) if self.phone else "",
        )


class PeopleIn(Body):
    items: Annotated[list[WhomIn], Field(min_length=1, max_length=_MOST)]


class NotFoundOut(BaseModel):
    """`place`: of the one in `items`, from 0 on."""

    place: int
    cause: str


class PeopleOut(BaseModel):
    """`known`: how many customers were on the list already."""

    added: int
    known: int
    not_found: list[NotFoundOut]


class MemberOut(BaseModel):
    customer_id: UUID
    name: str
    added_at: datetime


@router.post("/lists", status_code=201, responses=again(SegmentOut))
async def create_list(caller: Campaigner, body: ListIn, asked: Once) -> SegmentOut:
    """With nobody on it. It is a saved segment: renamed, archived, counted and meant as one, by the same number."""

    async def create(session: Any) -> SegmentOut:
        made = await lists.create(session, body.name, staff_id=caller.staff_id, now=caller.now)
        await _note(session, caller, "create", made.id)
        return SegmentOut.of(made)

    try:
        return await once(caller, asked, SegmentOut, create)
    except SegmentProblem as e:
        raise wrong("List", "body.name", str(e)) from e


@router.get("/lists/{list_id}/people")
async def list_people(
    caller: CampaignReader,
    list_id: int,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[MemberOut]:
    """Whoever was put on it last first."""
    async with caller.hub.database.unit() as session:
        await lists.get(session, list_id)
        found = await lists.members(session, list_id, before=before, limit=limit)
    following = str(found[-1].number) if len(found) == limit else None
    items = [MemberOut(customer_id=one.id, name=one.name, added_at=one.added_at) for one in found]
    return Page(items=items, next=following)


@router.post("/lists/{list_id}/people")
async def add_people(caller: Campaigner, list_id: int, body: PeopleIn) -> PeopleOut:
    """Up to 1,000 at once; who is on it already stays. Who is not found is told with the place."""
    read = [_read(one, caller) for one in body.items]
    wanted = [one for one in read if isinstance(one, Whom)]
    async with caller.hub.database.unit() as session:
        await lists.get(session, list_id)
        added, found = await lists.put(session, list_id, wanted, staff_id=caller.staff_id, now=caller.now)
        await _note(session, caller, "load", list_id, str(added))
    owners = iter(found)
    became = [next(owners) if isinstance(one, Whom) else one for one in read]
    lost = [NotFoundOut(place=n, cause=str(one)) for n, one in enumerate(became) if isinstance(one, Exception)]
    return PeopleOut(added=added, known=len({one for one in found if isinstance(one, UUID)}) - added, not_found=lost)


@router.delete("/lists/{list_id}/people/{customer_id}", status_code=204, response_class=Response)
async def remove_person(caller: Campaigner, list_id: int, customer_id: UUID) -> None:
    """Who is not on it is not on it afterwards either."""
    async with caller.hub.database.unit() as session:
        await lists.get(session, list_id)
        if await lists.remove(session, list_id, customer_id):
            await _note(session, caller, "remove", list_id, customer_id=customer_id)


def _read(one: WhomIn, caller: Caller) -> Whom | BadAddress:
    try:
        return one.whom(caller.hub.settings.hub.country)
    except BadAddress as e:
        return e


async def _note(
    session: Any, caller: Caller, act: str, list_id: int | None, detail: str = "", *, customer_id: UUID | None = None
) -> None:
    subject = f"segment:{list_id}"
    if customer_id is not None:
        subject, detail = f"customer:{customer_id}", subject
    await caller.note(session, f"list.{act}", subject=subject, detail=detail)
