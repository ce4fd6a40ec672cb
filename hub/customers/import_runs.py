"""Writing a file that somebody brought in: its first rows tried, then all of them in the background, in batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live, sentences
from hub.customers import imports, results, sheets
from hub.customers.import_kinds import KINDS, Usual
from hub.customers.results import Result
from hub.customers.sheets import Line
from hub.database.engine import Database
from hub.models import FileImport, ImportedCustomer, RejectedRow
from hub.models.vocabulary import Outcome
from hub.storage import Storage

FIRST = 10  # rows that are looked at before anything is written
_BATCH = 200


class Put(Protocol):
    """What else becomes of the people that rows are about, in the transaction of these rows."""

    async def __call__(
        self, session: AsyncSession, found: FileImport, people: Collection[UUID], *, now: datetime
    ) -> None: ...


async def first_rows(storage: Storage, found: FileImport) -> tuple[list[Line], list[Line]]:
    """The first ones, and those that have to be there when these are tried."""
    return await asyncio.to_thread(_first_rows, await storage.get(found.sha256), found)


def _first_rows(content: bytes, found: FileImport) -> tuple[list[Line], list[Line]]:
    text = sheets.decode(content)
    lines = sheets.read_by(text, found.fields)
    first = list(islice(lines, FIRST))
    return first, KINDS[found.kind].beside(first, lines)


async def try_out(
    session: AsyncSession,
    found: FileImport,
    rows: tuple[Sequence[Line], Sequence[Line]],
    usual: Usual,
    *,
    now: datetime,
) -> list[Result]:
    """What would become of the first rows; nothing stays. `rows`: see `first_rows`."""
    first, beside = rows
    write = KINDS[found.kind].write
    tried = await results.try_out(session, lambda: write(session, [*beside, *first], found, usual, now=now))
    return tried[len(beside) :]


async def carry_out(
    database: Database, storage: Storage, import_id: UUID, usual: Usual, *, put: Put, clock: Callable[[], datetime]
) -> None:
    """Write its rows, batch by batch, each with its progress in one transaction: done again it goes on behind them."""
    async with database.unit() as session:
        found = await session.get(FileImport, import_id)
    if found is None or found.done_at is not None:
        return
    text, done = sheets.decode(await storage.get(found.sha256)), found.done
    lines = islice(KINDS[found.kind].in_order(lambda: sheets.read_by(text, found.fields)), done, None)
    while batch := list(islice(lines, _BATCH)):
        if not await database.insisting(
            partial(_write, import_id=import_id, done=done, batch=batch, usual=usual, put=put, clock=clock)
        ):
            return
        done += len(batch)
    async with database.unit() as session:
        row = await session.get(FileImport, import_id, with_for_update=True)
        if row is not None and row.done_at is None:
            await imports.finish(session, row, now=clock())


async def _write(
    session: AsyncSession,
    *,
    import_id: UUID,
    done: int,
    batch: Sequence[Line],
    usual: Usual,
    put: Put,
    clock: Callable[[], datetime],
) -> bool:
    """False: it is gone or was cancelled, or somebody else has gone on with it."""
    found = await session.get(FileImport, import_id, with_for_update=True)
    if found is None or found.done != done or found.done_at is not None:
        return False
    now = clock()
    became = await KINDS[found.kind].write(session, batch, found, usual, now=now)
    await put(session, found, {one.customer_id for one in became if one.customer_id is not None}, now=now)
    _count(found, became)
    session.add_all([_rejected(import_id, one) for one in became if one.outcome is Outcome.REJECTED])
    session.add_all(
        [
            ImportedCustomer(import_id=import_id, customer_id=one.customer_id, outcome=one.outcome)
            for one in became
            if one.customer_id is not None
        ]
    )
    await live.publish(session, "import", id=import_id)
    return True


def _count(found: FileImport, became: Sequence[Result]) -> None:
    counts = Counter(one.outcome for one in became)
    found.done += len(became)
    found.added += counts[Outcome.ADDED]
    found.known += counts[Outcome.KNOWN]
    found.changed += counts[Outcome.CHANGED]
    found.rejected += counts[Outcome.REJECTED]


def _rejected(import_id: UUID, one: Result) -> RejectedRow:
    cells = [cell.replace("\0", "") for cell in one.line.original]
    why = one.reason
    words, gaps = (why.words, sentences.as_json(why.gaps)) if why else ("", {})
    return RejectedRow(import_id=import_id, line=one.line.number, words=words, gaps=gaps, cells=cells)
