"""Keeping when customers were last in contact beside the log: read once, some hours after it was written.

A word is in the log before it is here, and one that is older when it comes, changes or goes leaves its customer in
`stale_contact` (a trigger, 0023_last_contacts). So that no row is missed between the two, the log is read only up to
where everybody who could still write without leaving that word has ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, delete, or_, text
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.database.engine import Database
from hub.models import Interaction, LastContact, LastContactsUntil, StaleContact
from hub.segments.history import KEPT, SINCE
from hub.segments.last_contacts import EVER

JOB = "last-contacts"
# What changes later than this leaves a word, as 0023_last_contacts has it; an hour more, for clocks that are set back.
_WRITTEN = timedelta(hours=6)
_MARGIN = _WRITTEN + timedelta(hours=1)
SLICE = 50_000  # rows of the log
_STALE_SLICE = 2_000  # words of the trigger
_LOCK = 0x4C617374  # rolling up, and erasing a person, one after the other


async def roll_up(database: Database, *, now: datetime) -> None:
    """All that may be read by now, slice by slice, each in a transaction; what is not may be the next time."""
    more = True
    while more:
        async with database.unit() as session:
            more = await advance(session, now=now)


async def advance(session: AsyncSession, *, now: datetime, slice: int = SLICE) -> bool:  # noqa: A002
    """One slice, of so many rows of the log; False when nothing more may be read."""
    await hold(session)
    row = (await session.exec(select(LastContactsUntil))).first() or await _begin(session)
    return await _renew(session, row) or await _read_on(session, row, now, slice)


async def hold(session: AsyncSession) -> None:
    """Until the transaction ends nothing is rolled up."""
    await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def _begin(session: AsyncSession) -> LastContactsUntil:
    """From the beginning of the log. Whoever believes in this transaction what was kept before is waited for."""
    await session.execute(text("lock table last_contact_until in access exclusive mode"))
    await session.execute(text("truncate last_contact"))
    row = LastContactsUntil(until=EVER)
    session.add(row)
    await session.flush()
    return row


# ---- customers of whom something old changed ------------------------------------------------


async def _renew(session: AsyncSession, row: LastContactsUntil) -> bool:
    """A slice of them, reckoned from the log; False when there is none."""
    some = select(col(StaleContact.id)).order_by(col(StaleContact.id)).limit(_STALE_SLICE)
    gone = delete(StaleContact).where(col(StaleContact.id).in_(some)).returning(col(StaleContact.customer_id))
    them = list(set((await session.exec(gone)).scalars()))
    if not them:
        return False
    await session.exec(delete(LastContact).where(col(LastContact.customer_id).in_(them)))
    await _keep(session, col(Interaction.customer_id).in_(them), col(Interaction.id) < row.until)
    return True


# ---- what came since the last time ----------------------------------------------------------


async def _read_on(session: AsyncSession, row: LastContactsUntil, now: datetime, slice: int) -> bool:  # noqa: A002
    """A slice of the log; False when as much is kept as may be."""
    if row.wanted is None:
        return await _want(session, row, now)
    if not (await session.execute(_ENDED, {"writers": row.writers})).scalar_one():
        return False
    later = (col(Interaction.id) >= row.until, col(Interaction.id) < row.wanted)
    rest = select(col(Interaction.id)).where(*later).order_by(col(Interaction.id)).offset(slice).limit(1)
    reached = (await session.exec(rest)).first()
    await _keep(session, col(Interaction.id) >= row.until, col(Interaction.id) < (reached or row.wanted))
    row.until, row.wanted = reached or row.wanted, row.wanted if reached else None
    await session.flush()
    return True


async def _want(session: AsyncSession, row: LastContactsUntil, now: datetime) -> bool:
    """Say how far to go; False where that is no further. Who may still write is asked for after the clock was."""
    at = (await session.execute(text("select clock_timestamp()"))).scalar_one()
    wanted = clock.first_uuid7(min(at, now) - _MARGIN)
    if wanted <= row.until:
        return False
    row.wanted = wanted
    row.writers = int((await session.execute(_NEXT)).scalar_one())
    await session.flush()
    return True


_NEXT = text("select pg_snapshot_xmax(pg_current_snapshot())::text")
# Everybody who had begun to write when the clock was asked has ended, and is seen.
_ENDED = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= :writers")


async def _keep(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """The latest of these rows, for each customer, unless a later one is kept."""
    counted = or_(*(and_(*SINCE[name]) for name in KEPT))
    latest = (
        select(col(Interaction.customer_id), *(_latest(name).label(column) for name, column in KEPT.items()))
        .where(*which, counted)
        .group_by(col(Interaction.customer_id))
    )
    rows = insert(LastContact).from_select(["customer_id", *KEPT.values()], latest)
    greatest = {
        column: func.greatest(col(getattr(LastContact, column)), rows.excluded[column]) for column in KEPT.values()
    }
    await session.exec(rows.on_conflict_do_update(index_elements=["customer_id"], set_=greatest))


def _latest(name: str) -> ColumnElement[Any]:
    """PostgreSQL knows no greatest identifier; their texts sort as they do."""
    word: ColumnElement[Any] = func.max(cast(col(Interaction.id), Text).collate("C"))
    return cast(word.filter(and_(*SINCE[name])), UuidType)
