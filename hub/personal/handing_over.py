"""A person's archive, made in the background, kept in pieces for some days, for whoever is signed in and may export."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.clock import uuid7
from hub.customers import directory
from hub.models import Customer, PersonalExport
from hub.personal import archive, files, gathering
from hub.personal.archive import Sources
from hub.personal.theirs import person
from hub.queue import enqueue
from hub.staff import audit
from hub.storage import Storage

JOB = "hand-over"
_PIECE = 8 * 1024 * 1024  # bytes: what is in memory while it is stored or sent


class NoSuchExport(LookupError):
    """There is none of this number, or not any more."""

    def __init__(self, export_id: UUID) -> None:
        super().__init__(f"There is no export {export_id}, or not any more")


async def ask(
    session: AsyncSession, customer_id: UUID, *, staff_id: int | None, ip: str = "", now: datetime
) -> PersonalExport:
    """Begin one; it is put together in the background. Raises NotFound, Merged."""
    await directory.get(session, customer_id)
    row = PersonalExport(id=uuid7(now), customer_id=customer_id, asked_at=now, asked_by=staff_id)
    session.add(row)
    await session.flush()
    await enqueue(session, JOB, payload={"export": row.id}, dedupe=f"{JOB}:{row.id}")
    await note(session, "customer.hand-over", row, staff_id=staff_id, ip=ip, now=now)
    return row


async def note(
    session: AsyncSession, action: str, row: PersonalExport, *, staff_id: int | None, ip: str, now: datetime
) -> None:
    """Into the trail: asked for, or fetched."""
    subject, detail = f"customer:{row.customer_id}", f"export:{row.id}"
    await audit.write(session, action, staff_id=staff_id, subject=subject, detail=detail, ip=ip, now=now)


async def get(session: AsyncSession, export_id: UUID, *, now: datetime) -> PersonalExport:
    """Raises NoSuchExport, also when its days are over."""
    row = await session.get(PersonalExport, export_id)
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise NoSuchExport(export_id)
    return row


async def of(session: AsyncSession, customer_id: UUID, *, now: datetime) -> list[PersonalExport]:
    """Those of one customer that can be had or are being made, the latest first."""
    rows = select(PersonalExport).where(PersonalExport.customer_id == customer_id)
    found = await session.exec(rows.order_by(col(PersonalExport.id).desc()).limit(20))
    return [one for one in found if one.expires_at is None or one.expires_at > now]


async def outlook(session: AsyncSession, customer_id: UUID, *, now: datetime) -> tuple[Customer, list[PersonalExport]]:
    """Whom it is about, and what there is already. Raises NotFound, Merged."""
    return await directory.get(session, customer_id), await of(session, customer_id, now=now)


async def make(sources: Sources, export_id: UUID, *, now: datetime, days: int) -> None:
    """Put it together. Done again after a crash, from the beginning; one that is ready, or gone, is left alone."""
    async with sources.database.unit() as session:
        row = await session.get(PersonalExport, export_id)
        if row is None or row.ready_at is not None:
            return
        customer_id = row.customer_id
        row.done, row.total = 0, await gathering.total(session, await person(session, customer_id))

    async def progress(done: int) -> None:
        async with sources.database.unit() as session:
            row = await session.get(PersonalExport, export_id)
            if row is not None:
                row.done = done

    with tempfile.TemporaryFile() as made:
        await archive.write(sources, customer_id, made, now=now, progress=progress)
        parts = [await sources.storage.put(piece) for piece in _pieces(made)]
        size = made.tell()
    await _keep(sources, export_id, parts, size, now, now + timedelta(days=days))


async def _keep(
    sources: Sources, export_id: UUID, parts: list[str], size: int, now: datetime, expires: datetime
) -> None:
    async with sources.database.unit() as session:
        row = await session.get(PersonalExport, export_id)
        if row is None:  # its customer was erased meanwhile
            await files.delete(sources.storage, await files.nobodys(session, parts))
            return
        row.parts, row.size, row.ready_at, row.expires_at, row.done = parts, size, now, expires, row.total
        await live.publish(session, "export", id=export_id)


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    made.seek(0)
    return iter(lambda: made.read(_PIECE), b"")


async def content(storage: Storage, row: PersonalExport) -> AsyncIterator[bytes]:
    """The archive, piece by piece."""
    for part in row.parts:
        yield await storage.get(part)
