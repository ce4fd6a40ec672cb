"""When a customer comes, what reminds them, and their answer to the reminder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Appointment, Customer, Reminder
from hub.models.vocabulary import AppointmentState
from hub.sentences import LONG_PLACE, LONG_TITLE, Sentence, too_long

Choice = Literal["confirm", "cancel"]
CHOICES: Mapping[str, Choice] = {"1": "confirm", "2": "cancel"}  # what our reminders ask for
_DAY = (timedelta(hours=24),)
LONGEST = 200  # letters of a title, and of a place


class NoSuchAppointment(LookupError):
    """There is no such appointment."""


class BadAppointment(ValueError):
    """An appointment without a title, in the past, or in a zone that does not exist."""


@dataclass(frozen=True, slots=True)
class Coming:
    id: int
    customer_id: UUID
    customer_name: str
    title: str
    place: str
    starts_at: datetime
    timezone: str
    state: AppointmentState
    created_at: datetime


async def book(
    session: AsyncSession,
    customer_id: UUID,
    title: str,
    starts_at: datetime,
    timezone: str,
    *,
    place: str = "",
    owner_id: int | None = None,
    remind_before: Sequence[timedelta] = _DAY,
    now: datetime,
) -> Appointment:
    """Keep an appointment and its reminders; a reminder whose time has passed is not made. Raises BadAppointment."""
    _check(title, place, starts_at, timezone, now)
    appointment = Appointment(
        customer_id=customer_id,
        title=title.strip(),
        place=place.strip(),
        starts_at=starts_at,
        timezone=timezone,
        owner_id=owner_id,
        created_at=now,
    )
    session.add(appointment)
    await session.flush()
    if appointment.id is not None:
        due = {starts_at - before for before in remind_before if starts_at - before > now}
        session.add_all([Reminder(appointment_id=appointment.id, due_at=at) for at in sorted(due)])
    await session.flush()
    await live.publish(session, "customer", id=customer_id)
    return appointment


async def answer(session: AsyncSession, appointment_id: int, choice: Choice, *, now: datetime) -> Appointment:
    """What the customer said to the reminder. A cancelled appointment stays cancelled. Raises NoSuchAppointment."""
    appointment = await session.get(Appointment, appointment_id, with_for_update=True)
    if appointment is None:
        raise NoSuchAppointment(f"There is no appointment {appointment_id}")
    if appointment.state is not AppointmentState.CANCELLED:
        appointment.state = AppointmentState.CONFIRMED if choice == "confirm" else AppointmentState.CANCELLED
    await session.flush()
    await live.publish(session, "customer", id=appointment.customer_id)
    return appointment


async def awaiting_answer(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Appointment | None:
    """The next appointment the customer was reminded of and has not cancelled: who confirmed may still cancel."""
    reminded = select(Reminder.appointment_id).where(col(Reminder.interaction_id).is_not(None))
    coming = select(Appointment).where(
        col(Appointment.customer_id) == customer_id,
        col(Appointment.starts_at) > now,
        col(Appointment.state) != AppointmentState.CANCELLED,
        col(Appointment.id).in_(reminded),
    )
    return (await session.exec(coming.order_by(col(Appointment.starts_at)).limit(1))).first()


async def reminded_after(session: AsyncSession, appointment_id: int, interaction_id: UUID) -> bool:
    """Was the customer reminded of it after that message?"""
    rows = select(Reminder.id).where(
        col(Reminder.appointment_id) == appointment_id, col(Reminder.interaction_id) > interaction_id
    )
    return (await session.exec(rows.limit(1))).first() is not None


async def of_reminder(session: AsyncSession, interaction_id: UUID) -> Appointment | None:
    """The appointment that this message reminded of."""
    rows = select(Appointment).join(Reminder, col(Reminder.appointment_id) == col(Appointment.id))
    return (await session.exec(rows.where(col(Reminder.interaction_id) == interaction_id))).first()


async def upcoming(
    session: AsyncSession, *, now: datetime, customer_id: UUID | None = None, limit: int = 50
) -> list[Coming]:
    """What is ahead, the soonest first, cancelled ones included so that nobody waits for them."""
    columns = (Appointment, Customer.name)
    rows = select(*columns).join(Customer, col(Customer.id) == col(Appointment.customer_id))
    rows = rows.where(col(Appointment.starts_at) > now)
    if customer_id is not None:
        rows = rows.where(col(Appointment.customer_id) == customer_id)
    found = await session.exec(rows.order_by(col(Appointment.starts_at), col(Appointment.id)).limit(limit))
    return [_coming(appointment, name) for appointment, name in found]


async def between(
    session: AsyncSession, start: datetime, end: datetime, *, owner_id: int | None = None, limit: int = 1000
) -> list[Coming]:
    """Those that begin from `start` until before `end`, of one colleague or all, in their order."""
    rows = select(Appointment, Customer.name).join(Customer, col(Customer.id) == col(Appointment.customer_id))
    rows = rows.where(col(Appointment.starts_at) >= start, col(Appointment.starts_at) < end)
    if owner_id is not None:
        rows = rows.where(col(Appointment.owner_id) == owner_id)
    found = await session.exec(rows.order_by(col(Appointment.starts_at), col(Appointment.id)).limit(limit))
    return [_coming(appointment, name) for appointment, name in found]


def _check(title: str, place: str, starts_at: datetime, timezone: str, now: datetime) -> None:
    if not title.strip():
        raise BadAppointment(Sentence("Say what the appointment is for"))
    if long := too_long(LONG_TITLE, title.strip(), LONGEST) or too_long(LONG_PLACE, place.strip(), LONGEST):
        raise BadAppointment(long)
    if starts_at <= now:
        raise BadAppointment(Sentence("That moment has passed. Choose a later one"))
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as e:  # zoneinfo raises each of them
        gaps = {"value": timezone}
        raise BadAppointment(Sentence("“%(value)s” is not an IANA time zone, such as Europe/Warsaw", gaps)) from e


def _coming(appointment: Appointment, name: str) -> Coming:
    return Coming(
        id=appointment.id or 0,
        customer_id=appointment.customer_id,
        customer_name=name,
        title=appointment.title,
        place=appointment.place,
        starts_at=appointment.starts_at,
        timezone=appointment.timezone,
        state=appointment.state,
        created_at=appointment.created_at,
    )
