"""The header block of a mail as it came: fields in order, raw values, and their text (RFC 5322, 2047, 6532)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from channels.email.charsets import decode

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)\Z", re.DOTALL)
_LINES = re.compile(rb"\r\n|\n|\r")
_FOLD = re.compile(rb"(?:\r\n|\n|\r)(?=[ \t])")


class _Word(NamedTuple):
    """One encoded word, or (charset "") a run of plain bytes."""

    charset: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Headers:
    """All fields of one header block. Names are lower case; values are raw bytes, unfolded."""

    fields: tuple[tuple[str, bytes], ...]
    fallback: str = ""  # the charset the body declares, for raw 8-bit values

    def all(self, name: str) -> list[bytes]:
        return [value for field, value in self.fields if field == name]

    def raw(self, name: str) -> bytes:
        """The first field of that name, or nothing."""
        return next((value for field, value in self.fields if field == name), b"")

    def text(self, name: str) -> str:
        """The first field of that name, decoded."""
        return words(self.raw(name), self.fallback)

    def plain(self, name: str) -> str:
        """Without decoding encoded words: for structured fields, decoded only after they are split."""
        return decode(self.raw(name), "", self.fallback).strip()


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the rest. Blank lines and an mbox `From ` line in front are skipped (M1)."""
    return split_part(raw[_beginning(raw) :])


def split_part(raw: bytes) -> tuple[bytes, bytes]:
    """The same for a part inside a mail, where a blank line at the start means that there is no header."""
    if raw[:1] in (b"\n", b"\r"):
        return b"", raw[2 if raw.startswith(b"\r\n") else 1 :]
    ends = [(i, len(mark)) for mark in (b"\r\n\r\n", b"\n\n", b"\r\r", b"\n\r\n") if (i := raw.find(mark)) >= 0]
    if not ends:
        return raw, b""
    at, length = min(ends)
    return raw[:at], raw[at + length :]


def parse(block: bytes, fallback: str = "") -> Headers:
    """Lines that are no fields are dropped; a field's value may be folded over any number of lines."""
    unfolded = _FOLD.sub(b"", block)
    matches = (_FIELD.match(line) for line in _LINES.split(unfolded))
    return Headers(tuple((m.group(1).decode().lower(), m.group(2).rstrip()) for m in matches if m), fallback)


def words(value: bytes, fallback: str = "") -> str:
    """Text of an unstructured value. Adjacent words of one charset are one run of bytes before they are decoded."""
    runs: list[_Word] = []
    for word in _words(value):
        if runs and runs[-1].charset == word.charset:
            runs[-1] = _Word(word.charset, runs[-1].data + word.data)
        else:
            runs.append(word)
    return _spaced("".join(decode(run.data, run.charset, fallback) for run in runs))


def _words(value: bytes) -> Iterator[_Word]:
    """Linear: every search goes on where the last one ended."""
    position = 0
    while (found := _next_word(value, position)) is not None:
        start, end, word = found
        between = value[position:start]
        if between.strip(b" \t\r\n") or not position:  # white space between two encoded words is no text
            yield _Word("", between)
        yield word
        position = end
    if position < len(value):
        yield _Word("", value[position:])


def _next_word(value: bytes, position: int) -> tuple[int, int, _Word] | None:
    while (start := value.find(b"=?", position)) >= 0:
        first = value.find(b"?", start + 2)
        if first < 0 or value.find(b"?=", first + 3) < 0:
            return None
        charset, kind = value[start + 2 : first], value[first + 1 : first + 2].lower()
        if kind in (b"q", b"b") and value[first + 2 : first + 3] == b"?" and len(charset) < 60:
            end = value.find(b"?=", first + 3)
            label = charset.decode("ascii", "replace").partition("*")[0].lower() or "utf-8"  # RFC 2231 5: language
            return start, end + 2, _Word(label, _unpack(value[first + 3 : end], kind))
        position = start + 2
    return None


def _unpack(data: bytes, kind: bytes) -> bytes:
    if kind == b"q":
        return binascii.a2b_qp(data.replace(b"\r", b"").replace(b"\n", b""), header=True)
    return unbase64(data)


def unbase64(data: bytes) -> bytes:
    """Base64 as it is found: characters from elsewhere dropped, padding mended, several padded pieces in a row."""
    clean = re.sub(rb"[^A-Za-z0-9+/=]", b"", data)
    if b"=" not in clean.rstrip(b"="):
        body = clean.rstrip(b"=")
        return binascii.a2b_base64(body[: len(body) - (len(body) % 4 == 1)] + b"=" * (-len(body) % 4))
    pieces = [piece for piece in clean.split(b"=") if piece]
    return b"".join(binascii.a2b_base64(p[: len(p) - (len(p) % 4 == 1)] + b"=" * (-len(p) % 4)) for p in pieces)


def _beginning(raw: bytes) -> int:
    start = len(raw) - len(raw.lstrip(b"\r\n \t")) if raw[:1] in (b"\r", b"\n", b" ", b"\t") else 0
    if raw[start : start + 5] in (b"From ", b">From"):
        line_end = raw.find(b"\n", start)
        return line_end + 1 if line_end >= 0 else start
    return start


def _spaced(text: str) -> str:
    return re.sub(r"[\r\n\t ]+", " ", text).strip()
