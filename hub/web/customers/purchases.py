"""What a customer bought: the panel on their page, and the whole list."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hub.customers import directory, purchases
from hub.web.access import CustomerReader, Visit
from hub.web.messages import cards
from hub.web.pages import opened, page
from hub.web.problems import Page

router = APIRouter(route_class=Page)
PAGE = 50
_FEW = 5  # on the customer's page
_Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/customers/{customer_id}/purchases")
async def listing(visit: CustomerReader, customer_id: UUID, before: _Before = None) -> Response:
    """The latest first; `before` gives those older than that one."""
    async with visit.hub.database.unit() as session:
        customer = await directory.get(session, customer_id)
        found = await purchases.of(session, customer_id, before=before, limit=PAGE + 1)
        bought = await purchases.summary(session, customer_id, now=visit.now)
        await cards.read(session, visit, customer_id, anew=before is None and opened(visit))
    more = found[PAGE - 1].id if len(found) > PAGE else ""
    shown: dict[str, Any] = {"customer": customer, "bought": bought, "purchases": found[:PAGE], "more": more}
    return page(visit, "customer_purchases.html", block="more_rows" if before else "", **shown)


async def beside(session: Any, visit: Visit, customer_id: UUID) -> dict[str, Any]:
    """What the panel needs."""
    bought = await purchases.summary(session, customer_id, now=visit.now)
    return {"bought": bought, "purchases": await purchases.of(session, customer_id, limit=_FEW) if bought.count else []}
