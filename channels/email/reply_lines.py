"""Putting a server's replies together from the bytes that arrive (RFC 5321 4.2), within limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 65_536  # bytes of one reply, all its lines; RFC 5321 4.5.3.1.5 knows lines of 512
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?\Z", re.DOTALL)


class NoReply(Exception):
    """What arrived is no SMTP: nothing that follows on this connection can be believed."""


class Reply(NamedTuple):
    code: int
    words: bytes  # the lines of a long one are joined by line feeds

    @property
    def text(self) -> str:
        return self.words.decode("utf-8", "replace")


class ReplyReader:
    """Holds what is not yet a whole reply."""

    def __init__(self) -> None:
        self._rest, self._held = b"", 0
        self._lines: list[bytes] = []
        self._code = b""

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that are complete now, one by one. Raises NoReply where the nonsense begins."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if len(line) < 512 and line.startswith(b"250 ") and not self._code:  # nearly all of them
                yield Reply(250, line[4:].rstrip(b"\r"))
            elif (reply := self._take(line.removesuffix(b"\r"))) is not None:
                yield reply
        if self._held + len(self._rest) > LONGEST:
            raise NoReply("a reply without end")

    def _take(self, line: bytes) -> Reply | None:
        """None while more lines of the same reply are announced."""
        found = _REPLY.match(line)
        if found is None or (self._code and found[1] != self._code):
            raise NoReply(f"unexpected reply {line[:200].decode('utf-8', 'replace')}")
        code, sign, text = found.groups()
        self._lines.append(text or b"")
        self._held += len(line)
        if self._held > LONGEST:
            raise NoReply("a reply without end")
        if sign == b"-":
            self._code = code
            return None
        whole, self._lines, self._code, self._held = b"\n".join(self._lines), [], b"", 0
        return Reply(int(code), whole)
