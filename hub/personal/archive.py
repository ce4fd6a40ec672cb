"""A person's archive (GDPR 15 and 20): a ZIP of JSON for programs, files, and a page for people, written in a stream.

Nothing is held as a whole: a page of messages, one file, that is all that is in memory at a time.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from hub.customers import directory
from hub.database.engine import Database
from hub.models import Customer
from hub.personal import gathering, telling
from hub.personal.theirs import Person, person
from hub.storage import Storage, StorageError

Progress = Callable[[int], Awaitable[None]]
_STEP = 200  # messages or files between two words about progress
_QUICK = 3  # deflate: mails are text, and whoever waits does not care for the last tenth


@dataclass(frozen=True, slots=True)
class Sources:
    database: Database
    storage: Storage
    company: str


async def write(sources: Sources, customer_id: UUID, target: IO[bytes], *, now: datetime, progress: Progress) -> None:
    """Everything about them into `target`. Raises directory.NotFound."""
    async with sources.database.unit() as session:
        whose = await person(session, customer_id)
        customer = await directory.get(session, customer_id)
        beside = await gathering.beside(session, whose, now=now)
    with (
        ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_QUICK) as made,
        tempfile.TemporaryFile("w+", encoding="utf-8") as page,
    ):
        counter = _Counter(progress)
        said = telling.words(customer.language)
        page.write(telling.head(said, company=sources.company, name=customer.name, day=f"{now:%Y-%m-%d}"))
        counts = {"messages.json": await _messages(made, sources, whose, said, page, counter)}
        for table in gathering.kinds():
            counts[f"{table}.json"] = await _json(made, f"{table}.json", gathering.rows(sources.database, whose, table))
        for name, rows in beside.items():
            counts[f"{name}.json"] = await _json(made, f"{name}.json", _each(rows))
        page.writelines(telling.foot({name: n for name, n in counts.items() if n}))
        await _copy(made, "index.html", page)
        await _files(made, sources, whose, counter)


class _Counter:
    """Words and files that were written; tells of it every now and then."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done = progress, 0

    async def one_more(self) -> None:
        self._done += 1
        if self._done % _STEP == 0:
            await self._progress(self._done)
            await asyncio.sleep(0)  # whoever else works in this process has a turn


async def _messages(
    made: ZipFile, sources: Sources, whose: Person, said: telling.Words, page: IO[str], counter: _Counter
) -> int:
    async def told() -> AsyncIterator[dict[str, Any]]:
        async for word in gathering.words(sources.database, whose):
            links = {gathering.path_of(one["key"], one["name"]): one["name"] for one in word["files"]}
            links |= {gathering.path_of(key, "mail.eml"): "mail.eml" for key in word.pop("mails")}
            page.write(telling.line(said, word, links))
            await counter.one_more()
            yield {**word, "files": list(links)}

    return await _json(made, "messages.json", told())


async def _json(made: ZipFile, name: str, rows: AsyncIterator[Any]) -> int:
    """An array, a record a line; how many. A kind of which there is none gets no file."""
    count = 0
    entry: IO[bytes] | None = None
    async for row in rows:
        entry = entry or made.open(name, "w", force_zip64=True)
        entry.write((",\n" if count else "[\n").encode() + json.dumps(row, ensure_ascii=False).encode())
        count += 1
    if entry is not None:
        entry.write(b"\n]\n")
        entry.close()
    return count


async def _each(rows: list[Any]) -> AsyncIterator[Any]:
    for row in rows:
        yield row


async def _copy(made: ZipFile, name: str, page: IO[str]) -> None:
    page.seek(0)
    with made.open(name, "w", force_zip64=True) as entry:
        for line in page:
            entry.write(line.encode())


async def _files(made: ZipFile, sources: Sources, whose: Person, counter: _Counter) -> None:
    """A file that the storage has lost is named all the same, and says so."""
    async for file in gathering.stored(sources.database, whose):
        try:
            content = await sources.storage.get(file.sha256)
        except StorageError as e:
            content = str(e).encode()
        await asyncio.to_thread(made.writestr, file.path, content)
        await counter.one_more()


def named(customer: Customer, now: datetime) -> str:
    """What the archive is called: no name of a person's in a folder of downloads."""
    return f"personal-data-{customer.id}-{now:%Y-%m-%d}.zip"
