"""What an agent's mail has besides the words: mailbox, signature, quotation, pictures, the address it goes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import col, select

from channels.message import Kind
from hub.conversations import mailboxes, replies, signatures
from hub.conversations.replies import Reply
from hub.conversations.signatures import SignatureProblem
from hub.customers import directory
from hub.database.engine import Database
from hub.models import AttachmentRow, Interaction
from hub.models.vocabulary import State
from hub.outbound import senders
from hub.outbound.request import Gate, NewFile
from hub.staff import teams
from tests.hub.conversations.conftest import Story

Answering = Callable[..., Awaitable[Interaction]]
WROTE = "On 10 March 2026 at 12:00, Ana wrote:\n> When do you open?"  # an hour before noon UTC, in Warsaw


@pytest.fixture
async def gate(gate: Gate) -> Gate:
    return replace(gate, senders={**gate.senders, Kind.EMAIL: ("mail", "help", "sales")})


@pytest.fixture
async def answering(database: Database, gate: Gate, story: Story, now: datetime) -> Answering:
    async with database.unit() as session:
        for name in ("help", "sales"):
            await senders.register(session, name, Kind.EMAIL, rate=100, burst=100, now=now)

    async def answer(text: str = "At nine.", **more: Any) -> Interaction:
        given: dict[str, Any] = {"conversation_id": story.conversation, "kind": Kind.EMAIL, "staff_id": story.magda}
        given |= {"customer_id": story.customer, "form_token": "t1", **more}
        async with database.unit() as session:
            placed = await replies.answer(session, Reply(text=text, **given), gate=gate, now=now)
            return (await session.exec(select(Interaction).where(col(Interaction.id) == placed.interaction_id))).one()

    return answer


async def _team(database: Database, now: datetime, *channels: str, signature: str = "", people: tuple[int, ...]) -> int:
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_channels(session, team, channels, now=now)
        await teams.set_members(session, team, people, now=now)
        await signatures.save_of_team(session, team, signature, now=now, by=people[0])
    return team


async def test_the_log_keeps_the_agents_words_apart_from_what_stands_below_them(answering: Answering) -> None:
    row = await answering()
    assert (row.body_text, row.reply_text, row.closing) == ("At nine.", "", f"\n\n{WROTE}")
    assert "<p>At nine.</p>" in row.body_html
    assert '<blockquote type="cite"' in row.body_html


async def test_what_is_switched_off_is_not_there(answering: Answering, database: Database, now: datetime) -> None:
    await _team(database, now, "mail", signature="Us", people=(1,))
    assert (await answering(signed=False, quoting=False)).closing == ""
    assert (await answering(form_token="t2", quoting=False)).closing == "\n\n-- \nUs"


async def test_an_sms_has_nothing_of_all_this(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    await _team(database, now, "mail", signature="Us", people=(story.magda,))
    row = await answering("At nine. ", kind=Kind.SMS)
    assert (row.body_text, row.closing, row.body_html) == ("At nine. ", "", "")


async def test_ones_own_signature_goes_before_the_teams_and_is_filled_in(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    await _team(database, now, "mail", signature="{{ team }} of {{ company }}", people=(story.oleg,))
    assert (await answering(quoting=False)).closing == "\n\n-- \nSupport of Meadow & Sons"
    async with database.unit() as session:
        await signatures.save_own(session, story.magda, "{{ name|upper }}\n{{ team }}", now=now)
    assert (await answering(quoting=False, form_token="t2")).closing == "\n\n-- \nM\nSupport"


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("Hello\n{{ nmae }}", "line 2: “nmae” is not known. Did you mean “name”? (it may name {{ name }}"),
        ("{% for x in y %}", "The signature: line 1"),
        ("{{ name.upper() }}", "may not use this (call)"),
        ("x\n" * 12 + "x", "more than 12 lines"),
    ],
)
async def test_a_signature_that_cannot_be_filled_in_is_refused_with_the_reason(signature: str, said: str) -> None:
    with pytest.raises(SignatureProblem) as refused:
        signatures.checked(signature)
    assert said in str(refused.value)


async def test_an_answer_leaves_by_the_mailbox_that_was_written_to_or_another_of_the_team(
    answering: Answering, database: Database, gate: Gate, story: Story, now: datetime
) -> None:
    await _team(database, now, "help", "mail", people=(story.oleg,))
    async with database.unit() as session:
        assert await mailboxes.offered(session, story.magda, "mail", gate=gate) == ("mail", "help")
        assert await mailboxes.offered(session, story.oleg, "", gate=gate) == ("help", "mail")
        assert await mailboxes.offered(session, story.magda, "", gate=gate) == ("mail",)
    assert (await answering()).channel == "mail"
    assert (await answering(form_token="t2", mailbox="help")).channel == "help"
    with pytest.raises(replies.NotYours):
        await answering(form_token="t3", mailbox="sales")


async def test_a_first_word_leaves_by_the_teams_mailbox(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    await _team(database, now, "sales", signature="Us", people=(story.magda,))
    row = await answering(conversation_id=None, subject="News")
    assert (row.channel, row.closing, row.in_reply_to) == ("sales", "\n\n-- \nUs", "")


async def _wants_answers_at(database: Database, story: Story, address: str) -> None:
    async with database.unit() as session:
        question = await session.get(Interaction, story.question)
        assert question is not None
        question.reply_to = address


async def test_an_answer_goes_where_the_mail_asked_for_it_though_that_is_no_address_of_the_customers(
    answering: Answering, database: Database, story: Story
) -> None:
    await _wants_answers_at(database, story, "office@nowak.example")
    row = await answering()
    assert (row.state, row.recipient, row.in_reply_to) == (State.QUEUED, "office@nowak.example", "<q@example.org>")
    row = await answering(form_token="t2", recipient="ana@example.org")
    assert (row.state, row.recipient, row.in_reply_to) == (State.QUEUED, "ana@example.org", "<q@example.org>")


async def test_an_address_that_is_another_customers_by_now_is_not_written_to(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    await _wants_answers_at(database, story, "office@nowak.example")
    async with database.unit() as session:
        await directory.create(session, directory.NewCustomer("Ben", emails=("office@nowak.example",)), now=now)
    assert (await answering()).reason == "no_address"


async def test_no_form_can_name_an_address_that_nobody_asked_for(answering: Answering) -> None:
    assert (await answering(recipient="eve@evil.example")).reason == "no_address"


async def test_pictures_that_the_text_names_stand_in_it_and_other_files_are_attached(
    answering: Answering, database: Database
) -> None:
    files = (
        NewFile("plan.png", "image/png", "a" * 64, 3),
        NewFile("plan.png", "image/png", "b" * 64, 3),
        NewFile("x.svg", "image/svg+xml", "c" * 64, 3),
    )
    row = await answering("Here: [image: plan.png] [image: x.svg]", files=files)
    async with database.unit() as session:
        kept = (await session.exec(select(AttachmentRow).order_by(col(AttachmentRow.sha256)))).all()
    assert [(one.name, one.inline, bool(one.content_id)) for one in kept] == [
        ("plan.png", True, True),
        ("plan.png", False, False),
        ("x.svg", False, False),
    ]
    assert f'<img src="cid:{kept[0].content_id}" alt="plan.png"' in row.body_html
    assert row.body_text == "Here: [image: plan.png] [image: x.svg]"


async def test_a_mail_that_goes_to_another_customer_of_the_conversation_does_not_quote_the_first(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        other = await directory.create(session, directory.NewCustomer("Ben", emails=("ben@b.example",)), now=now)
        question = await session.get(Interaction, story.question)
        assert question is not None
        question.customer_id, question.sender = other.id, "ben@b.example"
    row = await answering(recipient="ana@example.org")
    assert (row.customer_id, row.recipient, row.closing) == (story.customer, "ana@example.org", "")
