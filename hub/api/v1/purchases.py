"""/api/v1/purchases: what customers bought, told by shops; and what of it is known of a customer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from channels import address
from hub.api.access import Caller, CustomerReader, CustomerWriter
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body, Limit, Line, Out, Page
from hub.customers import directory, purchases, refunds
from hub.customers.finding import NotOne, Whom
from hub.customers.purchases import AHEAD, LONGEST_DESCRIPTION, LONGEST_NUMBER, LONGEST_SOURCE, SOURCE, Told, Written
from hub.customers.refunds import NotRefundable

router = APIRouter(tags=["Purchases"], route_class=Endpoint)
_MOST = 500
_OTHERWISE = "The number is known with another customer, moment, amount or description"
Update = Annotated[bool, Query(description="Change what was told otherwise before, not refuse it")]


class PurchaseIn(Body):
    """Whose it is: one of `customer_id`, `external_id`, `email`, `phone`; of several each has to mean the same one."""

    customer_id: UUID | None = None
    external_id: Line = Field(default="", examples=["C-1042"])
    email: Line = Field(default="", examples=["ana@example.org"])
    phone: Line = Field(default="", examples=["+48601123456"])
    source: Annotated[str, Field(min_length=1, max_length=LONGEST_SOURCE, pattern=r"\S")] = Field(
        default=SOURCE, description="The system whose number it is"
    )
    number: Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER, pattern=r"\S")] = Field(
        examples=["order 1042"], description="Counts once in its source"
    )
    at: AwareDatetime
    amount: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=3)] = Field(examples=["12.50"])
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(examples=["EUR"], description="ISO 4217")
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""

    @model_validator(mode="after")
    def _is_somebodys(self) -> PurchaseIn:
        if not (self.customer_id or self.external_id or self.email or self.phone):
            raise ValueError("Say whose it is: customer_id, external_id, email or phone")
        return self

    def told(self, country: str) -> Told:
        """Raises channels.address.BadAddress."""
        whom = Whom(
            id=self.customer_id,
            external_id=self.external_id,
            email=address.mail(self.email) if self.email else "",
            phone=address.phone(self.phone, country) if self.phone else "",
        )
        return Told(
            whom, self.source.strip(), self.number.strip(), self.at, self.amount, self.currency, self.description
        )


class RefundIn(Body):
    source: Annotated[str, Field(min_length=1, max_length=LONGEST_SOURCE, pattern=r"\S")] = Field(
        default=SOURCE, description="The system whose numbers these are"
    )
    number: Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER, pattern=r"\S")] = Field(
        examples=["refund 17"], description="Counts once in its source"
    )
    refund_of: Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER, pattern=r"\S")] = Field(
        examples=["order 1042"], description="The purchase's number"
    )
    at: AwareDatetime
    amount: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=3)] = Field(
        examples=["12.50"], description="In the purchase's currency"
    )

    def told(self) -> refunds.Told:
        return refunds.Told(self.source.strip(), self.number.strip(), self.refund_of.strip(), self.at, self.amount)


class PurchasesIn(Body):
    items: Annotated[list[PurchaseIn], Field(min_length=1, max_length=_MOST)]


class PurchaseOut(Out):
    id: int
    customer_id: UUID
    source: str
    number: str
    at: datetime
    amount: Decimal
    currency: str
    description: str
    refunded: Decimal = Field(description="Of the amount, given back")


class WrittenOut(BaseModel):
    """`result`: `added`, `known` (it counts already) or `changed`."""

    result: Written


class RefusedOut(BaseModel):
    """`place`: of the one in `items`, from 0 on."""

    place: int
    number: str
    cause: str


class ManyWrittenOut(BaseModel):
    added: int
    known: int
    changed: int
    refused: list[RefusedOut]


class ScoreOut(Out):
    """`counted`: how many purchases frequency and money are of; `last`: the latest that is worth points."""

    total: Decimal
    recency: Decimal
    frequency: Decimal
    money: Decimal
    counted: int
    last: datetime | None


class SummaryOut(BaseModel):
    """`sums`: for each currency, of all that was ever bought and not given back."""

    count: int
    sums: dict[str, Decimal]
    last: datetime | None
    score: ScoreOut


@router.post("/purchases", status_code=201)
async def record_purchase(
    caller: CustomerWriter, body: PurchaseIn, response: Response, *, update: Update = False
) -> WrittenOut:
    """One of them. 200 when it counts already; 409 when its number is known otherwise."""
    told = body.told(caller.hub.settings.hub.country)
    _demand_past(told.at, caller.now)
    async with caller.hub.database.unit() as session:
        (written,) = await purchases.record(session, [told], update=update)
        if isinstance(written, NotOne):
            raise Problem(404, "Customer", str(written), remedy="Add the customer first, or correct whose it is")
        if written is Written.DIFFERS:
            raise Problem(409, "Purchase", _OTHERWISE, remedy="Send it with update=true to change what is known")
        await _note(session, caller, 0 if written is Written.KNOWN else 1)
    if written is not Written.ADDED:
        response.status_code = 200
    return WrittenOut(result=written)


@router.post("/purchases/batch")
async def record_purchases(caller: CustomerWriter, body: PurchasesIn, *, update: Update = False) -> ManyWrittenOut:
    """Up to 500 at once. What is refused is told with its place; the others are written."""
    readings = [_reading(one, caller) for one in body.items]
    told = [one for one in readings if isinstance(one, Told)]
    async with caller.hub.database.unit() as session:
        written = iter(await purchases.record(session, told, update=update))
        became = [next(written) if isinstance(one, Told) else one for one in readings]
        done = {one: sum(what is one for what in became) for one in Written}
        await _note(session, caller, done[Written.ADDED] + done[Written.CHANGED])
    return ManyWrittenOut(
        added=done[Written.ADDED],
        known=done[Written.KNOWN],
        changed=done[Written.CHANGED],
        refused=list(_refused(body.items, became)),
    )


@router.post("/refunds", status_code=201)
async def record_refund(
    caller: CustomerWriter, body: RefundIn, response: Response, *, update: Update = False
) -> WrittenOut:
    """Money given back for a purchase, which is worth what is left of it. 200 when it counts already."""
    told = body.told()
    _demand_past(told.at, caller.now)
    async with caller.hub.database.unit() as session:
        (written,) = await refunds.record(session, [told], update=update)
        if isinstance(written, NotRefundable):
            raise Problem(422, "Refund", str(written), remedy="Look at the purchase it is of")
        if written is Written.DIFFERS:
            cause = "The number is known with another purchase, moment or amount"
            raise Problem(409, "Refund", cause, remedy="Send it with update=true to change what is known")
        await _note(session, caller, 0 if written is Written.KNOWN else 1)
    if written is not Written.ADDED:
        response.status_code = 200
    return WrittenOut(result=written)


@router.get("/customers/{customer_id}/purchases")
async def list_purchases(
    caller: CustomerReader,
    customer_id: UUID,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[PurchaseOut]:
    """What a customer bought, the latest first."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        found = await purchases.of(session, customer_id, before=before, limit=limit)
    following = str(found[-1].id) if len(found) == limit else None
    return Page(items=[PurchaseOut.of(one) for one in found], next=following)


