"""What is not kept for ever (GDPR 5 (1)(e)): by class, after the days that the operator sets.

Each class is let go in slices, each a transaction, so that it may be stopped and done again at any time.
"""
# ruff: noqa: S608 - the statements are made of the words of this module; values are bound

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import directory
from hub.database.engine import Database
from hub.personal import files, rows
from hub.personal.theirs import person
from hub.settings import RetentionTable
from hub.staff import audit
from hub.storage import Storage

JOB = "retention"
SLICE = 500
LetGo = Callable[[AsyncSession, datetime, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of what is kept: `old` lists a moment for each older than `:before`; `go` lets a slice of them go."""

    old: str
    go: LetGo


@dataclass(frozen=True, slots=True)
class Found:
    """Of one class: after how many days it goes (None: never), how much is older, and of when the oldest is."""

    days: int | None
    count: int
    oldest: datetime | None


async def look(session: AsyncSession, settings: RetentionTable, *, now: datetime) -> dict[str, Found]:
    """What would go now."""
    return {name: await _look(session, kind, days, now) for name, kind, days in _set(settings)}


async def let_go(database: Database, storage: Storage, settings: RetentionTable, *, now: datetime) -> dict[str, int]:
    """Let everything go whose days are over; how many of each class."""
    gone = {}
    for name, kind, days in _set(settings):
        gone[name] = await _let_go(database, kind, now - timedelta(days=days), now) if days is not None else 0
    await files.sweep(database, storage)
    return gone


def _set(settings: RetentionTable) -> list[tuple[str, Kind, int | None]]:
    return [(name, kind, getattr(settings, name)) for name, kind in KINDS.items()]


async def _look(session: AsyncSession, kind: Kind, days: int | None, now: datetime) -> Found:
    if days is None:
        return Found(None, 0, None)
    asked = text(f"select count(*), min(at) from ({kind.old}) as old(at)")
    count, oldest = (await session.execute(asked, {"before": now - timedelta(days=days)})).one()
    return Found(days, count, oldest)


async def _let_go(database: Database, kind: Kind, before: datetime, now: datetime) -> int:
    total = 0
    while True:
        async with database.unit() as session:
            some = await kind.go(session, before, now)
        total += some
        if not some:
            return total


# ---- the classes ----------------------------------------------------------------------------


async def _mails(session: AsyncSession, before: datetime, now: datetime) -> int:
    return await _originals(session, _READ, before)


async def _parked(session: AsyncSession, before: datetime, now: datetime) -> int:
    return await _originals(session, "state = 'parked'", before)


async def _originals(session: AsyncSession, which: str, before: datetime) -> int:
    """The bytes of mails as they came; that they came stays known, and what they said."""
    statement = text(_ORIGINALS.format(which=which))
    digests = list((await session.execute(statement, {"before": before, "slice": SLICE})).scalars())
    await files.let_go(session, digests)
    return len(digests)


async def _recordings(session: AsyncSession, before: datetime, now: datetime) -> int:
    digests = list((await session.execute(_RECORDINGS_GO, {"before": before, "slice": SLICE})).scalars())
    await files.let_go(session, digests)
    return len(digests)


async def _strangers(session: AsyncSession, before: datetime, now: datetime) -> int:
    """One at a time: all that a person is goes with them. Who was never looked at by anybody has not asked for this, so
    there is no certificate, and nothing bars their address.
    """
    found = (await session.execute(text(f"{_STRANGERS_ARE} limit 1"), {"before": before})).first()
    if found is None:
        return 0
    try:
        whose = await person(session, found.id)
    except directory.NotFound:
        return 0
    await rows.lock(session, whose)
    if (await session.execute(text(f"{_STRANGERS_ARE} and c.id = :id"), {"before": before, "id": found.id})).first():
        gone = await rows.delete(session, whose, now=now)
        await files.let_go(session, gone.files)
    return 1


async def _trail(session: AsyncSession, before: datetime, now: datetime) -> int:
    return await audit.cut(session, before, limit=SLICE)


async def _webhooks(session: AsyncSession, before: datetime, now: datetime) -> int:
    gone = await session.execute(_WEBHOOKS_GO, {"before": before, "slice": SLICE})
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def _imports(session: AsyncSession, before: datetime, now: datetime) -> int:
    """With their rejected rows; what they brought stays."""
    return await _files_brought(session, "", before)


async def _uploads(session: AsyncSession, before: datetime, now: datetime) -> int:
    """Nobody has imported them."""
    return await _files_brought(session, _UPLOADS_ARE, before)


async def _files_brought(session: AsyncSession, which: str, before: datetime) -> int:
    statement = text(_IMPORTS_GO.format(which=which))
    digests = list((await session.execute(statement, {"before": before, "slice": SLICE})).scalars())
    await files.let_go(session, digests)
    return len(digests)


async def _archives(session: AsyncSession, before: datetime, now: datetime) -> int:
    """Their days were counted when they were made."""
    gone = list((await session.execute(_ARCHIVES_GO, {"now": now})).scalars())
    await files.let_go(session, [part for parts in gone for part in parts])
    return len(gone)


_READ = "state = 'processed'"
_MAILS_ARE = "select received_at from raw_message where {which} and sha256 <> '' and received_at < :before"
_ORIGINALS = """
with old as (
  select id, sha256 from raw_message where {which} and sha256 <> '' and received_at < :before
  order by id limit :slice for update skip locked)
update raw_message r set sha256 = '', size = 0, error = '', state = 'processed' from old where r.id = old.id
returning old.sha256
"""
_RECORDINGS_ARE = """
select i.at from attachment a join interaction i on i.id = a.interaction_id
where i.kind = 'voice' and a.media_type like 'audio/%' and i.at < :before
"""
_RECORDINGS_GO = text("""
delete from attachment where id in (
  select a.id from attachment a join interaction i on i.id = a.interaction_id
  where i.kind = 'voice' and a.media_type like 'audio/%' and i.at < :before limit :slice)
returning sha256
""")
# Somebody whom nobody has looked at, who has said nothing since, and of whom nothing is open or under way.
_STRANGERS_ARE = """
select c.created_at as at, c.id from customer c
where c.provisional and c.created_at < :before
  and not exists (select from interaction i where i.customer_id = c.id and i.at >= :before)
  and not exists (select from interaction i where i.customer_id = c.id
    and i.state in ('queued', 'sending', 'unknown', 'ringing', 'talking'))
  and not exists (select from conversation v where v.customer_id = c.id and v.state <> 'resolved')
  and not exists (select from task t where t.customer_id = c.id and t.done_at is null)
  and not exists (select from appointment a where a.customer_id = c.id and a.starts_at >= :before)
"""
_WEBHOOKS_GO = text("""
delete from webhook_delivery where id in (
  select id from webhook_delivery where at < :before order by id limit :slice)
""")
_IMPORTS_GO = """
delete from file_import where id in (
  select id from file_import where asked_at < :before{which} order by asked_at limit :slice)
returning sha256
"""
_UPLOADS_ARE = " and begun_at is null"
_ARCHIVES_GO = text("delete from personal_export where expires_at <= :now returning parts")

KINDS: Mapping[str, Kind] = {
    "raw_mail": Kind(_MAILS_ARE.format(which=_READ), _mails),
    "parked_mail": Kind(_MAILS_ARE.format(which="state = 'parked'"), _parked),
    "recordings": Kind(_RECORDINGS_ARE, _recordings),
    "strangers": Kind(f"select at from ({_STRANGERS_ARE}) s", _strangers),
    "audit": Kind("select at from audit where at < :before", _trail),
    "webhook_log": Kind("select at from webhook_delivery where at < :before", _webhooks),
    "imports": Kind("select asked_at from file_import where asked_at < :before", _imports),
    "uploads": Kind(f"select asked_at from file_import where asked_at < :before{_UPLOADS_ARE}", _uploads),
    "exports": Kind("select ready_at from personal_export where ready_at < :before", _archives),
}
