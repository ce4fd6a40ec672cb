"""personal-data: everything about somebody with ten thousand words put into a ZIP, and then erased, files and all."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import AttachmentRow, RawMessage
from hub.models.vocabulary import RawState
from hub.personal import archive, erasing
from hub.personal.archive import Sources
from hub.queue import install
from hub.storage import open_storage
from tests.bench.figures import Figure, say
from tests.log_rows import heard

NOW = datetime(2026, 7, 26, 18, tzinfo=UTC)
_WORDS, _MAIL, _FILE, _SLICE = 10_000, 20_000, 50_000, 500
_LAW = 60.0  # seconds, requirement G1


def measure() -> list[Figure]:
    """Seconds for one person with so many mails (BENCH_ROWS): each as it came, every fourth with a file."""
    count = int(os.environ.get("BENCH_ROWS", _WORDS))
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as home,
        embedded.server(Path(home) / "pg", fsync=False) as url,
    ):
        return asyncio.run(_measure(url, Path(home), count))


async def _measure(url: str, home: Path, count: int) -> list[Figure]:
    await migrating.upgrade(url)
    await install(url)
    sources = Sources(Database(url), open_storage(home / "blobs"), "Meadow & Sons")
    ana = await _fill(sources, count)
    handed, most, size = await _hand_over(sources, ana, home / "ana.zip")
    say(f"personal-data: {count:,} mails, {size / 1e6:.0f} MB")
    erased = await _erase(sources, ana)
    await sources.database.close()
    return [
        Figure("personal-data-handed-over", "s", handed, most=_LAW),
        Figure("personal-data-memory", "MB", most, most=100.0),
        Figure("personal-data-erased", "s", erased),
    ]


async def _fill(sources: Sources, count: int) -> UUID:
    chance = random.Random(7)
    async with sources.database.unit() as session:
        await partitions.ensure_months(session, NOW)
        ana = (await directory.create(session, NewCustomer("Ana", emails=("ana@x.example",)), now=NOW)).id
    for first in range(0, count, _SLICE):
        mails = [chance.randbytes(_MAIL // 2).hex().encode() for _ in range(_SLICE)]
        some = [chance.randbytes(_FILE) for _ in range(_SLICE // 4)]
        digests, others = await sources.storage.put_all(mails), await sources.storage.put_all(some)
        async with sources.database.unit() as session:
            for place, content in enumerate(mails):
                at = NOW - timedelta(minutes=count - first - place)
                word = heard(ana, at, subject="A question", body_text=content.decode()[:4000])
                session.add(word)
                await session.flush()
                session.add(_original(word.id, first + place, digests[place], at))
                if place % 4 == 0:
                    session.add(_attached(word.id, others[place // 4]))
    return ana


def _original(word: UUID, number: int, digest: str, at: datetime) -> RawMessage:
    read: dict[str, Any] = {"state": RawState.PROCESSED, "interaction_id": word, "received_at": at, "next_try_at": at}
    return RawMessage(channel="mail", key=f"INBOX:1:{number}", sha256=digest, size=_MAIL, **read)


def _attached(word: UUID, digest: str) -> AttachmentRow:
    pdf = "application/pdf"
    return AttachmentRow(interaction_id=word, name="a.pdf", media_type=pdf, size=_FILE, sha256=digest)


async def _hand_over(sources: Sources, ana: UUID, file: Path) -> tuple[float, float, int]:
    async def progress(_done: int) -> None:
        return None

    begun = time.perf_counter()
    with file.open("wb") as target:
        await archive.write(sources, ana, target, now=NOW, progress=progress)
    seconds = time.perf_counter() - begun
    tracemalloc.start()  # it slows everything down: in a round of its own
    with file.open("wb") as target:
        await archive.write(sources, ana, target, now=NOW, progress=progress)
    most = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return seconds, most, file.stat().st_size


async def _erase(sources: Sources, ana: UUID) -> float:
    async with sources.database.unit() as session:
        erasure = (await erasing.ask(session, ana, name="Ana", staff_id=None, now=NOW)).id
    begun = time.perf_counter()
    await erasing.carry_out(sources.database, sources.storage, erasure, clock=lambda: NOW)
    return time.perf_counter() - begun
