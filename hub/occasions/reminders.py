"""Reminders of appointments: so long before as was wished, once each, and never after the appointment has begun.

After an outage they come late, up to the beginning; of several that were missed only the last.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import appointment_links
from hub.models import Appointment, Customer, Reminder, TemplateVersion
from hub.models.vocabulary import AppointmentState, Origin, Purpose
from hub.outbound import templates
from hub.outbound.request import Gate, Held, Placed, Request, Templated, send_many
from hub.outbound.spoken import spoken, zone_of

TEMPLATE = "appointment-reminder"
_SLICE = 200

Due = tuple[Reminder, Appointment, Customer, bool]  # the last: a later one of the same appointment is due too


async def remind(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Ask for the reminders that are due and mark them done, in one transaction; how many will be sent.

    Those of cancelled or begun appointments are only marked. What the gate withholds is in the log and not tried
    again. Raises hub.outbound.templates.NoSuchTemplate.
    """
    due = await _due(session, now)
    for reminder, _, _, _ in due:
        reminder.done_at = now
    wanted = [row for row in due if _wanted(row, now)]
    placed = await _ask(session, wanted, gate=gate, now=now) if wanted else 0
    await session.flush()
    return placed


async def _due(session: AsyncSession, now: datetime) -> list[Due]:
    """Claimed until the transaction ends; what another worker holds is that worker's."""
    later = aliased(Reminder)
    overtaken = exists().where(
        col(later.appointment_id) == col(Reminder.appointment_id),
        col(later.due_at) > col(Reminder.due_at),
        col(later.due_at) <= now,
    )
    query = (
        select(Reminder, Appointment, Customer, overtaken)
        .join(Appointment, col(Appointment.id) == col(Reminder.appointment_id))
        .join(Customer, col(Customer.id) == col(Appointment.customer_id))
        .where(col(Reminder.due_at) <= now, col(Reminder.done_at).is_(None))
        .order_by(col(Reminder.due_at), col(Reminder.id))
        .limit(_SLICE)
        .with_for_update(of=Reminder, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await session.exec(query)]


def _wanted(row: Due, now: datetime) -> bool:
    reminder, appointment, _, overtaken = row
    moved = reminder.about_at is not None and reminder.about_at != appointment.starts_at
    stands = appointment.state not in (AppointmentState.CANCELLED, AppointmentState.TO_MOVE)
    return stands and not moved and not overtaken and appointment.starts_at > now


async def _ask(session: AsyncSession, rows: list[Due], *, gate: Gate, now: datetime) -> int:
    version = await templates.current(session, TEMPLATE, now=now)
    requests = [_request(row, version, gate) for row in rows]
    answers = await send_many(session, requests, gate=gate, now=now)
    for (reminder, *_), answer in zip(rows, answers, strict=True):
        # An answer of 1 or 2 is only looked for when the customer was in fact reminded.
        reminder.interaction_id = None if isinstance(answer, Held) else answer.interaction_id
    return sum(isinstance(answer, Placed) for answer in answers)


def _request(row: Due, version: TemplateVersion, gate: Gate) -> Request:
    reminder, appointment, customer, _ = row
    return Request(
        customer_id=customer.id,
        purpose=Purpose.REMINDERS,
        origin=Origin.REMINDER,
        content=Templated(version.id or 0, _variables(appointment, customer, version, gate)),
        dedupe_key=f"reminder:{appointment.id}:{reminder.due_at:%Y-%m-%dT%H:%M:%SZ}",
        occasion="appointment",
        expires_at=appointment.starts_at,
        automatic=True,
    )


def _variables(appointment: Appointment, customer: Customer, version: TemplateVersion, gate: Gate) -> dict[str, object]:
    """The moment is said in the language that the text will be in, by the customer's clock."""
    language = customer.language if customer.language in version.variants else gate.default_language
    zone = zone_of(customer.timezone, appointment.timezone, gate.rules.company_zone)
    return {
        "given_name": customer.given_name or customer.name,
        "title": appointment.title,
        "when": spoken(appointment.starts_at, zone, language, ours=zone_of(gate.rules.company_zone)),
        "place": appointment.place,
        "answer_url": appointment_links.address(gate, appointment.id or 0),
        "company": gate.company,
    }
