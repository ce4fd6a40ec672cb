"""Where plain text holds what a reader would click: web addresses and mail addresses. Linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_LONGEST = 2_000
_LINK = re.compile(
    rf"""(?<![\w@./-])(?:
      (?P<web>https?://[^\s<>"“”«»]{{1,{_LONGEST}}})
    | (?P<bare>www\.[^\s<>"“”«»]{{1,{_LONGEST}}})
    | (?P<mail>[\w.+-]{{1,64}}@(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,63}}(?![\w@]))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)
_UNFIT = frozenset(' "<>\\')
_BEHIND = ".,;:!?'’…*_~"
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Link:
    """`text[start:end]` leads to `url` (http, https or mailto)."""

    start: int
    end: int
    url: str


def is_page(url: str) -> bool:
    """An https address at a named host, with nothing in it that ends a piece of HTML or a header."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & _UNFIT
    return plain and parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


def find(text: str) -> Iterator[Link]:
    """The links of a text, from left to right. What ends a sentence or closes a bracket around one is no part of it."""
    for found in _LINK.finditer(text):
        words = found.group() if found["mail"] else _trimmed(found.group())
        scheme = "mailto:" if found["mail"] else "http://" if found["bare"] else ""
        if len(words) > len("https://"):
            yield Link(found.start(), found.start() + len(words), scheme + words)


def _trimmed(words: str) -> str:
    end = len(words)
    unclosed = {closing: words.count(closing) - words.count(opening) for closing, opening in _PAIRS.items()}
    while end and (words[end - 1] in _BEHIND or unclosed.get(words[end - 1], 0) > 0):
        end -= 1
        if words[end] in unclosed:
            unclosed[words[end]] -= 1
    return words[:end]
