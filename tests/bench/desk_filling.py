"""A desk's tables filled quickly with its past: COPY into tables without indexes, which are made at the end.

Only for the benches' own database: nothing is checked and no trigger runs.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from hub import clock
from hub.models import AttachmentRow, Conversation, Customer, Identity, Interaction
from tests.bench import desk_past, desk_staff, desk_words, in_bulk
from tests.bench.desk_past import DAYS, Past, Talk, identifier
from tests.bench.desk_staff import Columns, copied, moment
from tests.bench.desk_words import Tongue
from tests.bench.figures import say

_SLICE = 20_000
_TABLES = ("interaction", "conversation", "customer", "identity", "attachment")
_FILES = ("faktura", "invoice", "umowa", "договор", "photo", "снимка", "zwrot", "contract")
_LABELS = (["gold"], ["vip", "gold"], ["claim"], ["return"], ["wholesale"])


async def fill(url: str, count: int) -> None:
    """Two connections side by side: the machine's cores, not the disk, are what it waits for."""
    chance, now = random.Random(7), clock.now()
    past = desk_past.past(count, int(now.timestamp() * 1000), chance)
    tongues = desk_words.tongues(chance)
    await in_bulk.months(url, now, days=DAYS)
    async with in_bulk.connection(url) as one, in_bulk.connection(url) as other:
        indexes = await in_bulk.without_indexes(one, _TABLES)
        middle = len(past.said) // 2
        await desk_staff.fill(one, past, now)
        await asyncio.gather(_people(one, past, tongues, chance), _words(other, past, tongues, middle, len(past.said)))
        await _words(one, past, tongues, 0, middle)
        say("  every word is there; now the indexes")
        await asyncio.gather(in_bulk.make(one, indexes), in_bulk.make(other, indexes))
        await one.execute("vacuum analyze")


async def _people(
    connection: asyncpg.Connection, past: Past, tongues: Mapping[str, Tongue], chance: random.Random
) -> None:
    """Customers with their addresses, and the conversations."""
    began = past.said[0][0]
    people, addresses = Columns.of(Customer), Columns.of(Identity)
    ids = [identifier(began, n) for n in range(past.customers)]
    at = moment(began)
    customers, identities = [], []
    for n, language in enumerate(past.languages):
        tongue = tongues[language]
        given, family = chance.choice(tongue.given), chance.choice(tongue.families)
        labels = ["gold"] if chance.random() < 0.02 else []
        known = {"id": ids[n], "name": f"{given} {family}", "given_name": given, "language": language, "labels": labels}
        customers.append(people.record(**known, created_at=at, updated_at=at))
        mail = {"kind": "email", "value": f"person{n}@people{n % 900}.example"}
        identities.append(addresses.record(customer_id=ids[n], **mail, created_at=at))
        if n % 2:
            identities.append(addresses.record(customer_id=ids[n], kind="phone", value=f"+48600{n:06d}", created_at=at))
    await copied(connection, people, customers)
    await copied(connection, addresses, identities)
    columns = Columns.of(Conversation)
    await copied(connection, columns, [_talk(columns, one, ids, tongues) for one in past.talks])


def _talk(columns: Columns, talk: Talk, customers: Sequence[Any], tongues: Mapping[str, Tongue]) -> tuple[Any, ...]:
    first, last, open_ = moment(talk.ats[0]), moment(talk.ats[-1]), talk.state != "resolved"
    tongue = tongues[talk.language]
    return columns.record(
        id=talk.id,
        customer_id=customers[talk.customer],
        subject=_subject(talk, tongue),
        kind=talk.kind,
        channel="mail" if talk.kind == "email" else talk.kind,
        state=talk.state,
        snoozed_until=last + timedelta(days=30) if talk.state == "snoozed" else None,
        assignee_id=talk.assignee,
        unread=open_ and talk.number % 2 == 0,
        labels=_LABELS[talk.number // 20 % len(_LABELS)] if talk.number % 20 == 0 else [],
        created_at=first,
        last_at=last,
        last_inbound_at=last,
        preview=tongue.said(talk.number * 31, 18),
        due_at=last + timedelta(hours=8) if open_ and talk.number % 5 == 0 else None,
        resolved_at=None if open_ else last,
    )


def _subject(talk: Talk, tongue: Tongue) -> str:
    return "" if talk.kind != "email" else f"{tongue.said(talk.number * 97, 2 + talk.number % 5)} {talk.number}"


async def _words(
    connection: asyncpg.Connection, past: Past, tongues: Mapping[str, Tongue], start: int, end: int
) -> None:
    said, files = Columns.of(Interaction), Columns.of(AttachmentRow)
    customers = [identifier(past.said[0][0], n) for n in range(past.customers)]
    for low in range(start, end, _SLICE):
        rows = [_said(said, past, n, customers, tongues) for n in range(low, min(low + _SLICE, end))]
        await copied(connection, said, rows)
        with_files = [n for n in range(low, min(low + _SLICE, end)) if n % 50 == 0 and past.said[n][1] >= 0]
        await copied(connection, files, [_file(files, past, n) for n in with_files])


def _said(
    columns: Columns, past: Past, n: int, customers: Sequence[Any], tongues: Mapping[str, Tongue]
) -> tuple[Any, ...]:
    """The customer begins, then both in turn; one in fifty of ours is a note. Every tenth of all is a campaign's."""
    at, place, turn = past.said[n]
    when, talk = moment(at), past.talks[place]
    if place < 0:
        whose = customers[n * 7919 % len(customers)]
        told = {"direction": "out", "kind": "sms", "channel": "sms", "origin": "campaign", "purpose": "marketing"}
        return columns.record(
            id=identifier(at, n), at=when, customer_id=whose, **told, state="delivered", state_rank=6, state_at=when
        )
    heard, note = turn % 2 == 0, turn % 2 == 1 and n % 50 == 0
    tongue, length = tongues[talk.language], _length(talk.kind, n)
    return columns.record(
        id=identifier(at, n),
        at=when,
        customer_id=customers[talk.customer],
        conversation_id=talk.id,
        direction="in" if heard else "note" if note else "out",
        kind=None if note else talk.kind,
        channel="mail" if talk.kind == "email" else talk.kind,
        origin="customer" if heard else "agent",
        state="received" if heard else "noted" if note else "delivered",
        state_rank=6,
        state_at=when,
        sender=f"person{talk.customer}@people{talk.customer % 900}.example" if heard else "",
        subject=_subject(talk, tongue),
        body_text=tongue.said(n * 61, length) if length else "",
        staff_id=None if heard else talk.assignee or 1,
        threaded_by="open",
    )


def _length(kind: str, n: int) -> int:
    """In words: a short message, a call of which nothing is written, a mail, one of a hundred long."""
    if kind == "voice":
        return 0
    return 5 + n * 7 % 20 if kind == "sms" else 400 if n % 100 == 0 else 10 + n * 13 % 50


def _file(columns: Columns, past: Past, n: int) -> tuple[Any, ...]:
    name = f"{_FILES[n // 50 % len(_FILES)]}_{n}.pdf"
    told = {"name": name, "media_type": "application/pdf", "size": 1, "sha256": "0"}
    return columns.record(id=identifier(past.said[n][0], n + 1), interaction_id=identifier(past.said[n][0], n), **told)
