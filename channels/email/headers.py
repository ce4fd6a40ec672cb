"""The header block of a mail as it came: fields in order, raw values, and their text (RFC 5322, 2047, 6532)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from channels.email.charsets import decode
from channels.email.transfer import unbase64

MAX_HEADER_BLOCK = 256 * 1024
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)\Z", re.DOTALL)
_FIELDS = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:[ \t]*([^\n]*)", re.MULTILINE)
_LINES = re.compile(rb"\r\n|\n|\r")
_SPACE = re.compile(r"[\r\n\t ]+")


class _Word(NamedTuple):
    """One encoded word, or (charset "") a run of plain bytes."""

    charset: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Headers:
    """All fields of one header block. Names are lower case; values are raw bytes, unfolded."""

    fields: tuple[tuple[str, bytes], ...]
    fallback: str = ""  # the charset the body declares, for raw 8-bit values
    _first: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._first.update(reversed(self.fields))

    def has(self, *names: str) -> bool:
        """Whether there is a field of any of these names."""
        return not self._first.keys().isdisjoint(names)

    def all(self, name: str) -> list[bytes]:
        if name not in self._first:
            return []
        return [value for stated, value in self.fields if stated == name]

    def raw(self, name: str) -> bytes:
        """The first field of that name, or nothing."""
        return self._first.get(name, b"")

    def last(self, name: str) -> bytes:
        """The last field of that name: of two Content-Types, what stood nearer to the content is believed."""
        if name in self._first:
            for stated, value in reversed(self.fields):
                if stated == name:
                    return value
        return b""

    def text(self, name: str) -> str:
        """The first field of that name, decoded."""
        return words(self.raw(name), self.fallback)

    def plain(self, name: str) -> str:
        """Without decoding encoded words: for structured fields, decoded only after they are split."""
        value = self.raw(name)
        return decode(value, "", self.fallback).strip() if value else ""


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the rest. Blank lines and an mbox `From ` line in front are skipped (M1)."""
    block, body = block_at(raw, beginning(raw), inside=False)
    return block, raw[body:]


def block_at(raw: bytes, start: int, *, inside: bool) -> tuple[bytes, int]:
    """The header block beginning at `start`, and where its body begins. Looks no further than a block may be long.

    `inside` a mail, a blank line at the start means that there is no header.
    """
    if inside and raw[start : start + 1] in (b"\n", b"\r"):
        return b"", start + 1 + (raw[start : start + 2] == b"\r\n")
    end = _blank_line(raw, start, start + MAX_HEADER_BLOCK + 4)
    if end:
        return raw[start : end[0]], end[1]
    rest = raw[start : start + MAX_HEADER_BLOCK + 1]
    if len(rest) > MAX_HEADER_BLOCK and not _FIELD.match(_LINES.split(rest, maxsplit=1)[0]):
        return b"", start  # no header: text without a blank line in it
    return rest, min(start + len(rest), len(raw))


def _blank_line(raw: bytes, start: int, limit: int) -> tuple[int, int] | None:
    """Where the block ends and where the body begins; lines may end in CRLF, LF, a mix of them, or CR."""
    mixed = raw.find(b"\n\r\n", start, limit)
    plain = raw.find(b"\n\n", start, mixed if mixed >= 0 else limit)
    if plain >= 0:
        return plain, plain + 2
    if mixed >= 0:
        return mixed - (raw[mixed - 1 : mixed] == b"\r"), mixed + 3
    old = raw.find(b"\r\r", start, limit) if raw.find(b"\n", start, limit) < 0 else -1
    return (old, old + 2) if old >= 0 else None


def parse(block: bytes, fallback: str = "") -> Headers:
    """Lines that are no fields are dropped; a field's value may be folded over any number of lines."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found = _FIELDS.findall(block.replace(b"\n ", b" ").replace(b"\n\t", b"\t"))
    return Headers(tuple([(_lower(name), value.rstrip()) for name, value in found]), fallback)


@lru_cache(maxsize=1024)  # the same few names stand in every mail
def _lower(name: bytes) -> str:
    return name.decode().lower()


def words(value: bytes, fallback: str = "") -> str:
    """Text of an unstructured value. Adjacent words of one charset are one run of bytes before they are decoded."""
    if not value:
        return ""
    if b"=?" not in value:
        return _spaced(decode(value, "", fallback))
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


def beginning(raw: bytes) -> int:
    """Where the first header field stands, behind blank lines and an mbox `From ` line (M1)."""
    start = len(raw) - len(raw.lstrip(b"\r\n \t")) if raw[:1] in (b"\r", b"\n", b" ", b"\t") else 0
    if raw[start : start + 5] in (b"From ", b">From"):
        line_end = raw.find(b"\n", start)
        return line_end + 1 if line_end >= 0 else start
    return start


def _spaced(text: str) -> str:
    if text.isprintable() and "  " not in text:
        return text.strip(" ")  # as nearly all are: no other white space can be printed
    return _SPACE.sub(" ", text).strip()
