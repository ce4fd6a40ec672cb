"""Tickets: claimed within the rate, by priority, by one at a time, and never settled by who lost them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import text

from hub import clock
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import outbox, senders
from hub.outbound.front import FROM_THE_HEAD, HEAD, Front
from hub.outbound.outbox import Ticket
from hub.outbound.request import Gate, Request, Words, send_many
from tests.claiming import Race, race, worst_second

Enrol = Callable[..., Awaitable[UUID]]


async def fill(
    database: Database, gate: Gate, customer: UUID, count: int, now: datetime, origin: Origin = Origin.API
) -> None:
    one = Request(customer, Purpose.SERVICE, origin, Words("Hello"), kinds=(Kind.EMAIL,))
    async with database.unit() as session:
        await send_many(session, [one] * count, gate=gate, now=now)


async def claim(database: Database, limit: int = 100, lease: timedelta = outbox.LEASE) -> list[Ticket]:
    async with database.unit() as session:
        return await outbox.claim(session, "mail", limit=limit, worker="test", lease=lease)


async def rate(database: Database, rate: float, burst: float) -> None:
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=rate, burst=burst, now=clock.now())


async def test_no_more_than_the_burst_at_once(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    await rate(database, 0.001, 7)
    await fill(database, gate, await enrol(), 20, now)
    assert [len(await claim(database)) for _ in range(3)] == [7, 0, 0]


async def test_people_who_wait_go_before_bulk(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    customer = await enrol()
    await fill(database, gate, customer, 5, now)
    await fill(database, gate, customer, 1, now, Origin.AGENT)
    async with database.unit() as session:
        agents = await session.execute(text("select id from outbox where priority = 0"))
    assert [t.id for t in await claim(database, 1)] == [agents.scalar_one()]


async def test_who_looks_for_people_alone_waits_for_nobody_while_there_are_none(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    customer = await enrol()
    await fill(database, gate, customer, 3, now, Origin.CAMPAIGN)

    async def people() -> list[Ticket]:
        async with database.unit() as session:
            await session.execute(text("set local lock_timeout = '20s'"))
            return await outbox.claim(session, "mail", limit=5, bulk=0, worker="test")

    async with database.unit() as other:
        await other.execute(text("select from sender for update"))
        assert await people() == []
    await fill(database, gate, customer, 1, now, Origin.AGENT)
    assert [ticket.priority for ticket in await people()] == [0]


async def test_a_claimed_ticket_is_nobody_elses(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 40, now)
    claims = await asyncio.gather(*(claim(database, 10) for _ in range(8)))
    ids = [ticket.id for tickets in claims for ticket in tickets]
    assert len(ids) == len(set(ids)) == 40


async def test_a_paused_sender_sends_nothing_and_a_mended_one_again(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, now)
    async with database.unit() as session:
        sender = (await senders.ids(session))["mail"]
        await senders.pause(session, sender, timedelta(hours=1), trouble="the password is refused")
    assert await claim(database) == []
    async with database.unit() as session:
        await senders.mended(session, sender)
    assert len(await claim(database)) == 1


async def test_what_is_not_due_is_not_claimed(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, clock.now() + timedelta(hours=1))
    assert await claim(database) == []


async def test_who_lost_a_ticket_holds_it_no_more(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    await fill(database, gate, await enrol(), 1, now)
    (first,) = await claim(database)
    async with database.unit() as session:
        assert await outbox.held(session, [first]) == [first]
        assert await outbox.give_back(session, first, due_at=now, counted=False)
        assert await outbox.held(session, [first]) == []
        assert not await outbox.give_back(session, first, due_at=now)
    (second,) = await claim(database)
    async with database.unit() as session:
        assert await outbox.drop(session, [first]) == set()
        assert await outbox.drop(session, [second]) == {second.id}
    assert (first.attempts, second.attempts) == (1, 1)


async def test_the_rate_is_exact_over_four_processes_that_are_killed(database_url: str) -> None:
    """300 a second with a burst of 30, for about two seconds: neither more in any second than allowed nor far less."""
    moments = await race(database_url, Race(rate=300, burst=30, seconds=2, processes=4, kills=2))
    assert len(moments) > 330
    assert worst_second(moments) <= 330


async def test_what_comes_back_behind_the_front_is_claimed_by_the_next_look_from_the_head(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    seconds = [0.0]
    front, take = Front(_clock=lambda: seconds[0]), partial(outbox.take, database, "mail", limit=2, worker="test")
    await fill(database, gate, await enrol(), 6, now, Origin.CAMPAIGN)
    async with database.unit() as session:
        await session.execute(text("update outbox set due_at = due_at + id * interval '1 microsecond'"))
    first = await take(front=front)
    assert front.place > HEAD
    async with database.unit() as session:
        await outbox.give_back_all(session, first)

    head = min(ticket.id for ticket in first)
    assert head not in {t.id for t in await take(front=front)}
    seconds[0] += FROM_THE_HEAD
    assert head in {t.id for t in await take(front=front)}


async def test_people_are_claimed_whatever_the_front_of_bulk_is(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    customer, front = await enrol(), Front()
    await fill(database, gate, customer, 4, now, Origin.CAMPAIGN)
    assert len(await outbox.take(database, "mail", limit=2, worker="test", front=front)) == 2
    await fill(database, gate, customer, 1, now, Origin.AGENT)
    tickets = await outbox.take(database, "mail", limit=2, worker="test", front=front)
    assert [ticket.is_bulk for ticket in sorted(tickets, key=lambda t: t.priority)] == [False, True]


async def test_a_line_that_is_empty_beyond_the_front_is_looked_at_from_its_head(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, quick_senders: None
) -> None:
    front, take = Front(), partial(outbox.take, database, "mail", limit=2, worker="test")
    await fill(database, gate, await enrol(), 2, now, Origin.CAMPAIGN)
    tickets = await take(front=front)
    assert await take(front=front) == []
    assert front.place == HEAD
    async with database.unit() as session:
        await outbox.give_back_all(session, tickets)
    assert {t.id for t in await take(front=front)} == {t.id for t in tickets}