@router.get("/customers/{customer_id}/rfm")
async def read_score(caller: CustomerReader, customer_id: UUID) -> SummaryOut:
    """What a customer's purchases come to, and how they are scored now by [rfm]."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        found = await purchases.summary(session, customer_id, now=caller.now)
    return SummaryOut(count=found.count, sums=found.sums, last=found.last, score=ScoreOut.of(found.score))


def _reading(one: PurchaseIn, caller: Caller) -> Told | Exception:
    try:
        told = one.told(caller.hub.settings.hub.country)
        _demand_past(told.at, caller.now)
    except (address.BadAddress, Problem) as e:
        return e
    return told


def _refused(items: list[PurchaseIn], became: list[Written | Exception]) -> Any:
    for place, (item, what) in enumerate(zip(items, became, strict=True)):
        if what is Written.DIFFERS:
            yield RefusedOut(place=place, number=item.number, cause=_OTHERWISE)
        elif isinstance(what, Exception):
            cause = what.detail if isinstance(what, Problem) else str(what)
            yield RefusedOut(place=place, number=item.number, cause=cause)


def _demand_past(at: datetime, now: datetime) -> None:
    if at > now + AHEAD:
        cause = f"{at:%Y-%m-%d %H:%M} is yet to come"
        raise Problem(422, "Purchase", cause, remedy="Send it when it has happened")


async def _note(session: Any, caller: Caller, many: int) -> None:
    if many:
        await caller.note(session, "purchases.record", detail=str(many))
