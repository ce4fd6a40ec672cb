"""The list of customers, and adding one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from channels.address import BadAddress
from hub.customers import directory
from hub.customers.directory import AddressTaken, NewCustomer
from hub.customers.fields import BadField
from hub.sentences import Sentence
from hub.web import words
from hub.web.access import CustomerReader, CustomerWriter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
PAGE = 50


class Typed(BaseModel):
    """What stands in the form of a new customer, before anybody checks it."""

    name: str = ""
    given_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"
    timezone: str = ""
    birthday: str = ""
    country: str = ""
    culture: str = ""


@router.get("/customers")
async def listing(visit: CustomerReader, q: str = "", after: str | None = None) -> Response:
    """By name; `q` finds a part of a name, an address or a number."""
    async with visit.hub.database.unit() as session:
        lines = await directory.listing(session, query=q, after=after, limit=PAGE + 1)
    more = lines[PAGE - 1].cursor if len(lines) > PAGE else ""
    data: dict[str, Any] = {"lines": lines[:PAGE], "more": more, "q": q}
    return page(visit, "customers.html", block="more_rows" if after else "", **data)


@router.get("/customers/new")
async def blank(visit: CustomerWriter) -> Response:
    home = visit.hub.settings.hub.country
    return page(visit, "customer_new.html", typed={}, trouble="", tongues=words.TONGUES, home=home)


@router.post("/customers/new")
async def create(visit: CustomerWriter, typed: Annotated[Typed, Form()]) -> Response:
    try:
        new = _understood(typed)
        async with visit.hub.database.unit() as session:
            customer = await directory.create(session, new, now=visit.now)
            subject = f"customer:{customer.id}"
            await visit.note(session, "customer.create", subject=subject)
    except AddressTaken as e:
        return _refused(visit, typed, _("%(address)s belongs to another customer already.") % {"address": e.value})
    except (BadAddress, BadField) as e:
        return _refused(visit, typed, worded(e))
    return go(visit, f"/customers/{customer.id}", _("Added."))


def _understood(typed: Typed) -> NewCustomer:
    return NewCustomer(
        name=typed.name,
        given_name=typed.given_name,
        language=typed.language,
        timezone=typed.timezone.strip() or None,
        country=typed.country or None,
        culture=typed.culture or None,
        birthday=read_birthday(typed.birthday),
        emails=(typed.email,) if typed.email.strip() else (),
        phones=(typed.phone,) if typed.phone.strip() else (),
    )


def _refused(visit: Visit, typed: Typed, trouble: str) -> Response:
    data: dict[str, Any] = {"typed": typed.model_dump(), "trouble": trouble, "tongues": words.TONGUES}
    return page(visit, "customer_new.html", status=422, **data)


_AS_A_DATE = Sentence("write it as 1984-02-29, or 02-29 without the year")


def read_birthday(text: str) -> tuple[int | None, int, int] | None:
    """`1984-02-29`, or `02-29` when the year is not known. Raises BadField."""
    parts = text.strip().split("-")
    if parts == [""]:
        return None
    try:
        numbers = [int(part) for part in parts]
    except ValueError as e:
        raise BadField("birthday", _AS_A_DATE) from e
    if len(numbers) == 3:
        return numbers[0], numbers[1], numbers[2]
    if len(numbers) == 2:
        return None, numbers[0], numbers[1]
    raise BadField("birthday", _AS_A_DATE)
