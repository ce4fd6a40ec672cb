"""When nothing promotional goes to somebody: a complaint, a question that waits, the card, the calendar, the cap.

Each is asked of the gate in Python and of the one in SQL, over rows as the hub writes them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from hub.clock import uuid7
from hub.customers import consent
from hub.database.engine import Database
from hub.models import Conversation, Customer, Interaction, Outbox
from hub.models.vocabulary import ConversationState, Kind, Origin, Purpose, State, Withheld
from hub.outbound import dry_run, outbox, preparing
from hub.outbound.bulk import Verdict
from hub.outbound.matter import Matter
from hub.outbound.question import Question, Rules
from hub.outbound.request import Gate, Request, Words, send
from tests.hub.outbound.test_still import MAIL

Enrol = Callable[..., Awaitable[UUID]]
EVERYBODY: dict[Kind, frozenset[str] | None] = dict.fromkeys(Kind)


@pytest.fixture
def tactful(rules: Rules) -> Rules:
    return replace(rules, overdue=timedelta(hours=72), unhappy_labels=frozenset({"dissatisfied"}))


async def judged(
    database: Database, customer: UUID, rules: Rules, now: datetime, purpose: Purpose = Purpose.MARKETING
) -> Verdict:
    """What both gates say: they must agree."""
    about = Matter(Question(purpose, Origin.CAMPAIGN, frozenset(Kind), frozenset()), EVERYBODY, rules)
    async with database.unit() as session:
        (in_sql,) = await dry_run.answers(session, about, [customer], now=now)
        (in_python,) = await dry_run.by_hand(session, about, [customer], now=now)
    assert in_sql == in_python
    return in_sql


async def asks(database: Database, customer: UUID, at: datetime, **more: Any) -> UUID:
    """A conversation whose last word is the customer's."""
    known: dict[str, Any] = {"kind": Kind.EMAIL, "created_at": at, "last_at": at, "last_inbound_at": at}
    async with database.unit() as session:
        conversation = Conversation(id=uuid7(at), customer_id=customer, **(known | more))
        session.add(conversation)
        return conversation.id


async def becomes(database: Database, conversation: UUID, state: ConversationState) -> None:
    async with database.unit() as session:
        await session.exec(update(Conversation).where(col(Conversation.id) == conversation).values(state=state))


async def test_no_promotion_while_a_complaint_is_open(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime
) -> None:
    ana = await enrol()
    complaint = await asks(database, ana, now, flag="complaint")
    for state in (ConversationState.OPEN, ConversationState.PENDING, ConversationState.SNOOZED):
        await becomes(database, complaint, state)
        assert (await judged(database, ana, tactful, now)).reason is Withheld.COMPLAINT_OPEN
    await becomes(database, complaint, ConversationState.RESOLVED)
    assert (await judged(database, ana, tactful, now)).kind is Kind.EMAIL


async def test_no_promotion_while_a_question_waits_too_long(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime
) -> None:
    ana = await enrol()
    question = await asks(database, ana, now - timedelta(hours=72))
    await asks(database, ana, now - timedelta(hours=1))
    verdict = await judged(database, ana, tactful, now)
    since = f"{now - timedelta(hours=72):%Y-%m-%d}"
    assert verdict.trace == (f"the customer has been waiting for an answer since {since}",)
    assert (await judged(database, ana, tactful, now - timedelta(minutes=1))).reason is None, "not yet too long"
    assert (await judged(database, ana, replace(tactful, overdue=None), now)).reason is None, "no such rule"
    await becomes(database, question, ConversationState.PENDING)
    assert (await judged(database, ana, tactful, now)).reason is None, "it has been answered"


