"""A gate with two channels and templates of our own for greetings and reminders."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.database.engine import Database
from hub.models.vocabulary import Kind
from hub.occasions import reminders, rules
from hub.outbound import templates
from hub.outbound.request import Gate
from tests.gates import PLAIN, gate_of


@pytest.fixture
def gate() -> Gate:
    return gate_of(PLAIN, Kind.EMAIL, Kind.SMS)


@pytest.fixture
async def greetings(database: Database, now: datetime) -> Database:
    """The rule as shipped, with words of our own."""
    words = {"en": {"subject": "Happy birthday", "body": "Dear {{ given_name }}", "sms": "Dear {{ given_name }}"}}
    async with database.unit() as session:
        await templates.save(session, "our-birthday", words, now=now)
        await rules.change_birthdays(session, template="our-birthday", now=now)
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
