"""Events: planning one, inviting to it, who comes and who waits, and ticking off who is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Response

from channels import address
from hub.customers import directory
from hub.customers.exporting import csv_text
from hub.gatherings import inviting, plans, seats
from hub.gatherings.plans import BadGathering, Listed, NoSuchGathering, Plan
from hub.gatherings.seats import NoSuchGuest
from hub.models import Gathering
from hub.models.vocabulary import AddressKind, GuestState, Purpose
from hub.segments import saved
from hub.sentences import Sentence
from hub.staff import audit
from hub.staff.roles import Action
from hub.web import moments, words
from hub.web.access import Campaigner, CustomerReader, Exporter, Visit
from hub.web.mending import WrongInput
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import ngettext, worded

router = APIRouter(route_class=Page)
LEADS: dict[int, str] = {
    0: N_("not"),
    120: N_("2 hours"),
    1440: N_("24 hours"),
    2880: N_("48 hours"),
    10080: N_("7 days"),
}
_EMPTY = {"remind": "1440", "purpose": Purpose.MARKETING.value}
_FIELDS = ("title", "starts_at", "ends_at", "place", "host", "about", "capacity", "purpose", "remind")
_MOST_ADDRESSES = 500
_NO_MOMENT = Sentence("Choose the day and the hour of the event.")
_Text = Annotated[str, Form(max_length=20_000)]


@router.get("/events")
async def listing(visit: CustomerReader, past: str = "") -> Response:
    async with visit.hub.database.unit() as session:
        found = await plans.listing(session, now=visit.now, past=bool(past))
    return page(visit, "events.html", events=found, past=bool(past))


@router.get("/events/new")
async def blank(visit: Campaigner) -> Response:
    return page(visit, "event_form.html", **_form(None, _EMPTY))


@router.post("/events")
async def create(
    visit: Campaigner,
    title: _Text = "",
    starts_at: _Text = "",
    ends_at: _Text = "",
    place: _Text = "",
    host: _Text = "",
    about: _Text = "",
    capacity: _Text = "",
    purpose: _Text = "",
    remind: _Text = "",
) -> Response:
    typed = dict(zip(_FIELDS, (title, starts_at, ends_at, place, host, about, capacity, purpose, remind), strict=True))
    try:
        plan = _plan(visit, typed, visit.hub.settings.hub.timezone)
        async with visit.hub.database.unit() as session:
            made = await plans.create(session, plan, staff_id=visit.staff_id, now=visit.now)
            await _note(session, visit, "create", made.id)
    except BadGathering as e:
        return page(visit, "event_form.html", status=422, **_form(None, typed, worded(e)))
    return go(visit, f"/events/{made.id}", _("Saved. Now choose whom to invite."))


@router.get("/events/{event_id}")
async def one(visit: CustomerReader, event_id: int) -> Response:
    return await _one(visit, event_id)


@router.get("/events/{event_id}/edit")
async def edit(visit: Campaigner, event_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        found = await _known(session, event_id)
    return page(visit, "event_form.html", **_form(found, _typed(visit, found)))


@router.post("/events/{event_id}")
async def change(
    visit: Campaigner,
    event_id: int,
    title: _Text = "",
    starts_at: _Text = "",
    ends_at: _Text = "",
    place: _Text = "",
    host: _Text = "",
    about: _Text = "",
    capacity: _Text = "",
    purpose: _Text = "",
    remind: _Text = "",
) -> Response:
    """More seats let the waiting list move up."""
    typed = dict(zip(_FIELDS, (title, starts_at, ends_at, place, host, about, capacity, purpose, remind), strict=True))
    async with visit.hub.database.unit() as session:
        found = await _known(session, event_id)
    try:
        plan = _plan(visit, typed, found.timezone)
        if plan.starts_at == found.starts_at.replace(second=0, microsecond=0):  # a form knows no seconds
            plan = replace(plan, starts_at=found.starts_at)
        async with visit.hub.database.unit() as session:
            changed = await plans.change(session, event_id, plan, now=visit.now)
            await seats.fill(session, changed, gate=visit.hub.gate, now=visit.now)
            await _note(session, visit, "change", event_id)
    except BadGathering as e:
        return page(visit, "event_form.html", status=422, **_form(found, typed, worded(e)))
    return go(visit, f"/events/{event_id}", _("Saved. Nobody is told by itself."))


@router.get("/events/{event_id}/cancel")
async def calling_off(visit: Campaigner, event_id: int) -> Response:
    """How many will be told, before anybody is."""
    async with visit.hub.database.unit() as session:
        found = await plans.listed(session, await _known(session, event_id))
    if found.gathering.cancelled_at is not None or found.gathering.starts_at <= visit.now:
        return go(visit, f"/events/{event_id}")
    return page(visit, "event_cancel.html", event=found.gathering, listed=found)


@router.post("/events/{event_id}/cancel")
async def cancel(visit: Campaigner, event_id: int, back: Annotated[str, Form()] = "") -> Response:
    """`back`: it takes place after all."""
    async with visit.hub.database.unit() as session:
        await _known(session, event_id)
        changed = await (plans.restore(session, event_id) if back else plans.cancel(session, event_id, now=visit.now))
        listed = await plans.listed(session, changed)
        await _note(session, visit, "restore" if back else "cancel", event_id)
    return go(visit, f"/events/{event_id}", _restored(listed) if back else _called_off(listed))


@router.post("/events/{event_id}/invite")
async def invite(visit: Campaigner, event_id: int, segment: _Text = "", addresses: _Text = "") -> Response:
    """A saved segment, or people by their addresses, one a line; an unknown one invites nobody at all."""
    try:
        async with visit.hub.database.unit() as session:
            await _known(session, event_id)
            invited = await _invite(session, visit, event_id, segment, addresses)
            await _note(session, visit, "invite", event_id, str(invited))
    except (BadGathering, saved.NoSuchSegment) as e:
        return await _one(visit, event_id, worded(e), {"segment": segment, "addresses": addresses})
    said = ngettext("%(num)s person is being invited.", "%(num)s people are being invited.", invited)
    return go(visit, f"/events/{event_id}", said % {"num": invited})


@router.post("/events/{event_id}/guests/{guest_id}/attended")
async def attended(visit: CustomerReader, event_id: int, guest_id: int, came: Annotated[str, Form()] = "") -> Response:
    """`came`: they are here; else it was ticked by mistake."""
    try:
        async with visit.hub.database.unit() as session:
            await seats.of(session, event_id, guest_id)
            await seats.attend(session, guest_id, bool(came), now=visit.now)
            await _note(session, visit, "attended", event_id, f"guest:{guest_id} {'yes' if came else 'no'}")
    except NoSuchGuest as e:
        raise HTTPException(404) from e
    return go(visit, f"/events/{event_id}#guest-{guest_id}")


@router.post("/events/{event_id}/guests/{guest_id}/answer")
async def answered(visit: Campaigner, event_id: int, guest_id: int, coming: Annotated[str, Form()] = "") -> Response:
    """What a guest said to somebody here."""
    try:
        async with visit.hub.database.unit() as session:
            await seats.of(session, event_id, guest_id)
            await seats.answer(session, guest_id, coming=bool(coming), gate=visit.hub.gate, now=visit.now)
            await _note(session, visit, "answer", event_id, f"guest:{guest_id}")
    except NoSuchGuest as e:
        raise HTTPException(404) from e
    return go(visit, f"/events/{event_id}#guest-{guest_id}")


@router.get("/events/{event_id}/guests.csv")
async def exported(visit: Exporter, event_id: int) -> Response:
    """Safe to open in a spreadsheet: for those who may export customers."""
    async with visit.hub.database.unit() as session:
        await _known(session, event_id)
        found = await inviting.guests(session, event_id, limit=plans.MOST_SEATS)
        await _note(session, visit, "export", event_id)
    rows: list[tuple[str, ...]] = [(_("Name"), _("Number"), _("State"), _("Answered"), _("Was there"))]
    for seen in found:
        guest = seen.guest
        at = tuple(f"{when:%Y-%m-%d %H:%M}" if when else "" for when in (guest.answered_at, guest.attended_at))
        rows.append((seen.name, str(guest.customer_id), _(words.sign(words.GUESTS, guest.state).word), *at))
    headers = {"Content-Disposition": f'attachment; filename="event-{event_id}.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + csv_text(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _called_off(event: Listed) -> str:
    told = ngettext("%(num)s person is being told.", "%(num)s people are being told.", event.expecting)
    return " ".join((_("Called off."), told % {"num": event.expecting} if event.expecting else ""))


def _restored(event: Listed) -> str:
    known = ngettext(
        "It takes place again. %(num)s person was told that it does not: write to them.",
        "It takes place again. %(num)s people were told that it does not: write to them.",
        event.told_off,
    )
    return known % {"num": event.told_off} if event.told_off else _("It takes place again.")


# ---- inside ---------------------------------------------------------------------------------


async def _known(session: Any, event_id: int) -> Gathering:
    try:
        return await plans.get(session, event_id)
    except NoSuchGathering as e:
        raise HTTPException(404) from e


async def _note(session: Any, visit: Visit, what: str, event_id: int | None, detail: str = "") -> None:
    await audit.write(
        session, f"event.{what}", staff_id=visit.staff_id, subject=f"event:{event_id}", detail=detail, now=visit.now
    )


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


def _plan(visit: Visit, typed: Mapping[str, str], zone: str) -> Plan:
    """By the clock of whoever types. Raises BadGathering."""
    try:
        starts = moments.read_local(typed["starts_at"], visit.zone)
        ends = moments.read_local(typed["ends_at"], visit.zone) if typed["ends_at"] else None
    except ValueError as e:
        raise BadGathering(_NO_MOMENT) from e
    number = typed["capacity"].strip()
    if number and not (number.isascii() and number.isdecimal() and len(number) < 10):
        number = "0"  # refused below, with the words for it
    if not (typed["remind"].isascii() and typed["remind"].isdecimal() and len(typed["remind"]) < 7):
        raise WrongInput("remind", typed["remind"])
    if typed["purpose"] not in [one.value for one in plans.PURPOSES]:
        raise WrongInput("purpose", typed["purpose"])
    return Plan(
        title=typed["title"],
        starts_at=starts,
        timezone=zone,
        place=typed["place"],
        ends_at=ends,
        host=typed["host"],
        about=typed["about"].replace("\r\n", "\n").replace("\0", ""),
        capacity=int(number) if number else None,
        purpose=Purpose(typed["purpose"]),
        remind_minutes=int(typed["remind"]),
    )


def _typed(visit: Visit, found: Gathering) -> dict[str, str]:
    def local(at: Any) -> str:
        return f"{at.astimezone(visit.zone):%Y-%m-%dT%H:%M}" if at else ""

    texts = {name: getattr(found, name) for name in ("title", "place", "host", "about")}
    numbers = {"capacity": str(found.capacity or ""), "remind": str(found.remind_minutes)}
    return (
        texts
        | numbers
        | {"purpose": found.purpose.value, "starts_at": local(found.starts_at), "ends_at": local(found.ends_at)}
    )


def _form(found: Gathering | None, typed: Mapping[str, str], trouble: str = "") -> dict[str, Any]:
    leads = LEADS
    if found is not None and found.remind_minutes not in LEADS:  # a program said it
        leads = LEADS | {found.remind_minutes: str(timedelta(minutes=found.remind_minutes))}
    return {"event": found, "typed": typed, "trouble": trouble, "leads": leads, "purposes": plans.PURPOSES}


async def _one(visit: Visit, event_id: int, trouble: str = "", typed: Mapping[str, str] | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        listed = await plans.listed(session, await _known(session, event_id))
        guests = await inviting.guests(session, event_id)
        segments = await saved.listing(session) if visit.may(Action.CAMPAIGNS) else []
    data: dict[str, Any] = {"listed": listed, "event": listed.gathering, "guests": guests, "segments": segments}
    data |= {"states": list(GuestState), "trouble": trouble, "typed": typed or {"segment": "", "addresses": ""}}
    return page(visit, "event.html", status=422 if trouble else 200, **data)
