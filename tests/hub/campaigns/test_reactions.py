"""What recipients did, counted: people and machines apart, and always the sum of what stands behind each number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import answers, feeding, lifecycle, reactions
from hub.campaigns.lifecycle import Plan
from hub.campaigns.reactions import FIGURES, Totals
from hub.clock import uuid7
from hub.customers import consent
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.interactions import partitions, prompting
from hub.models import Conversation, Interaction, MailReference, Reaction, ReceiptRow
from hub.models.vocabulary import Ground, Kind, Purpose, State, Touch
from hub.outbound.request import Gate
from tests.log_rows import heard

Enrol = Callable[..., Awaitable[UUID]]

SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)


@pytest.fixture
async def sent(database: Database, now: datetime, gate: Gate, spring: int, enrol: Enrol) -> dict[str, UUID]:
    """A campaign whose messages have left: name → message. The campaign's id is 1."""
    people = {name: await enrol(name) for name in ("Ada", "Bea", "Cleo", "Dora")}
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        plan = Plan("Spring", spring, SEGMENT, variables={"offer": "Tulips"})
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
        while await feeding.feed(session, campaign.id or 0, gate=gate, now=now):
            pass
    found = {}
    async with database.unit() as session:
        for name, customer in people.items():
            row = await _message(session, customer)
            row.state, row.state_rank, row.message_id = State.SENT, State.SENT.rank, f"<{name}@hub.example>"
            session.add(row)
            found[name] = row.id
    return found


async def test_nothing_happened_is_all_nought(database: Database, sent: dict[str, UUID]) -> None:
    async with database.unit() as session:
        assert await reactions.totals(session, 1) == Totals()


async def test_people_and_machines_are_counted_apart(database: Database, now: datetime, sent: dict[str, UUID]) -> None:
    soon = now + timedelta(hours=1)
    await _happened(
        database,
        _did(sent["Ada"], Touch.CLICK, soon, url="https://a.example"),
        _did(sent["Ada"], Touch.CLICK, soon + timedelta(hours=1), url="https://a.example"),
        _did(sent["Bea"], Touch.OPEN, soon, machine=True, ground=Ground.PRIVACY),
        _did(sent["Cleo"], Touch.OPEN, soon, ground=Ground.PROXY),
    )
    async with database.unit() as session:
        assert await reactions.totals(session, 1) == Totals(opened=2, opened_by_machine=1, clicked=1)
        assert await reactions.grounds(session, 1) == {Ground.PRIVACY: 1, Ground.PROXY: 1}
        (link,) = await reactions.links(session, 1)
    assert (link.url, link.people, link.machines, link.times) == ("https://a.example", 1, 0, 2)


async def test_a_second_link_within_a_second_shows_that_the_first_was_a_machines(
    database: Database, now: datetime, sent: dict[str, UUID]
) -> None:
    soon, blink = now + timedelta(hours=1), timedelta(milliseconds=700)
    await _happened(
        database,
        _did(sent["Ada"], Touch.CLICK, soon, url="https://a.example"),
        _did(sent["Ada"], Touch.CLICK, soon + blink, url="https://b.example", others=1, machine=True),
        _did(sent["Bea"], Touch.CLICK, soon, url="https://a.example"),
        _did(sent["Bea"], Touch.CLICK, soon + timedelta(minutes=2), url="https://b.example"),
    )
    async with database.unit() as session:
        assert await reactions.totals(session, 1) == Totals(opened=1, clicked=1, clicked_by_machine=1)


async def test_who_follows_the_link_that_nobody_sees_is_a_machine_in_all_it_did(
    database: Database, now: datetime, sent: dict[str, UUID]
) -> None:
    soon = now + timedelta(hours=1)
    await _happened(
        database,
        _did(sent["Ada"], Touch.CLICK, soon, url="https://a.example"),
        _did(sent["Ada"], Touch.TRAP, soon + timedelta(seconds=20), machine=True, ground=Ground.TRAP),
        _did(sent["Ada"], Touch.CLICK, soon + timedelta(days=1), url="https://a.example"),
        _did(sent["Bea"], Touch.TRAP, soon, machine=True, ground=Ground.TRAP),
    )
    async with database.unit() as session:
        (ada,) = await reactions.recipients(session, 1, "clicked")
        assert await reactions.recipients(session, 1, "clicked_by_machine") == []
    assert (ada.name, ada.clicked, ada.clicked_by_machine) == ("Ada", soon + timedelta(days=1), soon)


