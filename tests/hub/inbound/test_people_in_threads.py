"""Who takes part in a conversation, who only points to one, and where an answer to their mail goes (M12)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from channels.message import Address, Auto, Kind
from hub.conversations import assignment, rearranging
from hub.conversations.threads import STRANGER
from hub.database.engine import Database
from hub.inbound import messages
from hub.inbound.receive import Reception
from hub.interactions import history, record
from hub.models import Conversation, Interaction, MailCopy, Staff
from hub.models.vocabulary import ConversationState, CopyFate, Role
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA, SALES, SUPPORT, mail, sms
from tests.log_rows import said

BOB, MALLORY = "bob@partner.example", "mallory@evil.test"


def people(*values: str) -> tuple[Address, ...]:
    return tuple(Address(Kind.EMAIL, one) for one in values)


async def _told(rows: Rows) -> Mapping[str, tuple[Any, str, str]]:
    """Each word by its text: its conversation's number in order of arrival, reason and flag."""
    words = await rows(Interaction)
    order = list(dict.fromkeys(w.conversation_id for w in sorted(words, key=lambda w: w.body_text)))
    return {w.body_text: (order.index(w.conversation_id), w.threaded_by, w.flag) for w in words}


async def test_every_word_says_why_it_stands_where_it_stands(bring: Bring, rows: Rows, reception: Reception) -> None:
    first = await bring(mail("1", "a@x"))
    token = reception.gate.signer.message_token(first or UUID(int=0))
    await bring(mail("2", "b@x", in_reply_to=("<a@x>",)))
    await bring(mail("3", "c@x", references=("<a@x>", "<unknown@x>")))
    await bring(mail("4", "d@x", tokens=(token,)))
    await bring(mail("5", "e@x", subject=f"Re: [#{token}]"))
    await bring(mail("6", "f@x"))
    assert await _told(rows) == {
        "1": (0, "new", ""),
        "2": (0, "in-reply-to", ""),
        "3": (0, "references", ""),
        "4": (0, "address", ""),
        "5": (0, "subject", ""),
        "6": (1, "new", ""),
    }


async def test_who_stood_in_cc_takes_part_and_keeps_a_history_of_their_own(
    bring: Bring, rows: Rows, database: Database
) -> None:
    await bring(mail("1", "a@x", cc=people(BOB, SALES)))
    await bring(mail("2", "b@x", sender=BOB, in_reply_to=("<a@x>",), subject="Something else altogether"))
    await bring(mail("3", "c@x", in_reply_to=("<b@x>",)))
    assert [one[::2] for one in (await _told(rows)).values()] == [(0, ""), (0, ""), (0, "")]
    words = {w.body_text: w for w in await rows(Interaction)}
    assert words["1"].copied == [BOB]
    async with database.unit() as session:
        theirs = await history.timeline(session, words["2"].customer_id)
        whole = await history.thread(session, words["2"].conversation_id)
    assert ([e.text for e in theirs], [e.text for e in whole]) == (["2"], ["1", "2", "3"])
    assert words["2"].customer_id != words["1"].customer_id


@pytest.mark.parametrize(
    ("fate", "place"),
    [(CopyFate.ALONG, (0, "in-reply-to", "")), (CopyFate.REFUSED, (1, "stranger", STRANGER))],
)
async def test_who_got_a_copy_of_our_answer_takes_part(
    bring: Bring, rows: Rows, database: Database, now: datetime, fate: CopyFate, place: tuple[int, str, str]
) -> None:
    await bring(mail("1", "a@x"))
    (question,) = await rows(Interaction)
    async with database.unit() as session:
        answer = said(
            question.customer_id, now, conversation_id=question.conversation_id, body_text="2", message_id="<o@x>"
        )
        session.add(answer)
        await session.flush()
        session.add(MailCopy(interaction_id=answer.id, address=BOB, place=0, blind=True, fate=fate, at=now))
        await record.name(session, "mail", "<o@x>", answer.id)
    await bring(mail("3", "b@x", sender=BOB, in_reply_to=("<o@x>",), subject="Re: A question"))
    assert (await _told(rows))["3"] == place


async def test_a_colleague_of_the_customer_who_answers_first_is_found_by_the_mail_that_comes_late(
    bring: Bring, rows: Rows
) -> None:
    answer = mail("1 late answer", "b@x", sender=BOB, in_reply_to=("<a@x>",))
    await bring(dataclasses.replace(answer, recipients=people(ANA, SUPPORT)))
    await bring(mail("2 question", "a@x", cc=people(BOB)))
    assert [one[:2] for one in (await _told(rows)).values()] == [(0, "new"), (0, "cited")]


