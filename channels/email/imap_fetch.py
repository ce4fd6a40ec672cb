"""Reading the answer to one FETCH straight from the wire (RFC 3501 4.3, 7.4.2): lines and literals, in constant room.

The library under `imap_wire` keeps a whole answer in pieces and looks at each piece again; this reads it once.
"""

from __future__ import annotations

import asyncio
import re

_LITERAL = re.compile(rb"\{(\d{1,15})\}$")
_LONGEST_LINE = 1_000_000


class TooLarge(Exception):
    """The server sends more than it was asked for."""


class Answer:
    """Lines as bytes without their `* `, literals as bytearrays, in their order, until the line that begins with `tag`.

    A literal that is larger than the whole answer may be ends it at once, before it is read (requirement I4).
    """

    def __init__(self, tag: str, room: int) -> None:
        self._tag, self._room = tag.encode() + b" ", room
        self._buffer = bytearray()
        self._seen = 0  # of the buffer, without having found a line's end
        self._literal: int | None = None
        self.lines: list[bytes | bytearray] = []
        self.ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def feed(self, data: bytes) -> bytes:
        """What came behind the end of the answer. Raises TooLarge."""
        self._room -= len(data)
        if self._room < 0:
            raise TooLarge(f"more than was asked for came from the server: {-self._room} bytes")
        self._buffer += data
        start = 0
        while (end := self._piece(start)) is not None:
            start = end
            if self.ended.done():
                return bytes(self._buffer[start:])
        del self._buffer[:start]
        return b""

    def _piece(self, start: int) -> int | None:
        """Take the next line or literal; where it ended, None when it is not all there yet."""
        if self._literal is not None:
            end = start + self._literal
            if len(self._buffer) < end:
                return None
            self.lines.append(self._buffer[start:end])
            self._literal = None
            return end
        end = self._buffer.find(b"\r\n", start + self._seen)
        if end < 0:
            self._seen = max(0, len(self._buffer) - start - 1)
            if self._seen > _LONGEST_LINE:
                raise TooLarge("the server sends a line without end")
            return None
        self._seen = 0
        self._line(bytes(self._buffer[start:end]))
        return end + 2

    def _line(self, line: bytes) -> None:
        if line.startswith(self._tag):
            self.ended.set_result(line[len(self._tag) :])
            return
        self.lines.append(line.removeprefix(b"* "))
        if line.endswith(b"}") and (literal := _LITERAL.search(line)):
            self._literal = int(literal.group(1))
            if self._literal > self._room + len(self._buffer):
                raise TooLarge(f"the server announces {self._literal} bytes, more than was asked for")
