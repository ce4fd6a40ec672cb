"""Asking for a message: one log row, one ticket, at most once, and the reason when there is none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from hub.clock import uuid7
from hub.customers import consent
from hub.customers.directory import NotFound
from hub.database.engine import Database
from hub.models import AttachmentRow, Interaction, Outbox
from hub.models.vocabulary import Kind, Origin, Purpose, State, Withheld
from hub.outbound import templates, unsubscribe_links
from hub.outbound.rendering import text_of
from hub.outbound.request import (
    Answer,
    Duplicate,
    Gate,
    Held,
    NewFile,
    Placed,
    Request,
    Templated,
    Words,
    preview,
    send,
    send_many,
)
from hub.outbound.unsubscribe_links import Link

Enrol = Callable[..., Awaitable[UUID]]

VARIANTS = {"en": {"subject": "Hi {{ customer.given_name }}", "body": "{{ offer }} {{ unsubscribe_url }}"}}
VARIANTS["en"] |= {"sms": "No more: {{ unsubscribe_url }}"}


def word(customer: UUID, **more: object) -> Request:
    asked = {
        "customer_id": customer,
        "purpose": Purpose.SERVICE,
        "origin": Origin.AGENT,
        "content": Words("Hello", subject="Hi"),
        "kinds": (Kind.EMAIL,),
    }
    return Request(**(asked | more))  # type: ignore[arg-type]


async def ask(database: Database, request: Request, gate: Gate, now: datetime) -> Answer:
    async with database.unit() as session:
        return await send(session, request, gate=gate, now=now)


async def rows(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


async def tickets(database: Database) -> list[Outbox]:
    async with database.unit() as session:
        return list(await session.exec(select(Outbox).order_by(col(Outbox.id))))


async def test_an_agents_word_is_logged_and_queued_in_one_go(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    answer = await ask(database, word(customer), gate, now)
    (row,), (ticket,) = await rows(database), await tickets(database)
    assert answer == Placed(row.id, Kind.EMAIL, now)
    assert (row.state, row.channel, row.recipient, row.subject, row.body_text) == (
        State.QUEUED,
        "mail",
        "ana@example.org",
        "Hi",
        "Hello",
    )
    assert row.trace == ["email: allowed, ranked 1"]
    assert (ticket.interaction_id, ticket.priority, ticket.due_at) == (row.id, 0, now)


async def test_what_is_rolled_back_leaves_neither_row_nor_ticket(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    with pytest.raises(ZeroDivisionError):
        async with database.unit() as session:
            await send(session, word(customer), gate=gate, now=now)
            raise ZeroDivisionError
    assert (await rows(database), await tickets(database)) == ([], [])


async def test_a_double_click_is_one_message(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    customer = await enrol()
    asked = word(customer, dedupe_key="form:1")
    answers = await asyncio.gather(*(ask(database, asked, gate, now) for _ in range(8)))
    placed = [answer for answer in answers if isinstance(answer, Placed)]
    assert len(placed) == 1
    assert answers.count(Duplicate(placed[0].interaction_id)) == 7
    assert len(await rows(database)) == len(await tickets(database)) == 1


async def test_of_one_batch_with_a_repeated_key_the_first_goes(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    twice = [word(customer, dedupe_key="k"), word(customer), word(customer, dedupe_key="k")]
    async with database.unit() as session:
        first, second, third = await send_many(session, twice, gate=gate, now=now)
    assert isinstance(first, Placed)
    assert isinstance(second, Placed)
    assert third == Duplicate(first.interaction_id)


async def test_what_the_gate_refuses_is_logged_with_its_reason_and_trace(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol(agreed=False)
    answer = await ask(database, word(customer, purpose=Purpose.MARKETING, origin=Origin.CAMPAIGN), gate, now)
    (row,) = await rows(database)
    assert answer == Held(row.id, Withheld.NO_CONSENT, ("email: no consent to marketing",))
    assert (row.state, row.reason, row.trace) == (State.WITHHELD, "no_consent", ["email: no consent to marketing"])
    assert (row.kind, row.body_text) == (Kind.EMAIL, "Hello")
    assert await tickets(database) == []


async def test_a_campaigns_row_keeps_the_values_and_not_the_body_and_gives_the_exact_text_again(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    async with database.unit() as session:
        version = await templates.save(session, "spring", VARIANTS, now=now)
        asked = word(
            customer,
            purpose=Purpose.MARKETING,
            origin=Origin.OCCASION,
            occasion="spring",
            content=Templated(version.id or 0, {"offer": "Tulips"}),
        )
        await send(session, asked, gate=gate, now=now)
    (row,) = await rows(database)
    async with database.unit() as session:
        said = await text_of(session, row)
    assert said.subject == row.subject == "Hi Ana"
    assert said.text.startswith("Tulips http://hub.example/u/")
    assert said.sha256 == row.content_hash


@pytest.mark.parametrize("kind", [Kind.EMAIL, Kind.SMS])
async def test_the_unsubscribe_link_names_customer_purpose_and_channel(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, kind: Kind
) -> None:
    customer = await enrol()
    async with database.unit() as session:
        said = consent.Statement(customer, Purpose.MARKETING, Kind.SMS, granted=True, source="test")
        await consent.record(session, said, now=now)
    async with database.unit() as session:
        version = await templates.save(session, "spring", VARIANTS, now=now)
        asked = word(
            customer,
            purpose=Purpose.MARKETING,
            origin=Origin.OCCASION,
            content=Templated(version.id or 0, {"offer": "Tulips"}),
            kinds=(kind,),
        )
        shown = await preview(session, asked, gate=gate, now=now)
    assert shown.rendered is not None
    found = re.search(r"http://hub\.example/u/([\w-]+)", shown.rendered.text)
    assert found is not None
    assert unsubscribe_links.read(gate.signer, found.group(1)) == Link(customer, Purpose.MARKETING, kind)
    assert await rows(database) == []


async def test_a_template_that_cannot_be_rendered_is_withheld_and_says_where(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    async with database.unit() as session:
        version = await templates.save(session, "spring", VARIANTS, now=now)
    asked = word(customer, content=Templated(version.id or 0, {}))
    answer = await ask(database, asked, gate, now)
    assert isinstance(answer, Held)
    assert answer.reason is Withheld.TEMPLATE_ERROR
    assert answer.trace[-1] == "Mail, English, line 1: “offer” is not known. Take it out, or correct it"


async def test_at_night_the_ticket_is_due_in_the_morning(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    asked = word(customer, purpose=Purpose.REMINDERS, origin=Origin.REMINDER, not_before=now + timedelta(hours=11))
    answer = await ask(database, asked, gate, now)
    (ticket,) = await tickets(database)
    assert isinstance(answer, Placed)
    assert answer.due_at == ticket.due_at == now + timedelta(hours=19)  # 08:00 in Warsaw


async def test_a_reminder_that_the_night_would_make_too_late_is_withheld(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol()
    late = now + timedelta(hours=11)
    asked = word(
        customer,
        purpose=Purpose.REMINDERS,
        origin=Origin.REMINDER,
        not_before=late,
        expires_at=late + timedelta(hours=1),
    )
    answer = await ask(database, asked, gate, now)
    assert isinstance(answer, Held)
    assert answer.reason is Withheld.TOO_LATE


async def test_the_cap_counts_over_all_campaigns(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    customer = await enrol()
    asked = word(customer, purpose=Purpose.MARKETING, origin=Origin.CAMPAIGN)
    answers = [await ask(database, asked, gate, now + timedelta(seconds=n)) for n in range(4)]
    assert [type(answer) for answer in answers] == [Placed, Placed, Placed, Held]
    after_a_week = await ask(database, asked, gate, now + timedelta(days=7, minutes=1))
    assert isinstance(after_a_week, Placed)


async def test_a_second_channel_takes_over_when_the_first_is_refused(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    customer = await enrol(agreed=False)
    async with database.unit() as session:
        said = consent.Statement(customer, Purpose.MARKETING, Kind.SMS, granted=True, source="test")
        await consent.record(session, said, now=now)
    answer = await ask(database, word(customer, purpose=Purpose.MARKETING, origin=Origin.CAMPAIGN, kinds=()), gate, now)
    assert isinstance(answer, Placed)
    assert answer.kind is Kind.SMS


async def test_files_are_kept_with_the_word(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    customer = await enrol()
    file = NewFile("plan.pdf", "application/pdf", "0" * 64, 12)
    await ask(database, word(customer, content=Words("See", files=(file,))), gate, now)
    async with database.unit() as session:
        (kept,) = await session.exec(select(AttachmentRow))
    assert (kept.name, kept.media_type, kept.sha256, kept.size) == ("plan.pdf", "application/pdf", "0" * 64, 12)


async def test_an_unknown_customer_is_an_error(database: Database, gate: Gate, now: datetime) -> None:
    with pytest.raises(NotFound):
        await ask(database, word(uuid7(now)), gate, now)