async def test_a_stranger_s_word_points_to_the_conversation_and_stands_in_its_own(bring: Bring, rows: Rows) -> None:
    await bring(mail("1", "a@x"))
    await bring(mail("2", "b@x", sender=MALLORY, in_reply_to=("<a@x>",)))
    words = {w.body_text: w for w in await rows(Interaction)}
    assert (words["2"].threaded_by, words["2"].flag) == ("stranger", "possible thread")
    assert words["2"].points_to_id == words["1"].conversation_id != words["2"].conversation_id


async def test_who_cites_a_mail_before_it_comes_catches_nobody(bring: Bring, rows: Rows) -> None:
    await bring(mail("1", "m@x", sender=MALLORY, in_reply_to=("<a@x>",)))
    await bring(mail("2", "a@x"))
    assert await _told(rows) == {"1": (0, "new", ""), "2": (1, "new", "")}


@pytest.mark.parametrize("sender", [SUPPORT, "support+x@meadow.example"])
async def test_a_forged_mail_from_our_own_address_takes_part_in_nothing(bring: Bring, rows: Rows, sender: str) -> None:
    await bring(mail("1", "a@x"))
    await bring(mail("2", "b@x", sender=sender, in_reply_to=("<a@x>",)))
    assert (await _told(rows))["2"] == (1, "stranger", "possible thread")


async def test_whom_we_wrote_to_takes_part(bring: Bring, rows: Rows, database: Database, now: datetime) -> None:
    first = await bring(mail("1", "a@x"))
    async with database.unit() as session:
        asked = await session.get(Interaction, first)
        assert asked is not None
        await record.add(session, _ours(asked, to=BOB, now=now))
    await bring(mail("2", "b@x", sender=BOB, in_reply_to=("<a@x>",)))
    assert {k: v[0] for k, v in (await _told(rows)).items()} == {"1": 0, "2": 0, "our word": 0}


async def test_references_to_two_conversations_of_one_customer_are_flagged_and_the_first_rule_wins(
    bring: Bring, rows: Rows
) -> None:
    await bring(mail("1", "a@x"))
    await bring(mail("2", "b@x"))
    await bring(mail("3", "c@x", in_reply_to=("<b@x>",), references=("<a@x>",)))
    words = {w.body_text: w for w in await rows(Interaction)}
    flags = {c.id: c.flag for c in await rows(Conversation)}
    third = words["3"]
    assert (third.conversation_id, third.threaded_by) == (words["2"].conversation_id, "in-reply-to")
    assert (third.flag, third.points_to_id) == ("refers to two conversations", words["1"].conversation_id)
    assert flags[third.conversation_id] == "refers to two conversations"


@pytest.mark.parametrize("auto", [Auto.AUTO_REPLY, Auto.BOUNCE])
async def test_machines_mail_joins_what_was_merged_and_resolved_without_opening_it_l5(
    bring: Bring, rows: Rows, database: Database, now: datetime, auto: Auto
) -> None:
    await bring(mail("1", "a@x"))
    await bring(mail("2", "b@x"))
    old, kept = (w.conversation_id for w in await rows(Interaction))
    async with database.unit() as session:
        await rearranging.merge(session, old, kept, staff_id=await _staff(session, now), now=now)
        await assignment.resolve(session, kept, now=now)
    away = mail("away", "c@x", auto=auto, in_reply_to=("<a@x>",))
    if auto is Auto.AUTO_REPLY:
        await bring(away, at=now + timedelta(hours=1))
        assert next(w for w in await rows(Interaction) if w.body_text == "away").conversation_id == kept
    else:
        assert await bring(away) is None
    assert [(c.state, c.unread) for c in await rows(Conversation)] == [(ConversationState.RESOLVED, False)] * 2


