"""live: `hub web` tells 200 open pages what happens, fifty times a second: how soon, and is nothing lost?"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop

from hub.live import NOTIFY, Happening, notices
from tests.bench.desk_rows import COOKIE, Desk, desk
from tests.bench.figures import Figure, say
from tests.bench.processes import cpu_seconds
from tests.bench.rows import connected

PAGES, A_SECOND, SECONDS = 200, 50, 20
P95_MS = 1000
_REQUEST = "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nCookie: hub_session={cookie}\r\n\r\n"


@dataclass(slots=True)
class Heard:
    """Milliseconds from the commit's notice to each page, and how many pages each event came to."""

    waits: list[float] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)


def measure() -> Sequence[Figure]:
    """Each event is one NOTIFY, as a worker's transaction sends it; a page reads its stream as a browser does."""
    with desk(20_000) as served:
        spent = cpu_seconds(served.web)
        heard = uvloop.run(_told(served))
        busy = (cpu_seconds(served.web) - spent) / SECONDS * 100
    lost = PAGES * A_SECOND * SECONDS - len(heard.waits)
    return [
        Figure("live", "ms p95", statistics.quantiles(heard.waits, n=20)[-1], most=P95_MS),
        Figure("live-lost", "events", float(lost), most=0),
        Figure("live-cpu", "% of a core", busy),
    ]


async def _told(served: Desk) -> Heard:
    heard, sent = Heard(), dict[str, float]()
    streams = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(PAGES)]
    for _, writer in streams:
        writer.write(_REQUEST.format(cookie=COOKIE).encode())
    for reader, _ in streams:
        await reader.readuntil(b"retry: ")
    readers = [asyncio.create_task(_listen(reader, sent, heard)) for reader, _ in streams]
    await _warm(served, heard)
    heard.waits.clear()
    await _tell(served, sent)
    await asyncio.wait(readers, timeout=30)
    for listening, (_, writer) in zip(readers, streams, strict=True):
        listening.cancel()
        writer.close()
    say(f"live: {len(heard.waits):,} of {PAGES * A_SECOND * SECONDS:,} came")
    return heard


async def _warm(served: Desk, heard: Heard) -> None:
    """The server listens to the database from its first page on: until all pages hear a notice, nothing counts."""
    async with connected(served.url) as connection:
        for number in range(600):
            await connection.execute(NOTIFY, *notices([Happening("warm", {"id": f"w{number}"})]))
            await asyncio.sleep(0.1)
            if heard.reached.get(f"w{number}") == PAGES:
                return
    raise RuntimeError("Not every page heard of what happened within a minute")


async def _tell(served: Desk, sent: dict[str, float]) -> None:
    async with connected(served.url) as connection:
        begun = time.perf_counter()
        for number in range(A_SECOND * SECONDS):
            await asyncio.sleep(max(0.0, begun + number / A_SECOND - time.perf_counter()))
            sent[str(number)] = time.perf_counter()
            await connection.execute(NOTIFY, *notices([Happening("conversation", {"id": str(number)})]))


async def _listen(reader: asyncio.StreamReader, sent: dict[str, float], heard: Heard) -> None:
    """Until this page has heard of everything."""
    left = A_SECOND * SECONDS
    while left and (line := await reader.readline()):
        if not line.startswith(b"data: "):
            continue
        one = json.loads(line[6:])["ids"].get("id", "")
        heard.reached[one] = heard.reached.get(one, 0) + 1
        if one in sent:
            heard.waits.append((time.perf_counter() - sent[one]) * 1000)
            left -= 1
