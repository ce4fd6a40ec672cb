"""Reminders: in time, once, in the customer's words and clock, never of what is cancelled or over."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from hub.conversations import appointments, rebooking
from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Appointment, Interaction, Outbox, Reminder
from hub.models.vocabulary import AppointmentState, Kind, Purpose, Recalled, State, Withheld
from hub.occasions import reminders
from hub.outbound.request import Gate

DAY = timedelta(days=1)


async def book(database: Database, now: datetime, starts_at: datetime, **more: Any) -> Appointment:
    person = {"name": "Ada Nowak", "given_name": "Ada", "emails": ("ada@example.org",), "timezone": "Europe/Warsaw"}
    async with database.unit() as session:
        customer = await directory.create(session, directory.NewCustomer(**person | more), now=now)
        return await appointments.book(
            session, customer.id, "Eye test", starts_at, "Europe/Sofia", place="Room 3", now=now
        )


async def remind(database: Database, gate: Gate, at: datetime) -> int:
    async with database.unit() as session:
        return await reminders.remind(session, gate=gate, now=at)


async def log(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


async def only_reminder(database: Database) -> Reminder:
    async with database.unit() as session:
        return (await session.exec(select(Reminder))).one()


async def test_a_reminder_leaves_a_day_before_and_once(reminding: Database, gate: Gate, now: datetime) -> None:
    await book(reminding, now, now + 2 * DAY)
    assert await remind(reminding, gate, now + DAY - timedelta(seconds=1)) == 0
    assert await remind(reminding, gate, now + DAY) == 1
    assert await remind(reminding, gate, now + DAY) == 0
    (row,) = await log(reminding)
    assert (row.state, row.kind, row.purpose) == (State.QUEUED, Kind.EMAIL, Purpose.REMINDERS)
    reminder = await only_reminder(reminding)
    assert (reminder.done_at, reminder.interaction_id) == (now + DAY, row.id)
    async with reminding.unit() as session:
        (ticket,) = (await session.exec(select(Outbox))).all()
    assert ticket.expires_at == now + 2 * DAY


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Thursday, March 12, 2026, 1:00 PM"),
        ("pl", "czwartek, 12 marca 2026, 13:00"),
        ("de", "Thursday, March 12, 2026, 1:00 PM"),
    ],
)
async def test_the_moment_is_said_by_the_customers_clock_in_the_language_of_the_text(
    reminding: Database, gate: Gate, now: datetime, language: str, said: str
) -> None:
    await book(reminding, now, now + 2 * DAY, language=language)
    await remind(reminding, gate, now + DAY)
    (row,) = await log(reminding)
    assert row.variables is not None
    values = {name: row.variables[name] for name in ("given_name", "title", "when", "place", "company")}
    assert values == {
        "given_name": "Ada",
        "title": "Eye test",
        "when": said,
        "place": "Room 3",
        "company": "Meadow & Sons",
    }


async def test_workers_that_look_at_the_same_time_remind_once(reminding: Database, gate: Gate, now: datetime) -> None:
    await book(reminding, now, now + 2 * DAY)
    assert sum(await asyncio.gather(*(remind(reminding, gate, now + DAY) for _ in range(4)))) == 1
    assert len(await log(reminding)) == 1


async def test_a_cancelled_appointment_is_not_reminded_of(reminding: Database, gate: Gate, now: datetime) -> None:
    appointment = await book(reminding, now, now + 2 * DAY)
    async with reminding.unit() as session:
        await appointments.answer(session, appointment.id or 0, "cancel", now=now)
    assert await remind(reminding, gate, now + DAY) == 0
    assert await log(reminding) == []
    assert (await only_reminder(reminding)).done_at == now + DAY


async def test_after_an_outage_nobody_is_reminded_of_what_has_begun(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    await book(reminding, now, now + 2 * DAY)
    assert await remind(reminding, gate, now + 2 * DAY) == 0
    assert await log(reminding) == []


async def test_what_the_gate_withholds_is_logged_once_and_counts_as_not_reminded(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    appointment = await book(reminding, now, now + 2 * DAY)
    async with reminding.unit() as session:
        no = consent.Statement(appointment.customer_id, Purpose.REMINDERS, None, granted=False, source="test")
        await consent.record(session, no, now=now)
    assert [await remind(reminding, gate, now + DAY), await remind(reminding, gate, now + DAY)] == [0, 0]
    assert [(row.state, row.reason) for row in await log(reminding)] == [(State.WITHHELD, Withheld.OPTED_OUT)]
    assert (await only_reminder(reminding)).interaction_id is None


async def test_a_reminder_that_the_night_would_hold_past_the_appointment_is_too_late(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    early = now.replace(hour=5) + DAY  # six in the morning in Warsaw
    await book(reminding, now, early + DAY)
    assert await remind(reminding, gate, early + DAY - timedelta(minutes=30)) == 0
    assert [row.reason for row in await log(reminding)] == [Withheld.TOO_LATE]


async def test_who_answers_one_or_two_finds_the_appointment_they_were_reminded_of(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    appointment = await book(reminding, now, now + 2 * DAY)
    customer = appointment.customer_id
    async with reminding.unit() as session:
        assert await appointments.awaiting_answer(session, customer, now=now) is None
    await remind(reminding, gate, now + DAY)
    async with reminding.unit() as session:
        found = await appointments.awaiting_answer(session, customer, now=now + DAY)
        assert found is not None
        answered = await appointments.answer(session, found.id or 0, "confirm", now=now + DAY)
    assert (answered.id, answered.state) == (appointment.id, AppointmentState.CONFIRMED)


async def test_of_several_reminders_that_an_outage_held_up_only_the_last_is_sent(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    booked = await book(reminding, now, now + 10 * DAY)
    async with reminding.unit() as session:
        found = await session.get_one(Appointment, booked.id)
        found.lead_minutes = [7 * 1440, 1440, 120]
        await appointments.remind_anew(session, found, now=now)
    assert await remind(reminding, gate, now + 9 * DAY + timedelta(hours=3)) == 1
    assert len(await log(reminding)) == 1
    async with reminding.unit() as session:
        left = (await session.exec(select(Reminder).where(col(Reminder.done_at).is_(None)))).all()
    assert [one.due_at for one in left] == [now + 10 * DAY - timedelta(hours=2)]


@pytest.mark.parametrize("act", ["move", "cancel", "asked"])
async def test_a_reminder_that_waits_for_the_morning_does_not_leave_for_what_is_no_longer_so(
    reminding: Database, gate: Gate, now: datetime, act: str
) -> None:
    appointment = (await book(reminding, now, now + 2 * DAY)).id or 0
    assert await remind(reminding, gate, now + DAY) == 1
    async with reminding.unit() as session:
        if act == "move":
            await rebooking.move(session, appointment, now + 3 * DAY, now=now + DAY)
        elif act == "cancel":
            await rebooking.cancel(session, appointment, now=now + DAY)
        else:
            await appointments.answer(session, appointment, "reschedule", now=now + DAY)
    (row,) = await log(reminding)
    assert (row.state, row.reason) == (State.CANCELLED, Recalled.NO_LONGER_SO)
    async with reminding.unit() as session:
        assert (await session.exec(select(Outbox))).all() == []


async def test_an_answer_to_a_reminder_of_the_old_time_says_nothing_about_the_new_one(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    booked = await book(reminding, now, now + 3 * DAY)
    await remind(reminding, gate, now + 2 * DAY)
    async with reminding.unit() as session:
        await rebooking.move(session, booked.id or 0, now + 5 * DAY, now=now + 2 * DAY)
        assert await appointments.awaiting_answer(session, booked.customer_id, now=now + 2 * DAY) is None
    assert await remind(reminding, gate, now + 4 * DAY) == 1
    async with reminding.unit() as session:
        found = await appointments.awaiting_answer(session, booked.customer_id, now=now + 4 * DAY)
    assert found is not None
    assert found.id == booked.id


async def test_nobody_is_reminded_of_a_time_they_asked_to_change(
    reminding: Database, gate: Gate, now: datetime
) -> None:
    booked = await book(reminding, now, now + 2 * DAY)
    async with reminding.unit() as session:
        await appointments.answer(session, booked.id or 0, "reschedule", now=now)
    assert await remind(reminding, gate, now + DAY) == 0
