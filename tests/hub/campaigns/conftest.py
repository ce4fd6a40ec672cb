"""A gate with two channels, a template in two languages, and customers who like different things."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models.vocabulary import Kind, Purpose
from hub.outbound import templates
from hub.outbound.request import Gate
from tests.gates import PLAIN, gate_of

Enrol = Callable[..., Awaitable[UUID]]

WAY_OUT = "\n\nNo more of this: {{ unsubscribe_url }}"


@pytest.fixture
def gate() -> Gate:
    return gate_of(PLAIN, Kind.EMAIL, Kind.SMS)


@pytest.fixture
async def spring(database: Database, now: datetime) -> int:
    """The version of a template for mail (en, pl) and SMS (en)."""
    variants = {
        "en": {"subject": "Spring", "body": "Dear {{ customer.name }}, {{ offer }}" + WAY_OUT, "sms": "{{ offer }}!"},
        "pl": {"subject": "Wiosna", "body": "Witaj, {{ customer.name }}: {{ offer }}" + WAY_OUT},
    }
    async with database.unit() as session:
        version = await templates.save(session, "spring", variants, now=now)
    assert version.id is not None
    return version.id


@pytest.fixture
def enrol(database: Database, now: datetime) -> Enrol:
    """Make a customer with a mail address, by default one who agreed to marketing. Their ids are in this order."""

    moments = (now - timedelta(hours=1) + timedelta(milliseconds=n) for n in itertools.count())

    async def make(name: str, *, agreed: bool = True, phone: bool = False, **more: object) -> UUID:
        new = directory.NewCustomer(
            name=name,
            emails=(f"{name.lower()}@example.org",) if not phone else (),
            phones=(f"+4873250{1000 + len(name) * 31 + sum(map(ord, name)) % 8000:04d}",) if phone else (),
            timezone="Europe/Warsaw",
            labels=("spring",),
        )
        async with database.unit() as session:
            customer = await directory.create(session, new, now=next(moments))
            if agreed:
                said = consent.Statement(customer.id, Purpose.MARKETING, None, granted=True, source="test")
                await consent.record(session, said, now=now)
            if more:
                await directory.change(session, customer.id, more, now=now)
        return customer.id

    return make


@pytest.fixture
async def seven(enrol: Enrol) -> dict[str, UUID]:
    """Four who agreed (one by telephone only), one who never did, one who died, one who wants to be left alone."""
    return {
        "Ada": await enrol("Ada"),
        "Boris": await enrol("Boris", phone=True),
        "Celina": await enrol("Celina", language="pl"),
        "Dan": await enrol("Dan"),
        "Never": await enrol("Never", agreed=False),
        "Gone": await enrol("Gone", deceased=True),
        "Leave": await enrol("Leave", do_not_contact=True),
    }