async def test_an_answer_to_what_was_merged_lands_in_what_remains_and_opens_it(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(mail("1", "a@x"))
    await bring(mail("2", "b@x"))
    old, kept = (w.conversation_id for w in await rows(Interaction))
    async with database.unit() as session:
        await rearranging.merge(session, old, kept, staff_id=await _staff(session, now), now=now)
        await assignment.resolve(session, kept, now=now)
    await bring(mail("3", "c@x", in_reply_to=("<a@x>",)), at=now + timedelta(hours=1))
    assert {w.conversation_id for w in await rows(Interaction)} == {kept}
    states = {c.id: (c.state, c.merged_into_id) for c in await rows(Conversation)}
    assert states == {old: (ConversationState.RESOLVED, kept), kept: (ConversationState.OPEN, None)}


@pytest.mark.parametrize("other", [ANA, BOB])
async def test_an_sms_after_its_conversation_was_merged_into_a_mail_thread_goes_on_there(
    bring: Bring, rows: Rows, database: Database, now: datetime, other: str
) -> None:
    await bring(sms("1"))
    await bring(mail("2", "a@x", sender=other))
    phoned, kept = (w.conversation_id for w in sorted(await rows(Interaction), key=lambda w: w.body_text))
    async with database.unit() as session:
        await rearranging.merge(session, phoned, kept, staff_id=await _staff(session, now), now=now)
    await bring(sms("3", "SM3"), at=now + timedelta(hours=1))
    assert await _told(rows) == {"1": (0, "merged", ""), "2": (0, "new", ""), "3": (0, "open", "")}


# ---- Reply-To -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply_to", "kept", "flag", "remark"),
    [
        ("office@ana.example", "office@ana.example", "", ""),
        (ANA, "", "", ""),
        (SALES, "", "", f"Reply-To {SALES} not followed: it is our own mailbox"),
        ("Support+x@meadow.example", "", "", ""),
        (BOB, "", "wants the answer to go to another customer", f"Reply-To {BOB} not followed: another customer's"),
    ],
)
async def test_a_reply_to_is_followed_unless_it_leads_to_us_or_to_another_customer(
    bring: Bring, rows: Rows, reply_to: str, kept: str, flag: str, remark: str
) -> None:
    await bring(mail("0", "z@x", sender=BOB))
    await bring(mail("1", "a@x", reply_to=people(reply_to)))
    word = next(w for w in await rows(Interaction) if w.body_text == "1")
    assert (word.reply_to, word.flag) == (kept, flag)
    assert remark in word.detail
    assert next(c for c in await rows(Conversation) if c.id == word.conversation_id).flag == flag


async def _staff(session: Any, now: datetime) -> int:

    magda = Staff(email="m@x.test", name="Magda", role=Role.AGENT, password_hash="", created_at=now)
    session.add(magda)
    await session.flush()
    return magda.id or 0


def _ours(asked: Interaction, *, to: str, now: datetime) -> Interaction:
    return said(
        asked.customer_id,
        now,
        conversation_id=asked.conversation_id,
        sender=SUPPORT,
        recipient=to,
        body_text="our word",
    )


async def test_a_forged_report_about_somebody_neither_joins_their_conversation_nor_lets_its_writer_in(
    bring: Bring, rows: Rows, database: Database, reception: Reception, now: datetime
) -> None:
    """Anybody can write a bounce that names a customer and cites a Message-ID of theirs."""
    await bring(mail("1", "a@x"))
    for name, auto in (("f@x", Auto.BOUNCE), ("g@x", Auto.ARF)):
        forged = mail("2", name, sender=MALLORY, in_reply_to=("<a@x>",), auto=auto, cc=people(MALLORY))
        async with database.unit() as session:
            await messages.take(session, reception.channels["mail"], forged, reception, now=now, about=ANA)
    await bring(mail("3", "b@x", sender=MALLORY, in_reply_to=("<a@x>",)))
    words = {word.message_id: word for word in await rows(Interaction)}
    assert {words[one].conversation_id for one in ("<f@x>", "<g@x>")} == {None}
    assert words["<f@x>"].customer_id == words["<a@x>"].customer_id
    assert words["<b@x>"].flag == "possible thread"
    assert words["<b@x>"].conversation_id != words["<a@x>"].conversation_id


async def test_a_report_that_an_agent_moved_into_a_conversation_lets_nobody_in(
    bring: Bring, rows: Rows, database: Database, reception: Reception, now: datetime
) -> None:
    await bring(mail("1", "a@x"))
    forged = mail("2", "f@x", sender=MALLORY, auto=Auto.BOUNCE, cc=people(MALLORY))
    async with database.unit() as session:
        await messages.take(session, reception.channels["mail"], forged, reception, now=now, about=ANA)
    words = {word.message_id: word for word in await rows(Interaction)}
    async with database.unit() as session:
        report = await session.get_one(Interaction, words["<f@x>"].id)
        report.conversation_id = words["<a@x>"].conversation_id
    await bring(mail("3", "b@x", sender=MALLORY, in_reply_to=("<a@x>",)))
    assert {word.message_id: word.flag for word in await rows(Interaction)}["<b@x>"] == "possible thread"
