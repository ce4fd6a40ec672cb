"""F2: what became of an SMS or a call whose answer was lost is found in the provider's list, and nowhere guessed; and
what no callback told is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from channels.message import Kind
from channels.providers import open_channel
from channels.sandbox.carrier import Carrier
from channels.sandbox.resources import CompanyNumber
from hub import clock
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Interaction
from hub.models.vocabulary import Origin, Purpose, State
from hub.outbound import evidence, silent
from hub.outbound.delivery import Delivery
from hub.outbound.evidence import NOT_THERE
from hub.outbound.request import Gate, Request, Words, send
from hub.storage import Folder

SID, TOKEN, COMPANY = "AC" + "0123456789abcdef" * 2, "the sandbox's token", "+48220000000"
LATER = timedelta(minutes=1)
Start = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("quick_senders")


@pytest.fixture
async def start(database: Database, gate: Gate, tmp_path: Path) -> AsyncIterator[Start]:
    """A carrier that loses answers, and the delivery that speaks with it. Its callbacks go nowhere."""
    async with AsyncExitStack() as stack:

        async def started(lose_every: int) -> tuple[Carrier, Delivery]:
            carrier = Carrier(SID, TOKEN, [CompanyNumber(COMPANY)], lose_every=lose_every)
            await carrier.start()
            stack.push_async_callback(carrier.stop)
            table = {"account_sid": SID, "auth_token": TOKEN, "base_url": carrier.base_url, "number": COMPANY}
            opened = {
                name: open_channel(name, kind, "twilio", table, webhook_base=f"http://127.0.0.1:1/{name}")
                for name, kind in (("sms", Kind.SMS), ("voice", Kind.VOICE))
            }
            for channel in opened.values():
                stack.push_async_callback(channel.close)
            return carrier, Delivery(database, opened, Folder(tmp_path), gate, "test")

        yield started


async def people(database: Database, count: int) -> list[UUID]:
    async with database.unit() as session:
        return [
            (
                await directory.create(
                    session,
                    directory.NewCustomer(f"P{n}", phones=(f"+4873251{n + 1000:04}",), timezone="Europe/Warsaw"),
                    now=clock.now(),
                )
            ).id
            for n in range(count)
        ]


async def deliver(
    database: Database, gate: Gate, delivery: Delivery, to: list[UUID], *, kind: Kind = Kind.SMS, body: str = "Hi"
) -> None:
    async with database.unit() as session:
        for customer in to:
            asked = Request(customer, Purpose.SERVICE, Origin.AGENT, Words(body), kinds=(kind,))
            await send(session, asked, gate=gate, now=clock.now())
    while (await _some(delivery, kind)) > 0:
        pass


async def _some(delivery: Delivery, kind: Kind) -> int:
    claimed, ready = await delivery.claim("sms" if kind is Kind.SMS else "voice", 100)
    await delivery.settle(await asyncio.gather(*(delivery.deliver(one) for one in ready)))
    return claimed


async def states(database: Database) -> Counter[State]:
    async with database.unit() as session:
        return Counter(State(one) for one in await session.exec(select(Interaction.state)))


async def look(database: Database, delivery: Delivery, *, most: int = 200) -> int:
    return await evidence.look(database, delivery.channels, gate=delivery.gate, now=clock.now() + LATER, most=most)


async def test_of_200_texts_with_lost_answers_none_is_doubled_and_every_unknown_is_settled_a_minute_later(
    start: Start, database: Database, gate: Gate
) -> None:
    carrier, delivery = await start(20)
    await deliver(database, gate, delivery, await people(database, 200))
    assert (await states(database))[State.UNKNOWN] == 10
    assert await look(database, delivery) == 10
    assert (await states(database))[State.UNKNOWN] == 0
    assert set(Counter(m.recipient for m in carrier.messages.all.values()).values()) == {1}
    assert len(carrier.messages.all) == 200


async def test_a_call_that_was_placed_is_found_too(start: Start, database: Database, gate: Gate) -> None:
    carrier, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 1), kind=Kind.VOICE)
    assert (await states(database))[State.UNKNOWN] == 1
    assert await look(database, delivery) == 1
    assert (await states(database))[State.UNKNOWN] == 0
    assert len(carrier.calls()) == 1


async def test_two_alike_cannot_be_told_apart_and_stay_unknown(start: Start, database: Database, gate: Gate) -> None:
    carrier, delivery = await start(1)
    (person,) = await people(database, 1)
    await deliver(database, gate, delivery, [person, person])
    assert await look(database, delivery) == 0
    assert (await states(database))[State.UNKNOWN] == 2
    assert len(carrier.messages.all) == 2


async def test_the_entry_of_another_message_with_the_same_words_is_no_evidence(
    start: Start, database: Database, gate: Gate
) -> None:
    """The first was answered, so its name is known; the second is unknown and is in the list once."""
    carrier, delivery = await start(2)
    (person,) = await people(database, 1)
    await deliver(database, gate, delivery, [person, person])
    (lost,) = (m for m in list(carrier.messages.all.values())[1:])
    del carrier.messages.all[lost.sid]
    assert await look(database, delivery) == 0
    assert (await states(database))[State.UNKNOWN] == 1


async def test_what_is_not_in_the_list_stays_unknown_and_is_not_sent_again(
    start: Start, database: Database, gate: Gate
) -> None:
    carrier, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 1))
    carrier.messages.all.clear()
    assert await look(database, delivery) == 0
    assert (await states(database))[State.UNKNOWN] == 1
    assert await _some(delivery, Kind.SMS) == 0


async def test_what_the_list_does_not_have_after_minutes_is_said_not_to_have_left_until_evidence_comes(
    start: Start, database: Database, gate: Gate
) -> None:
    carrier, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 1))
    (kept,) = carrier.messages.all.items()
    carrier.messages.all.clear()
    told = [await _looked(database, delivery, minutes) for minutes in (1, 3, 5)]
    assert told == [(0, State.UNKNOWN, ""), (1, State.UNKNOWN, NOT_THERE), (0, State.UNKNOWN, NOT_THERE)]
    assert await _some(delivery, Kind.SMS) == 0
    carrier.messages.all.update([kept])
    settled, state, reason = await _looked(database, delivery, 10)
    assert (settled, state is State.UNKNOWN, reason) == (1, False, "")


async def _looked(database: Database, delivery: Delivery, minutes: int) -> tuple[int, State, str]:
    """Look so long after; how many were settled, and how the only message stands then."""
    now = clock.now() + timedelta(minutes=minutes)
    settled = await evidence.look(database, delivery.channels, gate=delivery.gate, now=now)
    async with database.unit() as session:
        row = (await session.exec(select(Interaction))).one()
        return settled, row.state, row.reason


async def test_other_words_to_the_same_telephone_are_no_evidence(start: Start, database: Database, gate: Gate) -> None:
    carrier, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 1))
    for message in carrier.messages.all.values():
        message.body = "Something else"
    assert await look(database, delivery) == 0


async def test_nothing_is_asked_in_the_first_seconds_nor_after_hours(
    start: Start, database: Database, gate: Gate
) -> None:
    _, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 1))
    async with database.unit() as session:
        (at,) = await session.exec(select(Interaction.state_at).where(col(Interaction.state) == State.UNKNOWN))
        waits = [
            await evidence.waiting(session, now=at + after)
            for after in (timedelta(seconds=1), LATER, timedelta(hours=7))
        ]
    assert waits == [False, True, False]


async def test_those_never_looked_for_come_first_and_a_look_in_vain_is_not_repeated_at_once(
    start: Start, database: Database, gate: Gate
) -> None:
    """More of them than one turn takes, and the latest never came to the provider: the others have their turn too."""
    carrier, delivery = await start(1)
    await deliver(database, gate, delivery, await people(database, 8))
    async with database.unit() as session:
        late = select(Interaction).order_by(col(Interaction.state_at).desc(), col(Interaction.id)).limit(4)
        lost = {row.recipient for row in await session.exec(late)}
    for message in [one for one in carrier.messages.all.values() if one.recipient in lost]:
        del carrier.messages.all[message.sid]
    assert [await look(database, delivery, most=4) for _ in range(2)] == [0, 4]
    async with database.unit() as session:
        assert not await evidence.waiting(session, now=clock.now() + LATER)
        assert await evidence.waiting(session, now=clock.now() + 2 * LATER)


# ---- callbacks that never came --------------------------------------------------------------


async def ask(database: Database, delivery: Delivery, *, after: timedelta = silent.AT_LEAST) -> int:
    return await silent.ask(database, delivery.channels, now=clock.now() + after + timedelta(seconds=1))


async def carried(carrier: Carrier) -> None:
    await carrier.until(lambda: {message.status for message in carrier.messages.all.values()} == {"delivered"})


async def test_what_no_callback_told_is_asked_for_by_its_name(start: Start, database: Database, gate: Gate) -> None:
    carrier, delivery = await start(0)
    await deliver(database, gate, delivery, await people(database, 3))
    await carried(carrier)
    assert await states(database) == {State.SENDING: 3}
    assert await ask(database, delivery, after=timedelta(minutes=1)) == 0
    assert await ask(database, delivery) == 3
    assert await states(database) == {State.DELIVERED: 3}
    assert len(carrier.messages.all) == 3


async def test_a_call_of_which_nothing_was_heard_is_asked_for_too(start: Start, database: Database, gate: Gate) -> None:
    carrier, delivery = await start(0)
    await deliver(database, gate, delivery, await people(database, 1), kind=Kind.VOICE)
    (call,) = carrier.calls()
    await carrier.until(lambda: bool(call.ended))
    assert await ask(database, delivery) == 1
    assert (await states(database))[State.SENDING] == 0


async def test_what_the_provider_does_not_know_any_more_stands_in_nobody_s_way(
    start: Start, database: Database, gate: Gate
) -> None:
    carrier, delivery = await start(0)
    await deliver(database, gate, delivery, await people(database, 2))
    await carried(carrier)
    carrier.messages.all.pop(next(iter(carrier.messages.all)))
    assert await ask(database, delivery) == 1
    assert await states(database) == {State.SENDING: 1, State.DELIVERED: 1}
    async with database.unit() as session:
        assert not await silent.waiting(session, now=clock.now() + silent.AT_LEAST + timedelta(seconds=2))
        assert await silent.waiting(session, now=clock.now() + silent.AT_LEAST * 2)
