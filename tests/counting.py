"""A mail server that counts every mail before it says that it took it. Speaks what senders need of RFC 5321, 2920."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.IGNORECASE | re.MULTILINE)
_ANSWERS = {
    b"EHLO": b"250-counting.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 30000000\r\n",
    b"HELO": b"250 counting.example\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass
class Counting:
    """`taken` counts mails by Message-ID. `counted` is called after each, before the sender hears of it."""

    taken: Counter[str] = field(default_factory=Counter)
    counted: Callable[[], None] = lambda: None

    def take(self, raw: bytes) -> None:
        found = _MESSAGE_ID.search(raw)
        self.taken[found[1].decode() if found else "none"] += 1
        self.counted()


class _Session(asyncio.Protocol):
    def __init__(self, counting: Counting) -> None:
        self._counting, self._waiting, self._in_data = counting, bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 counting.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Take one command, or one mail, off what has come in; False when it is not whole yet."""
        end = b"\r\n.\r\n" if self._in_data else b"\r\n"
        at = self._waiting.find(end)
        if at < 0:
            return False
        part = bytes(self._waiting[:at])
        del self._waiting[: at + len(end)]
        if self._in_data:
            self._counting.take(part)
            self._in_data = False
            self._transport.write(b"250 2.0.0 Ok: counted\r\n")
        else:
            verb = part[:4].upper()
            self._in_data = verb == b"DATA"
            self._transport.write(_ANSWERS.get(verb, b"502 5.5.1 not known here\r\n"))
            if verb == b"QUIT":
                self._transport.close()
        return True


@asynccontextmanager
async def counting() -> AsyncIterator[tuple[Counting, int]]:
    """The server, and its port on loopback."""
    counts = Counting()
    server = await asyncio.get_running_loop().create_server(lambda: _Session(counts), "127.0.0.1", 0)
    try:
        yield counts, server.sockets[0].getsockname()[1]
    finally:
        server.close()
