"""Erasing a person (GDPR 17), step by step. Each step is a transaction and may be done again after a crash.

Their address goes out of what others wrote; their rows go, all at once; their files go; the row is the certificate.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.clock import uuid7
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Customer, Erasure, Staff
from hub.models.vocabulary import ErasureState
from hub.personal import barring, certificate, files, rows, traces, uploads
from hub.personal.theirs import Person, count, person
from hub.queue import enqueue
from hub.sentences import Sentence
from hub.staff import audit
from hub.storage import Storage

JOB = "erase"


class WrongName(ValueError):
    """The name that was typed is not the customer's."""


class NoSuchErasure(LookupError):
    """There is no such certificate."""

    def __init__(self, erasure_id: UUID) -> None:
        super().__init__(f"There is no erasure {erasure_id}")


async def ask(
    session: AsyncSession, customer_id: UUID, *, name: str, staff_id: int | None, ip: str = "", now: datetime
) -> Erasure:
    """Begin: from now on it goes by itself. Asked for twice, it is the same. Raises NotFound, Merged, WrongName."""
    customer = await directory.get(session, customer_id)
    await session.refresh(customer, with_for_update=True)
    if " ".join(name.split()).casefold() != " ".join(customer.name.split()).casefold():
        raise WrongName(Sentence("That is not the customer's name. Write it as it stands above."))
    known = await under_way(session, customer_id)
    if known is not None:
        return known
    asker = await session.get(Staff, staff_id) if staff_id is not None else None
    row = Erasure(
        id=uuid7(now),
        subject_id=customer_id,
        asked_at=now,
        asked_by=staff_id,
        asked_by_name=asker.name if asker else "",
    )
    session.add(row)
    await session.flush()
    subject, detail = f"customer:{customer_id}", f"erasure:{row.id}"
    await audit.write(session, "customer.erase", staff_id=staff_id, subject=subject, detail=detail, ip=ip, now=now)
    await hurry(session, row.id)
    return row


async def hurry(session: AsyncSession, erasure_id: UUID) -> None:
    """See to it that it goes on."""
    await enqueue(session, JOB, payload={"erasure": erasure_id}, dedupe=f"{JOB}:{erasure_id}")


async def unfinished(session: AsyncSession) -> list[UUID]:
    """Those that wait, or whose worker died."""
    return list(await session.exec(select(Erasure.id).where(col(Erasure.state) != ErasureState.DONE)))


async def under_way(session: AsyncSession, customer_id: UUID) -> Erasure | None:
    """The one of this customer that is not done."""
    rows_ = select(Erasure).where(Erasure.subject_id == customer_id, col(Erasure.state) != ErasureState.DONE)
    return (await session.exec(rows_)).first()


async def latest(session: AsyncSession, customer_id: UUID) -> Erasure | None:
    """The last one of this customer, done or not."""
    mine = select(Erasure).where(Erasure.subject_id == customer_id).order_by(col(Erasure.id).desc())
    return (await session.exec(mine.limit(1))).first()


async def listing(session: AsyncSession, *, limit: int = 200) -> list[Erasure]:
    """The latest first."""
    return list(await session.exec(select(Erasure).order_by(col(Erasure.id).desc()).limit(limit)))


async def get(session: AsyncSession, erasure_id: UUID) -> Erasure:
    """Raises NoSuchErasure."""
    row = await session.get(Erasure, erasure_id)
    if row is None:
        raise NoSuchErasure(erasure_id)
    return row


async def outlook(session: AsyncSession, customer_id: UUID) -> tuple[Customer, dict[str, int]]:
    """Who would be erased, and how many rows of which table. Raises NotFound, Merged."""
    whose = await person(session, customer_id)
    return await directory.get(session, customer_id), await count(session, whose)


