"""What the log says of how a customer is reached best, beside their ranking; taken over as our suggestion."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response

from hub.customers import directory, preferences
from hub.interactions import reach_log
from hub.interactions.reaching import Suggestion
from hub.models import Customer
from hub.models.vocabulary import Purpose
from hub.web.access import CustomerWriter, Visit
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)


async def suggestion(session: Any, visit: Visit, customer: Customer) -> Suggestion:
    settings = visit.hub.settings
    usual, zone = settings.gate.default_ranking, settings.hub.timezone
    return await reach_log.of(session, customer, usual, company_zone=zone, now=visit.now)


@router.post("/customers/{customer_id}/suggested-ranking")
async def take_over(visit: CustomerWriter, customer_id: UUID, purpose: Annotated[Purpose, Form()]) -> Response:
    """Rank as the log suggests now, unless the customer chose by themselves meanwhile."""
    async with visit.hub.database.unit() as session:
        found = await suggestion(session, visit, await directory.get(session, customer_id))
        taken = await preferences.take_over(session, customer_id, purpose, found.kinds, now=visit.now)
        if taken:
            await visit.note(
                session,
                "customer.ranking.suggested",
                subject=f"customer:{customer_id}",
                detail=f"{purpose} {' '.join(found.kinds)}",
            )
    said = _("Taken over.") if taken else _("Not taken over: they have chosen by themselves.")
    return go(visit, f"/customers/{customer_id}", said)
