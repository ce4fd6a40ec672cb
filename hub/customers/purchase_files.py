"""Files of purchases that people bring in at the desk: kept, looked at, written in the background; what was not taken.

How a row is read and written stands in `importing_purchases`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.clock import uuid7
from hub.customers import importing_purchases as importing
from hub.customers import sheets
from hub.customers.importing_purchases import LAYOUT, TITLES, Outcome, Result, Terms
from hub.customers.purchases import LONGEST_SOURCE, SOURCE
from hub.customers.sheets import Line, Unusable
from hub.database.engine import Database
from hub.models import GoingFile, PurchaseImport, RejectedPurchase
from hub.queue import enqueue
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.settings import Settings
from hub.storage import Storage

JOB = "import-purchases"
FIRST = 10  # rows that are looked at before anything is written
_BATCH = 200
_LONGEST_NAME, _MOST_COLUMNS = 200, 100
_LEFT_OUT = "-"


class NoSuchImport(LookupError):
    """There is none of this number, or not any more."""

    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"There is no import {import_id}, or not any more")


class ImportProblem(ValueError):
    """It cannot be done with this import; says why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read through once and is in the storage."""

    name: str
    digest: str
    header: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds where a row says nothing."""

    currency: str
    zone: str
    country: str | None

    def terms(self, found: PurchaseImport) -> Terms:
        return Terms(found.source, self.currency, self.zone, self.country, found.update)


def usual(settings: Settings) -> Usual:
    """As the operator has it."""
    return Usual(settings.rfm.currency, settings.hub.timezone, settings.hub.country)


async def store(storage: Storage, name: str, content: bytes) -> Sheet:
    """Read a file through and keep it. Raises Unusable, StorageFull."""
    bare = name.replace("\0", "").rpartition("/")[2].rpartition("\\")[2].strip()
    if trouble := too_long(LONG_NAME, bare, _LONGEST_NAME):
        raise Unusable(trouble)
    header, total = await asyncio.to_thread(_read, content)
    return Sheet(bare, await storage.put(content), header, total)


def _read(content: bytes) -> tuple[list[str], int]:
    text = sheets.decode(content)
    header = [name.replace("\0", "") for name in sheets.names(text)]
    if len(header) > _MOST_COLUMNS:
        gaps = {"columns": len(header), "most": _MOST_COLUMNS}
        raise Unusable(Sentence("The file has %(columns)s columns and may have %(most)s. Take some of them out", gaps))
    total = sum(1 for _line in sheets.rows(text, dict.fromkeys(header, _LEFT_OUT), _ANY))
    if not total:
        raise Unusable(Sentence("The file has a header and no rows. Choose one with purchases in it"))
    return header, total


_ANY = sheets.Layout(LAYOUT.fields, LAYOUT.synonyms, needed=(), lacking="")


async def add(session: AsyncSession, sheet: Sheet, *, staff_id: int | None, now: datetime) -> PurchaseImport:
    """One that has not begun, its columns as their names say."""
    row = PurchaseImport(
        id=uuid7(now),
        name=sheet.name,
        sha256=sheet.digest,
        header=list(sheet.header),
        fields=recognised(sheet.header),
        source=SOURCE,
        total=sheet.total,
        asked_at=now,
        asked_by=staff_id,
    )
    session.add(row)
    await session.flush()
    return row


def recognised(header: Sequence[str]) -> list[str]:
    """What each column holds, by its name; of two with one meaning it is the first."""
    found: list[str] = []
    for name in header:
        field = sheets.usual(name, LAYOUT)
        found.append(_LEFT_OUT if field in found else field)
    return found


async def get(session: AsyncSession, import_id: UUID) -> PurchaseImport:
    """Raises NoSuchImport."""
    row = await session.get(PurchaseImport, import_id)
    if row is None:
        raise NoSuchImport(import_id)
    return row


async def latest(session: AsyncSession, *, limit: int = 20) -> list[PurchaseImport]:
    """The last one first."""
    query = select(PurchaseImport).order_by(col(PurchaseImport.asked_at).desc(), col(PurchaseImport.id).desc())
    return list(await session.exec(query.limit(limit)))


async def choose(
    session: AsyncSession, import_id: UUID, fields: Sequence[str], *, source: str, update: bool
) -> PurchaseImport:
    """Say what its columns hold, in their order, before it begins. Raises NoSuchImport, ImportProblem."""
    found = await _waiting(session, import_id)
    if not source.strip() or len(source) > LONGEST_SOURCE:
        gaps = {"most": LONGEST_SOURCE}
        raise ImportProblem(Sentence("Name the system that the numbers are of, in 1 to %(most)s characters", gaps))
    if len(fields) != len(found.header) or not set(fields) <= {*LAYOUT.fields, _LEFT_OUT}:
        raise ImportProblem(Sentence("The columns are not those of this file. Load the page again and choose anew"))
    found.fields, found.source, found.update = list(fields), source.strip(), update
    return found


def lacking(found: PurchaseImport) -> Sentence | None:
    """What has to be said of its columns before its rows can be read."""
    held = Counter(field for field in found.fields if field != _LEFT_OUT)
    if twice := [field for field, times in held.items() if times > 1]:
        gaps = {"field": TITLES[twice[0]]}
        return Sentence("Two columns are said to hold “%(field)s”. Leave one of them out", gaps)
    if all(group & set(held) for group in LAYOUT.needed):
        return None
    return Sentence(
        "Say which columns hold the number, the date and the amount, and whose a purchase is: the customer's number, "
        "email or phone"
    )


