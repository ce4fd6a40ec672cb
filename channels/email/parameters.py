"""Structured fields with parameters: Content-Type and Content-Disposition (RFC 2045, RFC 2231; RFC 2047 misused)."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from functools import lru_cache

from channels.email.charsets import decode
from channels.email.headers import words

_MAX_PARAMETERS = 300
_USUAL = 120
_PARAMETER = re.compile(rb"""[;\s]*([^=;\s"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)""", re.DOTALL)
_NUMBERED = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """The value in front, and the parameters with continuations joined (RFC 2231 3)."""

    value: str
    parameters: dict[str, str]
    raws: dict[str, bytes]

    def text(self, name: str) -> str:
        return self.parameters.get(name, "")

    def raw(self, name: str) -> bytes:
        return self.raws.get(name, b"")


def field_of(value: bytes) -> Field:
    """Never raises. Over 300 parameters the rest is dropped; 20,000 continuations are a known attack."""
    return _known(value) if len(value) < _USUAL else _read(value)


def _read(value: bytes) -> Field:
    front, _, rest = value.partition(b";")
    raws: dict[str, bytes] = {}
    for match in _PARAMETER.finditer(rest):
        raws.setdefault(match.group(1).decode("ascii", "replace").lower(), _unquoted(match.group(2)))
        if len(raws) >= _MAX_PARAMETERS:
            break
    return Field(_uncommented(front), _joined(raws), raws)


_known = lru_cache(maxsize=256)(_read)  # most parts of most mails say the same few things


def _unquoted(raw: bytes) -> bytes:
    raw = raw.strip()
    if raw[:1] == b'"':
        # a file name such as "C:\new.txt" is no escape: only quotes and backslashes are
        bare = raw[1:].removesuffix(b'"')
        return re.sub(rb'\\(["\\])', rb"\1", bare) if b"\\" in bare else bare
    return raw.split(b" (")[0].strip()


def _uncommented(front: bytes) -> str:
    said = decode(front)
    return (re.sub(r"\([^()]*\)", "", said) if "(" in said else said).strip().strip('"').lower()


def _joined(raws: dict[str, bytes]) -> dict[str, str]:
    pieces: dict[str, list[tuple[int, bool, bytes]]] = {}
    plain: dict[str, str] = {}
    for name, raw in raws.items():
        match = _NUMBERED.match(name)
        if not match:
            continue
        if match.group(2) is None and match.group(3) is None:
            plain[name] = words(raw) if b"=?" in raw else decode(raw).strip()
        else:
            pieces.setdefault(match.group(1), []).append((int(match.group(2) or 0), bool(match.group(3)), raw))
    return plain | {name: _continued(sorted(parts)) for name, parts in pieces.items()}


def _continued(parts: list[tuple[int, bool, bytes]]) -> str:
    """charset'language'percent-encoded, in numbered pieces, each of them encoded or not."""
    charset = ""
    if parts[0][1] and parts[0][2].count(b"'") >= 2:
        label, _, first = parts[0][2].split(b"'", 2)
        charset = label.decode("ascii", "replace")
        parts = [(parts[0][0], True, first), *parts[1:]]
    data = b"".join(urllib.parse.unquote_to_bytes(raw) if encoded else raw for _, encoded, raw in parts)
    return words(data) if b"=?" in data else decode(data, charset).strip()
