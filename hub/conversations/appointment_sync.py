"""Appointments that another system keeps, under its own key: said again they change, and nothing is booked twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import appointments, rebooking
from hub.conversations.appointments import BadAppointment
from hub.models import Appointment
from hub.models.vocabulary import AppointmentState
from hub.sentences import Sentence

LONGEST_KEY = 200


class Outcome(StrEnum):
    """What became of one that was said."""

    ADDED = "added"
    CHANGED = "changed"  # its moment, its words or its reminders
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Said:
    """One appointment as the other system has it. `sequence`: its revision there; older news than known is none."""

    source: str
    key: str
    customer_id: UUID
    title: str
    starts_at: datetime
    timezone: str
    place: str = ""
    ends_at: datetime | None = None
    remind_before: Sequence[timedelta] = (timedelta(hours=24),)
    owner_id: int | None = None
    cancelled: bool = False
    sequence: int = 0


async def keep(session: AsyncSession, said: Said, *, now: datetime) -> tuple[Appointment | None, Outcome]:
    """Book it, change it or call it off; None: it was called off before we heard of it. Without a key it is a new one.

    Raises BadAppointment.
    """
    if not said.key:
        return await _book(session, said, now), Outcome.ADDED
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"appointment {said.source} {said.key}"))))
    known = await _known(session, said)
    if known is None:
        return (None, Outcome.UNCHANGED) if said.cancelled else (await _book(session, said, now), Outcome.ADDED)
    if known.customer_id != said.customer_id:
        raise BadAppointment(Sentence("Under this key another customer has an appointment. Use a key of its own"))
    if said.sequence < known.sequence:
        return known, Outcome.UNCHANGED
    known.sequence = said.sequence
    if said.cancelled:
        return await _call_off(session, known, now)
    return await _change(session, known, said, now)


async def _known(session: AsyncSession, said: Said) -> Appointment | None:
    named = (col(Appointment.source) == said.source, col(Appointment.external_key) == said.key)
    return (await session.exec(select(Appointment).where(*named))).first()


async def _book(session: AsyncSession, said: Said, now: datetime) -> Appointment:
    booked = await appointments.book(
        session,
        said.customer_id,
        said.title,
        said.starts_at,
        said.timezone,
        place=said.place,
        owner_id=said.owner_id,
        remind_before=said.remind_before,
        ends_at=said.ends_at,
        source=said.source,
        external_key=said.key,
        now=now,
    )
    booked.sequence = said.sequence
    return booked


async def _call_off(session: AsyncSession, known: Appointment, now: datetime) -> tuple[Appointment, Outcome]:
    if known.state is AppointmentState.CANCELLED:
        return known, Outcome.UNCHANGED
    return await rebooking.cancel(session, known.id or 0, now=now), Outcome.CANCELLED


async def _change(session: AsyncSession, known: Appointment, said: Said, now: datetime) -> tuple[Appointment, Outcome]:
    """What the customer cancelled stays so, until the other system has it at another time."""
    wanted = rebooking.Change(
        said.title, said.place, said.starts_at, said.timezone, said.remind_before, said.ends_at, said.owner_id
    )
    if _same(known, said):
        return known, Outcome.UNCHANGED
    return await rebooking.change(session, known.id or 0, wanted, now=now), Outcome.CHANGED


def _same(known: Appointment, said: Said) -> bool:
    leads = sorted({int(one.total_seconds() // 60) for one in said.remind_before}, reverse=True)
    theirs = (said.title.strip(), said.place.strip(), said.starts_at, said.timezone, leads, said.owner_id)
    ours = (known.title, known.place, known.starts_at, known.timezone, known.lead_minutes, known.owner_id)
    return ours == theirs and (said.ends_at is None or said.ends_at == known.ends_at)
