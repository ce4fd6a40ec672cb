"""Files that people bring in at the desk: their columns named, begun, stopped, removed.

How they come here stands in `uploaded`, how their rows are written in `import_runs`, what came of them in
`import_outcomes`; what tells their kinds apart in `import_kinds`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.customers.import_kinds import KINDS, LEFT_OUT, Kind
from hub.models import FileImport, GoingFile
from hub.models.vocabulary import Brought
from hub.queue import enqueue
from hub.sentences import Sentence

JOB = "import-file"


class NoSuchImport(LookupError):
    """There is none of this number, or not any more."""

    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"There is no import {import_id}, or not any more")


class ImportProblem(ValueError):
    """It cannot be done with this import; says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of a file: what its columns hold, in their order, and of all its rows; see `FileImport`."""

    fields: Sequence[str]
    source: str
    wording: str = ""
    update: bool = False


# ---- one that is there ----------------------------------------------------------------------


async def get(session: AsyncSession, import_id: UUID) -> FileImport:
    """Raises NoSuchImport."""
    row = await session.get(FileImport, import_id)
    if row is None:
        raise NoSuchImport(import_id)
    return row


async def latest(session: AsyncSession, kind: Brought, *, limit: int = 20) -> list[FileImport]:
    """The last one first."""
    query = select(FileImport).where(col(FileImport.kind) == kind)
    return list(
        await session.exec(query.order_by(col(FileImport.asked_at).desc(), col(FileImport.id).desc()).limit(limit))
    )


async def choose(session: AsyncSession, import_id: UUID, said: Said) -> FileImport:
    """Say what is in it, before it begins. Raises NoSuchImport, ImportProblem."""
    found = await _waiting(session, import_id)
    source, wording = said.source.replace("\0", "").strip(), said.wording.replace("\0", "").strip()
    if trouble := KINDS[found.kind].wrong(source, wording):
        raise ImportProblem(trouble)
    if len(said.fields) != len(found.header) or not all(map(_may_hold(found), found.header, said.fields)):
        raise ImportProblem(Sentence("The columns are not those of this file. Load the page again and choose anew"))
    found.fields, found.source, found.wording, found.update = list(said.fields), source, wording, said.update
    return found


def own_field(name: str, kind: Kind) -> str:
    """The field of its own that a column of this name may be kept as; LEFT_OUT: none."""
    return f"attributes.{name}" if kind.layout.attributes and name else LEFT_OUT


def lacking(found: FileImport) -> Sentence | None:
    """What has to be said of it before its rows can be read."""
    kind = KINDS[found.kind]
    held = Counter(field for field in found.fields if field not in {LEFT_OUT, *kind.layout.several})
    if twice := [field for field, times in held.items() if times > 1]:
        gaps = {"field": kind.titles.get(twice[0]) or twice[0].removeprefix("attributes.")}
        return Sentence("Two columns are said to hold “%(field)s”. Leave one of them out", gaps)
    if not all(group & set(found.fields) for group in kind.layout.needed):
        return kind.lacking
    return kind.asks(found)


async def begin(session: AsyncSession, import_id: UUID, *, now: datetime) -> FileImport:
    """Write its rows in the background. Raises NoSuchImport, ImportProblem."""
    found = await _waiting(session, import_id)
    if trouble := lacking(found):
        raise ImportProblem(trouble)
    found.begun_at = now
    await enqueue(session, JOB, payload={"import": found.id}, dedupe=f"{JOB}:{found.id}")
    return found


async def cancel(session: AsyncSession, import_id: UUID, *, now: datetime) -> FileImport:
    """Write no more of its rows; those that were written stay. Raises NoSuchImport, ImportProblem."""
    found = await _locked(session, import_id)
    if found.begun_at is None or found.done_at is not None:
        raise ImportProblem(Sentence("The import is not under way: there is nothing to cancel"))
    found.cancelled = True
    await finish(session, found, now=now)
    return found


async def finish(session: AsyncSession, found: FileImport, *, now: datetime) -> None:
    """No more is read of it."""
    await _let_go(session, found)
    found.done_at, found.sha256 = now, ""
    await live.publish(session, "import", id=found.id)


async def remove(session: AsyncSession, import_id: UUID) -> FileImport:
    """It and its rejected rows; what it brought stays. Raises NoSuchImport, ImportProblem."""
    found = await _locked(session, import_id)
    if found.begun_at is not None and found.done_at is None:
        raise ImportProblem(Sentence("The import is under way. Cancel it, or wait until it is done"))
    await _let_go(session, found)
    await session.delete(found)
    return found


async def _let_go(session: AsyncSession, found: FileImport) -> None:
    """Its file is deleted with the others that nothing names any more."""
    if found.sha256:
        await session.execute(insert(GoingFile).values(digest=found.sha256).on_conflict_do_nothing())


async def _waiting(session: AsyncSession, import_id: UUID) -> FileImport:
    found = await _locked(session, import_id)
    if found.begun_at is not None:
        raise ImportProblem(Sentence("The import has begun and cannot be changed any more. Upload the file again"))
    return found


async def _locked(session: AsyncSession, import_id: UUID) -> FileImport:
    row = await session.get(FileImport, import_id, with_for_update=True)
    if row is None:
        raise NoSuchImport(import_id)
    return row


def _may_hold(found: FileImport) -> Callable[[str, str], bool]:
    kind = KINDS[found.kind]
    return lambda name, field: field in {*kind.layout.fields, LEFT_OUT, own_field(name, kind)}
