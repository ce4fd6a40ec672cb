"""Reading back what was written, before it leaves: the header holds the fields that were meant, and no others (F23).

The reading is strict where other readers differ: CRLF and nothing else ends a line, no control character stands in
any, so every reader finds the same fields. That all of them do is what the tests prove, with the standard library's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.errors import Refused
from channels.message import Reason

_LINE_LIMIT = 998  # RFC 5322 2.1.1
_PRINTED = bytes(range(32, 127)) + bytes(range(128, 256))
_MAILBOX = re.compile(rb'(?:(?:"(?:[^"\\\r\n]|\\[^\r\n]|\r\n )*"|[A-Za-z0-9 !#$%&\'*+\-/=?^_`{|}~]+)\r\n |'
                      rb"(?:=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=\r\n )+)?<([^<>\s]+)>\Z")  # fmt: skip


def check(head: bytes, intended: Sequence[str], recipient: str) -> None:
    """`head` is the header block with its last line end. Raises Refused."""
    lines = head.split(b"\r\n")
    if lines.pop() or not _are_sound(lines):
        raise broken("a line of its header is too long, blank, or holds a control character")
    if [line.partition(b":")[0] for line in lines if line[:1] != b" "] != [name.encode() for name in intended]:
        raise broken("its header fields do not read back as intended")
    read = _MAILBOX.match(_value(head, b"To"))
    if read is None or read.group(1) != recipient.encode():
        raise broken("its recipient does not read back as intended")


def broken(why: str) -> Refused:
    """For a mail that must not leave as it is."""
    return Refused(f"the mail cannot be written: {why}", reason=Reason.REJECTED, stage="compose")


def _are_sound(lines: list[bytes]) -> bool:
    """A line that is not the first may go on with what the one above says; for some readers a blank one ends the
    header, even if it begins with a space."""
    return (
        lines[0][:1] != b" "
        and not b"".join(lines).translate(None, _PRINTED)
        and max(map(len, lines)) <= _LINE_LIMIT
        and all(map(bytes.strip, lines))
    )


def _value(head: bytes, name: bytes) -> bytes:
    """The field's value with its folding."""
    start = head.find(b"\r\n%b: " % name) + len(name) + 4
    end = head.find(b"\r\n", start)
    while head[end + 2 : end + 3] == b" ":
        end = head.find(b"\r\n", end + 2)
    return head[start:end]
