"""Everything the hub holds of one person, read piece by piece: rows of whatever table, words with their texts, files.

What the hub works with and what is others' stays out: search keys, tickets, guesses about who else they might be.
"""
# ruff: noqa: S608 - the statements are made of our own tables' names; values are bound

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.database.engine import Database
from hub.models import METADATA, Customer, SavedSegment
from hub.outbound import rendering
from hub.personal.theirs import Person, tables, where
from hub.segments import asking
from hub.segments.conditions import BadCondition

PAGE = 200
_OURS = frozenset({
    "customer_keys", "dry_run_line", "outbox", "evidence_look", "current_call", "merge_suggestion", "interaction",
    "personal_export", "dedupe_key", "last_contact", "stale_contact",
})  # fmt: skip
_MERGES = "winner_id = any(cast(:them as uuid[])) and undone_at is null"  # one taken back speaks of somebody else


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the storage, and what it is called in the archive."""

    path: str
    sha256: str


def kinds() -> list[str]:
    """The tables that are handed over as they are, beside the messages."""
    return [table for table in reversed(tables()) if table not in _OURS]


async def rows(database: Database, whose: Person, table: str) -> AsyncIterator[dict[str, Any]]:
    """Of one table, in the order of their keys, however many."""
    condition = _MERGES if table == "customer_merge" else where(table)
    key = ", ".join(f"t.{one.name}" for one in METADATA.tables[table].primary_key)
    statement = f"select {_said(table)} from {table} t where {condition} order by {key}"
    async with database.unit() as session:
        found = await session.stream(text(statement), whose.values, execution_options={"yield_per": PAGE})
        async for row in found.scalars():
            yield row


async def words(database: Database, whose: Person) -> AsyncIterator[dict[str, Any]]:
    """Every message, call and note, oldest first; what was sent from a template with the text that it had."""
    after = UUID(int=0)
    while True:
        async with database.unit() as session:
            page = list((await session.execute(_WORDS, {**whose.values, "after": after, "limit": PAGE})).scalars())
            said = [await _with_text(session, row) for row in page]
        for row in said:
            yield row
        if len(page) < PAGE:
            return
        after = UUID(page[-1]["id"])


async def stored(database: Database, whose: Person) -> AsyncIterator[Stored]:
    """Attachments, recordings, and mails as they came."""
    for statement in (_ATTACHED, _MAILS):
        async with database.unit() as session:
            found = list(await session.execute(text(statement), whose.values))
        for key, name, digest in found:
            yield Stored(path_of(key, name), digest)


def path_of(key: str, name: str) -> str:
    """Where a file lies in the archive: below a number of its own, so that names may be the same, and be anything."""
    last = name.replace("\\", "/").rpartition("/")[2]
    tidy = "".join(one for one in last if one.isprintable() and one not in '<>:"|?*').strip(" .")[:100]
    return f"files/{key}/{tidy or 'file'}"


async def beside(session: AsyncSession, whose: Person, *, now: datetime) -> dict[str, list[Any]]:
    """What no key of theirs leads to: the suppression list, segments that mean them, who read or changed the card."""
    said = {"addresses": whose.spelled, "subjects": [f"customer:{one}" for one in whose.them]}
    return {
        "suppressions": list((await session.execute(_SUPPRESSED, said)).scalars()),
        "segments": await _segments(session, whose, now),
        "reads": list((await session.execute(_READS, said)).scalars()),
    }


async def total(session: AsyncSession, whose: Person) -> int:
    """Words and files: what progress is told in."""
    counts = [f"(select count(*) from interaction where {where('interaction')})"]
    counts += [f"(select count(*) from ({files}) f)" for files in (_ATTACHED, _MAILS)]
    return int((await session.execute(text(f"select {' + '.join(counts)}"), whose.values)).scalar_one())


async def _with_text(session: AsyncSession, row: dict[str, Any]) -> dict[str, Any]:
    if row["template_version_id"] is None or row["body_text"] or row["kind"] is None:
        return row
    try:
        said = await rendering.text_of(session, SimpleNamespace(**{**row, "kind": Kind(row["kind"])}))
    except rendering.TemplateProblem:
        return row
    return {**row, "subject": said.subject or row["subject"], "body_text": said.text}


async def _segments(session: AsyncSession, whose: Person, now: datetime) -> list[str]:
    names = []
    for one in await session.exec(select(SavedSegment).where(col(SavedSegment.archived_at).is_(None))):
        try:
            meant = await asking.where(session, one.tree, now=now)
        except BadCondition:
            continue  # it means nobody
        mine = select(Customer.id).where(meant, col(Customer.id) == whose.customer_id)
        names += [one.name] if (await session.exec(mine)).first() else []
    return names


@cache
def _said(table: str) -> str:
    """A row as JSON, without what is only reckoned from it."""
    reckoned = [one.name for one in METADATA.tables[table].columns if one.computed]
    return "to_jsonb(t)" + "".join(f" - '{name}'" for name in reckoned)


_ATTACHED = f"select a.id::text, a.name, a.sha256 from attachment a where {where('attachment')}"
_MAILS = f"""
select 'mail-' || r.id, 'mail.eml', r.sha256 from raw_message r
where sha256 <> '' and interaction_id in (select id from interaction where {where("interaction")})
"""
_FILES = """
select jsonb_agg(jsonb_build_object('key', a.id::text, 'name', a.name)) from attachment a where a.interaction_id = t.id
"""
_WORDS = text(f"""
select to_jsonb(t) - 'search' || jsonb_build_object('campaign', c.name, 'files', coalesce(({_FILES}), '[]'),
  'mails', coalesce((select jsonb_agg('mail-' || r.id) from raw_message r
    where r.interaction_id = t.id and r.sha256 <> ''), '[]'))
from (select * from interaction where customer_id = any(cast(:them as uuid[])) and id > :after
  order by id limit :limit) t left join campaign c on c.id = t.campaign_id order by t.id
""")
_SUPPRESSED = text("select to_jsonb(s) from suppression s where value = any(cast(:addresses as text[])) order by id")
# Who it was is theirs, not the customer's: when, and what.
_READS = text("""
select jsonb_build_object('at', at, 'what', action) from audit
where subject = any(cast(:subjects as text[])) order by id
""")
