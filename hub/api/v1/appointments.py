"""/api/v1/appointments: booking what customers are then reminded of, moving it, calling it off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.api.access import Booker, Caller
from hub.api.problems import telling
from hub.api.repeating import Once, again, once
from hub.api.shapes import Limit, Page
from hub.api.v1.appointment_shapes import AppointmentChange, AppointmentIn, AppointmentOut
from hub.conversations import appointment_sync, appointments, rebooking
from hub.conversations.appointment_sync import Said
from hub.customers import directory
from hub.models import Appointment

_REMEDY = "Correct it and send the request again"
_TOLD = telling(
    (appointments.NoSuchAppointment, 404, "Appointment", "Look its id up with GET /api/v1/appointments"),
    (appointments.BadAppointment, 422, "Appointment", _REMEDY),
    (directory.NotFound, 422, "Appointment", _REMEDY),
)
router = APIRouter(prefix="/appointments", tags=["Appointments"], route_class=_TOLD)


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

    return await once(caller, asked, AppointmentOut, book)


@router.get("/{appointment_id}")
async def read_appointment(caller: Booker, appointment_id: int) -> AppointmentOut:
    """One, past or ahead."""
    async with caller.hub.database.unit() as session:
        return AppointmentOut.of(await appointments.get(session, appointment_id))


@router.put("/{appointment_id}")
async def change_appointment(caller: Booker, appointment_id: int, body: AppointmentChange) -> AppointmentOut:
    """Another time, place or title. The reminders of the old time do not leave."""

    async def change(session: Any) -> Appointment:
        owner = (await appointments.get(session, appointment_id)).owner_id
        wanted = rebooking.Change(
            title=body.title,
            place=body.place,
            starts_at=body.starts_at.astimezone(UTC),
            timezone=body.timezone,
            remind_before=_leads(body),
            ends_at=body.ends_at,
            owner_id=owner,
        )
        return await rebooking.change(session, appointment_id, wanted, now=caller.now)

    return await _acted(caller, "appointment.change", change)


@router.post("/{appointment_id}/cancel")
async def cancel_appointment(caller: Booker, appointment_id: int) -> AppointmentOut:
    """It is reminded of no more. Twice is the same as once."""
    return await _acted(
        caller, "appointment.cancel", lambda session: rebooking.cancel(session, appointment_id, now=caller.now)
    )


@router.post("/{appointment_id}/restore")
async def restore_appointment(caller: Booker, appointment_id: int) -> AppointmentOut:
    """A cancelled one takes place after all, and is reminded of again."""
    return await _acted(
        caller, "appointment.restore", lambda session: rebooking.restore(session, appointment_id, now=caller.now)
    )


async def _acted(caller: Caller, what: str, act: Callable[[Any], Awaitable[Appointment]]) -> AppointmentOut:
    async with caller.hub.database.unit() as session:
        changed = await act(session)
        await _note(session, caller, what, changed)
        return AppointmentOut.of(changed)


async def _booked(session: Any, caller: Caller, body: AppointmentIn) -> Appointment:
    await directory.get(session, body.customer_id)
    said = Said(
        source="api",
        key=body.external_key,
        customer_id=body.customer_id,
        title=body.title,
        starts_at=body.starts_at.astimezone(UTC),
        timezone=body.timezone,
        place=body.place,
        ends_at=body.ends_at,
        remind_before=_leads(body),
        owner_id=caller.staff_id,
    )
    booked, _ = await appointment_sync.keep(session, said, now=caller.now)
    assert booked is not None  # only what was called off is not kept
    await _note(session, caller, "appointment.book", booked)
    return booked


def _leads(body: AppointmentChange) -> list[timedelta]:
    return [timedelta(hours=hours) for hours in body.remind_hours_before]


async def _note(session: Any, caller: Caller, what: str, about: Appointment) -> None:
    await caller.note(session, what, subject=f"customer:{about.customer_id}", detail=f"appointment:{about.id}")
