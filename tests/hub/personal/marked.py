"""A person of whom everything is known, a word of theirs in every column; and where the word is left."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import String, Text, text
from sqlmodel import AutoString, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Raw
from hub.clock import uuid7
from hub.conversations import notes, tasks
from hub.customers import directory, merging, parting
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.inbound import processing, raw
from hub.inbound.receive import Reception
from hub.models import (
    METADATA,
    Appointment,
    AskedOnce,
    Attempt,
    CallList,
    CallListPerson,
    CampaignRecipient,
    ChannelPreference,
    Consent,
    Conversation,
    CustomerEvent,
    CustomerKeys,
    DedupeKey,
    DraftRow,
    DryRunLine,
    EarlyReceipt,
    EvidenceLook,
    FileImport,
    Gathering,
    Greeting,
    GreetingSkip,
    Guest,
    HandledCall,
    HeldReply,
    IdentityEvent,
    ImportedCustomer,
    Interaction,
    LastContact,
    Letter,
    MailCopy,
    MailReference,
    Mention,
    MissedCall,
    Occasion,
    Outbox,
    PersonalExport,
    Promise,
    ProviderReference,
    Purchase,
    Reaction,
    Rearrangement,
    ReceiptRow,
    Refund,
    Rejected,
    RejectedRow,
    Reminder,
    SavedSegment,
    SegmentMember,
    ShortLink,
    Staff,
    Suppression,
    Survey,
    WebhookDelivery,
    WebhookEndpoint,
)
from hub.models.columns import Word
from hub.models.vocabulary import (
    Brought,
    Direction,
    IdentityState,
    Kind,
    Origin,
    Outcome,
    Promised,
    Purpose,
    Rearranged,
    Role,
    Scale,
    State,
    Touch,
)
from hub.outbound import templates
from hub.personal import theirs
from hub.queue import enqueue
from hub.staff import audit
from tests.hub.inbound.events import SUPPORT

MARK = "zqxmarker"
ADDRESS, PHONE = f"{MARK}@erased.example", "+48601777888"


def letter(*, sender: str = ADDRESS, cc: str = "", number: int = 1, words: str = MARK) -> bytes:
    """A mail with a file."""
    return (
        f"From: {words} Kowalska <{sender}>\r\nTo: {SUPPORT}\r\n{f'Cc: {cc}' if cc else 'X-None: 1'}\r\n"
        f"Subject: About {words}\r\nMessage-ID: <l{number}@example.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nI am {words}.\r\n"
        f'--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="{words}.csv"\r\n\r\n'
        f"name\r\n{words} {number}\r\n--b--\r\n"
    ).encode()


async def mail(
    database: Database, reception: Reception, content: bytes, *, uid: int, now: datetime, quiet: bool = False
) -> None:
    """A mail comes in by the mailbox and is read."""
    one = Raw(f"INBOX:7:{uid}", content, old=quiet)
    async with database.unit() as session:
        await raw.keep(session, reception.storage, "mail", [one], None, now=now)
    async with database.unit() as session:
        works = await raw.claim(session, now=now)
    await processing.process_all(database, works, reception, now=now)


async def someone(database: Database, reception: Reception, campaign: int, now: datetime) -> UUID:
    """The person, known by the ordinary ways in, and by rows of every table that can speak of them."""
    async with database.unit() as session:
        new = NewCustomer(f"{MARK} Kowalska", emails=(ADDRESS,), phones=(PHONE,), attributes={"pet": MARK})
        person = (await directory.create(session, new, now=now)).id
        agent = Staff(email="olga@meadow.example", name="Olga", password_hash="", role=Role.AGENT, created_at=now)
        session.add(agent)
    await mail(database, reception, letter(), uid=1, now=now)
    await _merged(database, person, now)
    async with database.unit() as session:
        await _rows(session, person, agent.id or 0, campaign, now)
        await _beside(session, person, agent.id or 0, now)
    return person


async def _merged(database: Database, person: UUID, now: datetime) -> None:
    """Somebody is part of them, and somebody else was for a while."""
    for taken_back in (False, True):
        async with database.unit() as session:
            other = await directory.create(session, NewCustomer(f"{MARK} again"), now=now)
            made = await merging.merge(session, person, other.id, staff_id=None, now=now)
        if taken_back:
            async with database.unit() as session:
                await parting.part(session, made.id, staff_id=None, now=now)
            async with database.unit() as session:
                await session.execute(text("update customer set name = 'Somebody' where id = :id"), {"id": other.id})


async def _rows(session: AsyncSession, person: UUID, agent: int, campaign: int, now: datetime) -> None:
    talk = (await session.exec(select(Conversation).where(Conversation.customer_id == person))).one()
    heard = (await session.exec(select(Interaction).where(Interaction.customer_id == person))).one()
    plain: dict[str, Any] = {"customer_id": person, "at": now, "state_at": now, "channel": "mail"}
    ours: dict[str, Any] = {"direction": Direction.OUT, "kind": Kind.EMAIL, "recipient": ADDRESS}
    sent_by: dict[str, Any] = {
        "origin": Origin.CAMPAIGN,
        "state": State.SENT,
        "state_rank": State.SENT.rank,
        "campaign_id": campaign,
    }
    sent = Interaction(id=uuid7(now), **plain, **ours, **sent_by)
    queued = Interaction(id=uuid7(now), **plain, **ours, origin=Origin.AGENT, state=State.QUEUED, staff_id=agent)
    session.add_all([sent, queued])
    occasion = Occasion(name="birthday of all", template="birthday")
    dates = Appointment(customer_id=person, title="Fitting", starts_at=now, timezone="UTC", created_at=now)
    guests = SavedSegment(name="Guests", tree={}, listed=True, created_at=now, changed_at=now)
    party = Gathering(title="Open garden", starts_at=now, timezone="UTC", created_at=now)
    script = (await templates.current(session, "festival", now=now)).id or 0
    calls = CallList(
        name="Calls",
        purpose=Purpose.SERVICE,
        template_version_id=script,
        again_hours=24,
        attempts=3,
        held_minutes=30,
        created_at=now,
    )
    session.add_all([occasion, dates, guests, party, calls])
    await session.flush()
    session.add(Guest(gathering_id=party.id or 0, customer_id=person))
    identity = (
        await session.execute(text("select min(id) from identity where customer_id = :p"), {"p": person})
    ).scalar()
    note = await notes.add(session, person, talk.id, "A note", staff_id=agent, now=now)
    await tasks.add(session, tasks.NewTask("Call back", person), now=now)
    typed = {"kind": "email", "text": "", "subject": "", "recipient": "", "mailbox": "", "files": []}
    session.add_all(
        [
            Attempt(interaction_id=sent.id, started_at=now, ended_at=now, outcome="accepted", reply="250 ok"),
            CampaignRecipient(campaign_id=campaign, customer_id=person, interaction_id=sent.id),
            ChannelPreference(customer_id=person, purpose=Purpose.SERVICE, channels=["email"], updated_at=now),
            Consent(customer_id=person, at=now, purpose=Purpose.MARKETING, granted=True, source="form"),
            CustomerEvent(customer_id=person, name="bought", at=now),
            CustomerKeys(customer_id=person, keys=[1], at=now),
            DedupeKey(key=f"campaign:{person}", interaction_id=sent.id),
            DraftRow(staff_id=agent, customer_id=person, conversation_id=talk.id, typed=typed, at=now),
            DryRunLine(customer_id=person, campaign_id=campaign),
            EvidenceLook(interaction_id=queued.id, looked_at=now),
            Letter(interaction_id=sent.id, staff_id=agent, needs=[], text=MARK, html=MARK, files=[], at=now),
            Greeting(customer_id=person, kept=now.date(), day=now.date(), interaction_id=queued.id),
            GreetingSkip(customer_id=person, occasion_id=occasion.id or 0, day=now.date(), at=now),
            HandledCall(interaction_id=heard.id, staff_id=agent, taken_at=now),
            HeldReply(
                interaction_id=queued.id,
                staff_id=agent,
                leaves_at=now,
                scheduled=False,
                unless_answered=False,
                typed=typed,
                before={},
            ),
            IdentityEvent(identity_id=identity or 0, at=now, state=IdentityState.OK),
            MailCopy(interaction_id=queued.id, address=f"x{ADDRESS}", place=0, at=now),
            MailReference(cited=f"<{MARK}@x>", interaction_id=heard.id),
            Mention(interaction_id=note, staff_id=agent, at=now),
            MissedCall(interaction_id=heard.id, customer_id=person, voicemail=True),
            Outbox(interaction_id=queued.id, sender_id=1, due_at=now + timedelta(days=1)),
            PersonalExport(id=uuid7(now), customer_id=person, asked_at=now, parts=[]),
            Promise(conversation_id=talk.id, kind=Promised.FIRST, since=now),
            ProviderReference(channel="mail", provider_id=MARK, interaction_id=sent.id),
            bought := Purchase(
                customer_id=person,
                source="till",
                number="1",
                at=now,
                amount=Decimal(5),
                currency="PLN",
                refunded=Decimal(1),
            ),
            Reaction(interaction_id=sent.id, campaign_id=campaign, at=now, touch=Touch.CLICK, url=f"https://x/{MARK}"),
            Rearrangement(id=uuid7(now), at=now, what=Rearranged.MOVE, from_id=talk.id, into_id=talk.id, moved={}),
            ReceiptRow(interaction_id=sent.id, at=now, progress="sent", leg=ADDRESS, payload={"to": ADDRESS}),
            ReceiptRow(interaction_id=sent.id, at=now, progress="sent", leg=f"x{ADDRESS}"),
            Reminder(appointment_id=dates.id or 0, due_at=now),
            SegmentMember(segment_id=guests.id or 0, customer_id=person, added_at=now),
            CallListPerson(call_list_id=calls.id or 0, customer_id=person, due_at=now, interaction_id=sent.id),
            ShortLink(code="abc", interaction_id=sent.id, url=f"https://x/{MARK}"),
            LastContact(customer_id=person, contact=sent.id),
            Suppression(kind=Kind.SMS, value=PHONE, reason="STOP", source=MARK, at=now),
            Survey(conversation_id=talk.id, customer_id=person, scale=Scale.CSAT, asked_at=now, comment=MARK),
        ]
    )
    await session.flush()
    session.add(Refund(purchase_id=bought.id or 0, source="till", number="2", at=now, amount=Decimal(1)))
    await session.flush()


async def _beside(session: AsyncSession, person: UUID, agent: int, now: datetime) -> None:
    """Where the hub names people without a key: jobs, webhooks and their log, answers to programs, the trail."""
    done: dict[str, Any] = {"kind": Brought.CUSTOMERS, "sha256": "", "asked_at": now, "done_at": now}
    sheet = FileImport(id=uuid7(now), name="orders.csv", **done)
    without_header = FileImport(id=uuid7(now), name="people.csv", header=[MARK, ADDRESS], **done)
    session.add_all([sheet, without_header])
    endpoint = WebhookEndpoint(url="https://x.example", events=["customer.changed"], secret=b"s", created_at=now)
    session.add(endpoint)
    await session.flush()
    session.add_all(
        [
            ImportedCustomer(import_id=sheet.id, customer_id=person, outcome=Outcome.ADDED),
            AskedOnce(staff_id=agent, key="k", request="r", answer={"id": str(person), "name": MARK}, at=now),
            EarlyReceipt(channel="sms", provider_id="SM9", at=now, receipt={"to": PHONE, "body": MARK}),
            RejectedRow(import_id=sheet.id, line=2, words="no", gaps={"email": ADDRESS}, cells=["7", MARK]),
            RejectedRow(import_id=sheet.id, line=3, words="no", cells=["8", MARK, ADDRESS.upper()]),
            Rejected(at=now, channel="sms", cause="forged", payload={"From": PHONE, "Body": MARK}),
            WebhookDelivery(
                message_id="m", endpoint_id=endpoint.id or 0, event="customer.changed", at=now, next_at=now,
                data={"id": str(person)}, answer=f"we know {MARK}",
            ),
        ]
    )  # fmt: skip
    await enqueue(session, "fetch-media", payload={"interaction": "x", "name": MARK, "of": ADDRESS})
    about: dict[str, Any] = {"staff_id": agent, "subject": f"customer:{person}", "now": now}
    await audit.write(session, "customer.read", **about)
    await audit.write(session, "customer.change", **about, detail=f"called {MARK} before")
    await audit.write(session, "message.test", staff_id=agent, subject="campaign:1", detail=f"to {ADDRESS}", now=now)


async def stain(session: AsyncSession, person: UUID) -> set[str]:
    """The word into every free column of every row of theirs; the tables that hold it now."""
    whose = await theirs.person(session, person)
    await session.execute(text("select set_config('hub.erasing', 'on', true)"))
    for table in theirs.tables():
        free = [one.name for one in METADATA.tables[table].columns if _is_free(one)]
        if free:
            words = ", ".join(f"{name} = '{MARK}'" for name in free)
            await session.execute(text(f"update {table} set {words} where {theirs.where(table)}"), whose.values)
    return {table for table, n in (await theirs.count(session, whose)).items() if n}


def _is_free(column: Any) -> bool:
    told = isinstance(column.type, (String, Text, AutoString)) and not isinstance(column.type, Word)
    named = column.name in ("value", "key", "leg", "sha256", "currency") or (column.table.name, column.name) in _CODES
    return told and not column.computed and not column.foreign_keys and not named and not column.primary_key


# Our own words, or a provider's short ones: they are counted, and say nothing of anybody.
_CODES = {("interaction", name) for name in ("channel", "reason", "language", "occasion", "auto")}
_CODES |= {("receipt", name) for name in ("progress", "code", "reason")}


async def left(session: AsyncSession, *words: str) -> dict[str, int]:
    """In how many rows of which tables one of these words stands: every column of every table that there is."""
    names = (await session.execute(_EVERY_TABLE)).scalars().all()
    told = " or ".join(f"t::text ilike '%{one}%' or t::text ilike '%{one.encode().hex()}%'" for one in words)
    found = {}
    for name in names:
        found[name] = (await session.execute(text(f"select count(*) from {name} t where {told}"))).scalar_one()
    return {name: n for name, n in found.items() if n}


_EVERY_TABLE = text("""
select format('%I.%I', table_schema, table_name) from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
  and table_schema not like 'pg_temp%'
""")


def blobs(folder: Path) -> set[str]:
    """Digests of all files in the storage."""
    return {file.name for file in folder.rglob("*") if file.is_file()}