async def carry_out(database: Database, storage: Storage, erasure_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """As far as it goes now: to the end, or until what is under way is over."""
    state: ErasureState | None = await _state(database, erasure_id)
    if state is ErasureState.ASKED:
        state = await _rows(database, storage, erasure_id, clock)
    while state is ErasureState.FILES:
        state = await _some_files(database, storage, erasure_id, clock())


async def _state(database: Database, erasure_id: UUID) -> ErasureState:
    async with database.unit() as session:
        return (await get(session, erasure_id)).state


# ---- the rows -------------------------------------------------------------------------------


async def _rows(
    database: Database, storage: Storage, erasure_id: UUID, clock: Callable[[], datetime]
) -> ErasureState | None:
    """None while a message of theirs is leaving, or a file that names them is being imported."""
    async with database.unit() as session:
        whose = await person(session, (await get(session, erasure_id)).subject_id)
        if await _waits(session, erasure_id, whose, clock()):
            return None
    if await _take_out_uploads(database, storage, erasure_id, whose):
        return None
    await _take_out_traces(database, storage, erasure_id, whose)

    async def delete(session: AsyncSession) -> ErasureState | None:
        whose = await person(session, (await get(session, erasure_id)).subject_id)
        await rows.lock(session, whose)
        return await _delete(session, erasure_id, whose, clock())

    return await database.insisting(delete)


async def _waits(session: AsyncSession, erasure_id: UUID, whose: Person, now: datetime) -> int:
    row = await get(session, erasure_id)
    row.waits_for = await rows.under_way(session, whose, now=now)
    session.add(row)
    return row.waits_for


async def _delete(session: AsyncSession, erasure_id: UUID, whose: Person, now: datetime) -> ErasureState | None:
    if await _waits(session, erasure_id, whose, now):
        return None
    hashes = await barring.bar(session, whose, now=now)
    gone = await rows.delete(session, whose, now=now)
    row = await get(session, erasure_id)
    row.state, row.rows = ErasureState.FILES, gone.rows
    row.remains = {**row.remains, **gone.remains, "hashes": hashes}
    row.pending = _more(row.pending, gone.files)
    session.add(row)
    await live.publish(session, "customer", id=whose.customer_id)
    return row.state


def _more(pending: list[str], digests: list[str]) -> list[str]:
    return sorted({*pending, *digests} - {""})


# ---- what others wrote ----------------------------------------------------------------------


async def _take_out_traces(database: Database, storage: Storage, erasure_id: UUID, whose: Person) -> None:
    if not whose.spelled:
        return
    async with database.unit() as session:
        months = await traces.months(session)
    for month in months:
        async with database.unit() as session:
            found = await traces.take_out(session, whose, month)
            await _note(session, erasure_id, found.words, found.files)
    await _unclaimed(database, storage, erasure_id, whose)


async def _unclaimed(database: Database, storage: Storage, erasure_id: UUID, whose: Person) -> None:
    after = 0
    while True:
        async with database.unit() as session:
            mails = await traces.unclaimed(session, after)
        if not mails:
            return
        after = mails[-1][0]
        numbers = await traces.naming(storage, mails, whose)
        async with database.unit() as session:
            await _note(session, erasure_id, 0, await traces.forget(session, numbers))


async def _take_out_uploads(database: Database, storage: Storage, erasure_id: UUID, whose: Person) -> int:
    """What colleagues uploaded and have not imported is not kept for their sake: they upload it again without them.

    How many are being imported, which is waited for.
    """
    async with database.unit() as session:
        signs, files_ = await uploads.signs(session, whose), await uploads.open_ones(session)
    found = await uploads.naming(storage, files_, signs)
    async with database.unit() as session:
        await _note(session, erasure_id, 0, await uploads.forget(session, found))
        row = await get(session, erasure_id)
        row.waits_for = await uploads.under_way(session, found)
        return row.waits_for


async def _note(session: AsyncSession, erasure_id: UUID, words: int, digests: list[str]) -> None:
    if not words and not digests:
        return
    row = await get(session, erasure_id)
    row.remains = {**row.remains, "others": row.remains.get("others", 0) + words}
    row.pending = _more(row.pending, digests)
    session.add(row)


# ---- the files ------------------------------------------------------------------------------


async def _some_files(database: Database, storage: Storage, erasure_id: UUID, now: datetime) -> ErasureState:
    """Files first, then the note that they are gone: after a crash they are deleted again, which is no error.

    Whoever else is at it deletes the same ones; they are counted once.
    """
    async with database.unit() as session:
        some = (await get(session, erasure_id)).pending[: files.BATCH]
        going = await files.nobodys(session, some)
    await files.delete(storage, going)
    async with database.unit() as session:
        row = await session.get_one(Erasure, erasure_id, with_for_update=True, populate_existing=True)
        mine = set(some) & set(row.pending)
        row.files += len(mine & set(going))
        row.shared_files += len(mine - set(going))
        row.pending = [one for one in row.pending if one not in mine]
        if not row.pending and row.state is not ErasureState.DONE:
            await _certify(session, row, now)
        session.add(row)
        return row.state


async def _certify(session: AsyncSession, row: Erasure, now: datetime) -> None:
    row.state, row.done_at, row.waits_for = ErasureState.DONE, now, 0
    row.digest = certificate.digest(row)
    done = "customer.erased"
    await audit.write(session, done, staff_id=row.asked_by, subject=f"erasure:{row.id}", detail=row.digest, now=now)
    await live.publish(session, "erasure", id=row.id)
