"""Agents move messages, split and merge conversations, and take it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from channels.message import Address, Kind
from hub.conversations import assignment, inbox, notes, rearranging, replies, tasks, threads, undoing
from hub.conversations.rearranging import CannotRearrange, Reach
from hub.conversations.replies import Reply
from hub.conversations.tasks import NewTask
from hub.conversations.undoing import WorkedOn
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import history, record
from hub.models import Conversation, Interaction, Task
from hub.models.vocabulary import ConversationState
from hub.outbound.request import Gate, Placed
from tests.hub.conversations.conftest import Story
from tests.log_rows import heard

Say = Callable[..., Awaitable[Interaction]]


@pytest.fixture
def say(database: Database, story: Story, now: datetime) -> Say:
    """One more mail: of Ana, or of a new customer; in a conversation of its own, or in the one given."""

    async def one(text: str, *, into: UUID | None = None, sender: str = "", minutes: int = 1) -> Interaction:
        at = now + timedelta(minutes=minutes)
        async with database.unit() as session:
            owner = story.customer
            if sender:
                owner = (await directory.resolve(session, Address(Kind.EMAIL, sender, sender), now=at)).customer.id
            if into is None:
                fresh = threads.opened(owner, Kind.EMAIL, "mail", subject=text, now=at)
                session.add(fresh)
                await session.flush()
                into = fresh.id
            threads.heard(await threads.locked(session, into), text, Kind.EMAIL, "mail", now=at)
            word = _mail(owner, into, text, sender or "ana@example.org", at)
            await record.add(session, word)
        return word

    return one


async def _thread(database: Database, conversation: UUID) -> list[tuple[str, str]]:
    async with database.unit() as session:
        return [(e.text, e.threaded_by) for e in await history.thread(session, conversation)]


async def _row(database: Database, conversation: UUID) -> Conversation:
    async with database.unit() as session:
        found = await session.get(Conversation, conversation)
    assert found is not None
    found.stirred = False  # that its promises are to be reckoned anew is no part of what it is
    return found


async def test_a_message_moves_to_another_customers_conversation_and_stays_in_its_own_timeline(
    database: Database, story: Story, say: Say, now: datetime
) -> None:
    word = await say("It is about Ana's order", sender="bob@x.test")
    source = word.conversation_id
    async with database.unit() as session:
        await rearranging.move(session, word.id, story.conversation, staff_id=story.magda, now=now)
    assert await _thread(database, story.conversation) == [("When do you open?", ""), (word.body_text, "moved")]
    async with database.unit() as session:
        timeline = await history.timeline(session, word.customer_id)
        assert [e.text for e in timeline] == ["It is about Ana's order"]
        assert await threads.standing(session, source or story.conversation) == story.conversation
    line = await _row(database, story.conversation)
    assert (line.preview, line.unread, line.last_at) == (word.body_text, True, word.at)


async def test_a_moved_message_that_left_others_behind_leaves_their_conversation_as_it_was(
    database: Database, story: Story, say: Say, now: datetime
) -> None:
    word = await say("first")
    await say("second", into=word.conversation_id, minutes=2)
    async with database.unit() as session:
        await rearranging.move(session, word.id, story.conversation, staff_id=story.magda, now=now)
    left = await _row(database, word.conversation_id or story.conversation)
    assert (left.state, left.merged_into_id, left.preview) == (ConversationState.OPEN, None, "second")


@pytest.mark.parametrize(
    ("reach", "stays", "goes"),
    [(Reach.MESSAGE, ["When do you open?", "3"], ["2"]), (Reach.LATER, ["When do you open?"], ["2", "3"])],
)
async def test_a_message_or_it_and_what_came_later_becomes_a_conversation_of_its_own(
    database: Database, story: Story, say: Say, now: datetime, reach: Reach, stays: list[str], goes: list[str]
) -> None:
    second = await say("2", into=story.conversation)
    await say("3", into=story.conversation, minutes=2)
    async with database.unit() as session:
        change = await rearranging.split(session, second.id, reach, staff_id=story.magda, now=now)
    assert [text for text, _ in await _thread(database, story.conversation)] == stays
    assert await _thread(database, change.into_id) == [(text, "split") for text in goes]
    made = await _row(database, change.into_id)
    assert (made.state, made.unread, made.customer_id) == (ConversationState.OPEN, False, story.customer)


@pytest.mark.parametrize("splits", [True, False])
async def test_a_message_that_a_colleague_moved_meanwhile_is_not_moved_from_where_it_no_longer_stands(
    database: Database, story: Story, say: Say, now: datetime, splits: bool
) -> None:
    word = await say("2", into=story.conversation)
    other, third = [(await say(text)).conversation_id or word.id for text in ("other", "third")]
    async with database.unit() as session:
        held = await session.get(Interaction, word.id)  # as it stood before a colleague moved it
        async with database.unit() as colleague:
            await rearranging.move(colleague, word.id, other, staff_id=story.oleg, now=now)
        with pytest.raises(CannotRearrange, match="just moved"):
            if splits:
                await rearranging.split(session, word.id, Reach.LATER, staff_id=story.magda, now=now)
            else:
                await rearranging.move(session, word.id, third, staff_id=story.magda, now=now)
    assert held is not None
    assert ("2", "moved") in await _thread(database, other)


async def test_what_is_whole_cannot_be_split(database: Database, story: Story, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(CannotRearrange, match="Nothing would be left"):
            await rearranging.split(session, story.question, Reach.LATER, staff_id=story.magda, now=now)


async def test_merging_takes_words_notes_tasks_and_the_work_along(
    database: Database, story: Story, say: Say, now: datetime
) -> None:
    word = await say("two")
    source = word.conversation_id or story.conversation
    async with database.unit() as session:
        await notes.add(session, story.customer, source, "a note", staff_id=story.oleg, now=now + timedelta(minutes=3))
        promised = NewTask("call back", customer_id=story.customer, conversation_id=source, created_by=story.oleg)
        task = await tasks.add(session, promised, now=now)
        await assignment.assign(session, source, story.oleg)
        await assignment.resolve(session, story.conversation, now=now)
        await rearranging.merge(session, source, story.conversation, staff_id=story.magda, now=now)
    assert [text for text, _ in await _thread(database, story.conversation)] == ["When do you open?", "two", "a note"]
    kept, gone = await _row(database, story.conversation), await _row(database, source)
    assert (kept.state, kept.unread, kept.assignee_id) == (ConversationState.OPEN, True, story.oleg)
    assert (gone.state, gone.unread, gone.merged_into_id) == (ConversationState.RESOLVED, False, story.conversation)
    async with database.unit() as session:
        row = await session.get(Task, task.id)
        assert row is not None
        assert row.conversation_id == story.conversation
        assert [line.id for line in await inbox.lines(session, "resolved", staff_id=story.magda)] == []


async def test_what_is_done_on_an_open_page_of_a_merged_conversation_lands_in_what_remains(
    database: Database, story: Story, say: Say, gate: Gate, now: datetime
) -> None:
    word = await say("two")
    source = word.conversation_id or story.conversation
    async with database.unit() as session:
        await rearranging.merge(session, source, story.conversation, staff_id=story.magda, now=now)
    later = now + timedelta(hours=1)
    async with database.unit() as session:
        reply = Reply(source, story.customer, Kind.EMAIL, "At nine.", story.magda, "t1")
        placed = await replies.answer(session, reply, gate=gate, now=later)
        assert isinstance(placed, Placed)
        await notes.add(session, story.customer, source, "a note", staff_id=story.oleg, now=later)
        await assignment.reopen(session, source)
    told = [text for text, _ in await _thread(database, story.conversation)]
    assert (told[:2], len(told), told[3]) == (["When do you open?", "two"], 4, "a note")
    assert (await _row(database, source)).state is ConversationState.RESOLVED
    assert await _thread(database, source) == []


async def test_a_chain_of_merges_leads_to_its_end(database: Database, story: Story, say: Say, now: datetime) -> None:
    two, three = await say("two"), await say("three", minutes=2)
    assert two.conversation_id
    assert three.conversation_id
    async with database.unit() as session:
        await rearranging.merge(session, two.conversation_id, three.conversation_id, staff_id=1, now=now)
        await rearranging.merge(session, three.conversation_id, story.conversation, staff_id=1, now=now)
        assert await threads.standing(session, two.conversation_id) == story.conversation
        with pytest.raises(CannotRearrange, match="same conversation"):
            await rearranging.merge(session, story.conversation, two.conversation_id, staff_id=1, now=now)


@pytest.mark.parametrize("how", ["move", "merge", "split"])
async def test_undoing_puts_everything_back(
    database: Database, story: Story, say: Say, now: datetime, how: str
) -> None:
    word = await say("two", minutes=-30)
    third = await say("three", into=word.conversation_id, minutes=-20)
    source = word.conversation_id or story.conversation
    before = [await _thread(database, one) for one in (source, story.conversation)], await _row(database, source)
    async with database.unit() as session:
        if how == "move":
            change = await rearranging.move(session, word.id, story.conversation, staff_id=1, now=now)
        elif how == "merge":
            change = await rearranging.merge(session, source, story.conversation, staff_id=1, now=now)
        else:
            change = await rearranging.split(session, third.id, Reach.MESSAGE, staff_id=1, now=now)
        possible = await undoing.undoable(session, change.into_id)
        assert possible is not None
        assert possible.id == change.id
    async with database.unit() as session:
        await undoing.undo(session, change.id, now=now)
    after = [await _thread(database, one) for one in (source, story.conversation)], await _row(database, source)
    assert after == before
    async with database.unit() as session:
        with pytest.raises(WorkedOn):
            await undoing.undo(session, change.id, now=now)


@pytest.mark.parametrize("work", ["note", "assign", "resolve", "again"])
async def test_what_somebody_has_gone_on_from_is_not_torn_apart(
    database: Database, story: Story, say: Say, now: datetime, work: str
) -> None:
    word = await say("two", minutes=-30)
    source, later = word.conversation_id or story.conversation, now + timedelta(minutes=1)
    async with database.unit() as session:
        change = await rearranging.merge(session, source, story.conversation, staff_id=1, now=now)
        if work == "note":
            await notes.add(session, story.customer, story.conversation, "hm", staff_id=story.oleg, now=later)
        elif work == "assign":
            await assignment.assign(session, story.conversation, story.oleg)
        elif work == "resolve":
            await assignment.resolve(session, story.conversation, now=later)
        else:
            await rearranging.split(session, word.id, Reach.MESSAGE, staff_id=1, now=later)
    async with database.unit() as session:
        with pytest.raises(WorkedOn):
            await undoing.undo(session, change.id, now=later)


async def test_what_the_customer_wrote_meanwhile_stays_where_it_came_in(
    database: Database, story: Story, say: Say, now: datetime
) -> None:
    word = await say("two", minutes=-30)
    async with database.unit() as session:
        change = await rearranging.move(session, word.id, story.conversation, staff_id=1, now=now)
    await say("three", into=story.conversation, minutes=5)
    async with database.unit() as session:
        await undoing.undo(session, change.id, now=now + timedelta(minutes=6))
    assert [text for text, _ in await _thread(database, story.conversation)] == ["When do you open?", "three"]
    kept = await _row(database, story.conversation)
    assert (kept.state, kept.unread) == (ConversationState.OPEN, True)


def _mail(owner: UUID, conversation: UUID, text: str, sender: str, at: datetime) -> Interaction:
    return heard(
        owner,
        at,
        conversation_id=conversation,
        sender=sender,
        recipient="support@meadow.example",
        subject=text,
        body_text=text,
    )
