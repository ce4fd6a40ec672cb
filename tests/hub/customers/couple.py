"""Two cards and everything that may hang on them, drawn by lot; and the whole database as rows, to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import (
    METADATA,
    Appointment,
    Campaign,
    CampaignRecipient,
    ChannelPreference,
    Consent,
    Conversation,
    CustomerEvent,
    DraftRow,
    Interaction,
    Outbox,
    SenderRow,
    Staff,
    Survey,
    Task,
)
from hub.models.vocabulary import CampaignState, Direction, Kind, Origin, Purpose, Role, Scale, State

# What a merge leaves behind, and what is reckoned anew.
NOT_COMPARED = {"customer_merge", "customer_keys", "merge_suggestion", "schedule", "stale_contact"}


@dataclass(frozen=True)
class Couple:
    winner: UUID
    loser: UUID
    staff: int
    campaign: int


async def couple(session: AsyncSession, lot: Random, now: datetime) -> Couple:
    """A winner and a loser who have more or less of everything."""
    agent = Staff(email="oleg@meadow.example", name="Oleg", password_hash="", role=Role.AGENT, created_at=now)
    sender = SenderRow(channel="mail", kind=Kind.EMAIL, rate=1, burst=1, tat=now)
    campaign = Campaign(name="Spring", state=CampaignState.RUNNING, created_at=now, cursor=uuid7(now))
    session.add_all([agent, sender, campaign])
    await session.flush()
    people = [(await directory.create(session, _card(lot, name), now=now)).id for name in ("ana", "anna")]
    both = Couple(people[0], people[1], staff=agent.id or 0, campaign=campaign.id or 0)
    for person, name in zip(people, ("ana", "anna"), strict=True):
        await _flags(session, person, lot, now)
        for turn in range(lot.randrange(4)):
            await _talk(
                session, both, person, f"{name}@example.org", sender.id or 0, lot, now + timedelta(minutes=turn)
            )
        _loose(session, both, person, lot, now)
        await session.flush()
    return both


def _card(lot: Random, name: str) -> NewCustomer:
    def perhaps(*values: Any) -> Any:
        return lot.choice((None, *values))

    return NewCustomer(
        name=f"{name.title()} Kowalska",
        given_name=perhaps("Ana") or "",
        language=lot.choice(("en", "pl")),
        timezone=perhaps("Europe/Warsaw", "Europe/Sofia"),
        country=perhaps("PL", "BG"),
        birthday=perhaps((1987, 2, 11), (None, 2, 11)),
        emails=(f"{name}@example.org",),
        phones=(f"+4860112345{len(name)}",) if lot.random() < 0.5 else (),
        labels=tuple(lot.sample(("garden", "trade", name), lot.randrange(3))),
        attributes=dict(lot.sample([("city", name), ("size", 38), ("hat", "red")], lot.randrange(3))),
        external_id=perhaps(f"C-{name}"),
        vip=lot.random() < 0.3,
    )


async def _flags(session: AsyncSession, person: UUID, lot: Random, now: datetime) -> None:
    customer = await directory.get(session, person)
    customer.do_not_contact, customer.untracked = lot.random() < 0.3, lot.random() < 0.3
    customer.provisional = lot.random() < 0.3
    customer.paused_from = lot.choice((None, now))
    customer.paused_until = lot.choice((None, now + timedelta(days=lot.randrange(1, 9))))
    customer.dissatisfied_until = lot.choice((None, now + timedelta(days=lot.randrange(9))))


async def _talk(
    session: AsyncSession, both: Couple, person: UUID, address: str, sender: int, lot: Random, at: datetime
) -> None:
    talk = Conversation(id=uuid7(at), customer_id=person, kind=Kind.EMAIL, channel="mail", created_at=at, last_at=at)
    session.add(talk)
    await session.flush()
    plain: dict[str, Any] = {"customer_id": person, "at": at, "state_at": at, "conversation_id": talk.id}
    heard = {"direction": Direction.IN, "origin": Origin.CUSTOMER, "state": State.RECEIVED, "sender": address}
    note = {"direction": Direction.NOTE, "origin": Origin.AGENT, "state": State.NOTED}
    greeted = {"direction": Direction.OUT, "origin": Origin.OCCASION, "state": State.QUEUED, "recipient": address}
    for told in (heard, note, {**greeted, "occasion": "birthday"}):
        session.add(Interaction(id=uuid7(at), **{**plain, **told}))
    last = Interaction(id=uuid7(at), **{**plain, **greeted, "occasion": "birthday"})
    session.add(last)
    await session.flush()
    session.add(Outbox(interaction_id=last.id, sender_id=sender, due_at=at))
    session.add(Task(customer_id=person, conversation_id=talk.id, title="Call back", created_at=at, changed_at=at))
    session.add(Survey(conversation_id=talk.id, customer_id=person, scale=Scale.CSAT, asked_at=at))
    session.add(DraftRow(staff_id=both.staff, customer_id=person, conversation_id=talk.id, typed=_typed("…"), at=at))


def _loose(session: AsyncSession, both: Couple, person: UUID, lot: Random, now: datetime) -> None:
    for _ in range(lot.randrange(4)):
        purpose, channel = lot.choice((Purpose.MARKETING, Purpose.GREETINGS, None)), lot.choice((*Kind, None))
        yes = lot.random() < 0.5
        session.add(
            Consent(customer_id=person, at=now, purpose=purpose, channel=channel, granted=yes, source="told an agent")
        )
    for purpose in lot.sample(list(Purpose), 2):
        kinds = lot.sample([one.value for one in Kind], lot.randrange(4))
        at = now + timedelta(minutes=lot.randrange(60))
        session.add(ChannelPreference(customer_id=person, purpose=purpose, channels=kinds, updated_at=at))
    for key in lot.sample(("1", "2", "3"), 2):
        session.add(CustomerEvent(customer_id=person, name="bought", key=key, at=now))
    session.add(Appointment(customer_id=person, title="Fitting", starts_at=now, timezone="UTC", created_at=now))
    if lot.random() < 0.7:
        session.add(DraftRow(staff_id=both.staff, customer_id=person, typed=_typed(str(lot.random())), at=now))
    if lot.random() < 0.7:
        session.add(_seat(session, both, person, lot, now))


def _seat(session: AsyncSession, both: Couple, person: UUID, lot: Random, now: datetime) -> CampaignRecipient:
    """A place in the campaign: waiting for its hour, or with a message that has left or was withheld."""
    if lot.random() < 0.4:
        due = now + timedelta(hours=1)
        return CampaignRecipient(campaign_id=both.campaign, customer_id=person, due_at=due)
    state = lot.choice((State.SENT, State.WITHHELD))
    plain: dict[str, Any] = {
        "direction": Direction.OUT,
        "origin": Origin.CAMPAIGN,
        "campaign_id": both.campaign,
        "state": state,
    }
    message = Interaction(id=uuid7(now), customer_id=person, at=now, state_at=now, **plain)
    session.add(message)
    return CampaignRecipient(campaign_id=both.campaign, customer_id=person, interaction_id=message.id)


def _typed(words: str) -> dict[str, Any]:
    return {"kind": "email", "text": words, "subject": "", "recipient": "", "mailbox": "", "files": []} | {
        "signed": True,
        "quoting": True,
    }


async def everything(database: Database) -> Mapping[str, list[dict[str, Any]]]:
    """Every row of every table that a merge may touch. When a card or a message was changed last is left out."""
    found = {}
    async with database.unit() as session:
        for table in METADATA.tables:
            if table not in NOT_COMPARED:
                rows = await session.execute(text(f"select to_jsonb(t) - 'updated_at' - 'state_at' from {table} t"))
                found[table] = sorted(rows.scalars(), key=str)
    return found
