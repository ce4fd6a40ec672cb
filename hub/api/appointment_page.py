"""/a/{token}: whether a customer comes, without signing in and without a script.

Looking changes nothing; whoever holds the link sees this appointment and nothing else of its customer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import cast, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.appointment_words import Words, words
from hub.api.plain import page, sentence, unless_away
from hub.api.problems import Endpoint, Problem, limited
from hub.bootstrap import Hub
from hub.campaigns.previews import HARMLESS
from hub.conversations import appointment_links, appointments, icalendar
from hub.conversations.appointments import BadAppointment
from hub.conversations.icalendar import Entry
from hub.conversations.short_answers import Choice
from hub.customers import directory
from hub.models import Appointment, Customer
from hub.models.vocabulary import AppointmentState
from hub.outbound.spoken import spoken, zone_of
from hub.staff import audit

router = APIRouter(prefix="/a", route_class=Endpoint, include_in_schema=False)
_LARGEST = 20_000  # bytes


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds a link. Without `appointment` it is forged, or its appointment is gone."""

    said: Words
    appointment: Appointment | None = None
    customer: Customer | None = None


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str) -> Response:
    """What is known now. Mail scanners open every link."""
    said = _outside(request)
    return await unless_away(_answered(request, token, acts=False), said.title, said.away, said.language)


@router.post("/{token}")
async def answer(request: Request, token: str) -> Response:
    """The answer is kept at once; said again, the later word counts, but what is cancelled stays so."""
    said = _outside(request)
    return await unless_away(_answered(request, token, acts=True), said.title, said.away, said.language)


@router.get("/{token}/calendar.ics")
async def calendar(request: Request, token: str) -> Response:
    """For the customer's own calendar program."""
    visitor, hub = await _read(request, token), hub_of(request)
    one = visitor.appointment
    if one is None:
        return sentence(visitor.said.title, visitor.said.broken, language=visitor.said.language, status=404)
    entry = Entry(
        uid=f"appointment-{one.id}@{hub.settings.hub.public_url.partition('://')[2].partition(':')[0].partition('/')[0]}",
        title=f"{hub.settings.hub.name}: {one.title}",
        at=one.starts_at,
        changed_at=one.changed_at or one.created_at,
        url=appointment_links.address(hub.gate, one.id or 0),
        place=one.place,
        state=one.state,
        until=one.ends_at,
    )
    headers = {"Content-Disposition": 'attachment; filename="appointment.ics"', "Cache-Control": "no-store"}
    content = icalendar.written(hub.settings.hub.name, [entry])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


async def _answered(request: Request, token: str, *, acts: bool) -> Response:
    if token == HARMLESS:
        said = _outside(request)
        return sentence(said.title, said.test, language=said.language)
    visitor = await _read(request, token)
    if visitor.appointment is None or visitor.customer is None:
        return sentence(visitor.said.title, visitor.said.broken, language=visitor.said.language, status=404)
    if visitor.appointment.starts_at <= clock.now():
        return sentence(visitor.said.title, visitor.said.gone, language=visitor.said.language, status=410)
    if not acts:
        return _page(request, visitor)
    return await _decided(request, token, visitor, visitor.appointment)


async def _decided(request: Request, token: str, visitor: Visitor, appointment: Appointment) -> Response:
    said, fields = visitor.said, await _fields(request)
    choice, wish = fields.get("do", ""), fields.get("wish", "")
    if choice not in get_args(Choice):
        return _page(request, visitor, trouble=said.choose, status=422)
    if fields.get("at") != appointment.starts_at.isoformat():
        return _page(request, visitor, trouble=said.moved, status=409)
    if not request.state.meters.answers.take(f"appointment {appointment.id}", time.monotonic()):
        return _page(request, visitor, wish=wish, trouble=said.too_often, status=429)
    try:
        await _keep(request, appointment.id or 0, cast("Choice", choice), wish if choice == "reschedule" else "")
    except BadAppointment:
        long = said.long.format(most=appointments.LONGEST_WISH)
        return _page(request, visitor, wish=wish, trouble=long, status=422)
    return _page(request, await _read(request, token))


