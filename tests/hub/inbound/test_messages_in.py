"""What becomes of a mail or SMS that comes in."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import select

from channels.message import Auto, Media, Progress, Receipt
from hub.clock import uuid7
from hub.conversations import appointments, assignment
from hub.customers import directory
from hub.database.engine import Database
from hub.gatherings import plans
from hub.gatherings.plans import Plan
from hub.inbound.receive import Reception, receive
from hub.interactions import history
from hub.models import (
    Appointment,
    AttachmentRow,
    Consent,
    Conversation,
    Customer,
    Guest,
    Identity,
    Interaction,
    ProviderReference,
    Reminder,
    Suppression,
    Task,
)
from hub.models.vocabulary import AppointmentState, ConversationState, Direction, GuestState, IdentityState, State
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA, ANA_PHONE, SUPPORT, mail, photo, sms


async def test_a_stranger_becomes_a_provisional_customer_with_an_open_conversation(bring: Bring, rows: Rows) -> None:
    await bring(sms("Is the shop open?"))
    (customer,), (conversation,), (word,) = await rows(Customer), await rows(Conversation), await rows(Interaction)
    assert (customer.provisional, customer.name) == (True, ANA_PHONE)
    assert (conversation.state, conversation.unread, conversation.preview) == (
        ConversationState.OPEN,
        True,
        "Is the shop open?",
    )
    assert (word.customer_id, word.conversation_id, word.state, word.body_text) == (
        customer.id,
        conversation.id,
        State.RECEIVED,
        "Is the shop open?",
    )


async def test_the_same_event_again_writes_nothing_and_gives_the_first_id(bring: Bring, rows: Rows) -> None:
    first = await bring(sms("hi"))
    assert await bring(sms("hi")) == first
    assert len(await rows(Interaction)) == 1


async def test_ten_deliveries_of_one_sms_at_once_are_one_row(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async def once() -> Any:
        async with database.unit() as session:
            return await receive(session, reception.channels["sms"], sms("hi"), reception, now=now)

    ids = await asyncio.gather(*(once() for _ in range(10)))
    assert len(set(ids)) == 1
    assert [len(await rows(m)) for m in (Interaction, Customer, Conversation)] == [1, 1, 1]


async def test_ten_first_words_of_one_stranger_at_once_are_one_customer_and_one_conversation(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async def once(n: int) -> None:
        async with database.unit() as session:
            await receive(session, reception.channels["sms"], sms("hi", f"SM{n}"), reception, now=now)

    await asyncio.gather(*(once(n) for n in range(10)))
    assert [len(await rows(m)) for m in (Interaction, Customer, Conversation)] == [10, 1, 1]


async def test_a_message_id_used_for_another_text_is_kept_as_a_second_message_and_flagged_m10(
    bring: Bring, rows: Rows, now: datetime
) -> None:
    await bring(mail("one"))
    await bring(mail("two"), at=now + timedelta(seconds=1))
    await bring(mail("two"), at=now + timedelta(seconds=2))
    assert [(w.body_text, w.flag) for w in await rows(Interaction)] == [
        ("one", ""),
        ("two", "same Message-ID, other text"),
    ]


async def test_files_are_kept_with_the_mail(bring: Bring, rows: Rows) -> None:
    await bring(mail(attachments=(photo(), photo("second.jpg"))))
    assert [f.name for f in sorted(await rows(AttachmentRow), key=lambda f: f.name)] == ["photo.jpg", "second.jpg"]


async def test_a_file_of_an_mms_is_fetched_in_the_background(bring: Bring, database: Database) -> None:
    word = await bring(sms("look", media=(Media("https://api.twilio.com/m", "image/png"),)))
    (job,) = await _jobs(database)
    assert (job["entrypoint"], str(word) in job["payload"], "api.twilio.com/m" in job["payload"]) == (
        "fetch-media",
        True,
        True,
    )


async def test_text_that_the_database_cannot_hold_is_mended_m6(bring: Bring, rows: Rows) -> None:
    await bring(mail("a\0b\ud800c", subject="x\0"))
    (word,) = await rows(Interaction)
    assert (word.body_text, word.subject) == ("a�b�c", "x�")


# ---- automatic mail ---------------------------------------------------------------------------


async def test_an_out_of_office_stands_in_the_timeline_and_reopens_nothing_l5(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(mail("question", "a@x"))
    (conversation,) = await rows(Conversation)
    async with database.unit() as session:
        await assignment.resolve(session, conversation.id, now=now)
    await bring(mail("I am away", "b@x", auto=Auto.AUTO_REPLY, in_reply_to=("<a@x>",)), at=now + timedelta(hours=1))
    (after,) = await rows(Conversation)
    assert (after.state, after.unread, after.last_inbound_at) == (ConversationState.RESOLVED, False, now)
    assert [(w.auto, w.conversation_id) for w in await rows(Interaction)] == [
        ("", conversation.id),
        ("auto-reply", conversation.id),
    ]


async def test_an_out_of_office_that_answers_nothing_opens_no_conversation_l5(bring: Bring, rows: Rows) -> None:
    await bring(mail("I am away", auto=Auto.AUTO_REPLY))
    assert await rows(Conversation) == []
    assert len(await rows(Interaction)) == 1


async def test_a_bounce_makes_no_customer_of_the_mailer_daemon(bring: Bring, rows: Rows) -> None:
    assert await bring(mail("failed", sender="mailer-daemon@mx.test", auto=Auto.BOUNCE)) is None
    assert [await rows(m) for m in (Customer, Interaction)] == [[], []]


async def test_a_forged_bounce_changes_no_customer_b3(bring: Bring, rows: Rows, database: Database) -> None:
    await bring(mail("hello"))
    forged = Receipt(
        provider_id="", progress=Progress.FAILED, message_id="<made-up@meadow.example>", recipient=ANA, hard=True
    )
    assert await bring(forged, channel="mail") is None
    (identity,) = await rows(Identity)
    assert identity.state is IdentityState.OK


# ---- keywords ---------------------------------------------------------------------------------


async def test_stop_is_written_down_suppressed_and_confirmed_exactly_once_s4(bring: Bring, rows: Rows) -> None:
    await bring(sms("Stop!", "SM1"))
    await bring(sms("STOP", "SM2"))
    await bring(sms("STOP", "SM2"))
    answers = [w for w in await rows(Interaction) if w.direction is Direction.OUT]
    assert [(w.state, w.recipient, w.occasion) for w in answers] == [(State.QUEUED, ANA_PHONE, "opt-out")]
    assert [(s.kind, s.value, s.purpose, s.reason) for s in await rows(Suppression)] == [
        ("sms", ANA_PHONE, None, "STOP")
    ]
    assert [(c.granted, c.channel, c.source) for c in await rows(Consent)] == [(False, "sms", "STOP by SMS")] * 2
    assert await rows(Conversation) == []  # nobody has to do anything


async def test_start_lifts_what_stop_did_and_yes_does_so_too_s2(bring: Bring, rows: Rows) -> None:
    await bring(sms("stop", "SM1"))
    await bring(sms("Yes", "SM2"))
    assert await rows(Suppression) == []
    assert [c.granted for c in await rows(Consent)] == [False, True]
    answers = [w for w in await rows(Interaction) if w.direction is Direction.OUT]
    assert [(w.state, w.occasion) for w in answers] == [(State.QUEUED, "opt-out"), (State.QUEUED, "opt-in")]


async def test_yes_from_somebody_who_is_not_stopped_is_an_ordinary_message(bring: Bring, rows: Rows) -> None:
    await bring(sms("yes"))
    assert await rows(Consent) == []
    (conversation,) = await rows(Conversation)
    assert conversation.state is ConversationState.OPEN


async def test_help_is_answered_with_the_name_and_the_way_out_s2(bring: Bring, rows: Rows) -> None:
    await bring(sms("HELP"))
    (answer,) = [w for w in await rows(Interaction) if w.direction is Direction.OUT]
    assert "Meadow & Sons" in answer.body_text
    assert "support@meadow.example" in answer.body_text
    assert "STOP" in answer.body_text


async def test_help_is_answered_once_a_day_so_that_two_robots_stop_talking_l3(
    bring: Bring, rows: Rows, now: datetime
) -> None:
    for number in range(3):
        await bring(sms("HELP", f"SM{number}"))
    await bring(sms("HELP", "SM9"), at=now + timedelta(days=1))
    answers = [w for w in await rows(Interaction) if w.direction is Direction.OUT]
    assert len(answers) == 2


async def test_a_copy_of_our_own_mail_to_our_own_address_is_no_customers_word(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(mail("Hello"))
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        sent = Interaction(**word.model_dump(exclude={"id", "search"}), id=uuid7(now))
        sent.direction, sent.content_hash, sent.message_id = Direction.OUT, "", "<ours@meadow.example>"
        session.add(sent)
        await session.flush()
        session.add(ProviderReference(channel="mail", provider_id="<ours@meadow.example>", interaction_id=sent.id))
    assert await bring(mail("Our own words", "ours@meadow.example", sender=SUPPORT)) == sent.id
    assert (len(await rows(Interaction)), len(await rows(Customer))) == (2, 1)


async def test_the_polish_word_is_answered_in_polish(bring: Bring, rows: Rows) -> None:
    await bring(sms("Rezygnuję"))
    (answer,) = [w for w in await rows(Interaction) if w.direction is Direction.OUT]
    assert "nie wyślemy więcej" in answer.body_text


async def test_stop_in_words_is_flagged_for_a_person_and_obeyed_at_once_s3(bring: Bring, rows: Rows) -> None:
    await bring(sms("Please stop texting me"))
    (word,), (conversation,), (said,) = await rows(Interaction), await rows(Conversation), await rows(Consent)
    assert (word.flag, conversation.flag, conversation.state) == ("stop in words",) * 2 + (ConversationState.OPEN,)
    assert (said.granted, said.channel, said.purpose) == (False, "sms", None)


async def test_a_mail_to_the_token_address_with_unsubscribe_ends_marketing_u1(
    bring: Bring, rows: Rows, reception: Reception
) -> None:
    word = await bring(mail("hello"))
    assert word is not None
    token = reception.gate.signer.message_token(word)
    await bring(mail("", "u@x", sender="other@address.test", subject="Unsubscribe", tokens=(token,)))
    (said,) = await rows(Consent)
    owner = next(w.customer_id for w in await rows(Interaction) if w.id == word)
    assert (said.customer_id, said.granted, said.channel, said.purpose) == (owner, False, "email", "marketing")


# ---- appointments -----------------------------------------------------------------------------


async def _reminded(database: Database, bring: Bring, rows: Rows, now: datetime) -> None:
    """Ana has an appointment tomorrow and was reminded of it."""
    word = await bring(sms("I would like to come", "SM0"))
    async with database.unit() as session:
        customer = (await directory.listing(session))[0]
        await appointments.book(session, customer.id, "Dentist", now + timedelta(days=2), "Europe/Warsaw", now=now)
        reminder = await session.get(Reminder, 1)
        assert reminder is not None
        reminder.done_at, reminder.interaction_id = now, word


async def test_1_confirms_the_appointment_and_is_no_work_for_anybody(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await _reminded(database, bring, rows, now)
    await bring(sms(" 1. ", "SM1"))
    (appointment,) = await rows(Appointment)
    assert appointment.state is AppointmentState.CONFIRMED


async def test_2_cancels_it_and_somebody_is_told(bring: Bring, rows: Rows, database: Database, now: datetime) -> None:
    await _reminded(database, bring, rows, now)
    await bring(sms("1", "SM1"))
    await bring(sms("2", "SM2"))
    (appointment,), (conversation,) = await rows(Appointment), await rows(Conversation)
    assert appointment.state is AppointmentState.CANCELLED
    assert (conversation.state, conversation.flag) == (ConversationState.OPEN, "appointment cancelled")


async def test_3_asks_for_another_time_and_is_a_task(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await _reminded(database, bring, rows, now)
    await bring(sms("3", "SM1"))
    (appointment,), (conversation,), (task,) = await rows(Appointment), await rows(Conversation), await rows(Task)
    assert (appointment.state, conversation.flag) == (AppointmentState.TO_MOVE, "another time wanted")
    assert "wants another time: Dentist" in task.title


async def test_a_mail_answers_the_reminder_it_replies_to_and_nobody_elses(
    bring: Bring, rows: Rows, database: Database, reception: Reception, now: datetime
) -> None:
    mine = await bring(mail("hello", "q@x"))
    assert mine is not None
    async with database.unit() as session:
        customer = (await directory.listing(session))[0]
        await appointments.book(session, customer.id, "Dentist", now + timedelta(days=2), "Europe/Warsaw", now=now)
        reminder = await session.get(Reminder, 1)
        assert reminder is not None
        reminder.done_at, reminder.interaction_id = now, mine
    token = reception.gate.signer.message_token(mine)
    await bring(mail("2", "f@x", sender="other@address.test", tokens=(token,)))
    assert [one.state for one in await rows(Appointment)] == [AppointmentState.PLANNED]
    await bring(mail("1\n\nSee you!", "r@x", tokens=(token,)))
    assert [one.state for one in await rows(Appointment)] == [AppointmentState.CONFIRMED]


async def test_1_without_a_reminder_is_an_ordinary_message(bring: Bring, rows: Rows) -> None:
    await bring(sms("1"))
    (conversation,) = await rows(Conversation)
    assert conversation.state is ConversationState.OPEN


# ---- invitations ------------------------------------------------------------------------------


async def _invited(database: Database, customer: UUID, asked: UUID, now: datetime) -> int:
    """To an event with one seat, by that message."""
    async with database.unit() as session:
        plan = Plan("Garden", now + timedelta(days=3), "UTC", capacity=1)
        event = await plans.create(session, plan, staff_id=None, now=now)
        guest = Guest(gathering_id=event.id or 0, customer_id=customer, state=GuestState.INVITED, asked_id=asked)
        session.add(guest)
        await session.flush()
        return guest.id or 0


async def test_an_sms_of_yes_takes_a_seat_is_answered_once_and_is_no_work(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    asked = await bring(sms("hello", "SM0"))
    assert asked is not None
    (customer,) = await rows(Customer)
    await _invited(database, customer.id, asked, now)
    before = len(await rows(Conversation))
    for n, words in enumerate(("Tak!", "1", "2")):
        await bring(sms(words, f"SM{n + 1}"))
    told = [word.variables["outcome"] for word in await rows(Interaction) if word.variables]
    assert told == ["coming", "not_coming"]
    assert ([guest.state for guest in await rows(Guest)], len(await rows(Conversation))) == (
        [GuestState.NOT_COMING],
        before,
    )


async def test_a_number_answers_what_was_asked_last_the_reminder_or_the_invitation(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await _reminded(database, bring, rows, now)
    asked = await bring(sms("and another thing", "SM1"), at=now + timedelta(minutes=1))
    assert asked is not None
    (customer,) = await rows(Customer)
    await _invited(database, customer.id, asked, now)
    await bring(sms("1", "SM2"), at=now + timedelta(minutes=2))
    (guest,), (appointment,) = await rows(Guest), await rows(Appointment)
    assert (guest.state, appointment.state) == (GuestState.COMING, AppointmentState.PLANNED)
    async with database.unit() as session:
        (reminder,) = (await session.exec(select(Reminder))).all()
        reminder.interaction_id = await bring(sms("later", "SM3"), at=now + timedelta(minutes=3))
    await bring(sms("2", "SM4"), at=now + timedelta(minutes=4))
    (guest,), (appointment,) = await rows(Guest), await rows(Appointment)
    assert (guest.state, appointment.state) == (GuestState.COMING, AppointmentState.CANCELLED)


async def test_a_mail_answers_the_invitation_it_replies_to(
    bring: Bring, rows: Rows, database: Database, reception: Reception, now: datetime
) -> None:
    asked = await bring(mail("hello", "q@x"))
    assert asked is not None
    (customer,) = await rows(Customer)
    await _invited(database, customer.id, asked, now)
    token = reception.gate.signer.message_token(asked)
    await bring(mail("yes\n\nMay I bring a friend?", "r@x", tokens=(token,)))
    assert [guest.state for guest in await rows(Guest)] == [GuestState.COMING]


# ---- archives ---------------------------------------------------------------------------------


async def test_an_archive_is_read_in_with_its_own_dates_and_nobody_is_answered(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    then = now - timedelta(days=400)
    await bring(sms("STOP", "SM1", at=then), quiet=True)
    word = await bring(mail("hello", at=then), quiet=True)
    assert word is not None
    assert [(c.state, c.unread) for c in await rows(Conversation)] == [(ConversationState.RESOLVED, False)] * 2
    assert [await rows(m) for m in (Suppression, Consent)] == [[], []]
    async with database.unit() as session:
        assert (await history.entry(session, word)).at == then


async def _jobs(database: Database) -> list[dict[str, Any]]:
    from sqlalchemy import text

    async with database.unit() as session:
        found = await session.execute(text("select entrypoint, convert_from(payload, 'utf8') as payload from pgqueuer"))
        return [dict(row) for row in found.mappings()]
