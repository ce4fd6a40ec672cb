"""What agents do: answer, assign, snooze, note, plan."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from channels.message import Kind
from hub.conversations import appointments, assignment, inbox, notes, replies, tasks
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.replies import Overtaken, Reply
from hub.conversations.tasks import NewTask
from hub.database.engine import Database
from hub.interactions import history
from hub.models import Conversation, Interaction, Reminder
from hub.models.vocabulary import AppointmentState, ConversationState, Direction, State
from hub.outbound.request import Answer, Duplicate, Gate, Placed
from hub.staff import teams
from tests.hub.conversations.conftest import Story


@pytest.fixture
def reply(database: Database, gate: Gate, story: Story, now: datetime) -> Any:
    async def one(text: str = "At nine.", **more: Any) -> Answer:
        given: dict[str, Any] = {"conversation_id": story.conversation, "kind": Kind.EMAIL, "staff_id": story.magda}
        given |= {"customer_id": story.customer, "form_token": "t1", **more}
        async with database.unit() as session:
            return await replies.answer(session, Reply(text=text, **given), gate=gate, now=now)

    return one


async def _line(database: Database, conversation: UUID) -> inbox.Line:
    async with database.unit() as session:
        return await inbox.conversation(session, conversation)


async def test_an_answer_goes_to_who_asked_with_the_subject_and_the_reference(
    reply: Any, database: Database, story: Story
) -> None:
    placed = await reply()
    assert isinstance(placed, Placed)
    async with database.unit() as session:
        entry = await history.entry(session, placed.interaction_id)
        row = await session.get(Interaction, placed.interaction_id)
    assert row is not None
    assert (entry.subject, entry.recipient, entry.conversation_id, row.in_reply_to) == (
        "Re: A question",
        "ana@example.org",
        story.conversation,
        "<q@example.org>",
    )


async def test_after_an_answer_the_conversation_is_the_agents_and_waits_for_the_customer(
    reply: Any, database: Database, story: Story
) -> None:
    await reply()
    line = await _line(database, story.conversation)
    assert (line.state, line.assignee_id, line.unread, line.preview) == (
        ConversationState.PENDING,
        story.magda,
        False,
        "At nine.",
    )


async def test_an_answer_can_resolve_at_once_and_go_by_another_channel(
    reply: Any, database: Database, story: Story
) -> None:
    placed = await reply(kind=Kind.SMS, resolve=True)
    line = await _line(database, story.conversation)
    assert (placed.kind, line.state, line.kind) == (Kind.SMS, ConversationState.RESOLVED, Kind.SMS)


async def test_a_double_click_is_one_message(reply: Any, database: Database) -> None:
    answers = await asyncio.gather(*(reply() for _ in range(5)))
    assert sorted(type(a).__name__ for a in answers) == ["Duplicate"] * 4 + ["Placed"]
    assert len(await _sent(database)) == 1


async def test_a_double_click_on_a_first_word_leaves_no_empty_conversation(
    reply: Any, database: Database, story: Story
) -> None:
    await asyncio.gather(*(reply(conversation_id=None, subject="News") for _ in range(5)))
    async with database.unit() as session:
        assert len((await session.exec(select(Conversation.id))).all()) == 2


async def test_of_twenty_agents_who_answer_the_same_page_one_is_sent_and_the_others_see_it_f16(
    reply: Any, database: Database, story: Story
) -> None:
    tries = (reply(form_token=f"t{n}", seen=story.question) for n in range(20))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    (sent,) = await _sent(database)
    conflicts = [a.interaction_id for a in answers if isinstance(a, Overtaken)]
    assert (len(conflicts), set(conflicts)) == (19, {sent.id})


async def test_pressing_send_again_after_a_conflict_free_answer_is_no_conflict(reply: Any, story: Story) -> None:
    first = await reply(seen=story.question)
    assert await reply(seen=story.question) == Duplicate(first.interaction_id)


async def test_an_empty_answer_is_refused(reply: Any, database: Database) -> None:
    with pytest.raises(replies.EmptyReply):
        await reply(" \n ")
    assert await _sent(database) == []


async def test_an_answer_to_a_conversation_that_is_not_there_is_refused(reply: Any) -> None:
    with pytest.raises(NoSuchConversation):
        await reply(conversation_id=UUID(int=1))


# ---- the inbox --------------------------------------------------------------------------------


async def test_resolving_what_is_resolved_keeps_the_moment_and_opening_it_again_begins_anew(
    database: Database, story: Story, now: datetime
) -> None:
    async def resolved(at: datetime) -> datetime | None:
        async with database.unit() as session:
            await assignment.resolve(session, story.conversation, now=at)
        async with database.unit() as session:
            return (await session.get_one(Conversation, story.conversation)).resolved_at

    assert await resolved(now) == now
    assert await resolved(now + timedelta(hours=1)) == now
    async with database.unit() as session:
        await assignment.reopen(session, story.conversation)
    assert await resolved(now + timedelta(hours=3)) == now + timedelta(hours=3)


async def test_every_view_holds_what_its_name_says(database: Database, story: Story, now: datetime) -> None:
    async def seen() -> list[str]:
        async with database.unit() as session:
            counts = (await inbox.tally(session, staff_id=story.magda)).views
            lists = {v: await inbox.lines(session, v, staff_id=story.magda) for v in inbox.VIEWS}
        assert {view: len(lines) for view, lines in lists.items()} == counts
        return [view for view, number in counts.items() if number]

    assert await seen() == ["unassigned", "all"]
    async with database.unit() as session:
        await assignment.assign(session, story.conversation, story.magda)
    assert await seen() == ["mine", "all"]
    async with database.unit() as session:
        await assignment.snooze(session, story.conversation, now + timedelta(hours=1))
    assert await seen() == ["snoozed"]
    async with database.unit() as session:
        await assignment.resolve(session, story.conversation, now=now)
    assert await seen() == ["resolved"]


async def test_a_teams_view_holds_what_lies_in_any_of_its_mailboxes(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        ours = (await teams.create(session, "Support", now=now)).id or 0
        theirs = (await teams.create(session, "Sales", now=now)).id or 0
        await teams.set_channels(session, ours, ["help", "mail"], now=now)
        await teams.set_channels(session, theirs, ["sales"], now=now)
    async with database.unit() as session:
        seen = {team: await inbox.lines(session, f"team-{team}", staff_id=story.magda) for team in (ours, theirs)}
        assert {team: [line.id for line in lines] for team, lines in seen.items()} == {
            ours: [story.conversation],
            theirs: [],
        }
        assert (await inbox.tally(session, staff_id=story.magda)).channels == {"mail": 1}
        await assignment.resolve(session, story.conversation, now=now)
        assert await inbox.lines(session, f"team-{ours}", staff_id=story.magda) == []


async def test_labels_are_counted_where_something_is_to_do(database: Database, story: Story, now: datetime) -> None:
    async with database.unit() as session:
        (await session.get_one(Conversation, story.conversation)).labels = ["claim", "gold"]
    async with database.unit() as session:
        assert (await inbox.tally(session, staff_id=story.magda)).labels == {"claim": 1, "gold": 1}
        await assignment.resolve(session, story.conversation, now=now)
        counted = await inbox.tally(session, staff_id=story.magda)
    assert (counted.labels, counted.channels, counted.views["resolved"]) == ({}, {}, 1)


async def test_a_view_that_does_not_exist_is_an_error(database: Database) -> None:
    async with database.unit() as session:
        for view in ("nonsense", "team-", "team-x"):
            with pytest.raises(LookupError):
                await inbox.lines(session, view, staff_id=1)


async def test_the_inbox_goes_on_where_a_page_ended(database: Database, story: Story, now: datetime) -> None:
    async with database.unit() as session:
        (line,) = await inbox.lines(session, "all", staff_id=1)
        assert await inbox.lines(session, "all", staff_id=1, before=line.cursor) == []
        assert len(await inbox.lines(session, "all", staff_id=1, before="nonsense|x")) == 1
        assert len(await inbox.lines(session, "all", staff_id=1, query="QUEST")) == 1
        assert await inbox.lines(session, "all", staff_id=1, query="%") == []


async def test_what_was_snoozed_wakes_when_its_time_has_come_and_not_before(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        await assignment.snooze(session, story.conversation, now + timedelta(hours=1))
        assert await assignment.wake(session, now=now + timedelta(minutes=59)) == 0
        assert await assignment.wake(session, now=now + timedelta(minutes=60)) == 1
    line = await _line(database, story.conversation)
    assert (line.state, line.unread, line.snoozed_until) == (ConversationState.OPEN, True, None)


# ---- notes, tasks, appointments ---------------------------------------------------------------


async def test_a_note_stands_in_the_thread_and_goes_nowhere(database: Database, story: Story, now: datetime) -> None:
    async with database.unit() as session:
        await notes.add(session, story.customer, story.conversation, "likes tea", staff_id=story.oleg, now=now)
        thread = await history.thread(session, story.conversation)
    assert [(e.text, e.direction, e.state) for e in thread] == [
        ("When do you open?", Direction.IN, State.RECEIVED),
        ("likes tea", Direction.NOTE, State.NOTED),
    ]


async def test_tasks_are_listed_by_their_day_until_they_are_done(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        for title, days in (("some day", None), ("later", 5), ("soon", 1)):
            due = now + timedelta(days=days) if days else None
            await tasks.add(session, NewTask(title, customer_id=story.customer, due_at=due), now=now)
        assert [t.title for t in await tasks.listing(session)] == ["soon", "later", "some day"]
        await tasks.done(session, 3, now=now)
        await tasks.done(session, 3, now=now + timedelta(days=1))
        assert [t.title for t in await tasks.listing(session, customer_id=story.customer)] == ["later", "some day"]


async def test_only_reminders_whose_time_is_to_come_are_made(database: Database, story: Story, now: datetime) -> None:
    starts = now + timedelta(hours=30)
    before = (timedelta(hours=48), timedelta(hours=24), timedelta(hours=2), timedelta(hours=2))
    async with database.unit() as session:
        await appointments.book(
            session, story.customer, "Dentist", starts, "Europe/Warsaw", remind_before=before, now=now
        )
        due = (await session.exec(select(Reminder.due_at).order_by(Reminder.due_at))).all()  # type: ignore[arg-type]
    assert due == [starts - timedelta(hours=24), starts - timedelta(hours=2)]


@pytest.mark.parametrize(
    ("title", "hours", "zone"), [("", 1, "Europe/Warsaw"), ("x", -1, "Europe/Warsaw"), ("x", 1, "Mars/Olympus")]
)
async def test_an_appointment_that_cannot_be_is_refused(
    database: Database, story: Story, now: datetime, title: str, hours: int, zone: str
) -> None:
    async with database.unit() as session:
        with pytest.raises(appointments.BadAppointment):
            await appointments.book(session, story.customer, title, now + timedelta(hours=hours), zone, now=now)


async def test_who_confirmed_may_still_cancel_but_a_cancelled_appointment_stays_so(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        booked = await appointments.book(session, story.customer, "Dentist", now + timedelta(days=2), "UTC", now=now)
        states = [
            (await appointments.answer(session, booked.id or 0, choice, now=now)).state
            for choice in ("confirm", "cancel", "confirm")
        ]
    assert states == [AppointmentState.CONFIRMED, AppointmentState.CANCELLED, AppointmentState.CANCELLED]


async def _sent(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        rows = select(Interaction).where(Interaction.direction == Direction.OUT)
        return list(await session.exec(rows))
