"""Rows that are nobody's and still name a person: jobs, webhooks and their log, answers kept for programs, undo data.

They are found by the numbers and the addresses of the person, which are still there when this is asked.
"""
# ruff: noqa: S608 - the statements are made of our own tables' names; values are bound

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import queue
from hub.personal.theirs import Person
from hub.staff import audit

# Table: what it says, as text. Small ones, read through as a whole.
_SAYS: Mapping[str, str] = {
    **queue.SAYS,
    "asked_once": "answer::text",
    "early_receipt": "receipt::text",
    "rearrangement": "moved::text",
    "rejected": "payload::text",
    "rejected_row": "cells::text || gaps::text",
    # What its columns are called, once it is done: of one that waits, see `uploads`.
    "file_import": "case when sha256 = '' then concat(name, header, source, wording) else '' end",
}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# What people set up by hand and only they can change: it is counted, so that somebody looks.
_SET_UP: Mapping[str, str] = {
    "segment": "tree::text",
    "campaign": "segment::text || coalesce(meant::text, '') || variables::text",
    "saved_view": "conditions::text",
    "canned_answer": "title || text",
    "template_version": "variants::text",
    "template_draft": "variants::text",
}


async def remember(session: AsyncSession, whose: Person) -> None:
    """Every number of theirs in a table of this transaction's own, `gone`: to be asked before the rows go."""
    await session.execute(text("create temp table if not exists gone (word text primary key) on commit drop"))
    for table in ("interaction", "conversation"):
        theirs = f"select id::text from {table} where customer_id = any(cast(:them as uuid[]))"
        await session.execute(text(f"insert into gone {theirs} on conflict do nothing"), whose.values)
    numbers = "select unnest(cast(:them as uuid[]))::text"
    await session.execute(text(f"insert into gone {numbers} on conflict do nothing"), whose.values)
    await session.execute(text("analyze gone"))


async def forget(session: AsyncSession, whose: Person) -> dict[str, int]:
    """Delete what names them, after `remember`; how many rows of each table."""
    found = {}
    for table, says in _SAYS.items():
        values = {"addresses": [one.lower() for one in whose.spelled]}
        gone = await session.execute(text(f"delete from {table} where {_named(says)}"), values)
        found[table] = int(gone.rowcount)  # type: ignore[attr-defined]
    return found


async def forget_webhooks(session: AsyncSession) -> int:
    """What other programs were told, or were about to be: last, for going is itself told of."""
    return int((await session.execute(_WEBHOOKS)).rowcount)  # type: ignore[attr-defined]


async def blank_trail(session: AsyncSession, whose: Person) -> int:
    """Who did what stays in the trail; what it says of the person goes. How many rows."""
    about = "split_part(subject, ':', 2) in (select word from gone)"
    spelled = "exists (select from unnest(cast(:addresses as text[])) a where position(a in lower(detail)) > 0)"
    addresses = [one.lower() for one in whose.spelled]
    return await audit.blank(session, f"{about} or {spelled}", addresses=addresses)


async def set_up(session: AsyncSession, whose: Person) -> int:
    """How many segments, views, canned answers and templates hold one of the addresses."""
    parts = [f"select count(*) n from {table} where {_spelled(says)}" for table, says in _SET_UP.items()]
    statement = text(f"select sum(n)::int from ({' union all '.join(parts)}) c")
    return int((await session.execute(statement, {"addresses": [one.lower() for one in whose.spelled]})).scalar_one())


def _named(says: str) -> str:
    numbers = f"regexp_matches({says}, '{_UUID}', 'g') m(found) join gone on gone.word = m.found[1]"
    return f"exists (select from {numbers}) or {_spelled(says)}"


def _spelled(says: str) -> str:
    return f"exists (select from unnest(cast(:addresses as text[])) a where position(a in lower({says})) > 0)"


_WEBHOOKS = text("""
delete from webhook_delivery where data ->> 'customer_id' in (select word from gone)
  or data ->> 'conversation_id' in (select word from gone)
  or data ->> 'id' in (select word from gone)
""")
