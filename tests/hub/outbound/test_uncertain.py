"""A message of which nobody knows whether it left, and the person who decides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.errors import Unknown
from channels.message import Accepted
from hub import clock
from hub.database.engine import Database
from hub.interactions import progress
from hub.models import Campaign, Interaction, Outbox
from hub.models.vocabulary import CampaignState, Kind, Origin, Purpose, State
from hub.outbound import outbox, preparing, settling, uncertain
from hub.outbound.request import Gate, Request, Words, send
from hub.outbound.settling import Outcome
from hub.outbound.uncertain import NotUncertain
from hub.reports import uncertain as lists
from hub.reports.uncertain import Whose
from tests.hub.outbound.test_still import MAIL

Enrol = Callable[..., Awaitable[UUID]]
Lose = Callable[..., Awaitable[UUID]]
_SENDING = text("update interaction set state = 'sending', state_rank = 1 where id = :id")
pytestmark = pytest.mark.usefixtures("quick_senders")


@pytest.fixture
def lose(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> Lose:
    """A message whose answer never came."""

    async def make(purpose: Purpose = Purpose.SERVICE) -> UUID:
        origin = Origin.AGENT if purpose is Purpose.SERVICE else Origin.OCCASION
        asked = Request(await enrol(purpose.value), purpose, origin, Words("Hi", subject="Hi"), kinds=(Kind.EMAIL,))
        async with database.unit() as session:
            await send(session, asked, gate=gate, now=now)
        async with database.unit() as session:
            (ticket,) = await outbox.claim(session, "mail", limit=1, worker="test")
            await session.execute(_SENDING, {"id": ticket.interaction_id})
        lost = Outcome(ticket, "mail", Kind.EMAIL, Unknown("no answer", stage="dot"), now, now, "test")
        async with database.unit() as session:
            await settling.settle(session, [lost], now=now)
        return ticket.interaction_id

    return make


async def message(database: Database, number: UUID) -> Interaction:
    async with database.unit() as session:
        found = await session.get(Interaction, number)
    assert found is not None
    return found


async def tickets(database: Database) -> list[Outbox]:
    async with database.unit() as session:
        return list(await session.exec(select(Outbox)))


async def test_greetings_that_are_lost_wait_for_a_person_and_service_mail_says_when_it_goes_again(
    database: Database, lose: Lose, now: datetime
) -> None:
    greeting, service = await lose(Purpose.MARKETING), await lose()
    async with database.unit() as session:
        listed = {line.id: line.again_at for line in await lists.lines(session)}
        mine = [line.id for line in await lists.lines(session, whose=Whose(bulk=False))]
        theirs = [line.id for line in await lists.lines(session, whose=Whose(single=False))]
    assert listed == {greeting: None, service: now + timedelta(minutes=15)}
    assert (mine, theirs) == ([service], [greeting])


async def test_sending_again_is_the_same_message_at_once_and_marked(
    database: Database, lose: Lose, now: datetime
) -> None:
    number = await lose(Purpose.MARKETING)
    async with database.unit() as session:
        await uncertain.send_again(session, number, now=now)
    (ticket,) = await tickets(database)
    found = await message(database, number)
    assert (ticket.interaction_id, ticket.due_at) == (number, now)
    assert (found.state, found.flag) == (State.UNKNOWN, "may be double")
    async with database.unit() as session:
        await session.execute(text("update outbox set due_at = clock_timestamp()"))
        (claimed,) = await outbox.claim(session, "mail", limit=1, worker="test")
    sent = Outcome(claimed, "mail", Kind.EMAIL, Accepted("<1@hub.example>", "250 ok"), now, now, "test")
    async with database.unit() as session:
        await settling.settle(session, [sent], now=now)
    found = await message(database, number)
    assert (found.state, found.flag, await tickets(database)) == (State.SENT, "may be double", [])


async def test_service_mail_that_waits_for_evidence_has_one_ticket_and_goes_now(
    database: Database, lose: Lose, now: datetime
) -> None:
    number = await lose()
    async with database.unit() as session:
        await uncertain.send_again(session, number, now=now)
    assert [(one.interaction_id, one.due_at) for one in await tickets(database)] == [(number, now)]


async def test_what_is_left_is_asked_about_no_more_and_still_settled_by_evidence(
    database: Database, lose: Lose, now: datetime
) -> None:
    number = await lose()
    async with database.unit() as session:
        await uncertain.leave(session, number)
        assert (await lists.lines(session), await lists.number(session)) == ([], 0)
        with pytest.raises(NotUncertain, match="decided already"):  # by a page that somebody has open since before
            await uncertain.send_again(session, number, now=now)
    assert await tickets(database) == []
    assert (await message(database, number)).state is State.UNKNOWN
    async with database.unit() as session:
        await progress.advance(session, number, State.DELIVERED, now=now)
    found = await message(database, number)
    assert (found.state, found.reason) == (State.DELIVERED, "")


async def test_what_is_known_meanwhile_is_not_sent_again(database: Database, lose: Lose, now: datetime) -> None:
    number = await lose(Purpose.MARKETING)
    async with database.unit() as session:
        await progress.advance(session, number, State.SENT, now=now)
        with pytest.raises(NotUncertain, match="the message is sent"):
            await uncertain.send_again(session, number, now=now)
    assert await tickets(database) == []


async def test_one_that_a_sender_holds_is_not_touched(database: Database, lose: Lose, now: datetime) -> None:
    number = await lose()
    async with database.unit() as session:
        await session.execute(text("update outbox set lease_until = clock_timestamp() + interval '1 minute'"))
        with pytest.raises(NotUncertain, match="at this moment"):
            await uncertain.leave(session, number)


async def test_a_person_and_a_sender_lock_in_the_same_order(database: Database, lose: Lose) -> None:
    """Who has the ticket gets the message too, while somebody who decides about it waits for the ticket."""
    number = await lose()
    async with database.unit() as sender:
        await sender.execute(text("select id from outbox for update"))
        deciding = asyncio.create_task(_leave(database, number))
        waits = text("select count(*) from pg_locks where not granted")
        while not (await sender.execute(waits)).scalar_one():  # noqa: ASYNC110
            await asyncio.sleep(0)
        await sender.execute(text("select id from interaction where id = :id for update nowait"), {"id": number})
    await deciding
    assert (await tickets(database), (await message(database, number)).reason) == ([], "left")


async def _leave(database: Database, number: UUID) -> None:
    async with database.unit() as session:
        await uncertain.leave(session, number)


async def test_of_a_paused_campaign_what_may_go_again_is_not_taken_up_all_the_time(
    database: Database, gate: Gate, lose: Lose
) -> None:
    number, now = await lose(), clock.now()
    campaign = Campaign(name="Notice", purpose=Purpose.SERVICE, state=CampaignState.PAUSED, created_at=now)
    async with database.unit() as session:
        session.add(campaign)
        await session.flush()
        await session.execute(text("update interaction set campaign_id = :id"), {"id": campaign.id})
        await session.execute(text("update outbox set due_at = clock_timestamp()"))
    async with database.unit() as session:
        claimed = await outbox.claim(session, "mail", limit=1, worker="test")
        assert await preparing.prepare(session, claimed, MAIL, gate=gate, claimed=0.0, now=now) == []
    (ticket,) = await tickets(database)
    assert (ticket.interaction_id, ticket.attempts) == (number, 1)
    assert ticket.due_at > now + outbox.ASIDE - timedelta(minutes=1)