async def test_answers_refusals_bounces_and_complaints_are_found_in_the_log(
    database: Database, now: datetime, sent: dict[str, UUID]
) -> None:
    later = now + timedelta(days=1)
    async with database.unit() as session:
        messages = {name: await session.get_one(Interaction, number) for name, number in sent.items()}
        people = {name: row.customer_id for name, row in messages.items()}
        cited = _word(people["Ada"], later)
        session.add_all([cited, _word(people["Bea"], later, auto="auto-reply", in_reply_to="<Bea@hub.example>")])
        session.add(_word(people["Cleo"], later))  # about something else
        await session.flush()
        session.add(MailReference(cited="<Ada@hub.example>", interaction_id=cited.id))
        said = Statement(people["Bea"], Purpose.MARKETING, Kind.EMAIL, granted=False, source="one-click")
        await consent.record(session, said, now=later)
        messages["Cleo"].state, messages["Cleo"].reason = State.FAILED, "bad_address"
        session.add(ReceiptRow(interaction_id=sent["Dora"], at=later, progress="delivered", reason="complained"))
    async with database.unit() as session:
        found = await reactions.totals(session, 1)
        assert found == Totals(answered=1, unsubscribed=1, bounced=1, complained=1)
        for figure in FIGURES:
            assert asdict(found)[figure] == len(await reactions.recipients(session, 1, figure)), figure


async def test_an_answer_is_listed_with_its_conversation_which_shows_what_is_answered(
    database: Database, now: datetime, sent: dict[str, UUID]
) -> None:
    at = now + timedelta(days=1)
    async with database.unit() as session:
        people = {name: (await session.get_one(Interaction, sent[name])).customer_id for name in ("Ada", "Bea")}
        talks = {
            name: Conversation(id=uuid7(at), customer_id=who, kind=Kind.EMAIL, created_at=at, last_at=at)
            for name, who in people.items()
        }
        session.add_all(talks.values())
        await session.flush()
        cited = _word(people["Ada"], at, in_reply_to="<Ada@hub.example>", conversation_id=talks["Ada"].id)
        session.add_all([cited, _word(people["Bea"], at, conversation_id=talks["Bea"].id)])  # about something else
    async with database.unit() as session:
        (answer,) = await answers.listing(session, 1)
        assert (answer.id, answer.customer_name, answer.conversation_id) == (cited.id, "Ada", talks["Ada"].id)
        assert await answers.listing(session, 1, before=answer.id) == []
        assert await prompting.prompt(session, talks["Ada"].id) == sent["Ada"]
        assert await prompting.prompt(session, talks["Bea"].id) is None


async def test_an_answer_that_comes_a_month_later_is_about_something_else(
    database: Database, now: datetime, sent: dict[str, UUID]
) -> None:
    async with database.unit() as session:
        row = await session.get_one(Interaction, sent["Ada"])
        session.add(_word(row.customer_id, now + timedelta(days=30), in_reply_to=row.message_id))
    async with database.unit() as session:
        assert (await reactions.totals(session, 1)).answered == 0


def _did(
    message: UUID,
    touch: Touch,
    at: datetime,
    *,
    url: str = "",
    machine: bool = False,
    ground: Ground | None = None,
    others: int = 0,
) -> Reaction:
    return Reaction(
        interaction_id=message,
        campaign_id=1,
        at=at,
        touch=touch,
        url=url,
        machine=machine,
        ground=ground,
        others=others,
    )


def _word(customer: UUID, at: datetime, **more: Any) -> Interaction:
    """A mail from a customer."""
    return heard(customer, at, **more)


async def _happened(database: Database, *rows: Reaction) -> None:
    async with database.unit() as session:
        session.add_all(rows)


async def _message(session: AsyncSession, customer: UUID) -> Interaction:
    return (await session.exec(select(Interaction).where(col(Interaction.customer_id) == customer))).one()
