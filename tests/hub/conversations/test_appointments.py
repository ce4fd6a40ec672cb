"""Appointments that move, are called off, come from elsewhere; what customers answer, and who hears of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from hub.conversations import (
    appointment_calendars,
    appointment_sheets,
    appointment_sync,
    appointments,
    due,
    rebooking,
    short_answers,
)
from hub.conversations.appointment_calendars import NoCalendar, Terms
from hub.conversations.appointment_sheets import Usual
from hub.conversations.appointment_sync import Outcome, Said
from hub.database.engine import Database
from hub.models import Appointment, Reminder, Task
from hub.models.vocabulary import AppointmentState
from tests.hub.conversations.conftest import Story

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:visit-1@x
SEQUENCE:{sequence}
DTSTAMP:20260101T000000Z
DTSTART:{start}
DTEND:{end}
SUMMARY:Fitting
LOCATION:Main St
STATUS:{status}
ATTENDEE;CN=Ana:mailto:Ana@Example.org
END:VEVENT
{more}END:VCALENDAR
"""


async def book(database: Database, story: Story, now: datetime, owner: int | None = None) -> int:
    leads = (7 * DAY, DAY, 2 * HOUR)
    async with database.unit() as session:
        booked = await appointments.book(
            session, story.customer, "Fitting", now + 10 * DAY, "UTC", owner_id=owner, remind_before=leads, now=now
        )
        return booked.id or 0


async def due_at(database: Database, appointment: int) -> list[datetime]:
    async with database.unit() as session:
        rows = await appointments.reminders(session, appointment)
    return [one.due_at for one in rows if one.done_at is None]


async def state(database: Database, appointment: int) -> AppointmentState:
    async with database.unit() as session:
        return (await appointments.get(session, appointment)).state


async def test_what_is_moved_is_planned_anew_and_reminded_of_at_its_new_time(
    database: Database, story: Story, now: datetime
) -> None:
    booked, later = await book(database, story, now), now + 12 * DAY
    async with database.unit() as session:
        await appointments.answer(session, booked, "confirm", now=now)
        await rebooking.move(session, booked, later, now=now)
    assert await state(database, booked) is AppointmentState.PLANNED
    assert await due_at(database, booked) == [later - 7 * DAY, later - DAY, later - 2 * HOUR]
    async with database.unit() as session:
        back = await rebooking.move_back(session, booked, now=now)
        assert back.starts_at == now + 10 * DAY
    assert await due_at(database, booked) == [now + 3 * DAY, now + 9 * DAY, now + 10 * DAY - 2 * HOUR]


async def test_what_is_called_off_has_no_reminders_and_has_them_again_when_it_takes_place_after_all(
    database: Database, story: Story, now: datetime
) -> None:
    booked = await book(database, story, now)
    before = await due_at(database, booked)
    async with database.unit() as session:
        await rebooking.cancel(session, booked, now=now)
    assert await due_at(database, booked) == []
    async with database.unit() as session:
        await rebooking.restore(session, booked, now=now)
    assert await due_at(database, booked) == before


@pytest.mark.parametrize(
    ("choice", "title", "open_"),
    [
        ("confirm", "Ana confirms: Fitting, 2026-03-20 12:00 UTC", False),
        ("cancel", "Ana cancels: Fitting, 2026-03-20 12:00 UTC", True),
        ("reschedule", "Ana wants another time: Fitting, 2026-03-20 12:00 UTC – after five", True),
    ],
)
async def test_its_owner_hears_what_the_customer_answered_and_has_something_to_do_where_there_is(
    database: Database, story: Story, choice: short_answers.Choice, title: str, open_: bool
) -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    booked = await book(database, story, now, owner=story.magda)
    async with database.unit() as session:
        wish = "after five" if choice == "reschedule" else ""
        await appointments.answer(session, booked, choice, wish=wish, now=now)
        await appointments.answer(session, booked, choice, wish=wish, now=now)  # said twice is told once
        await due.strike(session, now=now)
        (task,) = await session.exec(select(Task))
        assert (task.title, task.assignee_id, task.done_at is None) == (title, story.magda, open_)
        (notice,) = await due.notices(session, story.magda)
    assert (notice.title, notice.done) == (title, not open_)


async def test_the_same_key_again_changes_the_appointment_and_older_news_changes_nothing(
    database: Database, story: Story, now: datetime
) -> None:
    def said(days: int, sequence: int, *, cancelled: bool = False) -> Said:
        at = now + days * DAY
        return Said("x", "7", story.customer, "Fitting", at, "UTC", cancelled=cancelled, sequence=sequence)

    told = [said(3, 0), said(3, 0), said(4, 2), said(3, 1), said(4, 3, cancelled=True)]
    async with database.unit() as session:
        outcomes = [(await appointment_sync.keep(session, one, now=now))[1] for one in told]
        (kept,) = await session.exec(select(Appointment))
    added, changed, cancelled, same = Outcome.ADDED, Outcome.CHANGED, Outcome.CANCELLED, Outcome.UNCHANGED
    assert outcomes == [added, same, changed, same, cancelled]
    assert (kept.starts_at, kept.state) == (now + 4 * DAY, AppointmentState.CANCELLED)


