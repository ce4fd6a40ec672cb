"""When a customer comes, what reminds them, and their answer to the reminder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from hub import live
from hub.conversations import appointment_news
from hub.conversations.short_answers import Choice
from hub.models import Appointment, Customer, Reminder
from hub.models.vocabulary import AppointmentState, Recalled
from hub.outbound import withdrawing
from hub.sentences import LONG_PLACE, LONG_TITLE, Sentence, too_long

_DAY = (timedelta(hours=24),)
LONGEST = 200  # letters of a title, and of a place
LONGEST_WISH = 500  # letters of what a customer says about another time
MOST_REMINDERS = 5
FARTHEST = timedelta(days=36_525)
_LONG_WISH = Sentence("%(length)s letters are too many. Write at most %(most)s")
_STATES = {
    "confirm": AppointmentState.CONFIRMED,
    "cancel": AppointmentState.CANCELLED,
    "reschedule": AppointmentState.TO_MOVE,
}


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
    changed_at: datetime
    ends_at: datetime | None = None
    owner_id: int | None = None
    wish: str = ""


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
    ends_at: datetime | None = None,
    source: str = "",
    external_key: str = "",
    now: datetime,
) -> Appointment:
    """Keep an appointment and its reminders; a reminder whose time has passed is not made. Raises BadAppointment."""
    check(title, place, starts_at, timezone, now=now, ends_at=ends_at)
    appointment = Appointment(
        customer_id=customer_id,
        title=title.strip(),
        place=place.strip(),
        starts_at=starts_at,
        timezone=timezone,
        owner_id=owner_id,
        created_at=now,
        ends_at=ends_at,
        changed_at=now,
        lead_minutes=sorted({int(before.total_seconds() // 60) for before in remind_before}, reverse=True),
        source=source,
        external_key=external_key,
    )
    session.add(appointment)
    await session.flush()
    await remind_anew(session, appointment, now=now)
    await tell(session, appointment)
    return appointment


async def remind_anew(session: AsyncSession, appointment: Appointment, *, now: datetime) -> None:
    """Reminders for when it begins now, but for those whose time has passed: what was due before would come late."""
    starts_at = appointment.starts_at
    known = set(await session.exec(select(Reminder.due_at).where(col(Reminder.appointment_id) == appointment.id)))
    due = {starts_at - timedelta(minutes=minutes) for minutes in appointment.lead_minutes}
    for at in sorted(at for at in due - known if at > now):
        session.add(Reminder(appointment_id=appointment.id or 0, due_at=at, about_at=starts_at))
    await session.flush()


async def answer(
    session: AsyncSession, appointment_id: int, choice: Choice, *, wish: str = "", now: datetime
) -> Appointment:
    """What the customer said to the reminder; its owner is told what is new.

    A cancelled appointment stays cancelled, one that has begun as it was. `wish`: words about another time. Raises
    NoSuchAppointment, BadAppointment.
    """
    appointment = await locked(session, appointment_id)
    if long := too_long(_LONG_WISH, wish, LONGEST_WISH):
        raise BadAppointment(long)
    if appointment.state is AppointmentState.CANCELLED or appointment.starts_at <= now:
        return appointment
    if (appointment.state, appointment.wish) != (_STATES[choice], wish.strip()):
        appointment.state, appointment.wish, appointment.changed_at = _STATES[choice], wish.strip(), now
        await appointment_news.tell(session, appointment, choice, now=now)
    if choice != "confirm":
        await withdraw_reminders(session, appointment, now=now)
    await tell(session, appointment)
    return appointment


async def reminders(session: AsyncSession, appointment_id: int) -> list[Reminder]:
    """Those that were and those that will be, in their order."""
    mine = select(Reminder).where(col(Reminder.appointment_id) == appointment_id)
    return list(await session.exec(mine.order_by(col(Reminder.due_at))))


async def withdraw_reminders(session: AsyncSession, appointment: Appointment, *, now: datetime) -> None:
    """Messages that remind of it and wait, as for the morning: they are true no more."""
    mine = select(Reminder.interaction_id).where(col(Reminder.appointment_id) == appointment.id)
    asked = await session.exec(mine.where(col(Reminder.interaction_id).is_not(None)))
    await withdrawing.withdraw(session, [one for one in asked if one], Recalled.NO_LONGER_SO, now=now)


async def get(session: AsyncSession, appointment_id: int) -> Appointment:
    """Raises NoSuchAppointment."""
    found = await session.get(Appointment, appointment_id) if 0 < appointment_id < 2**31 else None
    if found is None:
        raise NoSuchAppointment(f"There is no appointment {appointment_id}")
    return found


async def locked(session: AsyncSession, appointment_id: int) -> Appointment:
    """Until the transaction ends. Raises NoSuchAppointment."""
    await get(session, appointment_id)
    return await session.get_one(Appointment, appointment_id, with_for_update=True, populate_existing=True)


async def tell(session: AsyncSession, appointment: Appointment) -> None:
    """Open pages that show it."""
    await session.flush()
    await live.publish(session, "customer", id=appointment.customer_id)
    await live.publish(session, "appointment", id=appointment.id or 0)


async def awaiting_answer(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Appointment | None:
    """What the customer was reminded of last and has not cancelled: who confirmed may still cancel.

    A reminder of a time that it was moved from since asks for nothing any more.
    """
    coming = _reminded().where(
        col(Appointment.customer_id) == customer_id,
        col(Appointment.starts_at) > now,
        col(Appointment.state) != AppointmentState.CANCELLED,
    )
    return (await session.exec(coming.order_by(col(Reminder.interaction_id).desc()).limit(1))).first()


async def reminded_after(session: AsyncSession, appointment_id: int, interaction_id: UUID) -> bool:
    """Was the customer reminded of it after that message?"""
    rows = select(Reminder.id).where(
        col(Reminder.appointment_id) == appointment_id, col(Reminder.interaction_id) > interaction_id
    )
    return (await session.exec(rows.limit(1))).first() is not None


async def of_reminder(session: AsyncSession, interaction_id: UUID) -> Appointment | None:
    """The appointment that this message reminded of, unless it was moved since."""
    return (await session.exec(_reminded().where(col(Reminder.interaction_id) == interaction_id))).first()


def _reminded() -> SelectOfScalar[Appointment]:
    """Appointments with the reminders that told of them as they are now."""
    true = or_(col(Reminder.about_at).is_(None), col(Reminder.about_at) == col(Appointment.starts_at))
    rows = select(Appointment).join(Reminder, col(Reminder.appointment_id) == col(Appointment.id))
    return rows.where(col(Reminder.interaction_id).is_not(None), true)


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


def check(
    title: str, place: str, starts_at: datetime, timezone: str, *, now: datetime, ends_at: datetime | None = None
) -> None:
    """Raises BadAppointment."""
    if not title.strip():
        raise BadAppointment(Sentence("Say what the appointment is for"))
    if long := too_long(LONG_TITLE, title.strip(), LONGEST) or too_long(LONG_PLACE, place.strip(), LONGEST):
        raise BadAppointment(long)
    if starts_at <= now:
        raise BadAppointment(Sentence("That moment has passed. Choose a later one"))
    if starts_at > now + FARTHEST:
        raise BadAppointment(Sentence("That day is more than a hundred years away. Choose an earlier one"))
    if ends_at is not None and ends_at <= starts_at:
        raise BadAppointment(Sentence("It ends before it begins. Choose a later end"))
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
        changed_at=appointment.changed_at or appointment.created_at,
        ends_at=appointment.ends_at,
        owner_id=appointment.owner_id,
        wish=appointment.wish,
    )