async def _keep(request: Request, appointment_id: int, choice: Choice, wish: str) -> None:
    now = clock.now()
    async with hub_of(request).database.unit() as session:
        kept = await appointments.answer(session, appointment_id, choice, wish=wish, now=now)
        subject, detail = f"customer:{kept.customer_id}", f"appointment:{appointment_id} {choice}"
        await audit.write(
            session, "appointment.answer", staff_id=None, subject=subject, detail=detail, ip=ip_of(request), now=now
        )


async def _fields(request: Request) -> dict[str, str]:
    try:
        body = await limited(request, _LARGEST).body()
    except Problem:
        return {}
    found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
    return {name: values[0].replace("\0", "") for name, values in found.items()}


def _outside(request: Request) -> Words:
    """The words for somebody of whom nothing is known but their browser."""
    default = hub_of(request).settings.hub.languages[0]
    return words(request.headers.get("accept-language", default)[:2].lower(), default)


async def _read(request: Request, token: str) -> Visitor:
    hub = hub_of(request)
    number = appointment_links.read(hub.signer, token, now=clock.now())
    if number is None:
        return Visitor(_outside(request))
    async with hub.database.unit() as session:
        try:
            appointment = await appointments.get(session, number)
            customer = await directory.get(session, appointment.customer_id)
        except (appointments.NoSuchAppointment, directory.NotFound):
            return Visitor(_outside(request))
    return Visitor(words(customer.language, hub.settings.hub.languages[0]), appointment, customer)


# ---- the page -------------------------------------------------------------------------------


def _page(request: Request, visitor: Visitor, *, trouble: str = "", wish: str = "", status: int = 200) -> Response:
    said, one, hub = visitor.said, cast("Appointment", visitor.appointment), hub_of(request)
    alert = f'<p role="alert"><strong>{escape(trouble)}</strong></p>' if trouble else ""
    place = f"<br>{escape(said.place)}: {escape(one.place)}" if one.place else ""
    path = escape(request.url.path.rpartition("/")[2])  # as the page lies, whatever stands before it
    body = f"""<h1>{escape(said.title)}</h1>
<p>{escape(hub.settings.hub.name)}</p>
{alert}
<p><strong>{escape(one.title)}</strong><br>{escape(_when(hub, visitor, one.starts_at))}{place}</p>
<p role="status">{escape(said.states[one.state])}</p>
{_choices(said, one, wish)}"""
    if one.state is not AppointmentState.CANCELLED:
        body += f'\n<p><a href="{path}/calendar.ics">{escape(said.calendar)}</a></p>'
    return page(said.title, body, language=said.language, status=status)


def _when(hub: Hub, visitor: Visitor, at: datetime) -> str:
    """By the customer's clock, as in the reminder."""
    own = visitor.customer.timezone if visitor.customer else None
    zone = zone_of(own, visitor.appointment.timezone if visitor.appointment else None, hub.settings.hub.timezone)
    return spoken(at, zone, visitor.said.language)


def _choices(said: Words, one: Appointment, wish: str) -> str:
    if one.state is AppointmentState.CANCELLED:
        return ""
    at = f'<input type="hidden" name="at" value="{one.starts_at.isoformat()}">'
    confirmed = one.state is AppointmentState.CONFIRMED
    yes = "" if confirmed else f'<p><button name="do" value="confirm">{escape(said.confirm)}</button></p>\n'
    typed, most = escape(wish or one.wish), appointments.LONGEST_WISH
    return f"""<form method="post">{at}
{yes}<p><button class="plain" name="do" value="cancel">{escape(said.cancel)}</button></p></form>
<h2>{escape(said.another)}</h2>
<form method="post">{at}
<label for="wish">{escape(said.wish)}</label>
<textarea id="wish" name="wish" rows="3" maxlength="{most}">{typed}</textarea>
<p><button class="plain" name="do" value="reschedule">{escape(said.ask)}</button></p></form>"""
