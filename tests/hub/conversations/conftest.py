"""A gate, and a customer with a conversation in which two mails lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from channels.message import Kind
from hub.conversations import threads
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import record
from hub.models import Staff
from hub.models.vocabulary import Role
from hub.outbound import senders
from hub.outbound.request import Gate
from tests.gates import SHIPPED, gate_of
from tests.log_rows import heard


@dataclass(frozen=True)
class Story:
    customer: UUID
    conversation: UUID
    question: UUID
    magda: int
    oleg: int


@pytest.fixture
def gate() -> Gate:
    return gate_of(SHIPPED)


@pytest.fixture
async def story(database: Database, now: datetime) -> Story:
    """Ana asked a question by mail an hour ago; Magda and Oleg work here."""
    new = directory.NewCustomer("Ana", emails=("ana@example.org",), phones=("+48601000001",))
    asked = now - timedelta(hours=1)
    async with database.unit() as session:
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms"), (Kind.VOICE, "voice")):
            await senders.register(session, name, kind, rate=100, burst=100, now=now)
        people = [Staff(email=f"{n}@x.test", name=n, role=Role.AGENT, password_hash="", created_at=now) for n in "mo"]
        session.add_all(people)
        customer = await directory.create(session, new, now=asked)
        conversation = threads.opened(customer.id, Kind.EMAIL, "mail", subject="A question", now=asked)
        session.add(conversation)
        await session.flush()
        question = heard(
            customer.id,
            asked,
            conversation_id=conversation.id,
            sender="ana@example.org",
            recipient="support@meadow.example",
            subject="A question",
            body_text="When do you open?",
            message_id="<q@example.org>",
        )
        await record.add(session, question)
    magda, oleg = (person.id or 0 for person in people)
    return Story(customer.id, conversation.id, question.id, magda, oleg)
