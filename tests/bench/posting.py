"""A client that costs little: keep-alive connections, each posting one prepared request after the other."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def request(port: int, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of one POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class Posted:
    """What came of many requests: `waits` are the seconds to each answer, `again` those that were answered 503."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    again: list[bytes] = field(default_factory=list)

    def wait(self, percent: int) -> float:
        """So many of a hundred were answered within these seconds."""
        return sorted(self.waits)[max(0, len(self.waits) * percent // 100 - 1)]


async def post_all(port: int, requests: Sequence[bytes], *, connections: int) -> Posted:
    """Post each request once, as fast as the other side answers."""
    posted, waiting = Posted(), iter(requests)
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, waiting, posted) for _ in range(connections)))
    posted.seconds = time.perf_counter() - began
    return posted


async def post_paced(port: int, requests: Sequence[bytes], *, connections: int, rate: float) -> Posted:
    """Post so many a second, come what may: a wait counts from the moment at which the request was due."""
    posted, due = Posted(), asyncio.Queue[tuple[float, bytes]]()
    began = time.perf_counter()
    for number, one in enumerate(requests):
        due.put_nowait((began + number / rate, one))
    await asyncio.gather(*(_when_due(port, due, posted) for _ in range(connections)))
    posted.seconds = time.perf_counter() - began
    return posted


async def _when_due(port: int, due: asyncio.Queue[tuple[float, bytes]], posted: Posted) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while not due.empty():
            moment, one = due.get_nowait()
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            await _exchange(reader, writer, one, posted, moment)
    finally:
        writer.close()


async def _connection(port: int, waiting: Iterator[bytes], posted: Posted) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for one in waiting:
            await _exchange(reader, writer, one, posted, time.perf_counter())
    finally:
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, one: bytes, posted: Posted, began: float
) -> None:
    writer.write(one)
    head = await reader.readuntil(b"\r\n\r\n")
    if length := _LENGTH.search(head):
        await reader.readexactly(int(length.group(1)))
    status = int(head[9:12])
    posted.statuses[status] += 1
    if status == 503:
        posted.again.append(one)
    posted.waits.append(time.perf_counter() - began)