@pytest.mark.parametrize("state", [ConversationState.OPEN, ConversationState.PENDING])
async def test_nobody_in_dispute_with_the_company_is_greeted(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime, state: ConversationState
) -> None:
    ana = await enrol()
    async with database.unit() as session:
        said = consent.Statement(ana, Purpose.GREETINGS, None, granted=True, source="test")
        await consent.record(session, said, now=now)
    complaint = await asks(database, ana, now - timedelta(hours=99), flag="complaint")
    await becomes(database, complaint, state)
    assert (await judged(database, ana, tactful, now, Purpose.GREETINGS)).reason is Withheld.COMPLAINT_OPEN
    await becomes(database, complaint, ConversationState.RESOLVED)
    assert (await judged(database, ana, tactful, now, Purpose.GREETINGS)).kind is Kind.EMAIL


async def test_nobody_who_is_not_satisfied_is_greeted_but_a_question_that_waits_is_no_dispute(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime
) -> None:
    ana = await enrol()
    async with database.unit() as session:
        said = consent.Statement(ana, Purpose.GREETINGS, None, granted=True, source="test")
        await consent.record(session, said, now=now)
    await asks(database, ana, now - timedelta(days=9))
    assert (await judged(database, ana, tactful, now, Purpose.GREETINGS)).kind is Kind.EMAIL
    async with database.unit() as session:
        until = update(Customer).where(col(Customer.id) == ana).values(dissatisfied_until=now + timedelta(days=1))
        await session.exec(until)
    assert (await judged(database, ana, tactful, now, Purpose.GREETINGS)).reason is Withheld.DISSATISFIED


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ({"labels": ["vip", "dissatisfied"]}, Withheld.DISSATISFIED),
        ({"labels": ["complaint"]}, Withheld.COMPLAINT_OPEN),
        ({"deceased": True}, Withheld.DECEASED),
        ({"labels": ["vip"]}, None),
    ],
)
async def test_a_card_keeps_promotions_away(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime, card: dict[str, Any], reason: Withheld | None
) -> None:
    ana = await enrol(**card)
    assert (await judged(database, ana, tactful, now)).reason is reason


async def test_tact_keeps_no_reminder_away(database: Database, enrol: Enrol, tactful: Rules, now: datetime) -> None:
    """Reminders of what the customer booked go on, whatever is the matter."""
    ana = await enrol(labels=["dissatisfied"])
    await asks(database, ana, now - timedelta(days=9), flag="complaint")
    assert (await judged(database, ana, tactful, now, Purpose.REMINDERS)).kind is Kind.EMAIL


async def test_on_a_quiet_date_nothing_promotional_leaves_before_the_next_morning(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime
) -> None:
    ana = await enrol()
    quiet = replace(tactful, quiet_dates=frozenset({now.date()}))
    verdict = await judged(database, ana, quiet, now)
    assert verdict.not_before is not None
    assert verdict.not_before.date() == now.date() + timedelta(days=1)
    assert (await judged(database, ana, quiet, now, Purpose.REMINDERS)).not_before is None


async def test_a_cap_of_one_channel_counts_all_campaigns_and_leaves_the_other_channels(
    database: Database, enrol: Enrol, gate: Gate, tactful: Rules, now: datetime
) -> None:
    """Whatever it was: a campaign, an occasion, an API call. What never left does not count, nor what is a week old."""
    ana = await enrol()
    async with database.unit() as session:
        said = consent.Statement(ana, Purpose.MARKETING, Kind.SMS, granted=True, source="test")
        await consent.record(session, said, now=now)
    capped = replace(tactful, caps={(Kind.EMAIL, Purpose.MARKETING): 1})
    assert (await judged(database, ana, capped, now)).kind is Kind.EMAIL
    words = Request(ana, Purpose.MARKETING, Origin.API, Words("Less!", subject="Less!"), kinds=(Kind.EMAIL,))
    async with database.unit() as session:
        sent = await send(session, words, gate=gate, now=now)
    verdict = await judged(database, ana, capped, now + timedelta(minutes=1))
    assert (verdict.kind, verdict.trace[0]) == (Kind.SMS, "email: had 1 for marketing in 7 days, 1 are allowed")
    both = replace(capped, caps={**capped.caps, (Kind.SMS, Purpose.MARKETING): 0})
    assert (await judged(database, ana, both, now + timedelta(minutes=1))).reason is Withheld.FREQUENCY
    assert (await judged(database, ana, capped, now + timedelta(days=7, minutes=1))).kind is Kind.EMAIL
    async with database.unit() as session:
        gone = update(Interaction).where(col(Interaction.id) == sent.interaction_id)
        await session.exec(gone.values(state=State.CANCELLED))
    assert (await judged(database, ana, capped, now + timedelta(minutes=1))).kind is Kind.EMAIL


