"""Address lists as people and programs write them (RFC 5322 3.4 and 4.4): names, groups, comments, and worse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from channels import address
from channels.email.headers import Headers, words

MAX_ADDRESSES = 2_000
_LONGEST = 254
_PIECES = re.compile(rb'"(?:[^"\\]|\\.)*"?|\\.|[<>,;:()@\\]|[^"<>,;:()@\\]+', re.DOTALL)
_USUAL = re.compile(rb"([A-Za-z0-9 ._&'!+/-]*)<([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)>")
_COMMENT = re.compile(rb"\([^()]*\)")
_FINDABLE = re.compile(r"[^\s<>()\[\],;:\"'@]+@[^\s<>()\[\],;:\"'@]+")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address as it was written (domain and local part unchanged), and its name."""

    address: str
    name: str = ""


def parse(value: bytes, fallback: str = "") -> tuple[Mailbox, ...]:
    """Every mailbox in an address list; group names and what is no address are dropped. Linear in `value`."""
    if usual := _USUAL.fullmatch(value):
        return (Mailbox(usual[2].decode(), " ".join(usual[1].decode().split())),)
    found: list[Mailbox] = []
    for item in _items(value):
        mailbox = _mailbox(item, fallback)
        if mailbox is not None:
            found.append(mailbox)
        if len(found) > MAX_ADDRESSES:
            break
    return tuple(found)


def of(headers: Headers, *names: str) -> tuple[Mailbox, ...]:
    """All mailboxes in all fields of these names."""
    if not headers.has(*names):
        return ()
    return tuple(mailbox for name in names for value in headers.all(name) for mailbox in parse(value, headers.fallback))


@lru_cache(maxsize=512)  # our own stands in every mail
def canonical(text: str) -> str:
    """The one spelling, or what was written when it is not quite an address (better shown than lost).

    Never longer than an address may be (RFC 5321 4.5.3.1.3): kilobytes of it fit into no index.
    """
    try:
        return address.mail(text)
    except address.BadAddress:
        return " ".join(text.split())[:_LONGEST]


@dataclass(slots=True)
class _Item:
    """One list element while it is read: what stood before the angle, in it, and in comments."""

    phrase: list[bytes]
    angle: list[bytes] | None = None
    comments: list[bytes] | None = None


def _items(value: bytes) -> list[_Item]:
    items, item, depth, in_angle = [], _Item([]), 0, False
    for match in _PIECES.finditer(value):
        piece = match.group()
        if piece == b"(" and not in_angle:
            depth += 1
        elif piece == b")" and depth:
            depth -= 1
        elif depth:
            item.comments = [*(item.comments or [])[:20], piece]
        elif piece == b"<" and item.angle is None:
            item.angle, in_angle = [], True
        elif piece == b">":
            in_angle = False
        elif in_angle and item.angle is not None:
            item.angle.append(piece)
        elif piece in (b",", b";"):
            items.append(item)
            item = _Item([])
        elif piece == b":" and item.angle is None and not _has_at(item.phrase):
            item = _Item([])  # the name of a group
        else:
            item.phrase.append(piece)
    return [*items, item]


def _has_at(pieces: list[bytes]) -> bool:
    return b"@" in pieces


def _mailbox(item: _Item, fallback: str) -> Mailbox | None:
    if item.angle is not None:
        inside = _COMMENT.sub(b"", b"".join(item.angle)).strip(b"<> \t")
        spec = words(inside, fallback).rpartition(":")[2]  # obsolete route: <@a,@b:c@d>
        return _made(spec, _name(item.phrase, fallback) or _name(item.comments or [], fallback))
    bare = b"".join(item.phrase).strip()
    if b"@" not in bare:
        return None
    if bare[:1] != b'"':
        joined = _without_blanks(bare)  # obsolete: jdoe@test . example
        bare = bare if b" " in joined else joined
    elif b'"@' in bare:
        return _made(words(bare, fallback), _name(item.comments or [], fallback))
    if b" " in bare or b"=?" in bare:
        return _loose(words(bare, fallback))
    return _made(words(bare, fallback), _name(item.comments or [], fallback))


def _without_blanks(bare: bytes) -> bytes:
    for mark in (b"@", b"."):
        bare = mark.join(piece.strip(b" \t") for piece in bare.split(mark))
    return bare


def _loose(text: str) -> Mailbox | None:
    """`Ana ana@example.com` and other freehand."""
    found = _FINDABLE.search(text)
    if not found:
        return _made(text.replace(" ", ""), "")
    name = (text[: found.start()] + text[found.end() :]).strip(" \"'")
    return Mailbox(found.group(), name)


def _made(spec: str, name: str) -> Mailbox | None:
    spec = spec.strip().strip("'").replace(" ", "") if '"' not in spec else spec.strip()
    local, at, domain = spec.rpartition("@")
    if not at or not domain:
        return Mailbox(spec, name) if spec and name.strip() else None
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Mailbox(f"{local}@{domain}", name)


def _name(pieces: list[bytes], fallback: str) -> str:
    """Quotes gone, escapes undone, encoded words decoded even where they should not stand (in quotes)."""
    joined = b"".join(re.sub(rb"\\(.)", rb"\1", p[1:].removesuffix(b'"')) if p[:1] == b'"' else p for p in pieces)
    return words(joined, fallback).strip()
