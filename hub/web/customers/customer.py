"""One customer: everything that was said on one timeline, and what we know of them beside it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hub.conversations import tasks
from hub.models import Customer
from hub.models.vocabulary import AddressKind
from hub.personal import erasing
from hub.staff.roles import Action
from hub.web import words
from hub.web.access import CustomerReader, Visit
from hub.web.customers import lists, merging, purchases, reaching
from hub.web.messages import cards, composing
from hub.web.messages.threads import timeline
from hub.web.pages import opened, page
from hub.web.problems import Page

router = APIRouter(route_class=Page)
PAGE = 30


@router.get("/customers/{customer_id}")
async def customer(
    visit: CustomerReader,
    customer_id: UUID,
    before: UUID | None = None,
    kinds: Annotated[list[str], Query()] = [],  # noqa: B006
) -> Response:
    """`kinds` filters the timeline; `before` gives the words older than that one."""
    chosen = [kind for kind in kinds if kind in words.KINDS]
    data = await _data(visit, customer_id, before, chosen)
    return page(visit, "customer.html", block="older" if before else "", **data)


async def whole(visit: Visit, customer_id: UUID) -> dict[str, Any]:
    """Everything the page of a customer needs."""
    return await _data(visit, customer_id)


async def _data(
    visit: Visit, customer_id: UUID, before: UUID | None = None, kinds: list[str] | None = None
) -> dict[str, Any]:
    reads = visit.may(Action.READ_INBOX)
    async with visit.hub.database.unit() as session:
        card = await cards.card(session, customer_id, visit)
        told = []
        if reads:
            told = await timeline(session, customer_id, before=before, limit=PAGE + 1, kinds=kinds or ())
        todo = await tasks.listing(session, customer_id=customer_id) if reads else []
        composer = await composing.composer(session, visit, card)
        beside = await merging.beside(session, visit, customer_id) if before is None else {}
        beside |= await purchases.beside(session, visit, customer_id) | await lists.beside(session, visit, customer_id)
        beside["suggestion"] = await reaching.suggestion(session, visit, card.customer)
        erasure = await erasing.under_way(session, customer_id)
        await cards.read(session, visit, customer_id, anew=before is None and opened(visit))
    return {
        **beside,
        "card": card,
        "erasure": erasure,
        "customer": card.customer,
        "entries": told[:PAGE],
        "more": str(told[PAGE - 1].id) if len(told) > PAGE else "",
        "kinds": kinds or [],
        "todo": todo,
        "composer": composer,
        "typed": _details(card.customer),
        "address": (AddressKind.EMAIL, ""),
        "quiet": tuple(
            at.strftime("%H:%M") if at else "" for at in (card.customer.quiet_from, card.customer.quiet_until)
        ),
        "trouble": "",
        "mending": "",
    }


def _details(customer: Customer) -> dict[str, object]:
    """The fields of the details as the form shows them."""
    return {
        "name": customer.name,
        "given_name": customer.given_name,
        "language": customer.language,
        "timezone": customer.timezone,
        "birthday": _birthday(customer),
        "labels": ", ".join(customer.labels),
        "country": customer.country,
        "culture": customer.culture,
    }


def _birthday(customer: Customer) -> str:
    if not customer.birth_month or not customer.birth_day:
        return ""
    day = f"{customer.birth_month:02d}-{customer.birth_day:02d}"
    return f"{customer.birth_year}-{day}" if customer.birth_year else day


async def again(
    visit: Visit,
    customer_id: UUID,
    trouble: str,
    *,
    typed: dict[str, object] | None = None,
    address: tuple[AddressKind, str] | None = None,
    quiet: tuple[str, str] | None = None,
) -> Response:
    """The page with what is wrong; the form that it is about is open and holds what was typed."""
    data = await _data(visit, customer_id)
    if typed:
        data |= {"typed": typed, "mending": "details"}
    if address:
        data |= {"address": address, "mending": "address"}
    if quiet:
        data |= {"quiet": quiet, "mending": "quiet"}
    return page(visit, "customer.html", status=422, **data | {"trouble": trouble})
