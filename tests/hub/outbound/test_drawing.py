"""A campaign's mails made ready ahead of the wire: queued until they begin, begun only if nothing has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.adapter import Channel
from channels.message import Address, Kind
from hub.campaigns import feeding, lifecycle
from hub.campaigns.lifecycle import Plan
from hub.customers import consent
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.models import Interaction
from hub.models.vocabulary import Purpose, State, Withheld
from hub.outbound import drawing, outbox, preparing, templates
from hub.outbound.drawing import Drawn
from hub.outbound.outbox import Ticket
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]
_nobody: Any = None  # nothing is sent here
MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "support@shop.example"), _nobody, _nobody)
WORDS = {
    "en": {
        "subject": "Hi {{ customer.name }}",
        "body": "Dear {{ customer.name }} {{ unsubscribe_url }}",
        "html": "<p>{{ company }} {{ unsubscribe_url }}</p>",
    }
}
pytestmark = pytest.mark.usefixtures("quick_senders")


@pytest.fixture
async def claimed(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> list[Ticket]:
    """A campaign's two mails."""
    for name in ("Ana", "Bo"):
        await enrol(name)
    async with database.unit() as session:
        version = await templates.save(session, "spring", WORDS, now=now)
        campaign = await lifecycle.create(session, Plan("Spring", version.id), staff_id=None, now=now)
        assert campaign.id is not None
        await lifecycle.start(session, campaign.id, gate=gate, now=now)
    more = True
    while more:
        async with database.unit() as session:
            more = await feeding.feed(session, campaign.id, gate=gate, now=now)
    async with database.unit() as session:
        await session.execute(text("update outbox set due_at = clock_timestamp() - interval '1s'"))
    async with database.unit() as session:
        return await outbox.claim(session, "mail", limit=9, worker="test")


async def draw(database: Database, gate: Gate, tickets: Sequence[Ticket], now: datetime) -> list[Drawn]:
    return await drawing.draw(database, tickets, MAIL, gate=gate, versions={}, claimed=0.0, now=now)


async def begin(database: Database, drawn: Sequence[Drawn], now: datetime) -> set[int]:
    return await drawing.begin(database, drawn, MAIL, now=now)


async def log(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list((await session.exec(select(Interaction).order_by("subject"))).all())


async def test_what_is_drawn_is_queued_until_it_begins_and_then_the_log_knows_its_words(
    database: Database, gate: Gate, claimed: list[Ticket], now: datetime
) -> None:
    drawn = await draw(database, gate, claimed, now)
    assert [(row.state, row.subject) for row in await log(database)] == [(State.QUEUED, "")] * 2
    assert await begin(database, drawn, now) == {ticket.id for ticket in claimed}
    rows = await log(database)
    assert [(row.state, row.subject, row.language) for row in rows] == [
        (State.SENDING, "Hi Ana", "en"),
        (State.SENDING, "Hi Bo", "en"),
    ]
    assert {row.content_hash for row in rows} == {one.words.sha256 for one in drawn}
    assert [(row.variables or {})["company"] for row in rows] == [gate.company] * 2


@pytest.mark.parametrize(
    "meanwhile",
    [
        "update campaign set state = 'paused'",
        "update campaign set state = 'cancelled'",
        "update outbox set fence = fence + 1",
        "delete from outbox",
        "update interaction set template_version_id = 99",
        "update interaction set state = 'cancelled', state_rank = 9",
    ],
)
async def test_what_was_stopped_meanwhile_does_not_begin(
    database: Database, gate: Gate, claimed: list[Ticket], now: datetime, meanwhile: str
) -> None:
    drawn = await draw(database, gate, claimed, now)
    async with database.unit() as session:
        await session.execute(text(meanwhile))
    assert await begin(database, drawn, now) == set()
    assert State.SENDING not in {row.state for row in await log(database)}


async def test_whom_the_gate_stops_is_not_drawn(
    database: Database, gate: Gate, claimed: list[Ticket], now: datetime
) -> None:
    async with database.unit() as session:
        await session.execute(text("update customer set do_not_contact = true where name = 'Ana'"))
    (bo,) = await draw(database, gate, claimed, now)
    assert bo.words.subject == "Hi Bo"


async def test_a_no_to_the_topic_that_is_said_before_it_leaves_stops_it_both_ways(
    database: Database, gate: Gate, claimed: list[Ticket], now: datetime
) -> None:
    """U6: ahead of the wire it is not drawn, and beside that it is withheld."""
    async with database.unit() as session:
        await session.execute(text("update campaign set topic = 'garden'"))
        ana = (await session.execute(text("select id from customer where name = 'Ana'"))).scalar_one()
        said = Statement(ana, Purpose.MARKETING, None, granted=False, source="test", topic="garden")
        await consent.record(session, said, now=now)
    assert [one.words.subject for one in await draw(database, gate, claimed, now)] == ["Hi Bo"]
    async with database.unit() as session:
        ready = await preparing.prepare(session, claimed, MAIL, gate=gate, claimed=0.0, now=now)
    assert len(ready) == 1
    rows = {row.customer_id == ana: (row.state, row.reason) for row in await log(database)}
    assert rows == {True: (State.WITHHELD, Withheld.TOPIC_UNWANTED), False: (State.SENDING, "")}


async def test_what_is_given_back_can_be_claimed_at_once_as_if_nothing_had_been(
    database: Database, claimed: list[Ticket]
) -> None:
    async with database.unit() as session:
        await outbox.give_back_all(session, claimed)
    async with database.unit() as session:
        again = await outbox.claim(session, "mail", limit=9, worker="other")
    assert {ticket.id for ticket in again} == {ticket.id for ticket in claimed}
    assert {ticket.attempts for ticket in again} == {1}
