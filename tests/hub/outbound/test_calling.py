"""What placed calls say: to people, to machines, and to who might be either (requirements V1, V4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest

from channels.message import Address, AnsweredBy, Ask, CallEvent, Direction, HangUp, Kind, Ring, Say, Script
from hub.customers import consent
from hub.database.engine import Database
from hub.models import Interaction, Staff
from hub.models.vocabulary import Origin, Purpose, Role
from hub.outbound import calling
from hub.outbound.request import Gate, Placed, Request, Words, send

Enrol = Callable[..., Awaitable[UUID]]
Said = Callable[..., Awaitable[Script]]
SPOKEN = Say("This is Meadow.", "en")
MENU = Ask("menu", (SPOKEN, Say("To get no more such calls, press 9.", "en")))


def event(step: str, digits: str = "", by: AnsweredBy | None = None) -> CallEvent:
    ours, theirs = Address(Kind.VOICE, "+48220000001"), Address(Kind.VOICE, "+48732500100")
    return CallEvent("CA1", Direction.OUT, ours, theirs, asks=True, step=step, digits=digits, answered_by=by)


@pytest.fixture
async def message(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> UUID:
    asked = Request(await enrol(), Purpose.REMINDERS, Origin.REMINDER, Words("This is Meadow."), kinds=(Kind.VOICE,))
    async with database.unit() as session:
        placed = await send(session, asked, gate=gate, now=now)
    assert isinstance(placed, Placed)
    return placed.interaction_id


@pytest.fixture
async def bridge(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> UUID:
    customer = await enrol("Ana")
    async with database.unit() as session:
        staff = Staff(
            email="b@x.example", name="Bo", role=Role.AGENT, password_hash="", phone="+48732600100", created_at=now
        )
        session.add(staff)
        await session.flush()
        number = f"+48732{500_000 + sum(map(ord, 'Ana')):06d}"
        placed = await calling.bridge(
            session, customer_id=customer, number=number, staff_id=staff.id or 0, gate=gate, now=now
        )
    assert isinstance(placed, Placed)
    return placed.interaction_id


@pytest.fixture
def said(database: Database, gate: Gate, now: datetime) -> Said:
    async def ask(call: UUID, happened: CallEvent) -> Script:
        async with database.unit() as session:
            row = await session.get(Interaction, call)
            assert row is not None
            return await calling.script(session, row, happened, gate=gate, now=now)

    return ask


@pytest.mark.parametrize("by", [None, AnsweredBy.HUMAN, AnsweredBy.UNKNOWN])
async def test_a_person_or_who_may_be_one_hears_the_message_and_the_way_out(
    by: AnsweredBy | None, message: UUID, said: Said
) -> None:
    assert await said(message, event("answered", by=by)) == Script((MENU, HangUp()))


async def test_a_machine_is_told_once_and_asked_nothing(message: UUID, said: Said) -> None:
    assert await said(message, event("answered", by=AnsweredBy.MACHINE)) == Script((SPOKEN, HangUp()))


async def test_nobody_talks_to_a_fax(message: UUID, said: Said) -> None:
    assert await said(message, event("answered", by=AnsweredBy.FAX)) == Script((HangUp(),))


async def test_nine_ends_these_calls_and_says_so(database: Database, message: UUID, said: Said) -> None:
    script = await said(message, event("menu", "9"))
    assert script == Script((Say("You will get no more such calls. Goodbye.", "en"), HangUp()))
    async with database.unit() as session:
        row = await session.get(Interaction, message)
        assert row is not None
        latest = (await consent.ledger(session, row.customer_id))[0]
    assert (latest.granted, latest.channel, latest.evidence) == (False, Kind.VOICE, str(message))


@pytest.mark.parametrize("happened", [event("menu", "5"), event("never heard of it"), event("")])
async def test_whatever_we_do_not_know_ends_the_call(happened: CallEvent, message: UUID, said: Said) -> None:
    assert await said(message, happened) == Script((HangUp(),))


async def test_an_agent_is_asked_for_the_one_before_the_customer_is_rung(
    database: Database, bridge: UUID, said: Said
) -> None:
    asked = await said(bridge, event("answered"))
    assert asked.steps[0] == Ask(
        "join", (Say("Your call to Ana. Press 1 and we will ring them.", "en"),), digits=1, seconds=10
    )
    async with database.unit() as session:
        row = await session.get(Interaction, bridge)
    assert row is not None
    assert await said(bridge, event("join", "1")) == Script((Ring("joined", (row.recipient,), seconds=30), HangUp()))
    assert await said(bridge, event("join", "2")) == Script((HangUp(),))


async def test_a_reminders_call_asks_for_a_key_and_says_what_the_key_did(
    database: Database, message: UUID, said: Said
) -> None:
    async with database.unit() as session:
        (await session.get_one(Interaction, message)).occasion = calling.APPOINTMENT
    (asked, _) = (await said(message, event("answered", by=AnsweredBy.HUMAN))).steps
    assert isinstance(asked, Ask)
    keys = "To confirm, press 1. To cancel, press 2. For another time, press 3."
    assert asked.prompt[1] == Say(keys, "en")
    heard = [(await said(message, event("menu", digits=key))).steps[0] for key in "123"]
    assert [one.text.split(".")[0] for one in heard if isinstance(one, Say)] == [
        "Thank you",
        "Thank you for telling us",
        "Thank you",
    ]
    assert await said(message, event("menu", digits="7")) == Script((HangUp(),))
