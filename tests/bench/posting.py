"""A client that costs little: keep-alive connections, each posting one prepared request after the other."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def request(port: int, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of one POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def post_all(port: int, requests: Sequence[bytes], *, connections: int) -> tuple[float, Counter[int]]:
    """Seconds it took, and how often each status came."""
    statuses: Counter[int] = Counter()
    waiting = iter(requests)
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, waiting, statuses) for _ in range(connections)))
    return time.perf_counter() - began, statuses


async def _connection(port: int, waiting: Iterator[bytes], statuses: Counter[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for one in waiting:
            writer.write(one)
            head = await reader.readuntil(b"\r\n\r\n")
            if length := _LENGTH.search(head):
                await reader.readexactly(int(length.group(1)))
            statuses[int(head[9:12])] += 1
    finally:
        writer.close()
