"""Reminders: in time, once, in the customer's words and clock, never of what is cancelled or over."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from hub.conversations import appointments
from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Appointment, Interaction, Outbox, Reminder
from hub.models.vocabulary import AppointmentState, Kind, Purpose, State, Withheld
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
