"""What becomes of a message after each answer of a provider (requirements 3.2, 3.4, 3.6), and after none (F1, F4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.adapter import Channel, Finding
from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted, Address, Kind, Progress, Reason, Receipt
from hub import clock
from hub.customers import identities
from hub.database.engine import Database
from hub.inbound import mailbox
from hub.interactions import progress, receipts, record
from hub.models import Attempt, Interaction, Outbox, SenderRow
from hub.models.vocabulary import IdentityState, Origin, Purpose, State
from hub.outbound import outbox, settling
from hub.outbound.outbox import Ticket
from hub.outbound.request import Gate, Request, Words, send
from hub.outbound.settling import Outcome

NAMES = {Kind.EMAIL: "mail", Kind.SMS: "sms", Kind.VOICE: "voice"}
Enrol = Callable[..., Awaitable[UUID]]
Result = Accepted | TryLater | Refused | Unknown | Misconfigured
Begin = Callable[..., Awaitable[Ticket]]


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


_no_sender: Any = None  # receipts send nothing
SMS = Channel("sms", Kind.SMS, Address(Kind.SMS, "company"), _no_sender, _nothing_found)
pytestmark = pytest.mark.usefixtures("quick_senders")


@pytest.fixture
def begin(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> Begin:
    """A message that is claimed, and whose `sending` is written down."""

    async def make(
        kind: Kind = Kind.EMAIL, purpose: Purpose = Purpose.SERVICE, name: str = "Ana", **more: object
    ) -> Ticket:
        customer = await enrol(name)
        origin = Origin.AGENT if purpose is Purpose.SERVICE else Origin.CAMPAIGN
        asked = Request(customer, purpose, origin, Words("Hi", subject="Hi"), kinds=(kind,), **more)  # type: ignore[arg-type]
        async with database.unit() as session:
            await send(session, asked, gate=gate, now=now)
        return await _claim(database, kind, now)

    return make


async def _claim(database: Database, kind: Kind, now: datetime, lease: timedelta = outbox.LEASE) -> Ticket:
    async with database.unit() as session:
        (ticket,) = await outbox.claim(session, NAMES[kind], limit=1, worker="test", lease=lease)
        await session.execute(text("update interaction set state = 'sending', state_rank = 1"))
    return ticket


async def _claim_again(database: Database, now: datetime) -> Ticket:
    async with database.unit() as session:
        await session.execute(text("update outbox set due_at = clock_timestamp(), lease_until = null"))
    return await _claim(database, Kind.EMAIL, now)


async def settle(
    database: Database, gate: Gate, ticket: Ticket, result: Result, now: datetime, kind: Kind = Kind.EMAIL
) -> None:
    outcome = Outcome(ticket, NAMES[kind], kind, result, now, now, "test")
    async with database.unit() as session:
        await settling.settle(session, [outcome], now=now)


async def row(database: Database) -> Interaction:
    async with database.unit() as session:
        return (await session.exec(select(Interaction))).one()


async def tickets(database: Database) -> list[Outbox]:
    async with database.unit() as session:
        return list(await session.exec(select(Outbox)))


async def attempts(database: Database) -> list[str]:
    async with database.unit() as session:
        return list(await session.exec(select(Attempt.outcome)))


async def rest(database: Database) -> float:
    """How many seconds the sender is still to rest, by the database's clock: a worker's own may be wrong."""
    async with database.unit() as session:
        left = "select extract(epoch from paused_until - clock_timestamp()) from sender where channel = 'mail'"
        return float((await session.execute(text(left))).scalar_one())


async def sender(database: Database, name: str = "mail") -> SenderRow:
    async with database.unit() as session:
        return (await session.exec(select(SenderRow).where(SenderRow.channel == name))).one()


async def test_an_accepted_mail_is_sent_and_known_by_its_message_id(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, Accepted("<1@hub.example>", "250 ok"), now)
    found = await row(database)
    assert (found.state, found.message_id) == (State.SENT, "<1@hub.example>")
    assert (await tickets(database), await attempts(database)) == ([], ["accepted"])
    async with database.unit() as session:
        assert await record.known_as(session, "mail", "<1@hub.example>") == found.id


async def test_an_accepted_sms_waits_for_what_the_carrier_says(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin(Kind.SMS)
    await settle(database, gate, ticket, Accepted("SM1"), now, Kind.SMS)
    assert ((await row(database)).state, await tickets(database)) == (State.SENDING, [])
    async with database.unit() as session:
        await receipts.apply(session, SMS, Receipt("SM1", Progress.SENT), signer=gate.signer, now=now)
    assert (await row(database)).state is State.SENT


async def test_a_callback_that_was_faster_than_the_answer_is_not_undone_by_it(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin(Kind.SMS)
    async with database.unit() as session:
        early = Receipt("SM1", Progress.DELIVERED)
        assert await receipts.apply(session, SMS, early, signer=gate.signer, now=now) is None
    await settle(database, gate, ticket, Accepted("SM1"), now, Kind.SMS)
    assert (await row(database)).state is State.DELIVERED


async def test_try_later_goes_back_with_a_pause_of_at_most_a_minute_the_first_time(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, TryLater("greylisted", code="4.2.0", stage="rcpt"), now)
    (back,) = await tickets(database)
    assert now <= back.due_at <= now + timedelta(minutes=1)
    assert (back.attempts, back.lease_until) == (1, None)
    assert ((await row(database)).state, (await row(database)).detail) == (State.QUEUED, "greylisted")
    assert await attempts(database) == ["try_later"]


async def test_a_provider_that_names_a_time_is_not_asked_before(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, TryLater("slow down", after=timedelta(minutes=30)), now)
    (back,) = await tickets(database)
    assert back.due_at >= now + timedelta(minutes=30)


async def test_after_48_hours_it_is_given_up(database: Database, gate: Gate, begin: Begin, now: datetime) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, TryLater("full"), now)
    ticket = await _claim_again(database, now)
    await settle(database, gate, ticket, TryLater("still full"), now + timedelta(hours=48))
    found = await row(database)
    assert (found.state, found.reason) == (State.FAILED, "unreachable")
    assert found.detail == "given up after 48 hours: still full"
    assert await tickets(database) == []


async def test_the_48_hours_begin_with_the_first_attempt_not_with_the_request(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    """Requirement 3.6: a mail asked for days ahead is greylisted like any other."""
    ticket = await begin()
    await settle(database, gate, ticket, TryLater("greylisted"), now + timedelta(days=5))
    assert ((await row(database)).state, len(await tickets(database))) == (State.QUEUED, 1)
    again = await _claim_again(database, now)
    await settle(database, gate, again, TryLater("greylisted"), now + timedelta(days=5, hours=47))
    assert (await row(database)).state is State.QUEUED
    again = await _claim_again(database, now)
    await settle(database, gate, again, TryLater("greylisted"), now + timedelta(days=7))
    assert (await row(database)).state is State.FAILED


async def test_a_report_that_is_being_written_while_its_mail_is_settled_is_not_left_behind(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    """Neither sees the other's rows, so the second has to wait for the first."""
    ticket = await begin()
    mail = replace(SMS, name="mail", kind=Kind.EMAIL)
    async with database.unit() as session:
        report = Receipt("", Progress.FAILED, message_id="<1@hub.example>", reason=Reason.MAILBOX_FULL)
        await receipts.apply(session, mail, report, signer=gate.signer, now=now)
        settling_it = asyncio.create_task(settle(database, gate, ticket, Accepted("<1@hub.example>"), now))
        await asyncio.wait({settling_it}, timeout=0.5)
    await settling_it
    assert (await row(database)).state is State.FAILED


