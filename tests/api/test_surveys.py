"""How satisfied somebody is: by a number in an SMS, or by the signed link of a mail, without signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from sqlmodel import select

from channels.message import Address, Inbound, Kind
from hub import clock
from hub.bootstrap import Hub
from hub.conversations import appointments, replies, surveying, surveys
from hub.conversations.replies import Reply
from hub.customers import directory
from hub.inbound import receive
from hub.models import Appointment, Conversation, Interaction, Reminder, Staff, Survey, SurveyRule
from hub.models.vocabulary import AppointmentState, ConversationState, Direction, Role, Scale, State
from tests.api.conftest import Bearer

ANA = Address(Kind.EMAIL, "ana@example.org", "Ana")
SUPPORT = Address(Kind.EMAIL, "support@meadow.example")
PHONE, NUMBER = Address(Kind.SMS, "+48601000001"), Address(Kind.SMS, "+48732230001")


async def hear(hub: Hub, channel: str, event: Inbound) -> Interaction:
    async with hub.database.unit() as session:
        found = await receive.receive(session, hub.channels[channel], event, hub.reception, now=clock.now())
        word = await session.get(Interaction, found)
    assert word is not None
    return word


async def asked(hub: Hub, word: Interaction, scale: Scale = Scale.CSAT) -> Survey:
    """Somebody answered, settled the matter, and a while later the customer was asked."""
    assert word.kind is not None
    async with hub.database.unit() as session:
        await surveys.set_rule(session, SurveyRule(enabled=True, scale=scale), now=clock.now(), by=None)
        agent = (await session.exec(select(Staff.id))).first()
        said = Reply(word.conversation_id, word.customer_id, word.kind, "Yes.", agent or 0, "f1", resolve=True)
        await replies.answer(session, said, gate=hub.gate, now=clock.now())
    await left(hub)
    async with hub.database.unit() as session:
        assert await surveying.ask(session, gate=hub.gate, now=clock.now() + timedelta(minutes=10)) == 1
        return (await session.exec(select(Survey))).one()


async def left(hub: Hub, *, state: State = State.SENT) -> None:
    """Whatever waits to be sent is with the carrier."""
    async with hub.database.unit() as session:
        for message in await session.exec(select(Interaction).where(Interaction.state == State.QUEUED)):
            message.state = state


async def again(hub: Hub) -> Survey:
    async with hub.database.unit() as session:
        return (await session.exec(select(Survey))).one()


@pytest.fixture
async def by_mail(hub: Hub, bearer: Bearer) -> tuple[Survey, str]:
    """The question and the path of its link."""
    await bearer(Role.AGENT)
    survey = await asked(hub, await hear(hub, "mail", Inbound(Kind.EMAIL, "<1@x>", ANA, (SUPPORT,), "Open today?")))
    return survey, surveying.link(hub.gate, survey, now=clock.now()).removeprefix(hub.gate.public_url)


async def test_what_cannot_be_kept_comes_back_as_it_was_typed(
    by_mail: tuple[Survey, str], client: httpx.AsyncClient, hub: Hub
) -> None:
    _survey, path = by_mail
    for typed, said in (
        ({"comment": "Quick & kind"}, "Choose a number"),
        ({"score": "9", "comment": "Quick & kind"}, "Choose a number"),
        ({"score": "4", "comment": "ą" * 2001}, "2001 characters and 2000 are kept"),
    ):
        answer = await client.post(path, data=typed)
        page = BeautifulSoup(answer.text, "html.parser")
        assert (answer.status_code, said in page.select_one("[role=alert]").text) == (422, True)  # type: ignore[union-attr]
        assert page.textarea is not None
        assert page.textarea.text == typed["comment"]
    assert [one["value"] for one in page.select("[checked]")] == ["4"]
    assert (await again(hub)).score is None


async def test_a_number_by_sms_is_the_answer_and_work_for_nobody(hub: Hub, bearer: Bearer) -> None:
    await bearer(Role.AGENT)
    survey = await asked(hub, await hear(hub, "sms", Inbound(Kind.SMS, "SM1", PHONE, (NUMBER,), "Open today?")))
    await left(hub)
    await hear(hub, "sms", Inbound(Kind.SMS, "SM2", PHONE, (NUMBER,), "7"))  # beside the scale: an ordinary word
    assert (await again(hub)).score is None
    await hear(hub, "sms", Inbound(Kind.SMS, "SM3", PHONE, (NUMBER,), " 2. "))
    said = await again(hub)
    assert (said.id, said.score) == (survey.id, 2)
    async with hub.database.unit() as session:
        customer = await directory.get(session, said.customer_id)
        states = [one.state for one in await session.exec(select(Conversation).order_by(Conversation.created_at))]  # type: ignore[arg-type]
        notes = select(Interaction.body_text).where(Interaction.direction == Direction.NOTE)
        assert list(await session.exec(notes)) == ["Satisfaction: 2 of 5"]
    assert customer.dissatisfied_until is not None
    assert states == [ConversationState.RESOLVED, ConversationState.OPEN]  # the second is about the 7
    await hear(hub, "sms", Inbound(Kind.SMS, "SM4", PHONE, (NUMBER,), "5"))  # answered already: a word like any other
    assert (await again(hub)).score == 2


async def test_a_number_is_no_answer_to_a_question_that_has_not_left(hub: Hub, bearer: Bearer) -> None:
    await bearer(Role.AGENT)
    word = await hear(hub, "sms", Inbound(Kind.SMS, "SM1", PHONE, (NUMBER,), "Open today?"))
    await asked(hub, word)
    await hear(hub, "sms", Inbound(Kind.SMS, "SM2", PHONE, (NUMBER,), "2"))
    assert (await again(hub)).score is None
    await left(hub, state=State.WITHHELD)
    await hear(hub, "sms", Inbound(Kind.SMS, "SM3", PHONE, (NUMBER,), "2"))
    assert (await again(hub)).score is None


async def test_a_number_answers_what_a_person_asked_since(hub: Hub, bearer: Bearer) -> None:
    await bearer(Role.AGENT)
    word = await hear(hub, "sms", Inbound(Kind.SMS, "SM1", PHONE, (NUMBER,), "Open today?"))
    await asked(hub, word)
    await left(hub)
    async with hub.database.unit() as session:
        agent = (await session.exec(select(Staff.id))).first() or 0
        question = Reply(word.conversation_id, word.customer_id, Kind.SMS, "For how many?", agent, "f2")
        await replies.answer(session, question, gate=hub.gate, now=clock.now() + timedelta(minutes=11))
    await left(hub)
    number = await hear(hub, "sms", Inbound(Kind.SMS, "SM2", PHONE, (NUMBER,), "2"))
    assert (await again(hub)).score is None
    async with hub.database.unit() as session:
        conversation = await session.get(Conversation, number.conversation_id)
        assert conversation is not None
        assert (conversation.state, conversation.unread) == (ConversationState.OPEN, True)


@pytest.mark.parametrize(
    ("minutes", "score", "state"), [(-5, 2, AppointmentState.PLANNED), (5, None, AppointmentState.CANCELLED)]
)
async def test_of_a_reminder_and_the_question_a_number_answers_the_later(
    minutes: int, score: int | None, state: AppointmentState, hub: Hub, bearer: Bearer
) -> None:
    await bearer(Role.AGENT)
    word = await hear(hub, "sms", Inbound(Kind.SMS, "SM1", PHONE, (NUMBER,), "Open today?"))
    survey = await asked(hub, word)
    await left(hub)
    async with hub.database.unit() as session:
        tomorrow, now = clock.now() + timedelta(days=1), clock.now()
        booked = await appointments.book(
            session, customer_id=word.customer_id, title="Visit", starts_at=tomorrow, timezone="UTC", now=now
        )
        question = await session.get(Interaction, survey.interaction_id)
        assert question is not None
        reminded = Interaction(**question.model_dump() | {"id": clock.uuid7(question.at + timedelta(minutes=minutes))})
        session.add(reminded)
        await session.flush()
        for reminder in await session.exec(select(Reminder).where(Reminder.appointment_id == booked.id)):
            await session.delete(reminder)
        session.add(Reminder(appointment_id=booked.id or 0, due_at=now, done_at=now, interaction_id=reminded.id))
    await hear(hub, "sms", Inbound(Kind.SMS, "SM2", PHONE, (NUMBER,), "2"))
    async with hub.database.unit() as session:
        appointment = await session.get(Appointment, booked.id)
        assert appointment is not None
    assert ((await again(hub)).score, appointment.state) == (score, state)


async def test_looking_at_the_page_changes_nothing_and_the_form_does(
    hub: Hub, client: httpx.AsyncClient, by_mail: tuple[Survey, str]
) -> None:
    _survey, path = by_mail
    seen = await client.get(path)
    page = BeautifulSoup(seen.text, "html.parser")
    assert [field["value"] for field in page.select("input[name=score]")] == ["5", "4", "3", "2", "1"]
    assert page.select("script") == []
    assert (await client.head(path)).status_code == 200
    assert (await again(hub)).score is None
    thanks = await client.post(path, data={"score": "4", "comment": "<b>Fast</b>"})
    assert (thanks.status_code, "Thank you" in thanks.text) == (200, True)
    assert ((await again(hub)).score, (await again(hub)).comment) == (4, "<b>Fast</b>")
    assert "<b>" not in (await client.get(path)).text.replace("&lt;b&gt;", "")
    await client.post(path, data={"score": "1"})
    assert (await again(hub)).score == 1


async def test_a_link_does_not_fill_the_log(hub: Hub, client: httpx.AsyncClient, by_mail: tuple[Survey, str]) -> None:
    taken = 0
    while (answer := await client.post(by_mail[1], data={"score": str(1 + taken % 2)})).status_code == 200:
        taken += 1
        assert taken < 200  # one more for each minute that passes meanwhile
    assert (answer.status_code, taken >= 20, "very often" in answer.text) == (429, True, True)
    async with hub.database.unit() as session:
        notes = await session.exec(select(Interaction.id).where(Interaction.direction == Direction.NOTE))
        assert len(notes.all()) == taken


@pytest.mark.parametrize(
    "form", [{}, {"score": "6"}, {"score": "0"}, {"score": "-1"}, {"score": "²"}, {"score": "x" * 9}]
)
async def test_an_answer_that_is_none_is_asked_for_again(
    form: dict[str, str], hub: Hub, client: httpx.AsyncClient, by_mail: tuple[Survey, str]
) -> None:
    answer = await client.post(by_mail[1], data=form)
    assert (answer.status_code, "Choose a number first" in answer.text) == (422, True)
    assert (await again(hub)).score is None


async def test_a_forged_or_foreign_link_says_so(
    hub: Hub, client: httpx.AsyncClient, by_mail: tuple[Survey, str]
) -> None:
    foreign = hub.signer.sign("unsubscribe", str(by_mail[0].id))
    for token in ("x", by_mail[1].rsplit("/", 1)[1][:-2], foreign, "a" * 600):
        assert (await client.get(f"/survey/{token}")).status_code == 404
        assert (await client.post(f"/survey/{token}", data={"score": "5"})).status_code == 404
    assert (await again(hub)).score is None


@pytest.mark.parametrize(
    ("language", "words"), [("pl", "Czy nas polecisz?"), ("bg", "Бихте ли ни препоръчали?"), ("ru", "Порекомендуете")]
)
async def test_the_page_speaks_the_customers_language_and_has_eleven_steps_for_nps(
    language: str, words: str, hub: Hub, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    await bearer(Role.AGENT)
    word = await hear(hub, "mail", Inbound(Kind.EMAIL, "<1@x>", ANA, (SUPPORT,), "?"))
    async with hub.database.unit() as session:
        changes: dict[str, Any] = {"language": language}
        await directory.change(session, word.customer_id, changes, now=clock.now())
    survey = await asked(hub, word, Scale.NPS)
    seen = await client.get(surveying.link(hub.gate, survey, now=clock.now()).removeprefix(hub.gate.public_url))
    page = BeautifulSoup(seen.text, "html.parser")
    assert words in seen.text
    assert page.select_one(f"html[lang={language}]") is not None
    assert len(page.select("input[name=score]")) == 11
