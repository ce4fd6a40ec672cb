"""Mail as it came: kept before anybody reads it, with the position behind it. Reading it is `processing`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, case, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Cursor, Raw
from hub import live
from hub.models import MailboxCursor, RawMessage
from hub.models.vocabulary import RawState
from hub.storage import Storage

ARCHIVE = "ingest:"  # how the keys of an archive's mails begin
LEASE = timedelta(minutes=2)  # whoever reads a mail has this long before another process may try


@dataclass(frozen=True, slots=True)
class Work:
    """A mail that was claimed, to be read by whoever claimed it."""

    id: int
    channel: str
    sha256: str
    size: int
    oversize: bool
    quiet: bool
    tries: int


class Claim(Protocol):
    """A way to take mails that wait, for oneself."""

    async def __call__(self, session: AsyncSession, *, now: datetime, limit: int) -> list[Work]: ...


async def keep(
    session: AsyncSession,
    storage: Storage,
    channel: str,
    raw: Sequence[Raw],
    cursor: Cursor | None,
    *,
    now: datetime,
) -> int:
    """Store mails and the position behind them; how many were new. Raises StorageFull, and then nothing is kept.

    The bytes are stored before the session's first statement, so no transaction is open meanwhile. Readers hear of it.
    """
    added = await _add(session, storage, channel, raw, now=now, tries=0, next_try_at=now)
    if added:
        await live.publish(session, "raw", channel=channel)
    if cursor is not None:
        await _advance(session, channel, cursor, now)
    return len(added)


async def keep_and_claim(
    session: AsyncSession, storage: Storage, channel: str, raw: Sequence[Raw], *, now: datetime
) -> list[Work]:
    """Store mails of an archive, and take those that are new for oneself, as `claim` does."""
    old = [replace(one, old=True) for one in raw]
    return await _add(session, storage, channel, old, now=now, tries=1, next_try_at=now + LEASE)


async def id_of(session: AsyncSession, channel: str, key: str) -> int | None:
    """The mail that was kept under this key."""
    return (
        await session.exec(select(RawMessage.id).where(RawMessage.channel == channel, RawMessage.key == key))
    ).first()


async def known(session: AsyncSession, channel: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of these keys mails are kept under."""
    rows = select(RawMessage.key).where(col(RawMessage.channel) == channel, col(RawMessage.key).in_(keys))
    return frozenset(await session.exec(rows))


async def cursors(session: AsyncSession, channel: str) -> Mapping[str, Cursor]:
    """How far each folder of a mailbox is safely stored."""
    rows = await session.exec(select(MailboxCursor).where(col(MailboxCursor.channel) == channel))
    return {row.folder: Cursor(row.folder, row.uidvalidity, row.uid, row.since, row.present) for row in rows}


async def claim(
    session: AsyncSession, *, now: datetime, limit: int = 50, only: Sequence[int] | None = None
) -> list[Work]:
    """Take mails that wait to be read, new ones before old mail, for LEASE; no two processes take the same.

    A try that never came back counts, so that nothing can be tried for ever.
    """
    due = col(RawMessage.next_try_at) <= now
    return await _claim(session, due if only is None else due & col(RawMessage.id).in_(only), now, limit)


async def claim_new(session: AsyncSession, *, now: datetime, limit: int = 50) -> list[Work]:
    """As `claim`, without old mail: whoever takes only these is never in the middle of an archive when one comes."""
    return await _claim(session, (col(RawMessage.next_try_at) <= now) & ~col(RawMessage.quiet), now, limit)


async def claim_archive(session: AsyncSession, channel: str, *, now: datetime, limit: int = 50) -> list[Work]:
    """Take mails that an ingestion kept and, killed, did not read: nobody reads them, whatever their lease says."""
    ingested = col(RawMessage.key).startswith(ARCHIVE)
    left = (col(RawMessage.channel) == channel) & ingested & (col(RawMessage.error) == "")
    return await _claim(session, left, now, limit)


async def _claim(session: AsyncSession, which: ColumnElement[bool], now: datetime, limit: int) -> list[Work]:
    waiting = select(RawMessage.id).where(col(RawMessage.state) == RawState.RECEIVED, which)
    order = (col(RawMessage.quiet), col(RawMessage.next_try_at), col(RawMessage.id))
    taken = waiting.order_by(*order).limit(limit)
    claimed = await session.execute(
        update(RawMessage)
        .where(col(RawMessage.id).in_(taken.with_for_update(skip_locked=True).scalar_subquery()))
        .values(tries=col(RawMessage.tries) + 1, next_try_at=now + LEASE)
        .returning(*(getattr(RawMessage, name) for name in Work.__slots__))
    )
    return sorted((Work(**row) for row in claimed.mappings()), key=lambda work: work.id)


# ---- keeping --------------------------------------------------------------------------------


async def _add(
    session: AsyncSession,
    storage: Storage,
    channel: str,
    raw: Sequence[Raw],
    *,
    now: datetime,
    tries: int,
    next_try_at: datetime,
) -> list[Work]:
    """Those that were new, in their order."""
    if not raw:
        return []
    values = {"channel": channel, "now": now, "tries": tries, "next_try_at": next_try_at}
    columns = {
        "keys": [one.key for one in raw],
        "digests": await storage.put_all([one.content for one in raw]),
        "sizes": [len(one.content) for one in raw],
        "oversize": [one.oversize for one in raw],
        "quiet": [one.old for one in raw],
    }
    added = await session.execute(_ADD, values | columns)
    return sorted((Work(**row) for row in added.mappings()), key=lambda work: work.id)


_ADD = text("""
insert into raw_message (channel, key, sha256, size, oversize, quiet, received_at, state, tries, next_try_at, error)
select :channel, key, sha256, size, oversize, quiet, :now, 'received', :tries, :next_try_at, ''
from unnest(cast(:keys as text[]), cast(:digests as text[]), cast(:sizes as int[]), cast(:oversize as bool[]),
            cast(:quiet as bool[]))
  with ordinality as one(key, sha256, size, oversize, quiet, place)
order by place
on conflict do nothing
returning id, channel, sha256, size, oversize, quiet, tries
""")


async def _advance(session: AsyncSession, channel: str, cursor: Cursor, now: datetime) -> None:
    """Forward within one UIDVALIDITY; a new one begins where the listener says (requirement I1)."""
    begun = {"since": cursor.since, "present": cursor.present}
    given = insert(MailboxCursor).values(
        channel=channel, folder=cursor.folder, uidvalidity=cursor.uidvalidity, uid=cursor.uid, at=now, **begun
    )
    same = col(MailboxCursor.uidvalidity) == given.excluded.uidvalidity
    further = func.greatest(col(MailboxCursor.uid), given.excluded.uid)
    uid = case((same, further), else_=given.excluded.uid)
    moved = {"uidvalidity": given.excluded.uidvalidity, "uid": uid, "at": now, **begun}
    key = [col(MailboxCursor.channel), col(MailboxCursor.folder)]
    await session.exec(given.on_conflict_do_update(index_elements=key, set_=moved))
