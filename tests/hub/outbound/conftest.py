"""A gate, customers, and a provider to talk to that answers as the test wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import senders
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from tests.gates import PLAIN, gate_of

Enrol = Callable[..., Awaitable[UUID]]


@pytest.fixture
def rules() -> Rules:
    return PLAIN


@pytest.fixture
def gate(rules: Rules) -> Gate:
    return gate_of(rules)


@pytest.fixture
async def quick_senders(database: Database, now: datetime) -> None:
    """Senders that no test has to wait for."""
    async with database.unit() as session:
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms"), (Kind.VOICE, "voice")):
            await senders.register(session, name, kind, rate=1000, burst=1000, now=now)


@pytest.fixture
def enrol(database: Database, now: datetime) -> Enrol:
    """Make a customer with a mail address and a telephone, in Warsaw, who agreed to marketing by mail."""

    async def make(name: str = "Ana", *, agreed: bool = True, **more: object) -> UUID:
        new = directory.NewCustomer(
            name=name,
            given_name=name,
            emails=(f"{name.lower()}@example.org",),
            phones=(f"+48732{500_000 + sum(map(ord, name)):06d}",),
            timezone="Europe/Warsaw",
        )
        async with database.unit() as session:
            customer = await directory.create(session, new, now=now)
            if agreed:
                said = consent.Statement(customer.id, Purpose.MARKETING, Kind.EMAIL, granted=True, source="test")
                await consent.record(session, said, now=now)
            if more:
                await directory.change(session, customer.id, more, now=now)
        return customer.id

    return make
