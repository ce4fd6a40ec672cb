"""/api/v1/appointments: booking what customers are then reminded of."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.api.access import Booker, Caller
from hub.api.appointment_shapes import AppointmentIn, AppointmentOut
from hub.api.problems import Endpoint, Problem
from hub.api.repeating import Once, again, once
from hub.api.shapes import Limit, Page
from hub.conversations import appointments
from hub.customers import directory
from hub.models import Appointment
from hub.staff import audit

router = APIRouter(prefix="/appointments", tags=["Appointments"], route_class=Endpoint)
_REMEDY = "Correct it and send the request again"


@router.get("")
async def list_appointments(caller: Booker, customer_id: UUID | None = None, limit: Limit = 50) -> Page[AppointmentOut]:
    """What is ahead, the soonest first."""
    async with caller.hub.database.unit() as session:
        coming = await appointments.upcoming(session, now=caller.now, customer_id=customer_id, limit=limit)
    return Page(items=[AppointmentOut.of(one) for one in coming])


@router.post("", status_code=201, responses=again(AppointmentOut))
async def book_appointment(caller: Booker, body: AppointmentIn, asked: Once) -> AppointmentOut:
    """Book an appointment; the reminders leave by themselves."""

    async def book(session: Any) -> AppointmentOut:
        return AppointmentOut.of(await _booked(session, caller, body))

    try:
        return await once(caller, asked, AppointmentOut, book)
    except (directory.NotFound, appointments.BadAppointment) as e:
        raise Problem(422, "Appointment", str(e), remedy=_REMEDY) from e


async def _booked(session: Any, caller: Caller, body: AppointmentIn) -> Appointment:
    await directory.get(session, body.customer_id)
    booked = await appointments.book(
        session,
        body.customer_id,
        body.title,
        body.starts_at.astimezone(UTC),
        body.timezone,
        place=body.place,
        owner_id=caller.staff_id,
        remind_before=[timedelta(hours=hours) for hours in body.remind_hours_before],
        now=caller.now,
    )
    await audit.write(
        session,
        "appointment.book",
        staff_id=caller.staff_id,
        subject=f"customer:{body.customer_id}",
        detail=f"appointment:{booked.id}",
        ip=caller.ip,
        now=caller.now,
    )
    return booked
