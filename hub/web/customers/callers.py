"""Somebody nobody knows turns out to be a customer: found by search, and their calls and words are that customer's."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from hub.customers import directory, identities, merging, suggesting
from hub.customers.merging import CannotMerge
from hub.models import CustomerMerge
from hub.web.access import Merger
from hub.web.customers.merging import note
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_FOUND = 20


class _IsCustomer(Exception):
    """A colleague has looked at the card meanwhile: it is nobody's unknown number any more."""


@router.get("/customers/{customer_id}/known")
async def search(visit: Merger, customer_id: UUID, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Whom this stranger may be: by search, or as the hub supposes."""
    async with visit.hub.database.unit() as session:
        here = await directory.get(session, customer_id)
        suggested = await suggesting.of(session, customer_id, limit=_FOUND)
        found = await directory.listing(session, query=q, limit=_FOUND) if q else []
        hidden = await identities.hides(session, customer_id)
    lines = [one for one in found if one.id != customer_id]
    return page(visit, "caller.html", here=here, suggested=suggested, lines=lines, q=q, hidden=hidden)


@router.post("/customers/{customer_id}/known")
async def tie(visit: Merger, customer_id: UUID, other: Annotated[UUID, Form()]) -> Response:
    """The stranger becomes part of the customer, who keeps every word of their own card."""

    async def both(session: Any) -> CustomerMerge:
        made = await merging.merge(session, other, customer_id, staff_id=visit.staff_id, now=visit.now)
        if not made.loser["provisional"]:
            raise _IsCustomer
        await note(session, visit, "customer.merge", made)
        return made

    try:
        done = await visit.hub.database.insisting(both)
    except _IsCustomer:
        return go(visit, f"/customers/{customer_id}/known")
    except (CannotMerge, directory.Merged) as e:
        said = worded(e) if isinstance(e, CannotMerge) else _("A colleague has just merged one of the two. Look again.")
        return go(visit, f"/customers/{customer_id}/known", said)
    return go(
        visit, f"/customers/{other}", _("Their calls and words are this customer's now."), undo=Undo("merge", done.id)
    )
