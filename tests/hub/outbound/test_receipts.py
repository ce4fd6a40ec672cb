"""Receipts: found by token, name or Message-ID, kept once, and forward only whatever the order (3.3, T2, B3, S5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from channels.adapter import Channel, Finding
from channels.message import Address, Kind, Progress, Reason, Receipt
from hub.customers import consent, identities
from hub.database.engine import Database
from hub.interactions import progress, receipts, record
from hub.models import EarlyReceipt, Identity, Interaction, ReceiptRow
from hub.models.vocabulary import IdentityState, Origin, Purpose, State
from hub.outbound.request import Gate, Placed, Request, Words, send

Enrol = Callable[..., Awaitable[UUID]]
Place = Callable[[Kind], Awaitable[UUID]]


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


def channel(kind: Kind) -> Channel:
    name = {Kind.EMAIL: "mail", Kind.SMS: "sms", Kind.VOICE: "voice"}[kind]
    sender: Any = None  # receipts send nothing
    return Channel(name, kind, Address(kind, "company"), sender, _nothing_found)


@pytest.fixture
def place(database: Database, gate: Gate, enrol: Enrol, now: datetime) -> Place:
    """A message that was handed over and waits for news."""

    async def make(kind: Kind) -> UUID:
        async with database.unit() as session:
            customer = await enrol(f"Ana{kind.value}{now.microsecond}")
            asked = Request(customer, Purpose.SERVICE, Origin.AGENT, Words("Hello"), kinds=(kind,))
            placed = await send(session, asked, gate=gate, now=now)
            assert isinstance(placed, Placed)
            await progress.advance(session, placed.interaction_id, State.SENDING, now=now)
        return placed.interaction_id

    return make


async def hear(database: Database, gate: Gate, receipt: Receipt, now: datetime, kind: Kind = Kind.SMS) -> UUID | None:
    async with database.unit() as session:
        return await receipts.apply(session, channel(kind), receipt, signer=gate.signer, now=now)


async def row(database: Database, interaction: UUID) -> Interaction:
    async with database.unit() as session:
        found = await session.get(Interaction, interaction)
    assert found is not None
    return found


def by_token(gate: Gate, interaction: UUID, step: Progress, **more: Any) -> Receipt:
    return Receipt("SM1", step, token=gate.signer.message_token(interaction), **more)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_order_and_repetition_of_callbacks_ends_in_the_same_row(
    data: st.DataObject, database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    """Without two ends that contradict each other: of those the first stands, see below."""
    end = data.draw(st.sampled_from([Progress.DELIVERED, Progress.FAILED]))
    steps = data.draw(
        st.sets(
            st.sampled_from([Progress.QUEUED, Progress.SENDING, Progress.SENT, Progress.DELAYED, end, Progress.READ]),
            min_size=1,
        )
    )
    start = data.draw(st.sampled_from([State.SENDING, State.UNKNOWN]))
    said = [
        replace(_plain(step), reason=Reason.UNREACHABLE) if step is Progress.FAILED else _plain(step) for step in steps
    ]
    order = data.draw(st.permutations([*said, *data.draw(st.lists(st.sampled_from(said), max_size=4))]))
    ends = set()
    for heard in (said, order):
        interaction = await _under_way(database, gate, enrol, start, now)
        for receipt in heard:
            token = gate.signer.message_token(interaction)
            await hear(database, gate, replace(receipt, token=token), now)
        found = await row(database, interaction)
        ends.add((found.state, found.state_rank, found.reason, found.flag, await _kept(database, interaction)))
    assert len(ends) == 1


def _plain(step: Progress) -> Receipt:
    return Receipt("", step)


async def _kept(database: Database, interaction: UUID) -> frozenset[str]:
    async with database.unit() as session:
        rows = (await session.exec(select(ReceiptRow).where(col(ReceiptRow.interaction_id) == interaction))).all()
    assert len(rows) == len({r.progress for r in rows})
    return frozenset(r.progress for r in rows)


async def _under_way(database: Database, gate: Gate, enrol: Enrol, state: State, now: datetime) -> UUID:
    async with database.unit() as session:
        known = (await session.exec(select(Identity.customer_id))).first()
        customer = known or await enrol()
        asked = Request(customer, Purpose.SERVICE, Origin.AGENT, Words("Hello"), kinds=(Kind.EMAIL,))
        placed = await send(session, asked, gate=gate, now=now)
        assert isinstance(placed, Placed)
        await progress.advance(session, placed.interaction_id, state, now=now)
    return placed.interaction_id


async def test_two_ends_that_contradict_each_other_leave_the_first_and_call_a_person(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    await hear(database, gate, by_token(gate, interaction, Progress.DELIVERED), now)
    await hear(database, gate, by_token(gate, interaction, Progress.FAILED, reason=Reason.UNREACHABLE), now)
    found = await row(database, interaction)
    assert (found.state, found.reason, found.flag) == (State.DELIVERED, "", "receipts contradict each other")


async def test_a_callback_that_overtakes_the_creates_answer_is_joined_to_it(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    assert await hear(database, gate, Receipt("SM9", Progress.DELIVERED, payload={"a": "b"}), now) is None
    async with database.unit() as session:
        await receipts.join_early(session, "sms", "SM9", interaction, now=now)
    async with database.unit() as session:
        assert (await session.exec(select(EarlyReceipt))).all() == []
        assert await record.known_as(session, "sms", "SM9") == interaction
    assert (await row(database, interaction)).state is State.DELIVERED


async def test_a_callback_proves_an_unknown_message_and_names_it(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    async with database.unit() as session:
        await progress.advance(session, interaction, State.UNKNOWN, now=now)
    await hear(database, gate, by_token(gate, interaction, Progress.QUEUED), now)
    assert (await row(database, interaction)).state is State.SENDING
    await hear(database, gate, Receipt("SM1", Progress.DELIVERED), now)
    assert (await row(database, interaction)).state is State.DELIVERED


async def test_a_token_forged_by_one_letter_changes_nothing(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    token = gate.signer.message_token(interaction)
    forged = ("b" if token[0] == "a" else "a") + token[1:]
    assert await hear(database, gate, Receipt("SM1", Progress.FAILED, token=forged, hard=True), now) is None
    assert (await row(database, interaction)).state is State.SENDING


async def test_a_bounce_for_another_recipient_than_we_wrote_to_changes_nothing(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    """Requirement B3: the Message-ID alone can be known to anybody who got a copy."""
    interaction = await place(Kind.EMAIL)
    async with database.unit() as session:
        await record.name(session, "mail", "<m@hub.example>", interaction)
    bounce = Receipt(
        "", Progress.FAILED, message_id="<m@hub.example>", recipient="eve@example.org", reason=Reason.BAD_ADDRESS
    )
    assert await hear(database, gate, bounce, now, Kind.EMAIL) is None
    mine = replace(bounce, recipient=(await row(database, interaction)).recipient, hard=True)
    assert await hear(database, gate, mine, now, Kind.EMAIL) == interaction


async def _identity(database: Database, interaction: UUID, kind: Kind) -> IdentityState | None:
    found = await row(database, interaction)
    async with database.unit() as session:
        best = await identities.of(session, found.customer_id)
    return next((i.state for i in best if i.value == found.recipient), None)


async def test_a_hard_bounce_kills_the_address(database: Database, gate: Gate, place: Place, now: datetime) -> None:
    interaction = await place(Kind.EMAIL)
    bounce = by_token(gate, interaction, Progress.FAILED, reason=Reason.BAD_ADDRESS, hard=True, code="5.1.1")
    await hear(database, gate, bounce, now, Kind.EMAIL)
    assert (await row(database, interaction)).reason == "bad_address"
    assert await _identity(database, interaction, Kind.EMAIL) is IdentityState.DEAD


async def test_a_full_mailbox_tires_the_address_only(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.EMAIL)
    await hear(
        database, gate, by_token(gate, interaction, Progress.FAILED, reason=Reason.MAILBOX_FULL), now, Kind.EMAIL
    )
    assert await _identity(database, interaction, Kind.EMAIL) is IdentityState.SOFT


async def test_a_landline_is_suppressed_for_sms_and_stays_callable(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    await hear(database, gate, by_token(gate, interaction, Progress.FAILED, reason=Reason.WRONG_CHANNEL), now)
    number = (await row(database, interaction)).recipient
    async with database.unit() as session:
        found = await consent.suppressions(session, [(Kind.SMS, number), (Kind.VOICE, number)])
    assert [(s.kind, s.reason) for s in found] == [(Kind.SMS, "wrong_channel")]
    assert await _identity(database, interaction, Kind.SMS) is IdentityState.OK


async def test_the_carriers_stop_becomes_ours_with_a_line_in_the_ledger(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    await hear(database, gate, by_token(gate, interaction, Progress.FAILED, reason=Reason.OPTED_OUT), now)
    found = await row(database, interaction)
    async with database.unit() as session:
        suppressed = await consent.suppressions(session, [(Kind.SMS, found.recipient)])
        latest = (await consent.ledger(session, found.customer_id))[0]
    assert [(s.reason, s.purpose) for s in suppressed] == [("STOP", None)]
    assert (latest.granted, latest.channel, latest.source) == (False, Kind.SMS, "carrier STOP (receipt)")


async def test_a_complaint_ends_marketing_to_that_mailbox_at_once(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.EMAIL)
    complaint = by_token(gate, interaction, Progress.DELIVERED, reason=Reason.COMPLAINED)
    await hear(database, gate, complaint, now, Kind.EMAIL)
    found = await row(database, interaction)
    async with database.unit() as session:
        suppressed = await consent.suppressions(session, [(Kind.EMAIL, found.recipient)])
    assert [(s.reason, s.purpose) for s in suppressed] == [("complained", Purpose.MARKETING)]
    assert await _identity(database, interaction, Kind.EMAIL) is IdentityState.COMPLAINED


async def test_an_early_report_about_another_recipient_proves_nothing_of_the_mail_it_names(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    """Requirement B3 holds as well for what came before the mail was known."""
    interaction = await place(Kind.EMAIL)
    forged = Receipt("", Progress.FAILED, message_id="<1@hub.example>", recipient="mallory@evil.example", hard=True)
    await hear(database, gate, replace(forged, reason=Reason.BAD_ADDRESS), now, Kind.EMAIL)
    async with database.unit() as session:
        await receipts.join_early(session, "mail", "<1@hub.example>", interaction, now=now)
    assert (await row(database, interaction)).state is State.SENDING
    assert await _identity(database, interaction, Kind.EMAIL) is IdentityState.OK


async def test_texts_that_a_carrier_filters_do_not_cost_the_customer_their_telephone(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    """Requirement B2 is about mailboxes: a filtered SMS (30007) says nothing about calls."""
    interaction = await place(Kind.SMS)
    for day, code in enumerate(("30007", "30003", "30008", "30001")):
        failed = Receipt("", Progress.FAILED, token=gate.signer.message_token(interaction), code=code)
        reason = Reason.BLOCKED if code == "30007" else Reason.UNREACHABLE
        await hear(database, gate, replace(failed, reason=reason), now + timedelta(days=2 * day))
    assert await _identity(database, interaction, Kind.SMS) is IdentityState.OK


async def test_reports_about_mails_that_never_were_are_forgotten_after_a_month(
    database: Database, gate: Gate, now: datetime
) -> None:
    for days, name in ((31, "<old@x.example>"), (29, "<new@x.example>")):
        forged = Receipt("", Progress.FAILED, message_id=name)
        await hear(database, gate, forged, now - timedelta(days=days), Kind.EMAIL)
    async with database.unit() as session:
        assert await receipts.forget_early(session, now=now) == 1
        assert [early.provider_id for early in await session.exec(select(EarlyReceipt))] == ["<new@x.example>"]


async def test_a_good_token_with_another_recipient_changes_no_customer_and_calls_a_person(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    """Requirement B3: whoever got one of our mails has a token, and may write any address beside it."""
    interaction = await place(Kind.EMAIL)
    forged = by_token(
        gate, interaction, Progress.FAILED, reason=Reason.BAD_ADDRESS, hard=True, recipient="eve@evil.example"
    )
    assert await hear(database, gate, forged, now, Kind.EMAIL) is None
    found = await row(database, interaction)
    assert (found.state, found.flag) == (State.SENDING, "a report names another recipient than we wrote to")
    assert await _identity(database, interaction, Kind.EMAIL) is IdentityState.OK


@pytest.mark.parametrize(
    ("reason", "days", "state"),
    [
        (Reason.MAILBOX_FULL, (0, 1, 2), IdentityState.SOFT),
        (Reason.MAILBOX_FULL, (0, 1, 3), IdentityState.DEAD),
        (Reason.UNREACHABLE, (0, 2, 4), IdentityState.DEAD),
        (Reason.MAILBOX_FULL, (0, 1, 31), IdentityState.SOFT),
        (Reason.BLOCKED, (0, 2, 4, 6), IdentityState.OK),
    ],
    ids=["too quick", "three in three days", "expired thrice", "old ones are forgotten", "we were refused"],
)
async def test_soft_bounces_kill_a_mailbox_slowly_and_refusals_of_us_never(
    database: Database,
    gate: Gate,
    place: Place,
    now: datetime,
    reason: Reason,
    days: tuple[int, ...],
    state: IdentityState,
) -> None:
    """Requirement B2."""
    interaction = await place(Kind.EMAIL)
    for day in days:
        failed = by_token(gate, interaction, Progress.FAILED, reason=reason, detail=f"day {day}", code=f"4.0.{day}")
        await hear(database, gate, failed, now + timedelta(days=day), Kind.EMAIL)
    assert await _identity(database, interaction, Kind.EMAIL) is state


async def test_a_number_that_sms_does_not_find_may_still_ring_until_a_call_fails_too(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    interaction = await place(Kind.SMS)
    await hear(database, gate, by_token(gate, interaction, Progress.FAILED, reason=Reason.BAD_ADDRESS), now)
    number = (await row(database, interaction)).recipient
    async with database.unit() as session:
        found = await consent.suppressions(session, [(Kind.SMS, number), (Kind.VOICE, number)])
    assert [(one.kind, one.reason) for one in found] == [(Kind.SMS, "bad_address")]
    assert await _identity(database, interaction, Kind.SMS) is IdentityState.OK
    async with database.unit() as session:
        await identities.bounced(session, Kind.VOICE, number, hard=True, reason="bad_address", detail="21214", now=now)
    assert await _identity(database, interaction, Kind.SMS) is IdentityState.DEAD


async def test_whoever_is_erased_takes_the_receipts_along_and_nobody_elses(
    database: Database, gate: Gate, place: Place, now: datetime
) -> None:
    """The receipt's table has no foreign key, so nothing else would do it."""
    gone, stays = await place(Kind.SMS), await place(Kind.EMAIL)
    for interaction, kind in ((gone, Kind.SMS), (stays, Kind.EMAIL)):
        told = replace(by_token(gate, interaction, Progress.SENT), provider_id=f"{kind}1")
        assert await hear(database, gate, told, now, kind) == interaction
    async with database.unit() as session:
        await session.execute(delete(Interaction).where(col(Interaction.id) == gone))
    async with database.unit() as session:
        assert (await session.exec(select(ReceiptRow.interaction_id))).all() == [stays]
