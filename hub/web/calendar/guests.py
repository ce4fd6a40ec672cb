"""Whom an event is told of: inviting to it, who comes and who waits, and ticking off who is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Response

from channels import address
from hub.customers import directory
from hub.customers.exporting import csv_text
from hub.gatherings import inviting, plans, seats
from hub.gatherings.plans import BadGathering, NoSuchGathering
from hub.gatherings.seats import NoSuchGuest
from hub.models import Gathering
from hub.models.vocabulary import AddressKind, GuestState
from hub.segments import saved
from hub.sentences import Sentence
from hub.staff.roles import Action
from hub.web import words
from hub.web.access import Campaigner, CustomerReader, Exporter, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import ngettext, worded

router = APIRouter(route_class=Page)
_MOST_ADDRESSES = 500
_SHOWN, _FOUND, _LONGEST = 200, 100, 200
_Search = Annotated[str, Form(max_length=_LONGEST)]
_Text = Annotated[str, Form(max_length=20_000)]


@router.get("/events/{event_id}")
async def one(visit: CustomerReader, event_id: int, q: Annotated[str, Query(max_length=_LONGEST)] = "") -> Response:
    """`q` finds guests by a part of a name, an address or a number: whoever stands at the door."""
    return await _one(visit, event_id, q)


@router.post("/events/{event_id}/invite")
async def invite(visit: Campaigner, event_id: int, segment: _Text = "", addresses: _Text = "") -> Response:
    """A saved segment, or people by their addresses, one a line; an unknown one invites nobody at all."""
    try:
        async with visit.hub.database.unit() as session:
            await known(session, event_id)
            invited = await _invite(session, visit, event_id, segment, addresses)
            await note(session, visit, "invite", event_id, str(invited))
    except (BadGathering, saved.NoSuchSegment) as e:
        return await _one(visit, event_id, trouble=worded(e), typed={"segment": segment, "addresses": addresses})
    said = ngettext("%(num)s person is being invited.", "%(num)s people are being invited.", invited)
    return go(visit, f"/events/{event_id}", said % {"num": invited})


@router.post("/events/{event_id}/guests/{guest_id}/attended")
async def attended(
    visit: CustomerReader, event_id: int, guest_id: int, came: Annotated[str, Form()] = "", q: _Search = ""
) -> Response:
    """`came`: they are here; else it was ticked by mistake. `q`: what was looked for when it was ticked."""
    try:
        async with visit.hub.database.unit() as session:
            await seats.of(session, event_id, guest_id)
            await seats.attend(session, guest_id, bool(came), now=visit.now)
            await note(session, visit, "attended", event_id, f"guest:{guest_id} {'yes' if came else 'no'}")
    except NoSuchGuest as e:
        raise HTTPException(404) from e
    return go(visit, _place(event_id, guest_id, q))


@router.post("/events/{event_id}/guests/{guest_id}/answer")
async def answered(
    visit: CustomerReader, event_id: int, guest_id: int, coming: Annotated[str, Form()] = "", q: _Search = ""
) -> Response:
    """What a guest said to somebody here."""
    try:
        async with visit.hub.database.unit() as session:
            await seats.of(session, event_id, guest_id)
            await seats.answer(session, guest_id, coming=bool(coming), gate=visit.hub.gate, now=visit.now)
            await note(session, visit, "answer", event_id, f"guest:{guest_id}")
    except NoSuchGuest as e:
        raise HTTPException(404) from e
    return go(visit, _place(event_id, guest_id, q))


@router.get("/events/{event_id}/guests.csv")
async def exported(visit: Exporter, event_id: int) -> Response:
    """Safe to open in a spreadsheet: for those who may export customers."""
    async with visit.hub.database.unit() as session:
        await known(session, event_id)
        found = await inviting.guests(session, event_id, limit=plans.MOST_SEATS)
        await note(session, visit, "export", event_id)
    rows: list[tuple[str, ...]] = [(_("Name"), _("Number"), _("State"), _("Answered"), _("Was there"), _("Why not"))]
    for seen in found:
        guest = seen.guest
        at = tuple(f"{when:%Y-%m-%d %H:%M}" if when else "" for when in (guest.answered_at, guest.attended_at))
        rows.append((seen.name, str(guest.customer_id), _(words.sign(words.GUESTS, guest.state).word), *at, _why(seen)))
    headers = {"Content-Disposition": f'attachment; filename="event-{event_id}.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + csv_text(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _why(seen: inviting.Seen) -> str:
    return _(words.why(seen.state, seen.reason)) if seen.state and seen.reason else ""


async def known(session: Any, event_id: int) -> Gathering:
    """Raises HTTPException 404."""
    try:
        return await plans.get(session, event_id)
    except NoSuchGathering as e:
        raise HTTPException(404) from e


async def note(session: Any, visit: Visit, what: str, event_id: int | None, detail: str = "") -> None:
    await visit.note(session, f"event.{what}", subject=f"event:{event_id}", detail=detail)


async def _invite(session: Any, visit: Visit, event_id: int, segment: str, addresses: str) -> int:
    """Raises BadGathering, NoSuchSegment."""
    invited = 0
    if segment:
        if not segment.isdecimal() or len(segment) > 9:
            raise WrongInput("segment", segment)
        found = await saved.get(session, int(segment))
        invited += await inviting.choose_segment(session, event_id, found.tree, now=visit.now)
    lines = [line.strip() for line in addresses.splitlines() if line.strip()]
    if not segment and not lines:
        raise BadGathering(Sentence("Choose a segment, or write addresses, one a line"))
    if len(lines) > _MOST_ADDRESSES:
        raise BadGathering(Sentence("Those are too many addresses. Save a segment and invite that"))
    customers = [await _customer(session, visit, line) for line in lines]
    return invited + await inviting.choose(session, event_id, customers, now=visit.now)


async def _customer(session: Any, visit: Visit, line: str) -> Any:
    try:
        kind = AddressKind.EMAIL if "@" in line else AddressKind.PHONE
        value = address.mail(line) if "@" in line else address.phone(line, visit.hub.settings.hub.country)
        found = await directory.find(session, kind, value)
    except address.BadAddress:
        found = None
    if found is None:
        gaps = {"value": line[:60]}
        raise BadGathering(Sentence("Nobody is known as “%(value)s”: nobody was invited. Correct the line", gaps))
    return found.id


def _place(event_id: int, guest_id: int, q: str) -> str:
    """Where a guest stands, in what was found."""
    found = f"?{urlencode({'q': q})}" if q else ""
    return f"/events/{event_id}{found}#guest-{guest_id}"


async def _one(
    visit: Visit, event_id: int, q: str = "", *, trouble: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    async with visit.hub.database.unit() as session:
        listed = await plans.listed(session, await known(session, event_id))
        guests = await inviting.guests(session, event_id, words=q, limit=_FOUND + 1 if q.strip() else _SHOWN)
        segments = await saved.listing(session) if visit.may(Action.CAMPAIGNS) else []
    data: dict[str, Any] = {"listed": listed, "event": listed.gathering, "segments": segments, "q": q.strip()}
    data |= {"guests": guests[:_FOUND] if q.strip() else guests, "more": bool(q.strip()) and len(guests) > _FOUND}
    data |= {"states": list(GuestState), "trouble": trouble, "typed": typed or {"segment": "", "addresses": ""}}
    return page(visit, "event.html", status=422 if trouble else 200, **data)
