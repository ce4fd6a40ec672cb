"""Messages that leave later: taken back or sent, never both; cancelled when the customer is first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from channels.message import Kind
from hub.conversations import assignment, drafts, held, inbox, keeping, policies, rearranging, replies, threads
from hub.conversations.drafts import Draft, Place
from hub.conversations.held import TooLate
from hub.conversations.policies import Policy
from hub.conversations.replies import Overtaken, Reply
from hub.database.engine import Database
from hub.interactions import history
from hub.interactions.history import NoSuchEntry
from hub.models import Audit, Conversation, DraftRow, HeldReply, Interaction, Outbox
from hub.models.vocabulary import ConversationState, Recalled, State
from hub.outbound import outbox
from hub.outbound.request import Gate, NewFile, Placed
from tests.hub.conversations.conftest import Story

FAR = datetime(2126, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def reply(database: Database, gate: Gate, story: Story, now: datetime) -> Any:
    async def one(text: str = "At nine.", **more: Any) -> UUID:
        given: dict[str, Any] = {"conversation_id": story.conversation, "kind": Kind.EMAIL, "staff_id": story.magda}
        given |= {"customer_id": story.customer, "form_token": text, "leaves_at": FAR, **more}
        async with database.unit() as session:
            placed = await replies.answer(session, Reply(text=text, **given), gate=gate, now=now)
        assert isinstance(placed, Placed)
        return placed.interaction_id

    return one


@pytest.fixture
def take_back(database: Database, story: Story, now: datetime) -> Any:
    async def one(interaction_id: UUID) -> held.Taken:
        async with database.unit() as session:
            return await held.take_back(session, interaction_id, by=story.magda, now=now)

    return one


async def _message(database: Database, interaction_id: UUID) -> Interaction:
    async with database.unit() as session:
        found = await session.get(Interaction, interaction_id)
    assert found is not None
    return found


async def _line(database: Database, conversation: UUID) -> inbox.Line:
    async with database.unit() as session:
        return await inbox.conversation(session, conversation)


async def _claimed(database: Database) -> list[outbox.Ticket]:
    async with database.unit() as session:
        return await outbox.claim(session, "mail", limit=10, worker="w")


async def test_what_waits_is_not_handed_to_a_worker(reply: Any, database: Database) -> None:
    await reply()
    assert await _claimed(database) == []


async def test_taken_back_it_is_a_draft_with_all_that_was_chosen_and_nothing_is_left_to_send(
    reply: Any, take_back: Any, database: Database, story: Story
) -> None:
    file = NewFile("bill.pdf", "application/pdf", "a" * 64, 3)
    sent = await reply(subject="Hours", signed=False, files=(file,), recipient="ana@example.org")
    taken = await take_back(sent)
    place = Place(story.magda, story.customer, story.conversation)
    draft = Draft("email", "At nine.", "Hours", "ana@example.org", "", False, True, (file,))
    assert (taken.place, taken.draft) == (place, draft)
    async with database.unit() as session:
        assert (await session.exec(select(Outbox))).all() == []
        assert (await drafts.find(session, place) or ("",))[0] == draft
        assert [entry.text for entry in await history.thread(session, story.conversation)] == ["When do you open?"]
    message = await _message(database, sent)
    assert (message.state, message.reason) == (State.CANCELLED, Recalled.TAKEN_BACK)


async def test_the_conversation_is_as_it_was_before(
    reply: Any, take_back: Any, database: Database, story: Story
) -> None:
    before = await _line(database, story.conversation)
    sent = await reply(resolve=True, kind=Kind.SMS)
    assert (await _line(database, story.conversation)).state is ConversationState.RESOLVED
    await take_back(sent)
    assert await _line(database, story.conversation) == before


async def test_who_waits_for_an_answer_is_promised_one_again(
    reply: Any, take_back: Any, database: Database, story: Story, now: datetime
) -> None:
    due = []
    async with database.unit() as session:
        await policies.save(session, Policy("Gold", first=60), now=now, by=None)
        await keeping.reckon_anew(session, now=now)
    sent = await reply(resolve=True)
    for _turn in range(2):
        async with database.unit() as session:
            await keeping.reckon_anew(session, now=now)
            due.append((await inbox.conversation(session, story.conversation)).due_at is not None)
        if not due[-1]:
            await take_back(sent)
    assert due == [False, True]


async def test_what_somebody_did_about_the_conversation_meanwhile_stays(
    reply: Any, take_back: Any, database: Database, story: Story, now: datetime
) -> None:
    sent = await reply()
    async with database.unit() as session:
        await assignment.assign(session, story.conversation, story.oleg)
    await take_back(sent)
    line = await _line(database, story.conversation)
    assert (line.assignee_id, line.state) == (story.oleg, ConversationState.PENDING)


async def test_a_first_word_that_is_taken_back_leaves_no_conversation(
    reply: Any, take_back: Any, database: Database, story: Story
) -> None:
    taken = await take_back(await reply(conversation_id=None, subject="News"))
    assert taken.place == Place(story.magda, story.customer, None)
    async with database.unit() as session:
        assert (await session.exec(select(Conversation.id))).all() == [story.conversation]


async def test_taking_back_twice_and_what_never_was_are_refused(reply: Any, take_back: Any) -> None:
    sent = await reply()
    await take_back(sent)
    with pytest.raises(TooLate):
        await take_back(sent)
    with pytest.raises(NoSuchEntry):
        await take_back(UUID(int=7))


async def test_a_message_that_did_not_wait_cannot_be_taken_back(reply: Any, take_back: Any, database: Database) -> None:
    sent = await reply(leaves_at=None)
    with pytest.raises(TooLate):
        await take_back(sent)
    assert (await _message(database, sent)).state is State.QUEUED


async def test_between_a_worker_and_a_change_of_mind_exactly_one_wins_however_often_they_meet(
    reply: Any, take_back: Any, database: Database, now: datetime
) -> None:
    outcomes = set()
    for number in range(12):
        sent = await reply(f"number {number}", leaves_at=now)
        first, second = (_claimed(database), take_back(sent))
        both = (second, first) if number % 2 else (first, second)
        found = await asyncio.gather(*both, return_exceptions=True)
        claimed = next(one for one in found if isinstance(one, list))
        taken = next(one for one in found if not isinstance(one, list))
        assert isinstance(taken, TooLate if claimed else held.Taken)
        assert (await _message(database, sent)).state is (State.QUEUED if claimed else State.CANCELLED)
        outcomes.add(bool(claimed))
        async with database.unit() as session:
            await outbox.drop(session, claimed)
    assert outcomes


async def test_the_same_press_of_send_does_not_send_what_was_taken_back(
    reply: Any, take_back: Any, database: Database, gate: Gate, story: Story, now: datetime
) -> None:
    await take_back(await reply("Once"))
    async with database.unit() as session:
        again = Reply(story.conversation, story.customer, Kind.EMAIL, "Once", story.magda, "Once")
        assert not isinstance(await replies.answer(session, again, gate=gate, now=now), Placed)
        assert (await session.exec(select(Outbox))).all() == []


async def test_sending_forgets_the_draft(reply: Any, take_back: Any, database: Database, story: Story) -> None:
    await take_back(await reply())
    await reply("At ten.")
    async with database.unit() as session:
        assert await drafts.find(session, Place(story.magda, story.customer, story.conversation)) is None


@pytest.mark.parametrize("kind", ["email", "note"])
async def test_what_was_begun_meanwhile_stays_below_and_a_note_stays_among_colleagues(
    kind: str, reply: Any, take_back: Any, database: Database, story: Story, now: datetime
) -> None:
    sent, place = await reply(), Place(story.magda, story.customer, story.conversation)
    async with database.unit() as session:
        file = NewFile("plan.pdf", "application/pdf", "b" * 64, 4)
        await drafts.keep(session, place, Draft(kind, "And another thing", files=(file,)), now=now)
    await take_back(sent)
    async with database.unit() as session:
        found = await drafts.find(session, place)
    assert found is not None
    assert (found[0].kind, found[0].text, found[0].files) == (kind, "At nine.\n\nAnd another thing", (file,))


async def test_two_drafts_at_once_are_one(database: Database, story: Story, now: datetime) -> None:
    async def keep(text: str, conversation: UUID | None) -> None:
        async with database.unit() as session:
            await drafts.keep(session, Place(story.magda, story.customer, conversation), Draft("sms", text), now=now)

    places = (story.conversation, None)
    await asyncio.gather(*(keep(f"{number}", place) for number in range(4) for place in places))
    async with database.unit() as session:
        assert len((await session.exec(select(DraftRow))).all()) == 2


async def test_what_was_being_written_goes_along_when_conversations_are_merged(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        other = threads.opened(story.customer, Kind.EMAIL, "mail", subject="More", now=now)
        session.add(other)
        await session.flush()
        for staff, text in ((story.magda, "Mine"), (story.oleg, "His")):
            await drafts.keep(session, Place(staff, story.customer, other.id), Draft("email", text), now=now)
        here = Place(story.magda, story.customer, story.conversation)
        await drafts.keep(session, here, Draft("email", "Here"), now=now)
        await rearranging.merge(session, other.id, story.conversation, staff_id=story.oleg, now=now)
        found = {row.staff_id: (row.conversation_id, row.typed["text"]) for row in await session.exec(select(DraftRow))}
    assert found == {
        story.magda: (story.conversation, "Mine\n\nHere"),
        story.oleg: (story.conversation, "His"),
    }


async def test_what_was_taken_back_is_no_answer_that_a_colleague_has_to_read(
    reply: Any, take_back: Any, story: Story
) -> None:
    await take_back(await reply())
    await reply("Mine.", staff_id=story.oleg, seen=story.question)
    with pytest.raises(Overtaken):
        await reply("Mine too.", seen=story.question)


# ---- the customer is first ------------------------------------------------------------------


@pytest.fixture
def spoke(database: Database, story: Story, now: datetime) -> Any:
    async def one(customer: UUID | None = None, conversation: UUID | None = None) -> None:
        async with database.unit() as session:
            await held.customer_spoke(session, customer or story.customer, conversation, now=now)

    return one


async def test_when_the_customer_writes_first_what_was_planned_stays_here_and_is_work_again(
    reply: Any, spoke: Any, database: Database, story: Story
) -> None:
    planned = await reply("Any news?", scheduled=True, unless_answered=True)
    other = await reply("Reminder", scheduled=True)
    await spoke()
    assert [(m.state, m.reason) for m in [await _message(database, one) for one in (planned, other)]] == [
        (State.CANCELLED, Recalled.ANSWERED_FIRST),
        (State.QUEUED, ""),
    ]
    line = await _line(database, story.conversation)
    assert (line.state, line.unread) == (ConversationState.OPEN, True)


async def test_somebody_elses_words_cancel_nothing_unless_they_stand_in_the_conversation(
    reply: Any, spoke: Any, database: Database, story: Story
) -> None:
    planned = await reply(scheduled=True, unless_answered=True)
    await spoke(UUID(int=5), UUID(int=6))
    assert (await _message(database, planned)).state is State.QUEUED
    await spoke(UUID(int=5), story.conversation)
    assert (await _message(database, planned)).state is State.CANCELLED


async def test_the_words_of_what_was_cancelled_can_still_be_taken_up(
    reply: Any, spoke: Any, take_back: Any, database: Database
) -> None:
    planned = await reply("Any news?", scheduled=True, unless_answered=True)
    await spoke()
    async with database.unit() as session:
        assert list(await held.of(session, [planned])) == [planned]
    assert (await take_back(planned)).draft.text == "Any news?"


async def test_what_is_in_a_workers_hands_goes_out_although_the_customer_writes(
    reply: Any, spoke: Any, database: Database, now: datetime
) -> None:
    planned = await reply(scheduled=True, unless_answered=True, leaves_at=now)
    assert len(await _claimed(database)) == 1
    await spoke()
    assert (await _message(database, planned)).state is State.QUEUED


async def test_send_now_does_not_wait_for_the_hour(reply: Any, database: Database, story: Story, now: datetime) -> None:
    planned = await reply(scheduled=True)
    async with database.unit() as session:
        await held.send_now(session, planned, by=story.oleg, now=now)
    async with database.unit() as session:
        (entry,) = await session.exec(select(Audit).where(Audit.action == "message.send-now"))
        assert (entry.staff_id, entry.detail) == (story.oleg, f"interaction:{planned}")
    assert [ticket.interaction_id for ticket in await _claimed(database)] == [planned]
    async with database.unit() as session:
        with pytest.raises(TooLate):
            await held.send_now(session, planned, by=story.oleg, now=now)


async def test_what_has_left_is_forgotten_and_what_waits_is_not(reply: Any, database: Database, now: datetime) -> None:
    gone, waiting = await reply("gone", leaves_at=now), await reply("waiting", scheduled=True)
    async with database.unit() as session:
        row = await session.get(Interaction, gone)
        assert row is not None
        row.state = State.SENT
    async with database.unit() as session:
        await held.forget_left(session, now=now + timedelta(hours=2))
        assert (await session.exec(select(HeldReply.interaction_id))).all() == [waiting]
