"""/a/{token}: whether a customer comes to an appointment, without signing in and without a script.

Whoever holds the link sees this appointment and nothing else of its customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TypeAlias, cast, get_args

from fastapi import Request

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.public import answering
from hub.api.public.answering import NotKept, Question
from hub.api.public.appointment_words import WORDS, Words
from hub.api.public.outside import Form
from hub.bootstrap import Hub
from hub.conversations import appointment_links, appointments
from hub.conversations.appointments import BadAppointment
from hub.conversations.icalendar import Entry
from hub.conversations.short_answers import Choice
from hub.customers import directory
from hub.models import Appointment
from hub.models.vocabulary import AppointmentState
from hub.staff import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor(answering.Visitor):
    appointment: Appointment


Shown: TypeAlias = "answering.Shown[Visitor, Words]"


async def _read(hub: Hub, token: str) -> Visitor | None:
    number = appointment_links.read(hub.signer, token, now=clock.now())
    if number is None:
        return None
    async with hub.database.unit() as session:
        try:
            one = await appointments.get(session, number)
            customer = await directory.get(session, one.customer_id)
        except (appointments.NoSuchAppointment, directory.NotFound):
            return None
    name = f"appointment-{number}"
    return Visitor(customer=customer, name=name, at=one.starts_at, timezone=one.timezone, appointment=one)


async def _keep(request: Request, visitor: Visitor, typed: Form, said: Words) -> None:
    """What is cancelled stays so."""
    now, number, choice = clock.now(), visitor.appointment.id or 0, cast("Choice", typed["do"])
    wish = typed.get("wish", "") if choice == "reschedule" else ""
    async with hub_of(request).database.unit() as session:
        try:
            kept = await appointments.answer(session, number, choice, wish=wish, now=now)
        except BadAppointment as e:
            raise NotKept(said.long.format(most=appointments.LONGEST_WISH)) from e
        subject, detail = f"customer:{kept.customer_id}", f"appointment:{number} {choice}"
        await audit.write(
            session, "appointment.answer", staff_id=None, subject=subject, detail=detail, ip=ip_of(request), now=now
        )


def _entry(hub: Hub, visitor: Visitor) -> Entry:
    one = visitor.appointment
    return Entry(
        uid=answering.uid(hub, visitor.name),
        title=f"{hub.settings.hub.name}: {one.title}",
        at=one.starts_at,
        changed_at=one.changed_at or one.created_at,
        url=appointment_links.address(hub.gate, one.id or 0),
        place=one.place,
        state=one.state,
        until=one.ends_at,
    )


# ---- the page -------------------------------------------------------------------------------


def _body(shown: Shown) -> str:
    said, one = shown.said, shown.visitor.appointment
    place = f"<br>{escape(said.place)}: {escape(one.place)}" if one.place else ""
    body = f"""<h1>{escape(said.title)}</h1>
{shown.alert}
<p><strong>{escape(one.title)}</strong><br>{escape(shown.when)}{place}</p>
<p role="status">{escape(said.states[one.state])}</p>"""
    return body if one.state is AppointmentState.CANCELLED else f"{body}\n{_choices(shown)}\n{shown.calendar}"


def _choices(shown: Shown) -> str:
    said, one = shown.said, shown.visitor.appointment
    confirmed = one.state is AppointmentState.CONFIRMED
    yes = "" if confirmed else f'<p><button name="do" value="confirm">{escape(said.confirm)}</button></p>\n'
    wish, most = escape(shown.typed.get("wish") or one.wish), appointments.LONGEST_WISH
    return f"""<form method="post">{shown.seen}
{yes}<p><button class="plain" name="do" value="cancel">{escape(said.cancel)}</button></p></form>
<h2>{escape(said.another)}</h2>
<form method="post">{shown.seen}
<label for="wish">{escape(said.wish)}</label>
<textarea id="wish" name="wish" rows="3" maxlength="{most}">{wish}</textarea>
<p><button class="plain" name="do" value="reschedule">{escape(said.ask)}</button></p></form>"""


router = answering.router("/a", Question(WORDS, get_args(Choice), _read, _keep, _body, _entry))
