"""Telephone calls from outside: one row a call, and what the caller hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from channels.message import Address, CallEvent, HangUp, Kind, Progress, Reason, Ring, Say, Script, Voicemail
from hub.conversations import assignment
from hub.database.engine import Database
from hub.inbound.receive import Reception, answer
from hub.models import Conversation, Customer, Interaction, Rejected, Staff
from hub.models.vocabulary import ConversationState, Role, State
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA_PHONE, HUB_PHONE, call, sms, voicemail

MAGDA, OLEG = "+48601000011", "+48601000012"
VOICEMAIL_STEPS = (
    Say("Nobody can take your call right now. Please leave a message after the tone.", "en"),
    Voicemail("voicemail"),
    HangUp(),
)


@pytest.fixture
async def agents(database: Database, now: datetime) -> None:
    """Two agents with telephones, one who is away, and a marketer."""
    people = [("magda", MAGDA, True, Role.AGENT), ("oleg", OLEG, True, Role.SUPERVISOR)]
    people += [("away", "+48601000013", False, Role.AGENT), ("mark", "+48601000014", True, Role.MARKETER)]
    async with database.unit() as session:
        for name, phone, available, role in people:
            session.add(
                Staff(
                    email=f"{name}@meadow.example",
                    name=name,
                    role=role,
                    password_hash="",
                    phone=phone,
                    available=available,
                    created_at=now,
                )
            )
            await session.flush()


@pytest.fixture
def ask(database: Database, reception: Reception, now: datetime) -> Any:
    async def one(event: CallEvent, *, at: datetime = now) -> tuple[Script, str]:
        async with database.unit() as session:
            return await answer(session, reception.channels["voice"], event, reception, now=at)

    return one


async def test_with_nobody_there_the_caller_gets_the_voicemail_at_once(ask: Any, rows: Rows) -> None:
    script, token = await ask(call("incoming", Progress.RINGING))
    assert script == Script((Say("Thank you for calling. Please hold the line.", "en"), *VOICEMAIL_STEPS))
    (word,) = await rows(Interaction)
    assert (word.state, word.sender) == (State.RINGING, ANA_PHONE)
    assert token


async def test_the_telephones_of_those_who_are_available_ring(ask: Any, agents: None) -> None:
    script, _ = await ask(call("incoming", Progress.RINGING))
    screen = Say(f"A call from {ANA_PHONE}. Press 1 to take it.", "en")
    assert script.steps[1] == Ring("agents", (MAGDA, OLEG), 20, screen)


async def test_who_has_the_customers_conversation_is_rung_first(
    ask: Any, agents: None, bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    await bring(sms("hello"))
    (conversation,) = await rows(Conversation)
    oleg = next(p for p in await rows(Staff) if p.name == "oleg")
    async with database.unit() as session:
        await assignment.assign(session, conversation.id, oleg.id)
    script, _ = await ask(call("incoming", Progress.RINGING))
    assert [(s.step, s.numbers) for s in script.steps if isinstance(s, Ring)] == [
        ("assignee", (OLEG,)),
        ("agents", (MAGDA,)),
    ]
    script, _ = await ask(call("assignee", Progress.FAILED))
    assert isinstance(script.steps[0], Ring)
    assert script.steps[0].step == "agents"


async def test_when_nobody_answers_the_voicemail_follows(ask: Any, agents: None) -> None:
    await ask(call("incoming", Progress.RINGING))
    script, _ = await ask(call("agents", Progress.FAILED, reason=Reason.NO_ANSWER))
    assert script == Script(VOICEMAIL_STEPS)


async def test_a_call_that_was_taken_ends_delivered_and_is_no_work(
    ask: Any, bring: Bring, agents: None, rows: Rows
) -> None:
    await ask(call("incoming", Progress.RINGING))
    await ask(call("screened", Progress.ANSWERED, leg_id="CA2", digits="1"))
    assert [w.state for w in await rows(Interaction)] == [State.TALKING]
    script, _ = await ask(call("agents", Progress.DELIVERED, leg_id="CA2", seconds=61))
    assert script == Script((HangUp(),))
    await bring(call(progress=Progress.DELIVERED, seconds=70))
    (word,) = await rows(Interaction)
    assert (word.state, word.call["seconds"], word.flag) == (State.DELIVERED, 70, "")
    assert await rows(Conversation) == []


async def test_a_missed_call_is_work_for_somebody(ask: Any, bring: Bring, rows: Rows) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(call(progress=Progress.DELIVERED, seconds=9))
    (word,), (conversation,) = await rows(Interaction), await rows(Conversation)
    assert (word.state, word.conversation_id) == (State.MISSED, conversation.id)
    assert (conversation.state, conversation.unread, conversation.flag, conversation.preview) == (
        ConversationState.OPEN,
        True,
        "missed call",
        "Missed call",
    )


async def test_a_voicemail_is_work_and_its_recording_is_fetched_once(
    ask: Any, bring: Bring, rows: Rows, database: Database
) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(voicemail())
    await bring(voicemail())
    await bring(call(progress=Progress.DELIVERED))
    (word,), (conversation,) = await rows(Interaction), await rows(Conversation)
    assert (word.state, word.flag, conversation.flag) == (State.MISSED, "voicemail", "voicemail")
    assert word.call["recordings"] == {"RE1": {"seconds": 12, "step": "voicemail"}}
    async with database.unit() as session:
        jobs = (await session.execute(text("select entrypoint from pgqueuer"))).scalars().all()
    assert jobs == ["fetch-media"]


async def test_a_colleagues_answering_machine_does_not_take_the_call(ask: Any, bring: Bring, rows: Rows) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(call(progress=Progress.DELIVERED, leg_id="CA2"))
    await ask(call("agents", Progress.FAILED, leg_id="CA2"))
    await bring(call(progress=Progress.DELIVERED))
    assert [w.state for w in await rows(Interaction)] == [State.MISSED]


async def test_late_news_that_somebody_talked_outranks_missed(
    ask: Any, bring: Bring, rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(call(progress=Progress.DELIVERED))
    await bring(call("agents", Progress.DELIVERED), at=now + timedelta(seconds=5))
    (word,) = await rows(Interaction)
    assert (word.state, word.flag) == (State.DELIVERED, "")
    assert await rows(Conversation) == []


async def test_the_screening_question_is_asked_and_obeyed(ask: Any, agents: None) -> None:
    await ask(call("incoming", Progress.RINGING))
    payload = {"say": "Press 1", "language": "en"}
    script, _ = await ask(call("screen", Progress.ANSWERED, leg_id="CA2", payload=payload))
    assert script.steps[0].step == "screened"
    assert await ask(call("screened", Progress.ANSWERED, leg_id="CA2", digits="1")) == (Script(()), _)


async def test_a_recording_of_a_call_nobody_knows_is_shown_and_changes_nothing(bring: Bring, rows: Rows) -> None:
    assert await bring(voicemail("CA9")) is None
    assert [(r.channel, r.cause) for r in await rows(Rejected)] == [("voice", "a call nobody knows")]
    assert [await rows(m) for m in (Customer, Interaction)] == [[], []]


async def test_a_call_from_our_own_number_is_not_answered(ask: Any, rows: Rows) -> None:
    """Else the hub would ring itself, and that call again."""
    ours = replace(call("incoming", Progress.RINGING), sender=Address(Kind.VOICE, HUB_PHONE))
    assert await ask(ours) == (Script((HangUp(),)), "")
    assert await rows(Interaction) == []