async def test_of_two_that_the_cap_lets_one_through_the_first_is_sent(
    database: Database, enrol: Enrol, gate: Gate, tactful: Rules, now: datetime
) -> None:
    ana = await enrol()
    strict = replace(gate, rules=replace(tactful, caps={(Kind.EMAIL, Purpose.MARKETING): 1}))
    words = Request(ana, Purpose.MARKETING, Origin.API, Words("Less!", subject="Less!"), kinds=(Kind.EMAIL,))
    for _ in range(2):
        async with database.unit() as session:
            await send(session, words, gate=strict, now=now)
    async with database.unit() as session:
        states = select(Interaction.state).order_by(col(Interaction.id))
        assert list(await session.exec(states)) == [State.QUEUED, State.WITHHELD]
        assert len((await session.exec(select(Outbox.id))).all()) == 1


async def test_one_that_was_written_first_and_committed_last_does_not_go_over_the_cap(
    database: Database, enrol: Enrol, gate: Gate, tactful: Rules, quick_senders: None
) -> None:
    """Two campaigns are fed at once: neither sees the other's, and the later one leaves first."""
    strict = replace(gate, rules=replace(tactful, caps={(Kind.EMAIL, Purpose.MARKETING): 1}))
    words = Request(await enrol(), Purpose.MARKETING, Origin.API, Words("Less!", subject="Less!"), kinds=(Kind.EMAIL,))
    noon = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=1)
    async with database.unit() as slow:
        await send(slow, words, gate=strict, now=noon)
        async with database.unit() as session:
            await send(session, words, gate=strict, now=noon + timedelta(seconds=1))
        assert await _leaving(database, strict, noon) == 1
    assert await _leaving(database, strict, noon) == 0
    async with database.unit() as session:
        states = select(Interaction.state).order_by(col(Interaction.id))
        assert list(await session.exec(states)) == [State.WITHHELD, State.SENDING]


async def _leaving(database: Database, gate: Gate, now: datetime) -> int:
    """One turn of a pump, up to where it talks to the server."""
    async with database.unit() as session:
        tickets = await outbox.claim(session, "mail", limit=5, worker="test")
        return len(await preparing.prepare(session, tickets, MAIL, gate=gate, claimed=0.0, now=now))


async def test_no_promotion_while_a_promised_answer_is_late(
    database: Database, enrol: Enrol, tactful: Rules, now: datetime
) -> None:
    late, soon, old = await enrol(), await enrol("Ben"), now - timedelta(days=9)
    for customer, due_at in ((late, now - timedelta(minutes=1)), (soon, now + timedelta(minutes=1))):
        await asks(database, customer, old, due_at=due_at)
    refused = await judged(database, late, tactful, now)
    assert (refused.reason, refused.trace) == (
        Withheld.ANSWER_OVERDUE,
        (f"an answer to the customer has been due since {now:%Y-%m-%d}",),
    )
    assert (await judged(database, soon, tactful, now)).reason is None  # nine days old, and still in time
    assert (await judged(database, late, replace(tactful, overdue=None), now)).reason is Withheld.ANSWER_OVERDUE
    assert (await judged(database, late, tactful, now, Purpose.SERVICE)).reason is None
