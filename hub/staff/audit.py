"""Who did or read what (G6). Append-only; every row carries the hash of the one before it, so a change shows.

The chain holds a salted digest of each detail, not the detail: where a person is erased, what the trail says of them
can be taken out (`blank`), and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database import paging
from hub.database.engine import Database, at_the_end
from hub.models import Audit, AuditCut

_LOCK = 0x41756469  # one writer at a time: the chain never forks
_SLICE = 5000
_NEWEST = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # line ends would forge lines in a listing


async def write(
    session: AsyncSession,
    action: str,
    *,
    staff_id: int | None,
    now: datetime,
    subject: str = "",
    detail: str = "",
    ip: str = "",
) -> None:
    """Add one row, such as ("customer.read", subject="customer:0190…"), when the unit ends (see `at_the_end`).

    `detail` never holds what customers wrote.
    """
    row = Audit(
        at=now, staff_id=staff_id, action=_line(action), subject=_line(subject), detail=_line(detail), ip=ip, hash=""
    )
    at_the_end(session, partial(_append, session, row))


async def _append(session: AsyncSession, row: Audit) -> None:
    """Behind the newest row. Other writers wait from here to the commit."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    before = (await session.exec(select(Audit.hash).order_by(col(Audit.id).desc()).limit(1))).first()
    row.salt = secrets.token_hex(16)
    row.said = _said(row)
    row.hash = _hash(before or "", row)
    session.add(row)
    await session.flush()


async def lately(
    session: AsyncSession, action: str, *, staff_id: int | None, subject: str = "", detail: str = "", since: datetime
) -> bool:
    """Is this very thing among the newest rows (with `subject`: of those about it), not older than `since`?

    For what is done in many parts.
    """
    newest = select(Audit.id).order_by(col(Audit.id).desc()).limit(_NEWEST)
    same = select(Audit.id).where(
        col(Audit.id).in_(newest.where(Audit.subject == subject) if subject else newest),
        Audit.action == action,
        Audit.staff_id == staff_id,
        Audit.detail == detail,
        col(Audit.at) >= since,
    )
    return (await session.exec(same.limit(1))).first() is not None


async def verify(session: AsyncSession) -> int | None:
    """The id of the first row that does not follow from the one before it; None when the whole chain holds.

    Rows cut off at the very end leave a shorter chain that still holds: keep the newest hash elsewhere to see that.
    """
    last_id, last_hash = 0, await _beginning(session)
    while rows := await _after(session, last_id):
        for row in rows:
            if row.hash != _hash(last_hash, row) or not _is_what_it_said(row):
                return row.id
            last_id, last_hash = row.id or 0, row.hash
        session.expunge_all()
    return None


async def blank(session: AsyncSession, where: str, **values: Any) -> int:
    """Take the details out of these rows, and the salts that would let them be guessed; how many there were.

    For erasing a person alone: `hub.erasing` has to be on.
    """
    statement = f"update audit set detail = '', salt = '' where salt <> '' and detail <> '' and ({where})"  # noqa: S608
    return int((await session.execute(text(statement), values)).rowcount)  # type: ignore[attr-defined]


async def cut(session: AsyncSession, before: datetime, *, limit: int) -> int:
    """Delete the oldest rows, but never the newest of all; how many. The chain begins behind them from then on."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    await session.execute(text("select set_config('hub.erasing', 'on', true)"))
    values = {"before": before, "limit": limit}
    return int((await session.execute(_CUT, values)).rowcount)  # type: ignore[attr-defined]


# Rows go from the beginning alone: one that is younger than a later one keeps that one too.
_CUT = text("""
with old as (
  select id, hash from (select id, hash, at, bool_and(at < :before) over (order by id) as whole
    from (select id, hash, at from audit where id < (select max(id) from audit) order by id limit :limit) a) b
  where whole
), begins as (
  insert into audit_cut (id, hash) select 1, hash from old order by id desc limit 1
  on conflict (id) do update set hash = excluded.hash
)
delete from audit where id in (select id from old)
""")


async def _beginning(session: AsyncSession) -> str:
    row = await session.get(AuditCut, 1, populate_existing=True)
    return row.hash if row is not None else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the trail: all that is given has to hold."""

    staff_id: int | None = None
    action: str = ""  # "customer.read", or its beginning: "customer"
    subjects: tuple[str, ...] | None = None  # any of these; None: whatever it is about
    since: datetime | None = None
    until: datetime | None = None  # not included


async def latest(
    session: AsyncSession, wanted: Wanted = Wanted(), *, before: int | None = None, limit: int = 100
) -> list[Audit]:
    """Newest first; `before` is the last id of the page before."""
    query = select(Audit).where(*_conditions(wanted)).order_by(col(Audit.id).desc()).limit(limit)
    return list(await session.exec(query if before is None else query.where(col(Audit.id) < before)))


def pages(database: Database, wanted: Wanted) -> AsyncIterator[list[Audit]]:
    """All of them, newest first, a thousand at a time."""

    async def read(session: AsyncSession, before: int | None) -> list[Audit]:
        return await latest(session, wanted, before=before, limit=1000)

    return paging.pages(database, read, lambda last: last.id or 0)


async def actions(session: AsyncSession) -> list[str]:
    """Every kind of deed that the trail holds, each found by one step in the index."""
    return list((await session.execute(_ACTIONS)).scalars())


_ACTIONS = text("""
with recursive known as (
  (select action from audit order by action limit 1)
  union all select (select a.action from audit a where a.action > k.action order by a.action limit 1)
  from known k where k.action is not null)
select action from known where action is not null
""")


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.staff_id is not None:
        conditions.append(col(Audit.staff_id) == wanted.staff_id)
    if wanted.action:
        kinds = col(Audit.action).startswith(f"{wanted.action}.", autoescape=True)
        conditions.append((col(Audit.action) == wanted.action) | kinds)
    if wanted.subjects is not None:
        conditions.append(col(Audit.subject).in_(wanted.subjects))
    if wanted.since is not None:
        conditions.append(col(Audit.at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(Audit.at) < wanted.until)
    return conditions


async def _after(session: AsyncSession, last_id: int) -> list[Audit]:
    query = select(Audit).where(col(Audit.id) > last_id).order_by(col(Audit.id)).limit(_SLICE)
    return list(await session.exec(query))


def _hash(before: str, row: Audit) -> str:
    """JSON keeps the fields apart, whatever stands in them."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [before, at, row.staff_id, row.action, row.subject, row.said, row.ip]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def _said(row: Audit) -> str:
    return hashlib.sha256(f"{row.salt}{row.detail}".encode()).hexdigest()


def _is_what_it_said(row: Audit) -> bool:
    """A detail that was taken out leaves nothing to compare."""
    return row.said == _said(row) if row.salt else not row.detail


def _line(words: str) -> str:
    return _CONTROL.sub(" ", words)[:2000]
