"""/api/v1: customers who may be one person, merging them, taking them apart again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hub.api.access import Caller, CustomerReader, Merger
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import EXAMPLE_ID, Body, Limit, Page
from hub.customers import directory, merging, parting, suggesting
from hub.customers.matching import Field as Compared
from hub.customers.matching import Grade
from hub.customers.merging import CannotMerge
from hub.customers.parting import CannotPart, NoSuchMerge
from hub.customers.suggesting import Suggestion
from hub.models import CustomerMerge

router = APIRouter(tags=["Customers"], route_class=Endpoint)
_LOOK = "Look at the customers with GET /api/v1/customers?query=…"
Choice = Literal[
    "name", "given_name", "language", "timezone", "country", "birthday", "external_id", "owner", "quiet_hours"
]


class MergeSuggestionOut(BaseModel):
    customers: tuple[UUID, UUID]
    names: tuple[str, str]
    sure: bool = Field(description="So much agrees that it may be merged without a person, where that is allowed")
    bits: float = Field(description="Of evidence; two to this power is how much likelier one person is than two")
    findings: dict[Compared, Grade] = Field(description="How each field that both cards know agrees")

    @classmethod
    def of(cls, one: Suggestion) -> MergeSuggestionOut:
        both, names = (one.one_id, one.other_id), (one.one_name, one.other_name)
        return cls(customers=both, names=names, sure=one.sure, bits=one.bits, findings=dict(one.findings))


class CustomerMergeIn(Body):
    other: UUID = Field(examples=[EXAMPLE_ID], description="Who becomes part of this customer")
    keep: Annotated[list[Choice], Field(max_length=9)] = Field(
        default=[], examples=[["name"]], description="What the card says as the other's did; empty fields are filled"
    )


class RefusalIn(Body):
    other: UUID = Field(examples=[EXAMPLE_ID], description="Who is not the same person")


class CustomerMergeOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    at: datetime
    customer_id: UUID = Field(description="Who remains")
    other: UUID = Field(description="Who became part of them")
    other_name: str
    staff_id: int | None = Field(description="null: by itself")
    undone_at: datetime | None

    @classmethod
    def of(cls, row: CustomerMerge) -> CustomerMergeOut:
        return cls(
            id=row.id,
            at=row.at,
            customer_id=row.winner_id,
            other=row.loser_id,
            other_name=row.loser["name"],
            staff_id=row.staff_id,
            undone_at=row.undone_at,
        )


@router.get("/merge-suggestions")
async def list_suggestions(
    caller: CustomerReader,
    after: Annotated[str, Query(max_length=200, description="`next` of the page before")] = "",
    limit: Limit = 50,
) -> Page[MergeSuggestionOut]:
    """Customers who may be one person, the likeliest first, with what agrees and what differs."""
    async with caller.hub.database.unit() as session:
        found = await suggesting.listing(session, after=after, limit=limit)
    following = found[-1].cursor if len(found) == limit else None
    return Page(items=[MergeSuggestionOut.of(one) for one in found], next=following)


@router.get("/customers/{customer_id}/merge-suggestions")
async def read_suggestions(caller: CustomerReader, customer_id: UUID) -> Page[MergeSuggestionOut]:
    """Who may be the same person as this customer."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        await suggesting.look(session, customer_id, now=caller.now)
        found = await suggesting.of(session, customer_id, limit=50)
    return Page(items=[MergeSuggestionOut.of(one) for one in found])


@router.post("/customers/{customer_id}/not-the-same", status_code=204)
async def refuse(caller: Merger, customer_id: UUID, body: RefusalIn) -> None:
    """They are two people: it is remembered, and nobody is asked again."""
    if body.other == customer_id:
        raise Problem(422, "Customer", "That is the same customer", remedy="Name another one in `other`")
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        await suggesting.refuse(session, customer_id, body.other, staff_id=caller.staff_id, now=caller.now)
        await _note(session, caller, "customer.not-the-same", customer_id, f"not customer:{body.other}")


@router.get("/customers/{customer_id}/merges")
async def list_merges(caller: CustomerReader, customer_id: UUID) -> Page[CustomerMergeOut]:
    """Who became part of this customer and still is, the latest first."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        found = await merging.lately(session, customer_id)
    return Page(items=[CustomerMergeOut.of(one) for one in found])


@router.post("/customers/{customer_id}/merges", status_code=201)
async def merge_customers(caller: Merger, customer_id: UUID, body: CustomerMergeIn) -> CustomerMergeOut:
    """The other customer becomes part of this one; everything of theirs is seen here. It can be taken back."""

    async def both(session: Any) -> CustomerMerge:
        made = await merging.merge(
            session, customer_id, body.other, kept=body.keep, staff_id=caller.staff_id, now=caller.now
        )
        await _note(session, caller, "customer.merge", made.into_id, f"customer:{made.loser_id}")
        return made

    try:
        done = await caller.hub.database.insisting(both)
    except CannotMerge as e:
        raise Problem(422, "Customer", str(e), remedy="Name another one in `other`") from e
    except directory.Merged as e:
        raise Problem(409, "Customer", str(e), remedy="Use that customer's id") from e
    except directory.NotFound as e:
        raise Problem(404, "Customer", str(e), remedy=_LOOK) from e
    return CustomerMergeOut.of(done)


@router.post("/merges/{merge_id}/undo")
async def take_apart(caller: Merger, merge_id: UUID) -> CustomerMergeOut:
    """Two customers again, as they were; what came since goes with the address it came by."""

    async def apart(session: Any) -> CustomerMerge:
        made = await parting.part(session, merge_id, staff_id=caller.staff_id, now=caller.now)
        await _note(session, caller, "customer.part", made.into_id, f"customer:{made.loser_id}")
        return made

    try:
        done = await caller.hub.database.insisting(apart)
    except NoSuchMerge as e:
        raise Problem(404, "Merge", str(e), remedy="Look at GET /api/v1/customers/{customer_id}/merges") from e
    except CannotPart as e:
        raise Problem(409, "Merge", str(e), remedy="Look at GET /api/v1/customers/{customer_id}/merges") from e
    return CustomerMergeOut.of(done)


async def _note(session: Any, caller: Caller, action: str, customer_id: UUID, detail: str) -> None:
    await caller.note(session, action, subject=f"customer:{customer_id}", detail=detail)
