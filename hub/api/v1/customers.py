"""/api/v1/customers: who they are, how they are reached, what they allowed, what was said."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hub.api.access import Caller, ConsentRecorder, CustomerReader, CustomerWriter, InboxReader
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Page
from hub.api.v1.customer_shapes import (
    AddressIn,
    AddressOut,
    ConsentIn,
    ConsentOut,
    ConsentProofOut,
    CustomerChanges,
    CustomerIn,
    CustomerLineOut,
    CustomerOut,
    RankingIn,
)
from hub.api.v1.message_shapes import InteractionOut
from hub.customers import consent, directory, identities, preferences, proof, wordings
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.interactions import history
from hub.models import Customer
from hub.models.vocabulary import Purpose

router = APIRouter(prefix="/customers", tags=["Customers"], route_class=Endpoint)


@router.get("")
async def list_customers(
    caller: CustomerReader,
    query: Annotated[
        str, Query(max_length=200, description="Part of a name or address, digits, or an external id")
    ] = "",
    after: Annotated[str | None, Query(max_length=2000, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[CustomerLineOut]:
    """Customers by name, page by page."""
    async with caller.hub.database.unit() as session:
        lines = await directory.listing(session, query=query, after=after, limit=limit)
    following = lines[-1].cursor if len(lines) == limit else None
    return Page(items=[CustomerLineOut.of(line) for line in lines], next=following)


@router.post("", status_code=201)
async def create_customer(caller: CustomerWriter, body: CustomerIn, response: Response) -> CustomerOut:
    """Add a customer. 409 when an address or external id belongs to somebody already."""
    async with caller.hub.database.unit() as session:
        await _free(session, body.external_id)
        customer = await directory.create(session, NewCustomer(**body.given()), now=caller.now)
        whole = await _whole(session, customer)
        await _note(session, caller, "customer.create", customer.id)
    response.headers["Location"] = f"/api/v1/customers/{customer.id}"
    return whole


@router.get("/{customer_id}")
async def read_customer(caller: CustomerReader, customer_id: UUID) -> CustomerOut:
    """One customer with addresses and preferences."""
    async with caller.hub.database.unit() as session:
        whole = await _whole(session, await directory.get(session, customer_id))
        await _note(session, caller, "customer.read", customer_id)
    return whole


@router.patch("/{customer_id}")
async def change_customer(caller: CustomerWriter, customer_id: UUID, body: CustomerChanges) -> CustomerOut:
    """Change the fields that are sent; null empties one."""
    changes = body.given()
    async with caller.hub.database.unit() as session:
        customer = await directory.get(session, customer_id)
        if changes.get("external_id") != customer.external_id:
            await _free(session, changes.get("external_id"))
        whole = await _whole(session, await directory.change(session, customer_id, changes, now=caller.now))
        await _note(session, caller, "customer.change", customer_id, ", ".join(sorted(changes)))
    return whole


@router.post("/{customer_id}/addresses", status_code=201)
async def add_address(caller: CustomerWriter, customer_id: UUID, body: AddressIn) -> AddressOut:
    """One more mail address or telephone number; the same again changes nothing."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        identity = await identities.add(session, customer_id, body.kind, body.value, now=caller.now)
        await _note(session, caller, "customer.address", customer_id, body.kind.value)
    return AddressOut.of(identity)


@router.put("/{customer_id}/preferences/{purpose}", status_code=204)
async def rank_channels(caller: CustomerWriter, customer_id: UUID, purpose: Purpose, body: RankingIn) -> Response:
    """How the customer likes to be reached for one purpose."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        await preferences.rank(session, customer_id, purpose, body.channels, now=caller.now)
        await _note(session, caller, "customer.preference", customer_id, purpose.value)
    return Response(status_code=204)


@router.get("/{customer_id}/consents")
async def list_consents(caller: CustomerReader, customer_id: UUID) -> Page[ConsentOut]:
    """Everything the customer ever allowed or forbade, newest first."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        rows = await consent.ledger(session, customer_id)
        await _note(session, caller, "consent.read", customer_id)
    return Page(items=[ConsentOut.of(row) for row in rows])


@router.post("/{customer_id}/consents", status_code=201)
async def record_consent(caller: ConsentRecorder, customer_id: UUID, body: ConsentIn) -> ConsentOut:
    """Write down what the customer said. Rows are never changed: the latest that speaks of a case counts."""
    statement = Statement(customer_id=customer_id, staff_id=caller.staff_id, **body.model_dump())
    if not body.wording:
        said = wordings.plain(body.purpose, body.channel, granted=body.granted)
        statement = replace(statement, wording=said, wording_version=body.wording_version or wordings.version("api"))
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        row = await consent.record(session, statement, now=caller.now)
        word = "consent.grant" if body.granted else "consent.withdraw"
        await _note(session, caller, word, customer_id, f"consent:{row.id}")
    return ConsentOut.of(row)


@router.get("/{customer_id}/consent-proof")
async def prove_consent(caller: CustomerReader, customer_id: UUID) -> ConsentProofOut:
    """What holds for the customer, and every statement that it comes from, oldest first."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        made = await proof.of(session, customer_id, now=caller.now)
        await _note(session, caller, "consent.proof", customer_id)
    return ConsentProofOut.of(made)


@router.get("/{customer_id}/timeline")
async def read_timeline(
    caller: InboxReader,
    customer_id: UUID,
    kind: Annotated[list[Literal["email", "sms", "voice", "note"]] | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[InteractionOut]:
    """Every word in and out, newest first. A campaign's text is told by /interactions/{id}."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        entries = await history.timeline(session, customer_id, before=before, limit=limit, kinds=kind or ())
        await _note(session, caller, "timeline.read", customer_id)
    following = str(entries[-1].id) if len(entries) == limit else None
    return Page(items=[InteractionOut.of(entry) for entry in entries], next=following)


async def _free(session: Any, external_id: str | None) -> None:
    if external_id and await directory.find_external(session, external_id) is not None:
        cause = f"external_id {external_id!r} belongs to another customer"
        raise Problem(409, "Customer", cause, remedy="Change that customer, or leave external_id out")


async def _whole(session: Any, customer: Customer) -> CustomerOut:
    addresses = await identities.of(session, customer.id)
    return CustomerOut.whole(customer, addresses, await preferences.rankings(session, customer.id))


async def _note(session: Any, caller: Caller, action: str, customer_id: UUID, detail: str = "") -> None:
    """Who did or read it; last in the unit, because other writers wait from here to the commit."""
    await caller.note(session, action, subject=f"customer:{customer_id}", detail=detail)
