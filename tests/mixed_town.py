"""People of every sort that the gate tells apart, thrown together by chance, and rules to judge them by."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.models import ChannelPreference, Consent, Conversation, Customer, Identity, Interaction, Suppression
from hub.models.vocabulary import (
    AddressKind,
    ConversationState,
    Direction,
    IdentityState,
    Kind,
    Origin,
    Purpose,
    State,
)
from hub.outbound.question import Rules

SPRING = datetime(2026, 3, 29, 0, 40, tzinfo=UTC)  # twenty minutes before Warsaw's wall leaps over 02:00
AUTUMN = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
MOMENTS = (SPRING, AUTUMN, datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 12, 23, 22, 30, tzinfo=UTC))
_ZONES = (None, "Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Nowhere/At_All", "UTC")
_NUMBERS = ("+4873223{:04d}", "+1212555{:04d}", "+3592981{:04d}", "+79012345{:03d}", "+88213{:06d}")
PEOPLE = 24
_CAPPED = (Purpose.MARKETING, Purpose.GREETINGS, Purpose.REMINDERS)


def rules(chance: random.Random) -> Rules:
    """A company's."""
    hours = (time(0), time(2, 30), time(8), time(21), time(23, 59))
    ranking = tuple(chance.sample(list(Kind), chance.randint(1, 3)))
    dates = frozenset({date(2026, 12, 24), date(2026, 3, 29)}) if chance.random() < 0.5 else frozenset[date]()
    return Rules(
        quiet_from=chance.choice(hours),
        quiet_until=chance.choice(hours),
        unknown_zone_from=time(10),
        unknown_zone_until=time(18),
        marketing_per_week=chance.randint(1, 3),
        default_ranking=ranking,
        company_zone="Europe/Warsaw",
        quiet_dates=dates,
        caps={(kind, purpose): chance.randint(0, 2) for kind in Kind for purpose in _CAPPED if chance.random() < 0.2},
        overdue=chance.choice((None, timedelta(hours=1), timedelta(days=3))),
        unhappy_labels=chance.choice((frozenset(), frozenset({"sad", "angry"}))),
    )


async def town(session: AsyncSession, chance: random.Random, now: datetime) -> list[UUID]:
    """`PEOPLE` of them, in the log and in conversations as well."""
    customers = [_customer(chance, now) for _ in range(PEOPLE)]
    session.add_all(customers)
    await session.flush()
    rows: list[Any] = []
    for number, customer in enumerate(customers):
        rows += _belongings(chance, customer.id, number, now)
    session.add_all(rows)
    await session.flush()
    session.expunge_all()
    return [customer.id for customer in customers]


def _customer(chance: random.Random, now: datetime) -> Customer:
    def some(likely: float, make: Callable[[], Any]) -> Any:
        return make() if chance.random() < likely else None

    around = (now - timedelta(days=2), now - timedelta(seconds=1), now, now + timedelta(days=2))
    return Customer(
        id=uuid7(now),
        name="Ana",
        language=chance.choice(("en", "pl", "bg")),
        timezone=chance.choice(_ZONES),
        labels=["complaint"]
        if chance.random() < 0.05
        else chance.choice((["spring"], ["sad", "angry"], ["angry"], [])),
        deceased=chance.random() < 0.04,
        do_not_contact=chance.random() < 0.04,
        paused_from=some(0.15, lambda: chance.choice(around)),
        paused_until=some(0.15, lambda: chance.choice(around)),
        dissatisfied_until=some(0.1, lambda: chance.choice(around)),
        quiet_from=some(0.15, lambda: chance.choice((time(13), time(1, 30), time(22)))),
        quiet_until=some(0.15, lambda: chance.choice((time(2, 30), time(9), time(14)))),
        created_at=now,
        updated_at=now,
    )


def _belongings(chance: random.Random, customer: UUID, number: int, now: datetime) -> list[Any]:
    rows: list[Any] = []
    for place in range(chance.choice((0, 1, 1, 2))):
        rows += _address(chance, customer, AddressKind.EMAIL, f"p{number}.{place}@example.org", now)
    for place in range(chance.choice((0, 0, 1, 1, 2))):
        value = chance.choice(_NUMBERS).format(number * 10 + place)
        rows += _address(chance, customer, AddressKind.PHONE, value, now)
    rows += [_statement(chance, customer, now) for _ in range(chance.choice((0, 1, 1, 2, 4)))]
    for purpose in Purpose:
        if chance.random() < 0.3:
            channels = [kind.value for kind in chance.sample(list(Kind), chance.randint(0, 3))]
            rows.append(ChannelPreference(customer_id=customer, purpose=purpose, channels=channels, updated_at=now))
    rows += [_message(chance, customer, now) for _ in range(chance.choice((0, 0, 1, 3)))]
    rows += [_conversation(chance, customer, now) for _ in range(chance.choice((0, 0, 0, 0, 1, 2)))]
    return rows


def _address(chance: random.Random, customer: UUID, kind: AddressKind, value: str, now: datetime) -> list[Any]:
    state = chance.choice((*[IdentityState.OK] * 5, *IdentityState))
    preferred = chance.random() < 0.5
    rows: list[Any] = [
        Identity(customer_id=customer, kind=kind, value=value, state=state, preferred=preferred, created_at=now)
    ]
    channels = [one for one in Kind if AddressKind.of(one) is kind]
    for channel in channels:
        for purpose in (None, Purpose.MARKETING, Purpose.REMINDERS):
            if chance.random() < 0.08:
                reason = chance.choice(("STOP", "hard_bounce"))
                rows.append(Suppression(kind=channel, value=value, purpose=purpose, reason=reason, at=now))
    return rows


def _statement(chance: random.Random, customer: UUID, now: datetime) -> Consent:
    return Consent(
        customer_id=customer,
        at=now - timedelta(days=chance.randint(0, 400)),
        channel=chance.choice((None, None, *Kind)),
        purpose=chance.choice((None, Purpose.MARKETING, Purpose.GREETINGS, Purpose.REMINDERS)),
        granted=chance.random() < 0.7,
        source=chance.choice(("import", "one-click")),
        topic=chance.choice(("", "", "news", "garden")),
    )


def _message(chance: random.Random, customer: UUID, now: datetime) -> Interaction:
    at = now - timedelta(days=chance.choice((0, 1, 6, 6.99, 7.01, 9)))
    state = chance.choice((State.QUEUED, State.SENT, State.READ, State.WITHHELD, State.FAILED, State.UNKNOWN))
    return Interaction(
        id=uuid7(at),
        at=at,
        customer_id=customer,
        direction=Direction.OUT,
        kind=chance.choice(list(Kind)),
        origin=Origin.CAMPAIGN,
        purpose=chance.choice((Purpose.MARKETING, *Purpose)),
        state=state,
        state_rank=state.rank,
        state_at=at,
    )


def _conversation(chance: random.Random, customer: UUID, now: datetime) -> Conversation:
    return Conversation(
        id=uuid7(now),
        customer_id=customer,
        kind=Kind.EMAIL,
        state=chance.choice(list(ConversationState)),
        flag=chance.choice(("complaint", "", "possible thread")),
        created_at=now,
        last_at=now,
        last_inbound_at=chance.choice((None, now, now - timedelta(hours=1), now - timedelta(days=4))),
        due_at=chance.choice((None, None, None, now, now + timedelta(hours=1), now - timedelta(days=1))),
    )
