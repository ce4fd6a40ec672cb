"""Appointments by day and by week: booked, moved, called off; and what customers answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Response

from hub.conversations import appointments, rebooking
from hub.conversations.appointments import BadAppointment, NoSuchAppointment
from hub.customers import directory
from hub.models import Appointment
from hub.sentences import Sentence
from hub.staff import accounts
from hub.web import moments
from hub.web.access import Booker, Visit
from hub.web.calendar import leads
from hub.web.mending import WrongInput
from hub.web.pages import Undo, go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_SPANS = {"day": 1, "week": 7}
_FOUND = 8  # customers whom a search offers
_NO_MOMENT = Sentence("Choose the day and the hour of the appointment.")


@router.get("/appointments")
async def listing(
    visit: Booker,
    at: Annotated[str, Query(max_length=10)] = "",
    span: Annotated[str, Query(max_length=10)] = "week",
    whose: Annotated[str, Query(max_length=10)] = "all",
    customer: UUID | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """`at`: a day of the week that is shown. `customer`: who the booking form is for; `q` finds others."""
    return page(visit, "appointments.html", **await _data(visit, at, span, whose, customer, q))


def _typed(
    title: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    starts_at: Annotated[str, Form()] = "",
    owner: Annotated[str, Form(max_length=18)] = "",
    remind: Annotated[list[str], Form()] = [],  # noqa: B006
) -> dict[str, Any]:
    """The form of an appointment, which comes back as it was typed."""
    return {"title": title, "place": place, "starts_at": starts_at, "remind": remind, "owner": owner}


_Form = Annotated[dict[str, Any], Depends(_typed)]


@router.post("/appointments")
async def book(
    visit: Booker,
    typed: _Form,
    customer: Annotated[UUID | None, Form()] = None,
    q: Annotated[str, Form()] = "",
) -> Response:
    """The moment is by the clock of whoever books it. Without a `customer` those whom `q` finds are offered."""
    if customer is None:
        return await _again(visit, None, _("Find the customer and choose them."), typed, q)
    try:
        moment = _moment(visit, typed)
        as_wished = await _booked(visit, customer, moment, typed)
    except BadAppointment as e:
        return await _again(visit, customer, worded(e), typed)
    too_soon = _("Booked. It begins too soon for the reminders you chose: the customer gets none.")
    day = moment.astimezone(visit.zone).date()
    return go(visit, f"/appointments?at={day}", _("Booked.") if as_wished else too_soon)


async def _booked(visit: Visit, customer: UUID, moment: datetime, typed: Mapping[str, Any]) -> bool:
    """False: reminders were chosen, and there will be none. Raises BadAppointment."""
    async with visit.hub.database.unit() as session:
        person = await directory.get(session, customer)
        booked = await appointments.book(
            session,
            customer,
            typed["title"],
            moment,
            person.timezone or visit.hub.settings.hub.timezone,
            place=typed["place"],
            owner_id=await _owner(session, typed["owner"]),
            remind_before=leads.chosen(typed["remind"]),
            now=visit.now,
        )
        await _note(session, visit, "book", booked)
        return not typed["remind"] or bool(await appointments.reminders(session, booked.id or 0))


def _moment(visit: Visit, typed: Mapping[str, Any]) -> datetime:
    """Raises BadAppointment."""
    try:
        return moments.read_local(typed["starts_at"], visit.zone)
    except ValueError as e:
        raise BadAppointment(moments.amiss(e, _NO_MOMENT)) from e


@router.get("/appointments/{appointment_id}")
async def one(visit: Booker, appointment_id: int) -> Response:
    return await _one(visit, appointment_id)


@router.post("/appointments/{appointment_id}")
async def change(visit: Booker, appointment_id: int, typed: _Form) -> Response:
    """Another time is reminded of anew; what would have reminded of the old one does not leave."""
    try:
        moved = await _changed(visit, appointment_id, _moment(visit, typed), typed)
    except BadAppointment as e:
        return await _one(visit, appointment_id, worded(e), typed)
    undo = Undo("appointment-moved", appointment_id) if moved else None
    return go(visit, f"/appointments/{appointment_id}", _("Moved.") if moved else _("Saved."), undo=undo)


async def _changed(visit: Visit, appointment_id: int, moment: datetime, typed: Mapping[str, Any]) -> bool:
    """Does it begin at another time now? A form knows no seconds: what was not touched stays to the second."""
    async with visit.hub.database.unit() as session:
        before = await _known(session, appointment_id)
        moved = moment != before.starts_at.replace(second=0, microsecond=0)
        wanted = rebooking.Change(
            typed["title"],
            typed["place"],
            moment if moved else before.starts_at,
            before.timezone,
            leads.chosen(typed["remind"], before.lead_minutes),
            None,
            await _owner(session, typed["owner"]),
        )
        await _note(session, visit, "change", await rebooking.change(session, appointment_id, wanted, now=visit.now))
    return moved


@router.post("/appointments/{appointment_id}/cancel")
async def cancel(visit: Booker, appointment_id: int) -> Response:
    await _act(visit, appointment_id, "cancel", rebooking.cancel)
    undo = Undo("appointment-cancelled", appointment_id)
    return go(visit, f"/appointments/{appointment_id}", _("Cancelled. The customer is not told by itself."), undo=undo)


@router.post("/appointments/{appointment_id}/restore")
async def restore(visit: Booker, appointment_id: int) -> Response:
    trouble = await _act(visit, appointment_id, "restore", rebooking.restore)
    return go(visit, f"/appointments/{appointment_id}", trouble or _("It takes place again."))


@router.post("/appointments/{appointment_id}/move-back")
async def move_back(visit: Booker, appointment_id: int) -> Response:
    trouble = await _act(visit, appointment_id, "move-back", rebooking.move_back)
    return go(visit, f"/appointments/{appointment_id}", trouble or _("It is where it was before."))


async def _act(visit: Visit, appointment_id: int, what: str, act: Callable[..., Awaitable[Appointment]]) -> str:
    """What stands in the way; empty: it is done."""
    try:
        async with visit.hub.database.unit() as session:
            await _known(session, appointment_id)
            await _note(session, visit, what, await act(session, appointment_id, now=visit.now))
    except BadAppointment as e:
        return worded(e)
    return ""


async def _known(session: Any, appointment_id: int) -> Appointment:
    try:
        return await appointments.get(session, appointment_id)
    except NoSuchAppointment as e:
        raise HTTPException(404) from e


async def _note(session: Any, visit: Visit, what: str, about: Appointment) -> None:
    subject, detail = f"customer:{about.customer_id}", f"appointment:{about.id}"
    await visit.note(session, f"appointment.{what}", subject=subject, detail=detail)


async def _owner(session: Any, typed: str) -> int | None:
    """Raises WrongInput for somebody who is not offered."""
    offered = {str(one.id): one.id for one in await accounts.listing(session, inactive=False)}
    if typed and typed not in offered:
        raise WrongInput("owner", typed)
    return offered.get(typed)


# ---- what the pages show --------------------------------------------------------------------


async def _again(
    visit: Visit, customer: UUID | None, trouble: str, typed: Mapping[str, object], q: str = ""
) -> Response:
    data = await _data(visit, "", "week", "all", customer, q)
    return page(visit, "appointments.html", status=422, **data | {"trouble": trouble, "typed": typed})


async def _data(visit: Visit, at: str, span: str, whose: str, customer: UUID | None, q: str = "") -> dict[str, Any]:
    today = visit.now.astimezone(visit.zone).date()
    span = span if span in _SPANS else "week"
    first = _first(at, today, span)
    days = [first + timedelta(days=n) for n in range(_SPANS[span])]
    start, end = (datetime.combine(day, time(), visit.zone) for day in (first, days[-1] + timedelta(days=1)))
    async with visit.hub.database.unit() as session:
        owner = visit.staff_id if whose == "mine" else None
        found = await appointments.between(session, start, end, owner_id=owner)
        person = await directory.get(session, customer) if customer else None
        query = q.replace("\0", "").strip()[:200]
        lines = await directory.listing(session, query=query, limit=_FOUND) if query else []
        colleagues = await accounts.listing(session, inactive=False)
    by_day = {day: [one for one in found if one.starts_at.astimezone(visit.zone).date() == day] for day in days}
    return {
        "days": by_day,
        "number": len(found),
        "span": span,
        "whose": "mine" if whose == "mine" else "all",
        "today": today,
        "at": first,
        "before": first - timedelta(days=_SPANS[span]),
        "after": first + timedelta(days=_SPANS[span]),
        "person": person,
        "q": query,
        "lines": lines,
        "colleagues": colleagues,
        "owners": {one.id: one.name for one in colleagues},
        "offered": leads.OFFERED,
        "trouble": "",
        "typed": {"remind": ["24h"], "owner": str(visit.staff_id)},
    }


def _first(at: str, today: date, span: str) -> date:
    """The day, or the Monday of its week; nobody types an address, so what is no day is today."""
    try:
        day = date.fromisoformat(at) if at else today
    except ValueError:
        day = today
    if not MINYEAR + 1 < day.year < MAXYEAR - 1:
        day = today
    return day - timedelta(days=day.weekday()) if span == "week" else day


async def _one(
    visit: Visit, appointment_id: int, trouble: str = "", typed: Mapping[str, object] | None = None
) -> Response:
    async with visit.hub.database.unit() as session:
        found = await _known(session, appointment_id)
        customer = await directory.get(session, found.customer_id)
        reminders = await appointments.reminders(session, appointment_id)
        colleagues = await accounts.listing(session, inactive=False)
    local = found.starts_at.astimezone(visit.zone)
    kept = {
        "title": found.title,
        "place": found.place,
        "starts_at": f"{local:%Y-%m-%dT%H:%M}",
        "owner": str(found.owner_id or ""),
        "remind": leads.ticked(found.lead_minutes),
    }
    data: dict[str, Any] = {"one": found, "customer": customer, "reminders": reminders, "colleagues": colleagues}
    data |= {"offered": leads.OFFERED, "trouble": trouble, "typed": typed or kept}
    return page(visit, "appointment.html", status=422 if trouble else 200, **data)