async def test_trouble_with_reading_a_mailbox_is_not_over_because_a_mail_went_out(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    async with database.unit() as session:
        await mailbox.trouble(session, "mail", "the password is refused")
    await settle(database, gate, ticket, Accepted("<1@hub.example>"), now)
    assert (await sender(database)).trouble == "mailbox: the password is refused"


async def test_what_would_be_tried_again_too_late_expires(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    soon = clock.now() + timedelta(minutes=10)
    ticket = await begin(expires_at=soon)
    await settle(
        database, gate, ticket, TryLater("slow down", after=timedelta(minutes=30)), soon - timedelta(minutes=5)
    )
    assert ((await row(database)).state, await tickets(database)) == (State.EXPIRED, [])


async def test_trouble_of_the_whole_sender_pauses_it_and_costs_the_message_nothing(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    error = TryLater("429", whole_sender=True, after=timedelta(seconds=7))
    await settle(database, gate, ticket, error, now)
    (back,) = await tickets(database)
    assert (back.attempts, back.due_at) == (0, now)
    assert await rest(database) == pytest.approx(7, abs=2)


async def test_a_refused_password_stops_the_sender_and_fails_nothing(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, Misconfigured("the password is refused", channel="mail"), now)
    found, stopped = await row(database), await sender(database)
    assert (found.state, len(await tickets(database)), await attempts(database)) == (State.QUEUED, 1, [])
    assert "the password is refused" in stopped.trouble
    assert await rest(database) == pytest.approx(60, abs=2)


async def test_a_refused_address_fails_and_is_dead(database: Database, gate: Gate, begin: Begin, now: datetime) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, Refused("no such user", reason=Reason.BAD_ADDRESS, code="5.1.1"), now)
    found = await row(database)
    assert (found.state, found.reason, await tickets(database)) == (State.FAILED, "bad_address", [])
    async with database.unit() as session:
        known = await identities.of(session, found.customer_id)
    assert [i.state for i in known if i.value == found.recipient] == [IdentityState.DEAD]


@pytest.mark.parametrize(("kind", "purpose"), [(Kind.EMAIL, Purpose.MARKETING), (Kind.SMS, Purpose.SERVICE)])
async def test_unknown_marketing_and_sms_are_never_sent_again(
    kind: Kind, purpose: Purpose, database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin(kind, purpose)
    await settle(database, gate, ticket, Unknown("no answer", stage="dot"), now, kind)
    assert ((await row(database)).state, await tickets(database)) == (State.UNKNOWN, [])


async def test_unknown_service_mail_goes_again_after_a_quarter_of_an_hour_and_is_marked(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, Unknown("no answer", stage="dot"), now)
    found, (back,) = await row(database), await tickets(database)
    assert (found.state, found.flag, back.due_at) == (State.UNKNOWN, "may be double", now + timedelta(minutes=15))


async def test_greylisting_before_does_not_use_up_the_chances_of_service_mail_of_unknown_fate(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    """The promise for service mail is at least once: only unknown outcomes count against it."""
    ticket = await begin()
    for _ in range(4):
        await settle(database, gate, ticket, TryLater("greylisted"), now)
        ticket = await _claim_again(database, now)
    await settle(database, gate, ticket, Unknown("no answer", stage="dot"), now)
    assert ((await row(database)).state, len(await tickets(database))) == (State.UNKNOWN, 1)


async def test_service_mail_of_unknown_fate_goes_three_times_and_then_waits_for_a_person(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    for _ in range(2):
        await settle(database, gate, ticket, Unknown("no answer", stage="dot"), now)
        ticket = await _claim_again(database, now)
    await settle(database, gate, ticket, Unknown("no answer", stage="dot"), now)
    assert ((await row(database)).state, await tickets(database)) == (State.UNKNOWN, [])


async def test_an_answer_that_no_text_can_hold_is_settled_all_the_same(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await settle(database, gate, ticket, Unknown("no \0 \udcff answer", code="\0", stage="dot"), now)
    assert await attempts(database) == ["unknown"]


async def test_an_outcome_that_a_callback_has_proven_is_not_unknown(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin(Kind.SMS)
    proof = Receipt("SM1", Progress.QUEUED, token=gate.signer.message_token(ticket.interaction_id))
    async with database.unit() as session:
        await receipts.apply(session, SMS, proof, signer=gate.signer, now=now)
    await settle(database, gate, ticket, Unknown("connection reset"), now, Kind.SMS)
    assert ((await row(database)).state, await tickets(database)) == (State.SENDING, [])


async def test_a_lease_that_runs_out_before_anything_began_goes_back(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    ticket = await begin()
    await _run_out(database)
    async with database.unit() as session:
        await session.execute(text("update interaction set state = 'queued', state_rank = 0"))
        assert await settling.expire(session, now=now) == 1
    (back,) = await tickets(database)
    assert (back.attempts, back.lease_until, back.fence > ticket.fence) == (0, None, True)


async def test_a_lease_that_runs_out_in_mid_send_leaves_marketing_unknown(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    await begin(purpose=Purpose.MARKETING)
    await _run_out(database)
    async with database.unit() as session:
        await settling.expire(session, now=now)
    assert ((await row(database)).state, await tickets(database)) == (State.UNKNOWN, [])
    assert await attempts(database) == ["lease_expired"]


async def test_what_a_living_worker_never_held_goes_back_unsent_and_what_it_holds_stays_f3(
    database: Database, begin: Begin, now: datetime
) -> None:
    """The answer to a claim, or to `sending`, was lost with the database: nobody would send it until its lease ends."""
    await begin(Kind.SMS)
    held = await begin(purpose=Purpose.MARKETING, name="Bea")
    lost = await begin(purpose=Purpose.MARKETING, name="Cyd")
    async with database.unit() as session:
        assert await settling.let_go(session, "mail", worker="another", held=(), now=now) == 0
        assert await settling.let_go(session, "mail", worker="test", held=[held.id], now=now) == 1
    async with database.unit() as session:
        rows = await session.exec(select(Interaction.id, Interaction.state).where(Interaction.kind == Kind.EMAIL))
        assert dict(rows.all()) == {held.interaction_id: State.SENDING, lost.interaction_id: State.QUEUED}
    back = {ticket.id: ticket for ticket in await tickets(database)}
    assert (back[lost.id].attempts, back[lost.id].lease_until) == (0, None)
    assert back[lost.id].fence > lost.fence
    assert back[held.id].fence == held.fence
    assert len(back) == 3


async def test_a_worker_that_was_frozen_past_its_lease_writes_nothing(
    database: Database, gate: Gate, begin: Begin, now: datetime
) -> None:
    """Requirement F4: others decided meanwhile, and the fence has moved."""
    ticket = await begin()
    await _run_out(database)
    async with database.unit() as session:
        await settling.expire(session, now=now)
    before = (await row(database)).model_dump(), [t.model_dump() for t in await tickets(database)]
    await settle(database, gate, ticket, Refused("no such user", reason=Reason.BAD_ADDRESS), now)
    assert ((await row(database)).model_dump(), [t.model_dump() for t in await tickets(database)]) == before


async def test_a_group_is_settled_together(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> None:
    customer = await enrol()
    async with database.unit() as session:
        for _ in range(5):
            await send(
                session,
                Request(customer, Purpose.SERVICE, Origin.AGENT, Words("Hi"), kinds=(Kind.EMAIL,)),
                gate=gate,
                now=now,
            )
    async with database.unit() as session:
        mine = await outbox.claim(session, "mail", limit=5, worker="test")
        for ticket in mine:
            await progress.advance(session, ticket.interaction_id, State.SENDING, now=now)
    outcomes = [Outcome(t, "mail", Kind.EMAIL, Accepted(f"<{t.id}@hub.example>"), now, now) for t in mine]
    async with database.unit() as session:
        await settling.settle(session, outcomes, now=now)
    async with database.unit() as session:
        rows = (await session.exec(select(Interaction))).all()
    by_ticket = {t.interaction_id: f"<{t.id}@hub.example>" for t in mine}
    assert {r.id: (r.state, r.message_id) for r in rows} == {i: (State.SENT, m) for i, m in by_ticket.items()}


async def _run_out(database: Database) -> None:
    async with database.unit() as session:
        await session.execute(text("update outbox set lease_until = clock_timestamp() - interval '1 second'"))
