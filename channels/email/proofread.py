"""Reading back what was written, before it leaves: the header holds the fields that were meant, and no others (F23).

The reading is strict where other readers differ: CRLF and nothing else ends a line, no control character stands in
any, so every reader finds the same fields. That all of them do is what the tests prove, with the standard library's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from channels.errors import Refused
from channels.message import Reason

_LINE_LIMIT = 998  # RFC 5322 2.1.1
_INDENT = 100  # of a line that goes on, at most
_PRINTED = bytes(range(32, 127)) + bytes(range(128, 256))
_MAILBOX = re.compile(rb'(?:(?:"(?:[^"\\\r\n]|\\[^\r\n]|\r\n )*"|[A-Za-z0-9 !#$%&\'*+\-/=?^_`{|}~]+)\r\n |'
                      rb"(?:=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=\r\n )+)?<([^<>\s]+)>\Z")  # fmt: skip

_READ = {b"To": b"to", b"Cc": b"cc"}
_LISTED = re.compile(rb"<([^<>,\s]+)>")
_LIST = re.compile(rb"<[^<>,\s]+>(?:,\r\n <[^<>,\s]+>)*\Z")


def check(head: bytes, intended: tuple[str, ...], recipient: str = "", copied: tuple[str, ...] = ()) -> None:
    """`head` is a part of the header, or all of it: the intended fields, each with its line end. Raises Refused.

    Where To is among them, it must name `recipient` and nobody else; Cc all those who are `copied`, in this order.
    """
    if head.translate(None, _PRINTED) != b"\r\n" * head.count(b"\r\n"):
        raise broken("a control character stands in its header")
    found = _form(intended).match(head)
    if found is None:
        raise broken("its header fields do not read back as intended, or a line of them is too long or blank")
    read = _MAILBOX.match(found.group("to")) if "To" in intended else None
    if (read.group(1) if read else b"") != recipient.encode():
        raise broken("its recipient does not read back as intended")
    if copied or "Cc" in intended:
        _check_copied(found.group("cc") if "Cc" in intended else b"", copied)


def _check_copied(value: bytes, copied: tuple[str, ...]) -> None:
    """A list of bare addresses and nothing besides."""
    read = _LISTED.findall(value) if _LIST.match(value) else []
    if read != [one.encode() for one in copied]:
        raise broken("those who get a copy do not read back as intended")


def broken(why: str) -> Refused:
    """For a mail that must not leave as it is."""
    return Refused(f"the mail cannot be written: {why}", reason=Reason.REJECTED, stage="compose")


@lru_cache(maxsize=256)
def _form(intended: tuple[str, ...]) -> re.Pattern[bytes]:
    """These fields, in this order, and nothing besides, in lines that are not too long.

    A line may go on with what the one above says; for some readers a blank one ends the header, even if it begins
    with a space.
    """
    return re.compile(b"".join(_field(name.encode()) for name in intended) + rb"\Z")


def _field(name: bytes) -> bytes:
    first = rb"[^\r]{0,%d}+" % (_LINE_LIMIT - len(name) - 2)
    more = rb"\r\n {1,%d}+[^\r ][^\r]{0,%d}+" % (_INDENT, _LINE_LIMIT - _INDENT - 1)
    value = rb"%b(?:%b)*+" % (first, more)
    group = _READ.get(name)
    return rb"%b: %b\r\n" % (re.escape(name), rb"(?P<%b>%b)" % (group, value) if group else value)
