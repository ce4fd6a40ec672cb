"""Mail as it came: kept before anybody reads it, read in a child process, retried, parked, never in another's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel, Cursor, Raw
from channels.errors import Unreadable
from channels.message import Auto, Event, Inbound, Receipt
from hub.database.engine import Database
from hub.database.purity import storable
from hub.inbound import messages
from hub.inbound.reception import Reception
from hub.interactions import receipts
from hub.models import MailboxCursor, RawMessage
from hub.models.vocabulary import RawState
from hub.storage import Storage, StorageFull

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))  # then it is parked
LEASE = timedelta(minutes=2)  # whoever reads a mail has this long before another process may try

OVERSIZE = "too large: only its beginning was fetched"


@dataclass(frozen=True, slots=True)
class _Work:
    id: int
    channel: str
    sha256: str
    oversize: bool
    quiet: bool
    tries: int


async def keep(
    session: AsyncSession,
    storage: Storage,
    channel: str,
    raw: Sequence[Raw],
    cursor: Cursor | None,
    *,
    now: datetime,
    quiet: bool = False,
) -> int:
    """Store mails and the position behind them; how many were new. Raises StorageFull, and then nothing is kept.

    The bytes are stored before the session's first statement, so no transaction is open meanwhile.
    """
    rows = [await _stored(storage, channel, one, quiet, now) for one in raw]
    added = 0
    for row in rows:
        fresh = insert(RawMessage).values(**row).on_conflict_do_nothing().returning(col(RawMessage.id))
        added += (await session.exec(fresh)).first() is not None
    if cursor is not None:
        await _advance(session, channel, cursor, now)
    return added


async def id_of(session: AsyncSession, channel: str, key: str) -> int | None:
    """The mail that was kept under this key."""
    return (
        await session.exec(select(RawMessage.id).where(RawMessage.channel == channel, RawMessage.key == key))
    ).first()


async def cursors(session: AsyncSession, channel: str) -> Mapping[str, Cursor]:
    """How far each folder of a mailbox is safely stored."""
    rows = await session.exec(select(MailboxCursor).where(col(MailboxCursor.channel) == channel))
    return {row.folder: Cursor(row.folder, row.uidvalidity, row.uid) for row in rows}


async def due(session: AsyncSession, *, now: datetime, limit: int = 20) -> list[int]:
    """Mails that wait to be read, the longest waiting first."""
    rows = select(RawMessage.id).where(col(RawMessage.state) == RawState.RECEIVED, col(RawMessage.next_try_at) <= now)
    found = await session.exec(rows.order_by(col(RawMessage.next_try_at), col(RawMessage.id)).limit(limit))
    return [one for one in found if one is not None]


async def process(database: Database, raw_id: int, reception: Reception, *, now: datetime) -> RawState:
    """Read one mail outside of any transaction, then receive it in one. What fails is tried again, then parked.

    LookupError for a mail that is not there. A database that goes away raises; the mail is due again after LEASE.
    """
    async with database.unit() as session:
        work = await _claim(session, raw_id, now)
    if work is None:
        return await _state(database, raw_id)
    channel = reception.channels.get(work.channel)
    try:
        events = await _read(work, channel, reception)
        return await _received(database, work, channel, events, reception, now)
    except StorageFull as e:
        return await _failed(database, work, str(e), now, counts=False)
    except Exception as e:  # even a fault of ours is this mail's alone: the next one is not to wait for it
        return await _failed(database, work, f"{type(e).__name__}: {e}", now)


async def unprocessed(session: AsyncSession, *, limit: int = 100) -> list[RawMessage]:
    """Mails that could not be understood so far, parked ones and those still tried, newest first."""
    rows = select(RawMessage).where(
        (col(RawMessage.state) == RawState.PARKED)
        | ((col(RawMessage.state) == RawState.RECEIVED) & (col(RawMessage.error) != ""))
    )
    return list(await session.exec(rows.order_by(col(RawMessage.id).desc()).limit(limit)))


async def again(session: AsyncSession, raw_id: int, *, now: datetime) -> bool:
    """Read a parked mail once more, as if it had just come; False when it is not parked."""
    moved = await session.exec(
        update(RawMessage)
        .where(col(RawMessage.id) == raw_id, col(RawMessage.state) == RawState.PARKED)
        .values(state=RawState.RECEIVED, tries=0, next_try_at=now)
    )
    return bool(moved.rowcount)


# ---- keeping --------------------------------------------------------------------------------


async def _stored(storage: Storage, channel: str, raw: Raw, quiet: bool, now: datetime) -> dict[str, object]:
    return {
        "channel": channel,
        "key": raw.key,
        "sha256": await storage.put(raw.content),
        "size": len(raw.content),
        "oversize": raw.oversize,
        "quiet": quiet,
        "received_at": now,
        "state": RawState.RECEIVED,
        "tries": 0,
        "next_try_at": now,
        "error": "",
    }


async def _advance(session: AsyncSession, channel: str, cursor: Cursor, now: datetime) -> None:
    """Forward within one UIDVALIDITY; a new one begins where the listener says (requirement I1)."""
    given = insert(MailboxCursor).values(
        channel=channel, folder=cursor.folder, uidvalidity=cursor.uidvalidity, uid=cursor.uid, at=now
    )
    same = col(MailboxCursor.uidvalidity) == given.excluded.uidvalidity
    further = func.greatest(col(MailboxCursor.uid), given.excluded.uid)
    uid = case((same, further), else_=given.excluded.uid)
    moved = {"uidvalidity": given.excluded.uidvalidity, "uid": uid, "at": now}
    key = [col(MailboxCursor.channel), col(MailboxCursor.folder)]
    await session.exec(given.on_conflict_do_update(index_elements=key, set_=moved))


# ---- reading --------------------------------------------------------------------------------


async def _claim(session: AsyncSession, raw_id: int, now: datetime) -> _Work | None:
    """Take a mail for LEASE; a try that never came back counts, so that nothing can be tried for ever."""
    claimed = await session.execute(
        update(RawMessage)
        .where(
            col(RawMessage.id) == raw_id,
            col(RawMessage.state) == RawState.RECEIVED,
            col(RawMessage.next_try_at) <= now,
        )
        .values(tries=col(RawMessage.tries) + 1, next_try_at=now + LEASE)
        .returning(*(getattr(RawMessage, name) for name in _Work.__slots__))
    )
    row = claimed.mappings().first()
    return _Work(**row) if row is not None else None


async def _read(work: _Work, channel: Channel | None, reception: Reception) -> Sequence[Event]:
    """Understand a mail and store its files, which both take their time."""
    if work.tries > len(RETRIES) + 1:
        raise Unreadable("Every process that read this mail died over it")
    if channel is None or channel.listener is None:
        raise Unreadable(f"There is no channel {work.channel!r} that reads mail. Configure it, then read this again")
    events = [storable(event) for event in await channel.listener.read(await reception.storage.get(work.sha256))]
    for event in events:
        await messages.store_files(reception.storage, event)
    return events


async def _received(
    database: Database,
    work: _Work,
    channel: Channel | None,
    events: Sequence[Event],
    reception: Reception,
    now: datetime,
) -> RawState:
    if channel is None:
        return RawState.RECEIVED
    async with database.unit() as session:
        interaction_id, remark = await _rows(session, work, channel, events, reception, now)
        done = {"state": RawState.PROCESSED, "interaction_id": interaction_id, "error": remark}
        await session.exec(update(RawMessage).where(col(RawMessage.id) == work.id).values(**done))
    return RawState.PROCESSED


async def _rows(
    session: AsyncSession,
    work: _Work,
    channel: Channel,
    events: Sequence[Event],
    reception: Reception,
    now: datetime,
) -> tuple[UUID | None, str]:
    """Receipts first: a bounce that named one of our messages is evidence in that message's history, and no mail."""
    news = [event for event in events if isinstance(event, Receipt)]
    known = [await receipts.apply(session, channel, one, signer=reception.gate.signer, now=now) for one in news]
    matched = next((one for one in known if one is not None), None)
    about = next((one.recipient for one in news if one.recipient), "")
    flag = OVERSIZE if work.oversize else ""
    kept = matched
    for event in events:
        if isinstance(event, Inbound) and not (matched and event.auto in (Auto.BOUNCE, Auto.ARF)):
            kept = await messages.take(
                session, channel, event, reception, now=now, quiet=work.quiet, flag=flag, about=about
            )
    return kept, "" if kept is not None else "It tells of nothing we sent to anybody we know"


async def _failed(database: Database, work: _Work, error: str, now: datetime, *, counts: bool = True) -> RawState:
    """Raises when the database is away: then it was not the mail's fault, and LEASE says when to go on."""
    parked = counts and work.tries > len(RETRIES)
    state = RawState.PARKED if parked else RawState.RECEIVED
    wait = timedelta(0) if parked else RETRIES[min(work.tries, len(RETRIES)) - 1]
    tries = work.tries if counts else work.tries - 1
    async with database.unit() as session:
        values = {"state": state, "next_try_at": now + wait, "error": storable(error)[:1000], "tries": tries}
        await session.exec(update(RawMessage).where(col(RawMessage.id) == work.id).values(**values))
    return state


async def _state(database: Database, raw_id: int) -> RawState:
    async with database.unit() as session:
        row = await session.get(RawMessage, raw_id)
        if row is None:
            raise LookupError(f"There is no raw message {raw_id}")
        return row.state
