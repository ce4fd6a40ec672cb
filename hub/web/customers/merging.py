"""Customers who may be one person: the list, two cards side by side, merging them and taking them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from hub.customers import combining, directory, identities, merging, parting, suggesting
from hub.customers.matching import Field, Grade, Match
from hub.customers.merging import CannotMerge
from hub.customers.parting import CannotPart
from hub.models import Customer, CustomerMerge
from hub.staff import accounts
from hub.web import moments, words
from hub.web.access import CustomerReader, Merger, Visit
from hub.web.countries import country
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
PAGE = 50
_MATCHED = {"name": Field.NAME, "birthday": Field.BIRTHDAY}


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the comparison: what each card says. `kept` when the other card's word is the better guess."""

    name: str
    mine: str
    theirs: str
    grade: Grade | None
    kept: bool

    @property
    def open(self) -> bool:
        """There is something to choose."""
        return bool(self.mine and self.theirs and self.mine != self.theirs)


@router.get("/customers/same")
async def listing(visit: CustomerReader, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """All suggestions, the likeliest first."""
    async with visit.hub.database.unit() as session:
        found = await suggesting.listing(session, after=after, limit=PAGE + 1)
    more = found[PAGE - 1].cursor if len(found) > PAGE else ""
    return page(visit, "same_people.html", found=found[:PAGE], more=more)


@router.get("/customers/{customer_id}/merge")
async def choose(
    visit: Merger, customer_id: UUID, other: UUID | None = None, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """With whom, and then which word of the two cards is kept."""
    if other is not None and other != customer_id:
        return await _compared(visit, customer_id, other)
    async with visit.hub.database.unit() as session:
        here = await directory.get(session, customer_id)
        await suggesting.look(session, customer_id, now=visit.now)
        suggested = await suggesting.of(session, customer_id, limit=20)
        lines = [one for one in await directory.listing(session, query=q, limit=20) if q and one.id != customer_id]
    return page(visit, "merge_choose.html", here=here, suggested=suggested, lines=lines, q=q)


@router.post("/customers/{customer_id}/merge")
async def merge(visit: Merger, customer_id: UUID, other: Annotated[UUID, Form()]) -> Response:
    """The other becomes part of this one. `keep_<field>` is "theirs" where the card keeps the other's word."""
    typed = await visit.request.form()
    kept = [name for name in combining.CHOICES if typed.get(f"keep_{name}") == "theirs"]

    async def both(session: Any) -> CustomerMerge:
        made = await merging.merge(session, customer_id, other, kept=kept, staff_id=visit.staff_id, now=visit.now)
        await note(session, visit, "customer.merge", made)
        return made

    try:
        done = await visit.hub.database.insisting(both)
    except CannotMerge as e:
        return go(visit, f"/customers/{customer_id}", worded(e))
    except directory.Merged:
        said = _("A colleague has just merged one of the two. Look at what there is now.")
        return go(visit, f"/customers/{customer_id}", said)
    return go(visit, f"/customers/{customer_id}", _("The two are one customer now."), undo=Undo("merge", done.id))


@router.post("/customers/{customer_id}/not-the-same")
async def refuse(
    visit: Merger, customer_id: UUID, other: Annotated[UUID, Form()], back: Annotated[str, Form()] = ""
) -> Response:
    """They are two people, and nobody asks again."""
    async with visit.hub.database.unit() as session:
        await suggesting.refuse(session, customer_id, other, staff_id=visit.staff_id, now=visit.now)
        subject, detail = f"customer:{customer_id}", f"not customer:{other}"
        await visit.note(session, "customer.not-the-same", subject=subject, detail=detail)
    goal = "/customers/same" if back == "list" else f"/customers/{customer_id}"
    return go(visit, goal, _("Remembered: they are two people."))


@router.post("/merges/{merge_id}/undo")
async def part(visit: Merger, merge_id: UUID) -> Response:
    """Two customers again, as they were."""

    async def apart(session: Any) -> CustomerMerge:
        made = await parting.part(session, merge_id, staff_id=visit.staff_id, now=visit.now)
        await note(session, visit, "customer.part", made)
        return made

    try:
        done = await visit.hub.database.insisting(apart)
    except CannotPart as e:
        return go(visit, "/customers", worded(e))
    return go(visit, f"/customers/{done.loser_id}", _("They are two customers again, as they were."))


async def beside(session: Any, visit: Visit, customer_id: UUID) -> dict[str, Any]:
    """What a customer's page tells of it: who may be the same person, and who became part of this one."""
    await suggesting.look(session, customer_id, now=visit.now)
    return {
        "suggested": await suggesting.of(session, customer_id),
        "merges": await merging.lately(session, customer_id),
    }


async def _compared(visit: Visit, customer_id: UUID, other_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        here, there = await directory.get(session, customer_id), await directory.get(session, other_id)
        match = await suggesting.explained(session, customer_id, other_id)
        people = {one.id or 0: one.name for one in await accounts.listing(session)}
        addresses = [await identities.of(session, one.id) for one in (here, there)]
        for one in (here, there):
            await _read(session, visit, one.id)
    shown = _choices(here, there, match, people)
    return page(visit, "merge.html", here=here, there=there, match=match, choices=shown, addresses=addresses)


def _choices(here: Customer, there: Customer, match: Match, people: dict[int, str]) -> list[Choice]:
    mine, theirs = here.model_dump(), there.model_dump()
    better = combining.fresher(mine, theirs)
    return [
        Choice(
            name=name,
            mine=_told(here, columns, people),
            theirs=_told(there, columns, people),
            grade=match.grade(_MATCHED[name]) if name in _MATCHED else None,
            kept=better,
        )
        for name, columns in combining.CHOICES.items()
    ]


def _told(customer: Customer, columns: tuple[str, ...], people: dict[int, str]) -> str:
    """What a card says, in the reader's words; a birthday as a date, a member of staff by name."""
    values = [getattr(customer, column) for column in columns]
    match columns[0]:
        case "owner_id":
            return people.get(customer.owner_id or 0, "")
        case "birth_year":
            return moments.birthday(customer.birth_year, customer.birth_month, customer.birth_day)
        case "language":
            return _(words.TONGUES.get(customer.language, customer.language))
        case "country":
            return country(customer.country or "")
    return " - ".join(f"{value:%H:%M}" if hasattr(value, "hour") else str(value) for value in values if value)


async def _read(session: Any, visit: Visit, customer_id: UUID) -> None:
    await visit.note(session, "customer.read", subject=f"customer:{customer_id}")


async def note(session: Any, visit: Visit, action: str, done: CustomerMerge) -> None:
    """Into the audit trail."""
    await visit.note(session, action, subject=f"customer:{done.into_id}", detail=f"customer:{done.loser_id}")
