"""What guests are sent: the invitation, how their answer stands, the reminder, that it is called off. All of it goes
through the gate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, func
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.gatherings import links
from hub.models import Customer, Gathering, Guest, TemplateVersion
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import calling, templates
from hub.outbound.asking import Gate, Request, Templated
from hub.outbound.spoken import spoken, zone_of

INVITATION, ANSWER, REMINDER = "event-invitation", "event-answer", "event-reminder"
CALLED_OFF = "event-called-off"
_NO_END: dict[bool, dict[str, object]] = {True: {}, False: {"unsubscribe_url": ""}}
_FIRST = "invitation:"
Outcome = Literal["coming", "waiting", "not_coming", "moved_up"]


async def current(session: AsyncSession, name: str, *, now: datetime) -> TemplateVersion:
    """Raises hub.outbound.templates.NoSuchTemplate."""
    return await templates.current(session, name, now=now)


def invitation(gathering: Gathering, guest: Guest, customer: Customer, version: TemplateVersion, gate: Gate) -> Request:
    """Once for an event and customer, whatever happens; of no use once it has begun."""
    return Request(
        customer_id=customer.id,
        purpose=gathering.purpose,
        origin=Origin.REMINDER,
        # Where nothing is asked for but service there is nothing to end.
        content=_content(gathering, guest, customer, version, gate, **_NO_END[gathering.purpose.needs_consent]),
        # Asked before, it was taken back when the event was called off.
        dedupe_key=f"{_FIRST}{gathering.id}:{guest.id}" + (f":{guest.asked_id}" if guest.asked_id else ""),
        occasion=calling.INVITATION,
        expires_at=gathering.starts_at,
        automatic=True,
    )


def first_key() -> ColumnElement[str]:
    """The key of a guest's first invitation, where guests are asked for."""
    return func.concat(_FIRST, col(Guest.gathering_id), ":", col(Guest.id))


def answer(
    gathering: Gathering,
    guest: Guest,
    customer: Customer,
    version: TemplateVersion,
    gate: Gate,
    *,
    outcome: Outcome,
    answers: UUID | None = None,
) -> Request:
    """By the way that they answered: they asked for it."""
    kinds = (guest.answered_by,) if guest.answered_by in (Kind.EMAIL, Kind.SMS) else ()
    return Request(
        customer_id=customer.id,
        purpose=Purpose.SERVICE,
        origin=Origin.REMINDER,
        content=_content(gathering, guest, customer, version, gate, outcome=outcome),
        kinds=tuple(kind for kind in kinds if kind),
        occasion="event",
        answers=answers,
        expires_at=gathering.starts_at,
        automatic=True,
    )


def reminder(gathering: Gathering, guest: Guest, customer: Customer, version: TemplateVersion, gate: Gate) -> Request:
    """Once for each moment that the event was to begin at."""
    return Request(
        customer_id=customer.id,
        purpose=Purpose.REMINDERS,
        origin=Origin.REMINDER,
        content=_content(gathering, guest, customer, version, gate),
        dedupe_key=f"event-reminder:{guest.id}:{gathering.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        occasion=calling.INVITATION,
        expires_at=gathering.starts_at,
        automatic=True,
    )


def called_off(gathering: Gathering, guest: Guest, customer: Customer, version: TemplateVersion, gate: Gate) -> Request:
    """Once for each time that it is called off: they would stand before a closed door."""
    return Request(
        customer_id=customer.id,
        purpose=Purpose.SERVICE,
        origin=Origin.REMINDER,
        content=_content(gathering, guest, customer, version, gate),
        dedupe_key=f"event-called-off:{guest.id}:{gathering.cancelled_at:%Y-%m-%dT%H:%M:%SZ}",
        occasion="event",
        expires_at=gathering.starts_at,
        automatic=True,
    )


def _content(
    gathering: Gathering,
    guest: Guest,
    customer: Customer,
    version: TemplateVersion,
    gate: Gate,
    **more: object,
) -> Templated:
    """The moment is said in the language that the text will be in, by the customer's clock."""
    language = customer.language if customer.language in version.variants else gate.default_language
    ours = zone_of(gathering.timezone, gate.rules.company_zone)
    zone = zone_of(customer.timezone, ours.key)
    address = links.address(gate, guest.id or 0)
    values = {
        "given_name": customer.given_name or customer.name,
        "title": gathering.title,
        "when": spoken(gathering.starts_at, zone, language, ours=ours),
        "place": gathering.place,
        "host": gathering.host,
        "about": gathering.about,
        "answer_url": address,
        "calendar_url": f"{address}/calendar.ics",
        "company": gate.company,
    }
    return Templated(version.id or 0, values | more)
