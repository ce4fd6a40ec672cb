"""Files as they are uploaded at the desk: read through, kept, their columns recognised by their names.

What people say of them and how far they are stands in `imports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.customers import sheets
from hub.customers.import_kinds import KINDS, LEFT_OUT, Kind
from hub.customers.sheets import Unusable
from hub.models import FileImport
from hub.models.vocabulary import Brought
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.storage import Storage

LARGEST = 25 * 1024 * 1024  # bytes
_LONGEST_NAME, _MOST_COLUMNS = 200, 100


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read through once and is in the storage."""

    kind: Brought
    name: str
    digest: str
    header: Sequence[str]
    total: int


async def store(storage: Storage, kind: Brought, name: str, content: bytes) -> Sheet:
    """Read a file through and keep it. Raises Unusable, StorageFull."""
    bare = name.replace("\0", "").rpartition("/")[2].rpartition("\\")[2].strip()
    if trouble := too_long(LONG_NAME, bare, _LONGEST_NAME):
        raise Unusable(trouble)
    if len(content) > LARGEST:
        raise Unusable(too_large())
    header, total = await asyncio.to_thread(_read, KINDS[kind], content)
    return Sheet(kind, bare, await storage.put(content), header, total)


def too_large() -> Sentence:
    """Why a file of people or purchases is not taken that has more than LARGEST bytes."""
    gaps = {"most": LARGEST // 1024**2}
    return Sentence("The file has more than %(most)s MB. Divide it into several and import each", gaps)


def _read(kind: Kind, content: bytes) -> tuple[list[str], int]:
    text = sheets.decode(content)
    header = sheets.names(text)
    if len(header) > _MOST_COLUMNS:
        gaps = {"columns": len(header), "most": _MOST_COLUMNS}
        raise Unusable(Sentence("The file has %(columns)s columns and may have %(most)s. Take some of them out", gaps))
    total = sum(1 for _line in sheets.read_by(text, [LEFT_OUT] * len(header)))
    if not total:
        raise Unusable(kind.empty)
    return header, total


async def add(
    session: AsyncSession, sheet: Sheet, *, staff_id: int | None, now: datetime, but: Collection[str] = ()
) -> FileImport:
    """One that has not begun, its columns as their names say. `but`: what none may hold yet."""
    kind = KINDS[sheet.kind]
    row = FileImport(
        id=uuid7(now),
        kind=sheet.kind,
        name=sheet.name,
        sha256=sheet.digest,
        header=list(sheet.header),
        fields=[LEFT_OUT if field in but else field for field in recognised(sheet.header, kind)],
        source=kind.source,
        total=sheet.total,
        asked_at=now,
        asked_by=staff_id,
    )
    session.add(row)
    await session.flush()
    return row


def recognised(header: Sequence[str], kind: Kind) -> list[str]:
    """What each column holds, by its name; of two with one meaning it is the first, but for what several may hold."""
    found: list[str] = []
    for name in header:
        field = sheets.usual(name, kind.layout) if name else LEFT_OUT
        found.append(LEFT_OUT if field in found and field not in kind.layout.several else field)
    return found