async def first_rows(storage: Storage, found: PurchaseImport) -> tuple[list[Line], list[Line]]:
    """The first ones, and the purchases that refunds among them are for, from wherever they stand."""
    return await asyncio.to_thread(_first_rows, await storage.get(found.sha256), _mapping(found))


def _first_rows(content: bytes, mapping: Mapping[str, str]) -> tuple[list[Line], list[Line]]:
    text = sheets.decode(content)
    first = list(islice(sheets.rows(text, mapping, _ANY), FIRST))
    wanted = {importing.refunded(line) for line in first} - {""}
    far = islice(sheets.rows(text, mapping, _ANY), FIRST, None) if wanted else iter(())
    return first, [one for one in far if not importing.refunded(one) and one.cells.get("number", "").strip() in wanted]


async def begin(session: AsyncSession, import_id: UUID, *, now: datetime) -> PurchaseImport:
    """Write its rows in the background. Raises NoSuchImport, ImportProblem."""
    found = await _waiting(session, import_id)
    if trouble := lacking(found):
        raise ImportProblem(trouble)
    found.begun_at = now
    await enqueue(session, JOB, payload={"import": found.id}, dedupe=f"{JOB}:{found.id}")
    return found


async def remove(session: AsyncSession, import_id: UUID) -> None:
    """It and its rejected rows; what it brought stays. Raises NoSuchImport, ImportProblem."""
    found = await _locked(session, import_id)
    if found.begun_at is not None and found.done_at is None:
        raise ImportProblem(Sentence("The import is under way. Wait until it is done"))
    await _let_go(session, found)
    await session.delete(found)


async def rejected(session: AsyncSession, import_id: UUID, *, after: int = 0, limit: int) -> list[RejectedPurchase]:
    """Its rows that were not taken, in the order of the file; `after` the one of that id."""
    line, number = col(RejectedPurchase.line), col(RejectedPurchase.id)
    query = select(RejectedPurchase).where(col(RejectedPurchase.import_id) == import_id)
    if after and (last := await session.get(RejectedPurchase, after)):
        query = query.where((line > last.line) | ((line == last.line) & (number > after)))
    return list(await session.exec(query.order_by(line, number).limit(limit)))


def why(row: RejectedPurchase) -> Sentence:
    """The cause and the remedy."""
    return Sentence(row.words, row.gaps)


async def carry_out(
    database: Database, storage: Storage, import_id: UUID, usual: Usual, *, clock: Callable[[], datetime]
) -> None:
    """Write its rows, batch by batch, each with its progress in one transaction: done again it goes on behind them."""
    async with database.unit() as session:
        found = await session.get(PurchaseImport, import_id)
    if found is None or found.done_at is not None:
        return
    text, done, terms = sheets.decode(await storage.get(found.sha256)), found.done, usual.terms(found)
    lines = islice(importing.in_order(lambda: sheets.rows(text, _mapping(found), LAYOUT)), done, None)
    while batch := list(islice(lines, _BATCH)):
        if not await database.insisting(
            partial(_write, import_id=import_id, done=done, batch=batch, terms=terms, clock=clock)
        ):
            return
        done += len(batch)
    async with database.unit() as session:
        await _finish(session, import_id, now=clock())


async def _write(
    session: AsyncSession,
    *,
    import_id: UUID,
    done: int,
    batch: Sequence[Line],
    terms: Terms,
    clock: Callable[[], datetime],
) -> bool:
    """False: it is gone, or somebody else has gone on with it."""
    found = await session.get(PurchaseImport, import_id, with_for_update=True)
    if found is None or found.done != done:
        return False
    results = await importing.write(session, batch, terms, now=clock())
    _count(found, results)
    session.add_all([_rejected(import_id, one.line, one.reason) for one in results if one.reason])
    await live.publish(session, "purchase-import", id=import_id)
    return True


def _count(found: PurchaseImport, results: Sequence[Result]) -> None:
    counts = Counter(one.outcome for one in results)
    found.done += len(results)
    found.added += counts[Outcome.ADDED]
    found.known += counts[Outcome.KNOWN]
    found.changed += counts[Outcome.CHANGED]
    found.rejected += counts[Outcome.REJECTED]


def _rejected(import_id: UUID, line: Line, why: Sentence) -> RejectedPurchase:
    cells = [cell.replace("\0", "") for cell in line.original]
    return RejectedPurchase(import_id=import_id, line=line.number, words=why.words, gaps=dict(why.gaps), cells=cells)


async def _finish(session: AsyncSession, import_id: UUID, *, now: datetime) -> None:
    found = await session.get(PurchaseImport, import_id, with_for_update=True)
    if found is not None and found.done_at is None:
        await _let_go(session, found)
        found.done_at, found.sha256 = now, ""
        await live.publish(session, "purchase-import", id=import_id)


async def _let_go(session: AsyncSession, found: PurchaseImport) -> None:
    """Its file is deleted with the others that nothing names any more."""
    if found.sha256:
        await session.execute(insert(GoingFile).values(digest=found.sha256).on_conflict_do_nothing())


async def _waiting(session: AsyncSession, import_id: UUID) -> PurchaseImport:
    found = await _locked(session, import_id)
    if found.begun_at is not None:
        raise ImportProblem(Sentence("The import has begun and cannot be changed any more. Upload the file again"))
    return found


async def _locked(session: AsyncSession, import_id: UUID) -> PurchaseImport:
    row = await session.get(PurchaseImport, import_id, with_for_update=True)
    if row is None:
        raise NoSuchImport(import_id)
    return row


def _mapping(found: PurchaseImport) -> dict[str, str]:
    return dict(zip(found.header, found.fields, strict=True))
