"""What the company does with an appointment: another time, calling it off, and taking either back.

What would remind of the old time goes away with it, also what already waits to be sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import appointments
from hub.models import Appointment, Reminder
from hub.models.vocabulary import AppointmentState


@dataclass(frozen=True, slots=True)
class Change:
    """What an appointment becomes. `ends_at` None: it lasts as long as it did."""

    title: str
    place: str
    starts_at: datetime
    timezone: str
    remind_before: Sequence[timedelta]
    ends_at: datetime | None = None
    owner_id: int | None = None


async def change(session: AsyncSession, appointment_id: int, wanted: Change, *, now: datetime) -> Appointment:
    """At another time it is planned anew: whoever confirmed the old one is asked again.

    Raises NoSuchAppointment, BadAppointment.
    """
    appointment = await appointments.locked(session, appointment_id)
    ends_at = wanted.ends_at or _as_long(appointment, wanted.starts_at)
    appointments.check(wanted.title, wanted.place, wanted.starts_at, wanted.timezone, now=now, ends_at=ends_at)
    appointment.title, appointment.place = wanted.title.strip(), wanted.place.strip()
    appointment.timezone, appointment.owner_id = wanted.timezone, wanted.owner_id
    leads = sorted({int(one.total_seconds() // 60) for one in wanted.remind_before}, reverse=True)
    again = leads != appointment.lead_minutes
    appointment.lead_minutes, appointment.ends_at, appointment.changed_at = leads, ends_at, now
    if wanted.starts_at != appointment.starts_at:
        appointment.moved_from, appointment.state = appointment.starts_at, AppointmentState.PLANNED
        appointment.starts_at, appointment.wish, again = wanted.starts_at, "", True
    if again:
        await _plan_anew(session, appointment, now)
    await appointments.tell(session, appointment)
    return appointment


async def move(
    session: AsyncSession, appointment_id: int, starts_at: datetime, *, ends_at: datetime | None = None, now: datetime
) -> Appointment:
    """Another time and nothing else. Raises NoSuchAppointment, BadAppointment."""
    found = await appointments.get(session, appointment_id)
    leads = [timedelta(minutes=minutes) for minutes in found.lead_minutes]
    wanted = Change(found.title, found.place, starts_at, found.timezone, leads, ends_at, found.owner_id)
    return await change(session, appointment_id, wanted, now=now)


async def move_back(session: AsyncSession, appointment_id: int, *, now: datetime) -> Appointment:
    """To where it was before it was moved last. Raises NoSuchAppointment, BadAppointment when that has passed."""
    found = await appointments.get(session, appointment_id)
    return await move(session, appointment_id, found.moved_from or found.starts_at, now=now)


async def cancel(session: AsyncSession, appointment_id: int, *, now: datetime) -> Appointment:
    """By the company; the customer is told by whoever does it. Raises NoSuchAppointment."""
    appointment = await appointments.locked(session, appointment_id)
    if appointment.state is not AppointmentState.CANCELLED:
        appointment.state, appointment.changed_at = AppointmentState.CANCELLED, now
        await _forget(session, appointment, now)
    await appointments.tell(session, appointment)
    return appointment


async def restore(session: AsyncSession, appointment_id: int, *, now: datetime) -> Appointment:
    """It takes place after all, and is reminded of again. Raises NoSuchAppointment, BadAppointment."""
    appointment = await appointments.locked(session, appointment_id)
    if appointment.state is AppointmentState.CANCELLED:
        appointments.check(appointment.title, appointment.place, appointment.starts_at, appointment.timezone, now=now)
        appointment.state, appointment.changed_at = AppointmentState.PLANNED, now
        await appointments.remind_anew(session, appointment, now=now)
    await appointments.tell(session, appointment)
    return appointment


def _as_long(appointment: Appointment, starts_at: datetime) -> datetime | None:
    return appointment.ends_at and starts_at + (appointment.ends_at - appointment.starts_at)


async def _plan_anew(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    await _forget(session, appointment, now)
    await appointments.remind_anew(session, appointment, now=now)


async def _forget(session: AsyncSession, appointment: Appointment, now: datetime) -> None:
    """What was not sent yet: messages that wait, and reminders that are ahead."""
    await appointments.withdraw_reminders(session, appointment, now=now)
    ahead = (col(Reminder.appointment_id) == appointment.id, col(Reminder.done_at).is_(None))
    await session.exec(delete(Reminder).where(*ahead))
