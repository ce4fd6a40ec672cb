"""A gate with two channels and templates of our own for greetings and reminders."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from hub.database.engine import Database
from hub.models.vocabulary import Kind
from hub.occasions import birthdays, reminders
from hub.outbound import templates
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from hub.signing import Signer


@pytest.fixture
def gate() -> Gate:
    return Gate(
        rules=Rules(
            quiet_from=time(21),
            quiet_until=time(8),
            unknown_zone_from=time(10),
            unknown_zone_until=time(18),
            marketing_per_week=3,
            default_ranking=(Kind.EMAIL, Kind.SMS, Kind.VOICE),
            company_zone="Europe/Warsaw",
        ),
        senders={Kind.EMAIL: ("mail",), Kind.SMS: ("sms",)},
        signer=Signer(b"a secret for the tests, 32 bytes"),
        public_url="http://hub.example",
        company="Meadow & Sons",
        default_language="en",
    )


@pytest.fixture
async def greetings(database: Database, now: datetime) -> Database:
    """The rule as shipped, with words of our own."""
    words = {"en": {"subject": "Happy birthday", "body": "Dear {{ given_name }}", "sms": "Dear {{ given_name }}"}}
    async with database.unit() as session:
        await templates.save(session, "our-birthday", words, now=now)
        await birthdays.change_rule(session, template="our-birthday")
    return database


@pytest.fixture
async def reminding(database: Database, now: datetime) -> Database:
    words = {
        language: {"subject": "{{ title }}", "body": "{{ given_name }}: {{ title }}, {{ when }}, {{ place }}"}
        for language in ("en", "pl")
    }
    async with database.unit() as session:
        await templates.save(session, reminders.TEMPLATE, words, now=now)
    return database
