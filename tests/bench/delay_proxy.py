"""A TCP relay that holds every byte for half a round trip: `python -m tests.bench.delay_proxy PORT TO_PORT MS`.

For machines whose kernel has no netem. Bandwidth is not limited, and connecting costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque

import uvloop


class Half(asyncio.Protocol):
    """One end of a connection; what arrives leaves at the other end `seconds` later, in order."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._loop = seconds, asyncio.get_running_loop()
        self._held: deque[tuple[float, bytes]] = deque()  # b"" is the end
        self._transport: asyncio.Transport | None = None
        self.other: Half | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._held.append((self._loop.time() + self._seconds, data))
        if len(self._held) == 1:
            self._loop.call_at(self._held[0][0], self._pass_on)

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"")

    def _pass_on(self) -> None:
        now = self._loop.time()
        while self._held and self._held[0][0] <= now:
            self._hand_over(self._held.popleft()[1])
        if self._held:
            self._loop.call_at(self._held[0][0], self._pass_on)

    def _hand_over(self, data: bytes) -> None:
        if self.other is None or self.other._transport is None or self.other._transport.is_closing():
            return
        if data:
            self.other._transport.write(data)
        else:
            self.other._transport.close()


async def relay(port: int, target: int, seconds: float) -> None:
    """For ever. `seconds` is one way."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    async def reach(near: Half) -> None:
        _, far = await loop.create_connection(lambda: Half(seconds), "127.0.0.1", target)
        near.other, far.other = far, near

    def accepted() -> Half:
        near = Half(seconds)
        task = asyncio.create_task(reach(near))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return near

    server = await loop.create_server(accepted, "127.0.0.1", port, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(relay(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2000))
