"""Two who want the same call, and the carrier that tells of it meanwhile: one has it, and nobody is hung up on."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address, HangUp, Kind, Progress, Ring, Script
from hub.conversations import call_outcomes, calling_customers, current_calls, wrap_ups
from hub.conversations.calling_customers import CannotCall
from hub.conversations.current_calls import TakenAlready
from hub.conversations.wrap_ups import WrapUp
from hub.customers import directory
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import HandledCall, Interaction
from hub.models.vocabulary import State
from hub.outbound.request import Placed
from hub.staff import accounts
from tests.hub.inbound.conftest import Rows
from tests.hub.inbound.events import ANA_PHONE, call
from tests.hub.inbound.test_calls_at_the_desk import MAGDA, OLEG, Ask, agents, ask, ended, pressed, taken
from tests.queueing import queued

__all__ = ["agents", "ask", "ended", "taken"]  # fixtures


@pytest.fixture
async def ringing(ask: Ask, agents: dict[str, int], rows: Rows) -> UUID:
    await ask(call("incoming", Progress.RINGING))
    (word,) = await rows(Interaction)
    found: UUID = word.id
    return found


async def _held(session: AsyncSession, call_id: UUID) -> Interaction:
    """As whoever takes in news of the call holds it."""
    rows = select(Interaction).where(col(Interaction.id) == call_id).with_for_update(key_share=True)
    return (await session.exec(rows)).one()


async def test_a_1_that_is_pressed_while_a_colleague_claims_the_call_counts_no_more(
    database: Database, ask: Ask, ringing: UUID, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        await current_calls.claim(session, ringing, agents["oleg"], now=now)
        pressing = asyncio.create_task(_script(ask))
        await queued(database, pressing)
    assert await pressing == Script((HangUp(),))
    (row,) = await rows(HandledCall)
    assert row.staff_id == agents["oleg"]
    first = (await ask(call("take", Progress.ANSWERED))).steps[0]
    assert isinstance(first, Ring)
    assert first.numbers == (OLEG,)


async def _script(ask: Ask) -> Script:
    return await ask(pressed(MAGDA))


async def test_who_claims_a_call_while_a_1_is_taken_in_is_told_who_was_first(
    database: Database, ringing: UUID, agents: dict[str, int], now: datetime
) -> None:
    async def claim() -> None:
        async with database.unit() as session:
            await current_calls.claim(session, ringing, agents["oleg"], now=now)

    async with database.unit() as session:
        word = await _held(session, ringing)
        claiming = asyncio.create_task(claim())
        await queued(database, claiming)
        await current_calls.talks(session, word, agents["magda"], now=now)
        word.state = State.TALKING
    with pytest.raises(TakenAlready, match="magda took this call"):
        await claiming


async def test_who_claims_a_call_while_the_next_telephones_are_rung_waits_and_has_it(
    database: Database, ringing: UUID, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        await current_calls.claim(session, ringing, agents["magda"], now=now)

    async def claim() -> None:
        async with database.unit() as session:
            await current_calls.claim(session, ringing, agents["oleg"], now=now)

    async with database.unit() as session:
        await _held(session, ringing)
        claiming = asyncio.create_task(claim())
        await queued(database, claiming)
        await current_calls.release(session, ringing)
        await current_calls.ring(session, ringing, agents.values(), now=now)
    await claiming
    assert [one.staff_id for one in await rows(HandledCall)] == [agents["oleg"]]


@pytest.mark.parametrize("note", [None, "Settled it"])
async def test_a_call_is_wrapped_up_behind_the_late_news_of_it(
    database: Database, ended: UUID, agents: dict[str, int], rows: Rows, now: datetime, note: str | None
) -> None:
    later = now + timedelta(seconds=75)

    async def wrap_up() -> None:
        async with database.unit() as session:
            wrapping = WrapUp((await call_outcomes.listing(session))[0].id or 0, note)
            await wrap_ups.wrap_up(session, ended, wrapping, staff_id=agents["magda"], others=False, now=later)

    async with database.unit() as session:
        await _held(session, ended)
        wrapping_up = asyncio.create_task(wrap_up())
        await queued(database, wrapping_up)
        await current_calls.over(session, ended, now=later)
    await wrapping_up
    (row,) = await rows(HandledCall)
    assert row.wrapped_at == later


async def test_nobody_takes_two_calls_that_ring_at_once(
    database: Database, ask: Ask, ringing: UUID, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING, "CA2"))
    second = next(one.id for one in await rows(Interaction) if one.id != ringing)

    async def claim() -> None:
        async with database.unit() as session:
            await current_calls.claim(session, second, agents["oleg"], now=now)

    async with database.unit() as session:
        await current_calls.claim(session, ringing, agents["oleg"], now=now)
        claiming = asyncio.create_task(claim())
        await queued(database, claiming)
    with pytest.raises(TakenAlready, match="have a call already"):
        await claiming
    async with database.unit() as session:
        await current_calls.claim(session, ringing, agents["oleg"], now=now)
        await current_calls.claim(session, second, agents["magda"], now=now)


async def test_of_two_who_share_a_telephone_the_one_who_wanted_the_call_has_it(
    database: Database, ask: Ask, ringing: UUID, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        await accounts.set_phone(session, agents["oleg"], MAGDA, now=now)
        await current_calls.claim(session, ringing, agents["oleg"], now=now)
    await ask(call("take", Progress.ANSWERED))
    await ask(pressed(MAGDA))
    (row,) = await rows(HandledCall)
    (word,) = await rows(Interaction)
    assert (row.staff_id, word.staff_id) == (agents["oleg"], agents["oleg"])


async def test_a_customer_is_called_once_however_often_the_button_is_pressed(
    database: Database, reception: Reception, agents: dict[str, int], now: datetime
) -> None:
    async with database.unit() as session:
        customer = (await directory.resolve(session, Address(Kind.VOICE, ANA_PHONE), now=now)).customer.id

    async def press(session: AsyncSession) -> object:
        return await calling_customers.call(
            session, customer, staff_id=agents["magda"], gate=reception.gate, now=now.replace(hour=10)
        )

    async def again() -> None:
        async with database.unit() as session:
            await press(session)

    async with database.unit() as session:
        assert isinstance(await press(session), Placed)
        pressing = asyncio.create_task(again())
        await queued(database, pressing)
    with pytest.raises(CannotCall, match="have a call already"):
        await pressing
