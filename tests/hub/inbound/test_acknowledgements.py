"""L1 to L4: which mail is told that it arrived, in whose language, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.message import Auto
from hub.customers import directory
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import Interaction
from hub.models.vocabulary import Direction, Origin, State, Withheld
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA, SUPPORT, mail, sms


@pytest.fixture
def reception(reception: Reception) -> Reception:
    return replace(reception, acknowledges=True)


async def answers(rows: Rows) -> list[Interaction]:
    return [word for word in await rows(Interaction) if word.direction is Direction.OUT]


async def test_a_mail_that_opens_a_conversation_is_acknowledged_through_the_gate(bring: Bring, rows: Rows) -> None:
    asked = await bring(mail("Where is my order?", subject="My order"))
    (question, answer) = await rows(Interaction)
    assert (question.id, question.conversation_id) == (asked, answer.conversation_id)
    assert (answer.origin, answer.state, answer.recipient, answer.in_reply_to, answer.auto, answer.occasion) == (
        Origin.AUTOMATION,
        State.QUEUED,
        ANA,
        "<a@x>",
        "auto-reply",
        "acknowledgement",
    )
    assert answer.subject == "Auto: My order"
    assert "a person will answer" in answer.body_text


async def test_it_speaks_the_customers_language(bring: Bring, rows: Rows, database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await directory.create(session, directory.NewCustomer("Ana", emails=(ANA,), language="pl"), now=now)
    await bring(mail("Gdzie jest paczka?"))
    (answer,) = await answers(rows)
    assert "odpowie na nią człowiek" in answer.body_text


@pytest.mark.parametrize("days", [-400, -1.1, 1.1])
async def test_a_mail_that_was_written_days_ago_is_not_acknowledged(
    days: float, bring: Bring, rows: Rows, now: datetime
) -> None:
    await bring(mail(at=now + timedelta(days=days)))
    assert await answers(rows) == []


async def test_what_joins_a_conversation_is_not_acknowledged_again(bring: Bring, rows: Rows) -> None:
    await bring(mail(name="a@x"))
    await bring(mail("One more thing", name="b@x", in_reply_to=("<a@x>",), references=("<a@x>",)))
    assert len(await answers(rows)) == 1


async def test_one_sender_is_told_once_in_seven_days_and_the_second_time_is_kept_with_its_trace(
    bring: Bring, rows: Rows, now: datetime
) -> None:
    for day, name in ((0, "a@x"), (1, "b@x"), (8, "c@x")):
        await bring(mail(f"Question {day}", name=name, subject=name), at=now + timedelta(days=day))
    told = [(answer.state, answer.reason) for answer in await answers(rows)]
    assert told == [(State.QUEUED, ""), (State.WITHHELD, Withheld.AUTOMATIC_LIMIT), (State.QUEUED, "")]
    assert (await answers(rows))[1].trace == [
        "email: allowed, ranked 1",
        "ana@example.org had this automatic answer in the last 7 days",
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"answerable": False},
        {"auto": Auto.AUTO_REPLY},
        {"auto": Auto.LIST, "answerable": False},
        {"sender": SUPPORT},
        {"message_id": "<1@meadow.example>"},
        {"sender": "unknown"},
    ],
    ids=lambda more: "".join(more),
)
async def test_machines_lists_and_ourselves_are_not_answered_l1(more: dict[str, Any], bring: Bring, rows: Rows) -> None:
    await bring(mail(**{"answerable": True} | more))
    assert [answer for answer in await answers(rows) if answer.state is not State.WITHHELD] == []


async def test_an_archive_is_not_answered(bring: Bring, rows: Rows) -> None:
    await bring(mail("From long ago"), quiet=True)
    assert await answers(rows) == []


async def test_an_sms_is_not_acknowledged(bring: Bring, rows: Rows) -> None:
    await bring(sms("Is the shop open?"))
    assert await answers(rows) == []


async def test_stop_and_start_in_turn_are_braked_l3(bring: Bring, rows: Rows, now: datetime) -> None:
    for number in range(40):
        word = "STOP" if number % 2 == 0 else "START"
        await bring(sms(word, f"SM{number}"), at=now + timedelta(seconds=number))
    sent = [answer.occasion for answer in await answers(rows) if answer.state is State.QUEUED]
    assert sent == ["opt-out", "opt-in"]
    assert {answer.reason for answer in await answers(rows) if answer.state is State.WITHHELD} == {
        Withheld.AUTOMATIC_LIMIT
    }
