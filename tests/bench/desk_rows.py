"""A desk that has been worked at for two years, in the tables it is read from: put there by SQL, it is not measured."""

from __future__ import annotations

import hashlib
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvloop
from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import bootstrap, clock
from hub.database import copying
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import AttachmentRow, Conversation, Customer, Identity, Interaction, Staff, StaffSession, Task
from hub.models.columns import defaults
from hub.models.vocabulary import ConversationState, Role
from hub.settings import load
from tests.bench.figures import say
from tests.bench.processes import free_port, listening
from tests.bench.rows import connected

DAYS, STAFF, OPEN = 730, 20, 10_000
COOKIE = "bench-cookie"
_SYLLABLES = ("ka", "lo", "mi", "ну", "се", "ża", "ró", "the", "in", "vo", "ice", "łta")
_GIVEN = ("Ana", "Olga", "Piotr", "Георги", "Мария", "Иван", "Łukasz", "Żaneta", "John", "Юлия", "Emma", "Цветан")
_FAMILIES = ("Nowak", "Kowal", "Петров", "Иванов", "Żółk", "Smith", "Wójcik", "Димитров", "Brown", "Соколов")
_CONFIG = """
[hub]
name = "Bench"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/data"

[web]
port = {port}

[channels.mail]
kind = "email"
provider = "smtp"
address = "support@meadow.example"
smtp = {{ host = "127.0.0.1", port = 9, security = "none" }}
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where it is served, and who serves it."""

    url: str
    port: int
    web: int  # process numbers
    postmaster: int


def rows(environment: Mapping[str, str] = os.environ) -> int:
    """How many interactions: BENCH_INTERACTIONS, a million without it."""
    return int(environment.get("BENCH_INTERACTIONS", "1000000"))


@contextmanager
def desk(count: int | None = None) -> Iterator[Desk]:
    """The desk with `count` interactions, or as many as `rows` says, served by `hub web`.

    With BENCH_DESK its folder is kept there, and found filled the next time.
    """
    with ExitStack() as stack:
        kept = os.environ.get("BENCH_DESK")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        port, config = free_port(), folder / "config.toml"
        config.write_text(_CONFIG.format(port=port, folder=folder), encoding="utf-8")
        url = stack.enter_context(bootstrap.running_database(load(config)))
        uvloop.run(_ready(url, count or rows()))
        web = stack.enter_context(listening(port, [sys.executable, "-m", "hub", "web", "--config", str(config)]))
        (file,) = (folder / "data" / "postgres").glob("data-*/postmaster.pid")
        yield Desk(url, port, web, int(file.read_text().split()[0]))


async def _ready(url: str, count: int) -> None:
    await bootstrap.prepare(url)
    async with connected(url) as connection:
        if await connection.fetchval("select count(*) from interaction") >= count:
            return
    say(f"A desk with {count:,} interactions is filled ...")
    database = Database(url, pool_size=1)
    try:
        async with database.unit() as session:
            await session.execute(text("set local session_replication_role = replica"))  # no keys are checked
            await _months(session)
            definitions = await _without_indexes(session)
            await _fill(session, count)
            for definition in definitions:
                await session.execute(text(definition))
    finally:
        await database.close()
    async with connected(url) as connection:
        await connection.execute("vacuum analyze")


async def _without_indexes(session: AsyncSession) -> list[str]:
    """Indexes of words are made at the end, all at once: what makes them again."""
    names = ("interaction_search", "conversation_search", "attachment_search", "customer_latin", "identity_part")
    found = await session.execute(
        text("select pg_get_indexdef(n::regclass) from unnest(cast(:names as text[])) n"), {"names": list(names)}
    )
    definitions = [one.replace(" ON ONLY ", " ON ") for one in found.scalars()]
    await session.execute(text(f"drop index {', '.join(names)}"))
    return definitions


