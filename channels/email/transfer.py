"""Undoing what mail does to bytes on their way: base64, quoted-printable, uuencode (RFC 2045 6, POSIX uuencode)."""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_WHITE = b" \t\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=" + _WHITE
_NAMES = {"quotedprintable": "quoted-printable", "uuencode": "x-uuencode", "x-uue": "x-uuencode", "uue": "x-uuencode"}
_OPAQUE = re.compile(r"[^a-z0-9-]")
_UU_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,300})\r?$", re.MULTILINE)
_UU_LINE = re.compile(rb"[ -`]{1,90}\Z")
_MAX_FILES = 100


class Enclosed(NamedTuple):
    """A file that stood in a text as uuencode."""

    name: bytes
    content: bytes


def named(stated: str) -> str:
    """The encoding's name, freed from what people put around it (` quoted-printable;`, `7-bit`)."""
    name = _OPAQUE.sub("", stated.lower().partition(";")[0])
    return _NAMES.get(name, name)


def undone(body: bytes, encoding: str) -> bytes:
    """The content of a body. An encoding nobody knows leaves it as it came (RFC 2045 6.4). Never raises."""
    if encoding == "base64":
        return unbase64(body)
    if encoding == "quoted-printable":
        return unquoted(body)
    if encoding == "x-uuencode":
        return uudecoded(body)
    return body


def unbase64(data: bytes) -> bytes:
    """Base64 as it is found: characters from elsewhere dropped, padding mended, several padded pieces in a row."""
    try:
        return binascii.a2b_base64(data.translate(None, _WHITE), strict_mode=True)  # what is in order, as most is
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
    stripped = clean.rstrip(b"=")
    pieces = [stripped] if b"=" not in stripped else [piece for piece in stripped.split(b"=") if piece]
    return b"".join(map(_piece, pieces))


def is_base64(data: bytes) -> bool:
    """False when that body was plainly never encoded, whatever its header says: a gateway took the encoding off."""
    looked_at = data[:4096]
    if not looked_at.translate(None, _BASE64):
        return True
    strange = sum(len(run.strip(_WHITE)) for run in _NOT_BASE64.findall(looked_at))
    return strange * 20 <= len(looked_at)


def unquoted(data: bytes) -> bytes:
    """White space at the end of a line was added on the way and is no content (RFC 2045 6.7 rule 3)."""
    if b" \r\n" in data or b" \n" in data or b"\t\r\n" in data or b"\t\n" in data:
        data = b"\n".join(_trimmed(line) for line in data.split(b"\n"))
    return binascii.a2b_qp(data)


def uudecoded(body: bytes) -> bytes:
    """The first file between `begin` and `end`, or all lines when there is no `begin`."""
    begin = _UU_BEGIN.search(body)
    start = begin.end() if begin else 0
    while body[start : start + 1] in (b"\r", b"\n"):
        start += 1
    return _uu(body, start, based=bool(begin and begin.group(1)))[0]


def enclosed(body: bytes) -> tuple[bytes, list[Enclosed]]:
    """The text without its uuencoded files, and the files. What only looks like one stays text."""
    files: list[Enclosed] = []
    kept: list[bytes] = []
    position = 0
    while len(files) < _MAX_FILES and (begin := _UU_BEGIN.search(body, position)):
        start = begin.end() + (body[begin.end() : begin.end() + 1] == b"\n")
        content, after = _uu(body, start, based=bool(begin.group(1)))
        if after > len(body):
            break  # nothing ends from here on: looking again at every `begin` would never be done
        if not after or not content:
            kept.append(body[position : begin.end()])
            position = begin.end()
            continue
        kept.append(body[position : begin.start()])
        files.append(Enclosed(begin.group(2).strip(), content))
        position = after
    return b"".join([*kept, body[position:]]), files


def _piece(data: bytes) -> bytes:
    whole = data[: len(data) - (len(data) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _trimmed(line: bytes) -> bytes:
    return line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")


def _uu(body: bytes, start: int, *, based: bool) -> tuple[bytes, int]:
    """What the lines from `start` hold up to their `end`, and where that ends.

    0: something else came before the end; past the body: no end came.
    """
    out: list[bytes] = []
    while start < len(body):
        after = body.find(b"\n", start) + 1 or len(body)
        bare = body[start:after].rstrip(b"\r\n")
        start = after
        if bare.strip() in (b"end", b"===="):
            return b"".join(out), after
        if not based and bare and not _UU_LINE.match(bare):
            return b"".join(out), 0
        out.append(unbase64(bare) if based else _uu_line(bare))
    return b"".join(out), len(body) + 1


def _uu_line(line: bytes) -> bytes:
    """Trailing blanks may be lost on the way, and some writers add a character too many."""
    if not line:
        return b""
    length = (line[0] - 32) & 63
    wanted = 1 + (length * 4 + 2) // 3
    try:
        return binascii.a2b_uu(line[:1] + line[1:wanted].ljust(wanted - 1, b" "))
    except binascii.Error:
        return b""