async def test_what_a_customer_cancelled_stays_so_until_it_is_at_another_time(
    database: Database, story: Story, now: datetime
) -> None:
    first = Said("x", "7", story.customer, "Fitting", now + DAY, "UTC")
    async with database.unit() as session:
        booked, _ = await appointment_sync.keep(session, first, now=now)
        assert booked is not None
        await appointments.answer(session, booked.id or 0, "cancel", now=now)
        await appointment_sync.keep(session, first, now=now)
    assert await state(database, booked.id or 0) is AppointmentState.CANCELLED
    async with database.unit() as session:
        moved = Said("x", "7", story.customer, "Fitting", now + 2 * DAY, "UTC")
        await appointment_sync.keep(session, moved, now=now)
    assert await state(database, booked.id or 0) is AppointmentState.PLANNED


async def calendar(database: Database, now: datetime, sequence: int, start: str, status: str = "CONFIRMED") -> Counter:  # type: ignore[type-arg]
    odd = "BEGIN:VEVENT\nUID:{}@x\nDTSTAMP:20260101T000000Z\nDTSTART:{}\nSUMMARY:{}\n{}END:VEVENT\n"
    soon = f"{now + DAY:%Y%m%dT%H%M%SZ}"
    more = odd.format("2", soon, "Nobody's", "ATTENDEE:mailto:who@else.example\n")
    more += odd.format("3", soon, "Weekly", "RRULE:FREQ=WEEKLY\nATTENDEE:mailto:ana@example.org\n")
    text = CALENDAR.format(sequence=sequence, start=start, end=start, status=status, more=more)
    events = appointment_calendars.read(text.replace("\n", "\r\n").encode(), "Europe/Warsaw")
    async with database.unit() as session:
        report = await appointment_calendars.take(session, events, Terms("calendar 1", "UTC", None, (DAY,)), now=now)
    assert [title for title, _ in report.faults] == ["Nobody's", "Weekly"]
    return report.counts


async def test_an_event_becomes_an_appointment_moves_it_and_cancels_it(
    database: Database, story: Story, now: datetime
) -> None:
    first, second = (f"{now + days * DAY:%Y%m%dT%H%M%SZ}" for days in (3, 5))
    said = [
        await calendar(database, now, 0, first),
        await calendar(database, now, 0, first),
        await calendar(database, now, 1, second),
        await calendar(database, now, 0, first),
        await calendar(database, now, 2, second, "CANCELLED"),
    ]
    odd = {Outcome.REJECTED: 2}
    assert said == [
        {Outcome.ADDED: 1} | odd,
        {Outcome.UNCHANGED: 1} | odd,
        {Outcome.CHANGED: 1} | odd,
        {Outcome.UNCHANGED: 1} | odd,
        {Outcome.CANCELLED: 1} | odd,
    ]
    async with database.unit() as session:
        (kept,) = await session.exec(select(Appointment))
        left = (await session.exec(select(Reminder).where(col(Reminder.done_at).is_(None)))).all()
    assert (kept.customer_id, kept.place, kept.state) == (story.customer, "Main St", AppointmentState.CANCELLED)
    assert (kept.starts_at, left) == ((now + 5 * DAY).replace(microsecond=0), [])


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\xff", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART"])
def test_what_is_no_calendar_is_refused_or_has_no_events_and_never_breaks(content: bytes) -> None:
    try:
        assert appointment_calendars.read(content, "UTC") == []
    except NoCalendar as e:
        assert "calendar" in str(e)  # noqa: PT017


async def test_rows_of_a_file_are_kept_by_their_key_and_each_bad_one_says_why(
    database: Database, story: Story, now: datetime
) -> None:
    at = f"{now + 3 * DAY:%Y-%m-%d %H:%M}"
    sheet = f"""key;customer;title;starts_at;timezone;remind;state
1;ana@example.org;Fitting;{at};Europe/Warsaw;7d 2h;
2;nobody@else.example;Fitting;{at};;;
3;+48601000001;Fitting;tomorrow;;;
4;+48601000001;Fitting;{at};;soon;
5;+48601000001;Fitting;2020-01-01 10:00;;;
6;+48601000001
"""
    _, rows = appointment_sheets.rows(sheet.encode())
    told: list[str] = []
    async with database.unit() as session:
        for row in rows:
            try:
                told.append(await appointment_sheets.take(session, row, Usual("UTC", "PL"), now=now))
            except ValueError as e:
                told.append(str(e))
        (kept,) = await session.exec(select(Appointment))
    assert told[0] == "added"
    wrong = ["nobody is known as", "is no moment", "write at most 5 times", "has passed", "has 2 cells"]
    assert [part in said for part, said in zip(wrong, told[1:], strict=True)] == [True] * len(wrong), told
    assert (kept.external_key, kept.lead_minutes) == ("1", [7 * 24 * 60, 120])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        (" 1. ", "confirm"),
        ("YES!", "confirm"),
        ("Potwierdzam", "confirm"),
        ("ще дойда", "confirm"),
        ("Подтверждаю.", "confirm"),
        ("2)", "cancel"),
        ("I can't come", "cancel"),
        ("Odwołuję", "cancel"),
        ("Няма да дойда!", "cancel"),
        ("не смогу", "cancel"),
        ("3", "reschedule"),
        ("Another time?", "reschedule"),
        ("inny termin", "reschedule"),
        ("друг час", "reschedule"),
        ("Перенесите", "reschedule"),
        ("yes, but later", None),
        ("12", None),
        ("", None),
    ],
)
def test_short_answers_are_understood_in_four_languages_and_nothing_else_is(text: str, choice: str | None) -> None:
    assert short_answers.read(text) == choice


def test_below_a_mails_answer_may_stand_more_that_a_person_reads() -> None:
    assert short_answers.first_line("\n1\n") == ("confirm", False)
    assert short_answers.first_line("1\n\nPlease bring the papers") == ("confirm", True)
    assert short_answers.first_line("") == (None, False)
