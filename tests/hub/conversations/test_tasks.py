"""Tasks and the clock: who is told of what, once; what is undone; how a calendar reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import icalendar as library
import pytest

from hub.conversations import due, icalendar, tasks, threads
from hub.conversations.icalendar import Entry
from hub.conversations.tasks import Change, EmptyTask, NewTask, NoSuchTask, TaskProblem
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import Staff
from hub.models.vocabulary import Kind, Role

HOUR = timedelta(hours=1)


@pytest.fixture
async def olga(database: Database, now: datetime) -> int:
    staff = Staff(email="o@meadow.example", name="Olga", role=Role.AGENT, password_hash="-", created_at=now)
    async with database.unit() as session:
        session.add(staff)
    return staff.id or 0


async def test_somebody_is_told_before_and_when_it_is_due_each_time_once(
    database: Database, now: datetime, olga: int
) -> None:
    async with database.unit() as session:
        await tasks.add(session, NewTask("Ring", due_at=now + HOUR, assignee_id=olga, remind_minutes=30), now=now)
    told = []
    for minutes in (10, 31, 32, 59, 60, 90):
        at = now + timedelta(minutes=minutes)
        async with database.unit() as session:
            await due.strike(session, now=at)
        async with database.unit() as session:
            told.append([one.title for one in await due.notices(session, olga)])
            again = await due.notices(session, olga)
        assert again == []
    assert told == [[], ["Ring"], [], [], ["Ring"], []]
    async with database.unit() as session:
        assert await due.late(session, olga, now=now + HOUR) == 1


async def test_what_is_done_or_deleted_is_told_to_nobody_and_what_is_taken_back_is(
    database: Database, now: datetime, olga: int
) -> None:
    async with database.unit() as session:
        new = NewTask("Ring", due_at=now + HOUR, assignee_id=olga)
        finished, gone, back = [(await tasks.add(session, new, now=now)).id or 0 for _ in range(3)]
        await tasks.done(session, finished, now=now)
        for one in (gone, back):
            await tasks.remove(session, one, now=now)
        await tasks.restore(session, back, now=now)
    async with database.unit() as session:
        await due.strike(session, now=now + 2 * HOUR)
        assert [one.id for one in await due.notices(session, olga)] == [back]
        assert [one.id for one in await tasks.listing(session)] == [back]
        assert [one.id for one in await tasks.finished(session)] == [finished]
        with pytest.raises(NoSuchTask):
            await tasks.get(session, gone)


async def test_a_done_task_that_was_deleted_comes_back_as_done(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        task = await tasks.add(session, NewTask("Ring"), now=now)
        await tasks.done(session, task.id or 0, now=now)
        await tasks.remove(session, task.id or 0, now=now + HOUR)
        assert (await tasks.restore(session, task.id or 0, now=now + HOUR)).done_at == now


async def test_another_day_is_another_reminder_and_another_title_is_none(
    database: Database, now: datetime, olga: int
) -> None:
    async with database.unit() as session:
        task = await tasks.add(session, NewTask("Ring", due_at=now, assignee_id=olga), now=now)
        number = task.id or 0
        await due.strike(session, now=now)
        await due.notices(session, olga)
        renamed = Change("Write", now, olga, None)
        assert (await tasks.change(session, number, renamed, now=now)).remind_at is None
        moved = Change("Write", now + HOUR, olga, 15)
        assert (await tasks.change(session, number, moved, now=now)).remind_at == now + timedelta(minutes=45)


async def test_a_task_without_words_or_for_nobody_we_know_is_refused(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(EmptyTask):
            await tasks.add(session, NewTask(" \n\0 "), now=now)
        with pytest.raises(TaskProblem):
            await tasks.add(session, NewTask("Ring", assignee_id=77), now=now)


@pytest.mark.parametrize("year", [1, 1970, 2901, 9999])
async def test_a_day_that_no_calendar_shows_is_refused(database: Database, now: datetime, year: int) -> None:
    far = datetime(year, 1, 1, tzinfo=timezone(timedelta(hours=14)) if year < 2000 else UTC)
    async with database.unit() as session:
        with pytest.raises(TaskProblem, match="too far away"):
            await tasks.add(session, NewTask("Ring", due_at=far, remind_minutes=30), now=now)
        task = await tasks.add(session, NewTask("Ring", due_at=now), now=now)
        with pytest.raises(TaskProblem, match="too far away"):
            await tasks.change(session, task.id or 0, Change("Ring", far, None, 30), now=now)


async def test_a_task_of_one_customer_does_not_stand_in_another_s_conversation(
    database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        new = (NewCustomer(name, emails=(f"{name}@example.org",)) for name in ("ana", "bob"))
        ana, bob = [(await directory.create(session, one, now=now)).id for one in new]
        talk = threads.opened(ana, Kind.EMAIL, "mail", subject="A question", now=now)
        session.add(talk)
        await session.flush()
        with pytest.raises(TaskProblem, match="somebody else"):
            await tasks.add(session, NewTask("Ring", bob, talk.id), now=now)
        kept = [await tasks.add(session, NewTask("Ring", one, talk.id), now=now) for one in (ana, None)]
    assert [one.customer_id for one in kept] == [ana, ana]


async def test_deleted_tasks_are_forgotten_after_a_month_and_no_others(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        gone = await tasks.add(session, NewTask("gone"), now=now)
        await tasks.add(session, NewTask("kept"), now=now)
        await tasks.remove(session, gone.id or 0, now=now)
        await tasks.forget_deleted(session, now=now + timedelta(days=31))
        assert [one.title for one in await tasks.listing(session)] == ["kept"]
        with pytest.raises(NoSuchTask):
            await tasks.restore(session, gone.id or 0, now=now)


HOSTILE = "x\r\nBEGIN:VEVENT\nATTENDEE:mailto:a@b\r;,\\ \u2028\x07 Ж" + "ж" * 200


def test_a_hostile_title_is_text_and_nothing_else(now: datetime) -> None:
    moment = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)
    entry = Entry(
        "task-1@hub.example", HOSTILE, moment, now, "https://hub.example/tasks/1", alarm=timedelta(minutes=30)
    )
    written = icalendar.written("Meadow;\r\nX-EVIL:1", [entry])
    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert all(line.decode() for line in lines[:-1])  # no letter was cut in two
    assert [line for line in lines if line.startswith((b"ATTENDEE", b"X-EVIL"))] == []
    calendar: Any = library.Calendar.from_ical(written)
    (event,) = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]) == "x\nBEGIN:VEVENT\nATTENDEE:mailto:a@b\n;,\\  Ж" + "ж" * 200
    assert event["DTSTART"].to_ical() == b"20260329T103000Z"
    (alarm,) = event.walk("VALARM")
    assert alarm["TRIGGER"].dt == -timedelta(minutes=30)


def test_entries_keep_their_order_and_a_calendar_may_be_empty(now: datetime) -> None:
    entries = [Entry(f"{n}@x", f"t{n}", now + n * HOUR, now, "https://x/1") for n in range(3)]
    found: Any = library.Calendar.from_ical(icalendar.written("Olga", entries)).walk("VEVENT")
    assert all(a["DTSTART"].dt < b["DTSTART"].dt for a, b in pairwise(found))
    assert library.Calendar.from_ical(icalendar.written("Olga", [])).walk("VEVENT") == []