async def _months(session: AsyncSession) -> None:
    """The log's partitions of the two years."""
    now = clock.now()
    for back in range(DAYS // 30 + 2):
        await partitions.ensure_months(session, now - timedelta(days=30 * back), ahead=0)


async def _fill(session: AsyncSession, count: int) -> None:
    now, chance = clock.now(), random.Random(7)
    customers = [clock.uuid7(now - timedelta(days=DAYS)) for _ in range(count // 10)]
    talks = [_talk(n, count // 10, customers, now) for n in range(count // 10)]
    await copying.copy(session, Staff, [_colleague(n, now) for n in range(1, STAFF + 1)])
    await copying.copy(session, StaffSession, [_signed_in(now)])
    await copying.copy(session, Customer, [_customer(one, chance, now) for one in customers])
    await copying.copy(session, Identity, [_address(one, n, now) for n, one in enumerate(customers)])
    await copying.copy(session, Conversation, talks)
    await copying.copy(session, Task, [_task(n, customers, now) for n in range(2000)])
    words = _speech(chance)
    for start in range(0, count, 50_000):
        said = [_said(n, count, talks, words, now) for n in range(start, min(start + 50_000, count))]
        await copying.copy(session, Interaction, said)
        await copying.copy(session, AttachmentRow, [_file(row["id"], n) for n, row in enumerate(said) if n % 50 == 0])
        say(f"  {start + len(said):,}")


def _speech(chance: random.Random) -> list[str]:
    """Words in the proportions of a language: of 20,000 the k-th stands as often as 1/k."""
    known = ["".join(chance.choices(_SYLLABLES, k=2 + n % 3)) for n in range(20_000)]
    return chance.choices(known, weights=[1 / (k + 1) for k in range(len(known))], k=300_000)


def _row(model: type[SQLModel], **given: Any) -> dict[str, Any]:
    return {**dict.fromkeys(model.__table__.columns.keys()), **defaults(model), **given}  # type: ignore[attr-defined]


def _colleague(n: int, now: datetime) -> dict[str, Any]:
    role = Role.ADMIN if n == 1 else Role.AGENT
    return _row(
        Staff, email=f"agent{n}@meadow.example", name=f"Agent {n}", role=role, password_hash="-", created_at=now
    )


def _signed_in(now: datetime) -> dict[str, Any]:
    digest, later = hashlib.sha256(COOKIE.encode()).hexdigest(), now + timedelta(days=300)
    return _row(StaffSession, token_hash=digest, staff_id=1, csrf="-", created_at=now, seen_at=now, expires_at=later)


def _customer(identity: UUID, chance: random.Random, now: datetime) -> dict[str, Any]:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILIES)
    name = f"{given} {family}{chance.choice(_SYLLABLES)}{chance.choice(_SYLLABLES)}"
    labels = ["gold"] if chance.random() < 0.02 else []
    return _row(Customer, id=identity, name=name, given_name=given, labels=labels, created_at=now, updated_at=now)


def _address(customer: UUID, n: int, now: datetime) -> dict[str, Any]:
    return _row(
        Identity, customer_id=customer, kind="email", value=f"person{n}@people{n % 900}.example", created_at=now
    )


def _talk(n: int, count: int, customers: list[UUID], now: datetime) -> dict[str, Any]:
    """The newest ones are open, a third of them nobody's."""
    at = now - timedelta(days=DAYS) * (1 - n / count)
    still = n >= count - OPEN
    return _row(
        Conversation,
        id=clock.uuid7(at),
        customer_id=customers[n * 7919 % len(customers)],
        subject=f"{_SYLLABLES[n % 12]}{_SYLLABLES[n % 7]} {('invoice', 'order', 'question')[n // 2 % 3]} {n}",
        kind=("email", "sms", "email")[n % 3],
        channel="mail",
        state=ConversationState.OPEN if still else ConversationState.RESOLVED,
        assignee_id=1 + n % STAFF if still and n % 3 else None,
        unread=still and n % 2 == 0,
        created_at=at,
        last_at=at,
        last_inbound_at=at,
        preview="the amount is twice what we agreed",
    )


def _said(n: int, count: int, talks: list[dict[str, Any]], words: list[str], now: datetime) -> dict[str, Any]:
    """Of ten words in or out five are customers', four agents', one a campaign's."""
    talk, at = talks[n * len(talks) // count], now - timedelta(days=DAYS) * (1 - n / count)
    heard, campaign = n % 2 == 0, n % 10 == 9
    start = n * 7 % (len(words) - 40)
    return _row(
        Interaction,
        id=clock.uuid7(at),
        at=at,
        customer_id=talk["customer_id"],
        conversation_id=None if campaign else talk["id"],
        direction="in" if heard else "out",
        kind=("email", "sms", "email")[n % 3],
        channel="mail",
        origin="customer" if heard else "campaign" if campaign else "agent",
        purpose="service",
        state="received" if heard else "sent",
        state_rank=6 if heard else 4,
        state_at=at,
        subject=talk["subject"],
        body_text=" ".join(words[start : start + 10 + n % 25]),
        staff_id=None if heard or campaign else 1 + n % STAFF,
    )


def _file(interaction: UUID, n: int) -> dict[str, Any]:
    name = f"faktura_{n}.pdf"
    return _row(
        AttachmentRow,
        id=uuid4(),
        interaction_id=interaction,
        name=name,
        media_type="application/pdf",
        size=1,
        sha256="0",
    )


def _task(n: int, customers: list[UUID], now: datetime) -> dict[str, Any]:
    due = now + timedelta(hours=n - 1000)
    return _row(
        Task,
        customer_id=customers[n % len(customers)],
        title=f"Call back {n}",
        due_at=due,
        assignee_id=1 + n % STAFF,
        created_at=now,
    )
