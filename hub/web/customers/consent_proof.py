"""The proof of a customer's consent on one page, for printing."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from hub.customers import proof
from hub.web.access import CustomerReader
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)


@router.get("/customers/{customer_id}/consent/proof")
async def show(visit: CustomerReader, customer_id: UUID) -> Response:
    """What holds, and every row of the ledger it comes from. Making it is written down."""
    async with visit.hub.database.unit() as session:
        made = await proof.of(session, customer_id, now=visit.now)
        await visit.note(session, "consent.proof", subject=f"customer:{customer_id}")
    return page(visit, "consent_proof.html", proof=made, customer=made.customer)
