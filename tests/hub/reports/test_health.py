"""The doctor finds each kind of damage by itself, and nothing where there is none; figures count what is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.database.engine import Database
from hub.models import (
    Campaign,
    Conversation,
    Customer,
    EarlyReceipt,
    Interaction,
    LastContact,
    LastContactsUntil,
    Outbox,
    ProviderReference,
    RawMessage,
    Schedule,
    SenderRow,
    WebhookDelivery,
    WebhookEndpoint,
)
from hub.models.vocabulary import CampaignState, Direction, Kind, Origin, RawState, State
from hub.queue import enqueue
from hub.reports.health import CHECKS, Overview, doctor, gauges, overview

Damage = Callable[[AsyncSession, UUID, datetime], Awaitable[None]]
LONG_AGO = timedelta(hours=2)


async def customer(session: AsyncSession, now: datetime) -> UUID:
    row = Customer(id=clock.uuid7(now), name="Ada", created_at=now, updated_at=now)
    session.add_all([row, SenderRow(id=1, channel="mail", kind=Kind.EMAIL, rate=1, burst=1, tat=now)])
    await session.flush()
    return row.id


async def say(
    session: AsyncSession,
    who: UUID,
    at: datetime,
    state: State,
    *,
    rank: int | None = None,
    campaign: int | None = None,
) -> UUID:
    row = Interaction(
        id=clock.uuid7(at),
        at=at,
        customer_id=who,
        direction=Direction.IN if state is State.RECEIVED else Direction.OUT,
        kind=Kind.EMAIL,
        channel="mail",
        origin=Origin.AGENT,
        state=state,
        state_rank=state.rank if rank is None else rank,
        state_at=at,
        campaign_id=campaign,
    )
    session.add(row)
    await session.flush()
    return row.id


def ticket(interaction: UUID, now: datetime, *, due: timedelta = timedelta(0), lease: datetime | None = None) -> Outbox:
    return Outbox(interaction_id=interaction, sender_id=1, due_at=now + due, lease_until=lease)


async def queued_without_ticket(session: AsyncSession, who: UUID, now: datetime) -> None:
    await say(session, who, now, State.QUEUED)


async def sending_without_ticket(session: AsyncSession, who: UUID, now: datetime) -> None:
    await say(session, who, now, State.SENDING)


async def final_with_ticket(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(ticket(await say(session, who, now, State.DELIVERED), now))


async def wrong_rank(session: AsyncSession, who: UUID, now: datetime) -> None:
    await say(session, who, now, State.DELIVERED, rank=0)


async def wrong_counter(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(Campaign(id=1, name="Spring", state=CampaignState.RUNNING, fed=3, created_at=now))
    await session.flush()
    await say(session, who, now, State.SENT, campaign=1)


async def orphaned_lease(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(ticket(await say(session, who, now, State.SENDING), now, lease=now - LONG_AGO))


async def overdue(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(ticket(await say(session, who, now, State.QUEUED), now, due=-LONG_AGO))


async def early_receipt(session: AsyncSession, who: UUID, now: datetime) -> None:
    known = await say(session, who, now, State.SENT)
    session.add(ProviderReference(channel="sms", provider_id="SM1", interaction_id=known))
    session.add(EarlyReceipt(channel="sms", provider_id="SM1", at=now - LONG_AGO, receipt={}))


def raw(now: datetime, state: RawState, next_try: timedelta) -> RawMessage:
    return RawMessage(
        channel="mail",
        key=f"INBOX:1:{state}",
        sha256="0" * 64,
        size=1,
        received_at=now,
        state=state,
        next_try_at=now + next_try,
        error="no end",
    )


async def parked(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(raw(now, RawState.PARKED, timedelta(0)))


async def unread(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(raw(now, RawState.RECEIVED, -LONG_AGO))


async def trouble(session: AsyncSession, who: UUID, now: datetime) -> None:
    row = SenderRow(id=2, channel="sms", kind=Kind.SMS, rate=1, burst=1, tat=now, trouble="the password is refused")
    session.add(row)


async def given_up(session: AsyncSession, who: UUID, now: datetime) -> None:
    await enqueue(session, "fetch-media", payload={})
    await session.execute(text("update pgqueuer set status = 'failed'"))


async def standing_still(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(Schedule(name="greetings", next_at=now - LONG_AGO, every_seconds=600))


async def untold(session: AsyncSession, _customer: UUID, now: datetime) -> None:
    endpoint = WebhookEndpoint(url="https://erp.example/", events=["call.missed"], secret=b"-", created_at=now)
    session.add(endpoint)
    await session.flush()
    late = now - timedelta(hours=3)
    waits = WebhookDelivery(
        message_id="msg_1", endpoint_id=endpoint.id or 0, event="webhook.test", at=late, data={}, next_at=late
    )
    session.add(waits)


async def never_said(session: AsyncSession, who: UUID, now: datetime) -> None:
    session.add(LastContactsUntil(until=clock.first_uuid7(now)))
    session.add(LastContact(customer_id=who, contact=clock.uuid7(now - LONG_AGO)))


DAMAGES: dict[str, tuple[Damage, int, str]] = {
    "queued without a ticket": (queued_without_ticket, 1, "-"),
    "sending without a ticket or a provider's word": (sending_without_ticket, 1, "-"),
    "final with a ticket": (final_with_ticket, 1, "delivered"),
    "rank does not fit the state": (wrong_rank, 1, "delivered"),
    "campaign counters": (wrong_counter, 1, "1: fed 3, in the log 1"),
    "orphaned lease": (orphaned_lease, 1, "held by"),
    "overdue": (overdue, 1, "mail: "),
    "early receipt that could be joined": (early_receipt, 1, "sms SM1"),
    "parked message": (parked, 1, "no end"),
    "unread for long": (unread, 1, "mail INBOX:1:received"),
    "channel in trouble": (trouble, 1, "sms: the password is refused"),
    "background job given up": (given_up, 1, "fetch-media "),
    "schedule that stands still": (standing_still, 1, "greetings"),
    "webhooks that wait": (untold, 1, "webhook.test msg_1"),
    "last contact does not fit the log": (never_said, 1, "-"),
}


def test_every_check_has_its_damage() -> None:
    assert list(DAMAGES) == [check.name for check in CHECKS]


@pytest.mark.parametrize("check", list(DAMAGES))
async def test_a_damage_is_found_by_its_own_check_and_no_other(database: Database, now: datetime, check: str) -> None:
    damage, count, example = DAMAGES[check]
    async with database.unit() as session:
        await damage(session, await customer(session, now), now)
    async with database.unit() as session:
        problems = await doctor(session, now=now)
    assert [(p.check, p.count, example in p.example, bool(p.remedy)) for p in problems] == [(check, count, True, True)]


async def healthy(session: AsyncSession, now: datetime) -> UUID:
    """One of everything that is as it should be."""
    who = await customer(session, now)
    session.add(Campaign(id=1, name="Spring", state=CampaignState.RUNNING, fed=1, created_at=now))
    await session.flush()
    await say(session, who, now, State.DELIVERED, campaign=1)
    await say(session, who, now, State.RECEIVED)
    await say(session, who, now, State.UNKNOWN)
    session.add(ticket(await say(session, who, now, State.QUEUED), now))
    session.add(ticket(await say(session, who, now, State.SENDING), now, lease=now + timedelta(minutes=1)))
    carried = await say(session, who, now, State.SENDING)
    session.add(ProviderReference(channel="sms", provider_id="SM1", interaction_id=carried))
    session.add(EarlyReceipt(channel="sms", provider_id="SM2", at=now - LONG_AGO, receipt={}))
    session.add(raw(now, RawState.RECEIVED, timedelta(0)))
    session.add(Schedule(name="greetings", next_at=now, every_seconds=600))
    session.add(
        Conversation(
            id=clock.uuid7(now), customer_id=who, kind=Kind.EMAIL, created_at=now, last_at=now, assignee_id=None
        )
    )
    return who


async def test_where_all_is_well_the_doctor_finds_nothing(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await healthy(session, now)
    async with database.unit() as session:
        assert await doctor(session, now=now) == []


async def test_what_waits_for_a_paused_sender_is_not_overdue(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await overdue(session, await customer(session, now), now)
        sender = await session.get(SenderRow, 1)
        assert sender is not None
        sender.paused_until = now + timedelta(minutes=1)
    async with database.unit() as session:
        assert await doctor(session, now=now) == []


async def test_gauges_count_by_the_databases_clock(database: Database) -> None:
    now = clock.now()
    async with database.unit() as session:
        who = await healthy(session, now)
        await say(session, who, now - timedelta(days=3), State.DELIVERED)
        session.add(raw(now, RawState.PARKED, timedelta(0)))
    async with database.unit() as session:
        found = {(name, *labels.values()): value for name, labels, value in await gauges(session)}
    age = found.pop(("hub_outbox_oldest_due_seconds", "mail"))
    assert 0 <= age < 60
    assert found == {
        ("hub_interactions_last_day", "email", "out", "delivered"): 1,
        ("hub_interactions_last_day", "email", "in", "received"): 1,
        ("hub_interactions_last_day", "email", "out", "unknown"): 1,
        ("hub_interactions_last_day", "email", "out", "queued"): 1,
        ("hub_interactions_last_day", "email", "out", "sending"): 2,
        ("hub_outbox_depth", "mail"): 2,
        ("hub_sender_in_trouble", "mail"): 0,
        ("hub_raw_messages_parked",): 1,
        ("hub_raw_messages_waiting",): 1,
        ("hub_sessions",): 0,
        ("hub_unknown_outcomes",): 1,
        ("hub_campaigns_running",): 1,
    }


async def test_the_start_page_shows_what_is_going_on(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await healthy(session, now)
        await trouble(session, UUID(int=0), now)
    async with database.unit() as session:
        seen = await overview(session, now=now)
    assert isinstance(seen, Overview)
    assert (seen.open, seen.unassigned, seen.mine, seen.unread) == (1, 1, 0, 1)
    assert (seen.received, seen.sent, seen.delivered) == ({"email": 1}, {"email": 2}, 1)
    assert (seen.queued, seen.unknown, seen.parked, seen.campaigns_running) == (2, 1, 0, 1)
    assert [(t.channel, t.words) for t in seen.troubles] == [("sms", "the password is refused")]
