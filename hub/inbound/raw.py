"""Mail as it came: kept before anybody reads it, with the position behind it. Reading it is `processing`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Cursor, Raw
from hub import live
from hub.database.engine import fetch
from hub.models import MailboxCursor, RawMessage
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

    async def __call__(self, session: AsyncSession, *, now: datetime, limit: int, reader: str) -> list[Work]: ...


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


async def known(session: AsyncSession, channel: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of these keys mails are kept under."""
    rows = select(RawMessage.key).where(col(RawMessage.channel) == channel, col(RawMessage.key).in_(keys))
    return frozenset(await session.exec(rows))


async def cursors(session: AsyncSession, channel: str) -> Mapping[str, Cursor]:
    """How far each folder of a mailbox is safely stored."""
    rows = await session.exec(select(MailboxCursor).where(col(MailboxCursor.channel) == channel))
    return {row.folder: Cursor(row.folder, row.uidvalidity, row.uid, row.since, row.present) for row in rows}


async def claim(
    session: AsyncSession, *, now: datetime, limit: int = 50, only: Sequence[int] | None = None, reader: str = ""
) -> list[Work]:
    """Take mails that wait to be read, new ones before old mail, for LEASE; no two processes take the same.

    A try that never came back counts, so that nothing can be tried for ever. A `reader` whose name begins with that of
    a worker and a slash is missed when that worker dies (see `outbound.workers`).
    """
    if only is not None:
        return await _claim(session, _CLAIM_THESE, now, limit, reader, now, list(only))
    return await _claim(session, _CLAIM, now, limit, reader, now)


async def claim_new(session: AsyncSession, *, now: datetime, limit: int = 50, reader: str = "") -> list[Work]:
    """As `claim`, without old mail: whoever takes only these is never in the middle of an archive when one comes."""
    return await _claim(session, _CLAIM_NEW, now, limit, reader, now)


async def let_go(session: AsyncSession, reader: str, *, now: datetime) -> int:
    """Give back what was taken in this reader's name, which has nothing in hand: the database went away meanwhile.

    That was not the mails' fault, so the try is forgotten. How many there were.
    """
    return len(await fetch(session, _LET_GO, reader, now))


_LET_GO = """
update raw_message set next_try_at = $2, tries = tries - 1, reader = ''
where state = 'received' and reader = $1 returning id
"""


async def claim_archive(session: AsyncSession, channel: str, *, now: datetime, limit: int = 50) -> list[Work]:
    """Take mails that an ingestion kept and, killed, did not read: nobody reads them, whatever their lease says."""
    return await _claim(session, _CLAIM_ARCHIVE, now, limit, "", channel, ARCHIVE)


async def _claim(
    session: AsyncSession, claim: str, now: datetime, limit: int, reader: str, *values: object
) -> list[Work]:
    claimed = await fetch(session, claim, now + LEASE, limit, reader, *values)
    return sorted((Work(*row) for row in claimed), key=lambda work: work.id)


def _claiming(which: str) -> str:
    """The subquery stands in an array so that it runs once: joined, it could be run again and lock more."""
    return f"""
update raw_message set tries = tries + 1, next_try_at = $1, reader = $3
where id = any(array(
  select id from raw_message where state = 'received' and {which}
  order by quiet, next_try_at, id limit $2 for update skip locked))
returning {", ".join(Work.__slots__)}
"""  # noqa: S608 - our own words


_CLAIM = _claiming("next_try_at <= $4")
_CLAIM_NEW = _claiming("next_try_at <= $4 and not quiet")
_CLAIM_THESE = _claiming("next_try_at <= $4 and id = any($5::bigint[])")
_CLAIM_ARCHIVE = _claiming("channel = $4 and starts_with(key, $5) and error = ''")


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
    columns = (
        [one.key for one in raw],
        await storage.put_all([one.content for one in raw]),
        [len(one.content) for one in raw],
        [one.oversize for one in raw],
        [one.old for one in raw],
    )
    added = await fetch(session, _ADD, channel, now, tries, next_try_at, *columns)
    return sorted((Work(*row) for row in added), key=lambda work: work.id)


_ADD = """
insert into raw_message
  (channel, key, sha256, size, oversize, quiet, received_at, state, tries, next_try_at, reader, error)
select $1, key, sha256, size, oversize, quiet, $2, 'received', $3, $4, '', ''
from unnest($5::text[], $6::text[], $7::int[], $8::bool[], $9::bool[])
  with ordinality as one(key, sha256, size, oversize, quiet, place)
order by place
on conflict do nothing
returning id, channel, sha256, size, oversize, quiet, tries -- as Work
"""


async def _advance(session: AsyncSession, channel: str, cursor: Cursor, now: datetime) -> None:
    """Forward within one UIDVALIDITY; a new one begins where the listener says (requirement I1)."""
    await fetch(session, _ADVANCE, channel, *astuple(cursor), now)


_ADVANCE = """
insert into mailbox_cursor as known (channel, folder, uidvalidity, uid, since, present, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (channel, folder) do update set
  uid = case when known.uidvalidity = excluded.uidvalidity then greatest(known.uid, excluded.uid) else excluded.uid end,
  uidvalidity = excluded.uidvalidity, since = excluded.since, present = excluded.present, at = excluded.at
"""
