"""Who waited for the wire is asked about again: by the same rules as before, and only by whoever holds the ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from channels.adapter import Channel, Finding
from channels.message import Address
from hub import clock
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Origin, Purpose, Role
from hub.outbound import outbox, preparing, trial
from hub.outbound.preparing import Ready
from hub.outbound.rendering import Rendered
from hub.outbound.request import Gate, Request, Words, send
from hub.staff import accounts

Enrol = Callable[..., Awaitable[UUID]]
pytestmark = pytest.mark.usefixtures("quick_senders")


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "us@meadow.example"), None, _nothing_found)  # type: ignore[arg-type]


async def _claimed(database: Database, gate: Gate) -> Ready:
    async with database.unit() as session:
        tickets = await outbox.claim(session, "mail", limit=1, worker="test")
        (ready,) = await preparing.prepare(session, tickets, MAIL, gate=gate, claimed=0.0, now=clock.now())
    return ready


async def _still(database: Database, gate: Gate, ready: Ready) -> bool:
    async with database.unit() as session:
        return bool(await preparing.still(session, [ready], gate=gate, now=clock.now()))


async def test_a_test_message_that_waited_goes_although_its_address_is_no_customers(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    async with database.unit() as session:
        staff = await accounts.create(
            session, email="ada@meadow.example", name="Ada", role=Role.ADMIN, password="correct horse battery", now=now
        )
        said = Rendered("Spring", "Less!", "", "en")
        whom = {"customer_id": customer, "staff_id": staff.id or 0, "gate": gate, "country": "PL"}
        await trial.send(session, said, Kind.EMAIL, "ada@meadow.example", **whom, most=9, now=clock.now())  # type: ignore[arg-type]
    assert await _still(database, gate, await _claimed(database, gate))


async def test_what_another_worker_has_taken_meanwhile_is_not_sent(
    database: Database, gate: Gate, enrol: Enrol
) -> None:
    asked = Request(await enrol(), Purpose.SERVICE, Origin.AGENT, Words("Hi", subject="Hi"), kinds=(Kind.EMAIL,))
    async with database.unit() as session:
        await send(session, asked, gate=gate, now=clock.now() - timedelta(minutes=1))
    ready = await _claimed(database, gate)
    assert await _still(database, gate, ready)
    async with database.unit() as session:
        await session.execute(text("update outbox set fence = fence + 1"))
    assert not await _still(database, gate, ready)
