"""Requirement M12: which conversation a word belongs to, and who may join it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.conversations import assignment, notes
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import Conversation, Interaction, Staff
from hub.models.vocabulary import ConversationState, Role
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import mail, sms

STRANGER = "mallory@evil.test"


async def test_an_answer_joins_the_conversation_it_answers(bring: Bring, rows: Rows) -> None:
    await bring(mail("one", "a@x"))
    await bring(mail("two", "b@x", in_reply_to=("<a@x>",)))
    assert len(await rows(Conversation)) == 1


async def test_the_last_reference_counts_first(bring: Bring, rows: Rows) -> None:
    await bring(mail("one", "a@x"))
    second = await bring(mail("other matter", "b@x"))
    word = await bring(mail("two", "c@x", references=("<a@x>", "<b@x>")))
    where = {w.id: w.conversation_id for w in await rows(Interaction)}
    assert where[word] == where[second]


async def test_an_answer_to_what_we_wrote_is_found_by_our_message_id(bring: Bring, rows: Rows) -> None:
    first = await bring(mail("one", "a@x"))
    word = await bring(mail("two", "b@x", in_reply_to=(f"<{first}@meadow.example>",)))
    where = {w.id: w.conversation_id for w in await rows(Interaction)}
    assert where[word] == where[first]


async def test_our_token_in_the_address_is_enough(bring: Bring, rows: Rows, reception: Reception) -> None:
    first = await bring(mail("one", "a@x"))
    assert first is not None
    token = reception.gate.signer.message_token(first)
    await bring(mail("two", "b@x", tokens=(token,)))
    await bring(mail("three", "c@x", subject=f"Re: A question [#{token}]"))
    assert len(await rows(Conversation)) == 1


async def test_a_token_with_one_letter_changed_opens_a_new_conversation(
    bring: Bring, rows: Rows, reception: Reception
) -> None:
    first = await bring(mail("one", "a@x"))
    assert first is not None
    token = reception.gate.signer.message_token(first)
    await bring(mail("two", "b@x", tokens=(("a" if token[0] != "a" else "b") + token[1:],)))
    assert len(await rows(Conversation)) == 2


async def test_a_stranger_who_refers_to_somebody_elses_conversation_gets_a_new_one_flagged(
    bring: Bring, rows: Rows, reception: Reception
) -> None:
    first = await bring(mail("one", "a@x"))
    assert first is not None
    word = await bring(mail("me too", "m@x", sender=STRANGER, in_reply_to=("<a@x>",)))
    words = {w.id: w for w in await rows(Interaction)}
    flags = {c.id: c.flag for c in await rows(Conversation)}
    assert words[word].conversation_id != words[first].conversation_id
    assert (words[word].flag, flags[words[word].conversation_id], flags[words[first].conversation_id]) == (
        "possible thread",
        "possible thread",
        "",
    )


async def test_a_mail_from_nobody_joins_no_conversation_for_its_notes_having_no_sender(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    first = await bring(mail("one", "a@x"))
    word = next(w for w in await rows(Interaction) if w.id == first)
    async with database.unit() as session:
        staff = Staff(email="m@x.test", name="Magda", role=Role.AGENT, password_hash="", created_at=now)
        session.add(staff)
        await session.flush()
        owner, conversation = word.customer_id, word.conversation_id
        await notes.add(session, owner, conversation, "a note", staff_id=staff.id or 0, now=now)
    second = await bring(mail("me too", "m@x", sender="", in_reply_to=("<a@x>",)))
    where = {w.id: (w.conversation_id, w.flag) for w in await rows(Interaction)}
    assert where[second][0] != word.conversation_id
    assert where[second][1] == "possible thread"


async def test_a_stranger_with_a_stolen_token_gets_no_further(bring: Bring, rows: Rows, reception: Reception) -> None:
    first = await bring(mail("one", "a@x"))
    assert first is not None
    token = reception.gate.signer.message_token(first)
    await bring(mail("me too", "m@x", sender=STRANGER, tokens=(token,)))
    assert sorted(c.flag for c in await rows(Conversation)) == ["", "possible thread"]


async def test_mails_that_overtook_each_other_end_in_one_conversation(bring: Bring, rows: Rows) -> None:
    await bring(mail("two", "b@x", in_reply_to=("<a@x>",)))
    await bring(mail("one", "a@x"))
    assert len(await rows(Conversation)) == 1


async def test_two_answers_to_a_mail_nobody_has_stay_together(bring: Bring, rows: Rows) -> None:
    await bring(mail("two", "b@x", in_reply_to=("<gone@x>",)))
    await bring(mail("three", "c@x", in_reply_to=("<gone@x>",)))
    assert len(await rows(Conversation)) == 1


async def test_an_answer_reopens_what_was_resolved_or_snoozed(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(mail("one", "a@x"))
    (conversation,) = await rows(Conversation)
    async with database.unit() as session:
        await assignment.snooze(session, conversation.id, now + timedelta(days=3))
    await bring(mail("two", "b@x", in_reply_to=("<a@x>",)), at=now + timedelta(hours=1))
    (after,) = await rows(Conversation)
    assert (after.state, after.snoozed_until, after.last_at, after.preview) == (
        ConversationState.OPEN,
        None,
        now + timedelta(hours=1),
        "two",
    )


async def test_sms_go_on_in_the_open_conversation_and_begin_a_new_one_when_it_is_resolved(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(sms("one", "SM1"))
    await bring(sms("two", "SM2"))
    (conversation,) = await rows(Conversation)
    async with database.unit() as session:
        await assignment.resolve(session, conversation.id, now=now)
    await bring(sms("three", "SM3"))
    assert len(await rows(Conversation)) == 2


async def test_twenty_thousand_references_do_no_harm(bring: Bring, rows: Rows) -> None:
    await bring(mail("one", "a@x"))
    await bring(mail("two", "b@x", references=(*(f"<r{n}@x>" for n in range(20_000)), "<a@x>")))
    assert len(await rows(Conversation)) == 1
