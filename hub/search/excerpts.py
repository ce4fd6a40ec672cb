"""The part of a text that shows why it was found, its found words marked. Nothing here is markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+")
_BEFORE, _LONGEST = 60, 220
_UNMARKED = str.maketrans("łøđħıŧ", "lodhit")
_MARK = re.compile("[\u0300-\u0304\u0306-\u0308\u030a-\u030c\u0323\u0326-\u0328]")


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """The words that are marked, without their accents; the last one may be the beginning of a word."""

    words: frozenset[str]
    beginning: str = ""

    @classmethod
    def of(cls, terms: Sequence[str], *, beginning: bool = False) -> Sought:
        words = [plain(one[0]) for term in terms for one in _TOKEN.finditer(term)]
        return cls(frozenset(words), words[-1] if beginning and words else "")

    def has(self, token: str) -> bool:
        word = plain(token)
        return word in self.words or bool(self.beginning and word.startswith(self.beginning))


def plain(word: str) -> str:
    """As `plain_words` (0006_search) writes it in the database, in lower case."""
    if word.isascii():
        return word.lower()
    bare = _MARK.sub("", unicodedata.normalize("NFKD", word.lower()).translate(_UNMARKED))
    return bare.replace("ß", "ss")


def excerpt(text: str, sought: Sought) -> tuple[Piece, ...]:
    """A line of the text around its first found word; its beginning when none is found."""
    line = " ".join(text.split())
    first = next((one.start() for one in _TOKEN.finditer(line) if sought.has(one[0])), 0)
    start = line.rfind(" ", 0, first - _BEFORE) + 1 if first > _BEFORE else 0
    part = _cut(line[start:])
    head = (Piece("… "),) if start else ()
    tail = (Piece(" …"),) if start + len(part) < len(line) else ()
    return (*head, *marked(part, sought), *tail)


def _cut(line: str) -> str:
    """At a space, where there is one."""
    if len(line) <= _LONGEST:
        return line
    space = line.rfind(" ", 0, _LONGEST)
    return line[: space if space > 0 else _LONGEST]


def marked(line: str, sought: Sought) -> tuple[Piece, ...]:
    """The whole line in pieces."""
    return tuple(_pieces(line, sought))


def _pieces(line: str, sought: Sought) -> Iterator[Piece]:
    told = 0
    for one in _TOKEN.finditer(line):
        if sought.has(one[0]):
            if one.start() > told:
                yield Piece(line[told : one.start()])
            yield Piece(one[0], hit=True)
            told = one.end()
    if told < len(line):
        yield Piece(line[told:])
