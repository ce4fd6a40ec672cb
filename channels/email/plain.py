"""The words of an HTML mail, for mails without a text part: roughly what a reader sees. Linear in its length."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_LIMIT = 1_000_000
_OPENS = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")
_BREAKS = frozenset(
    ["br", "p", "div", "tr", "li", "table", "blockquote", "pre", "hr", "ul", "ol", "h1", "h2", "h3", "h4"]
)
_HIDDEN = frozenset({"style", "script", "title"})


def text(markup: str) -> str:
    """Blocks become lines; styles, scripts, comments and the title are left out."""
    words = (
        html.unescape("".join(_pieces(re.sub(r"\s+", " ", markup[:_LIMIT]))))
        .replace("\0", "")
        .encode("utf-8", "replace")
        .decode()
    )
    lines = [line.strip() for line in words.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(markup: str) -> Iterator[str]:
    position = 0
    while opening := _OPENS.search(markup, position):
        yield markup[position : opening.start()]
        position, piece = _tag(markup, opening.start())
        yield piece
    yield markup[position:]


def _tag(markup: str, start: int) -> tuple[int, str]:
    """Where what begins with this `<` ends, and what it leaves in the text."""
    if markup.startswith("<!--", start):
        return _past(markup, "-->", start + 4), ""
    name = _NAME.match(markup, start + 1)
    end = _past(markup, ">", start)
    tag = name.group(1).lower() if name else ""
    if tag in _HIDDEN and markup[start + 1] != "/":
        closing = re.compile(f"</{tag}", re.IGNORECASE).search(markup, end)
        return (closing.start() if closing else len(markup)), ""
    return end, "\n" if tag in _BREAKS else ""


def _past(markup: str, mark: str, start: int) -> int:
    """Behind the next `mark`; the end when there is none, so that nothing is searched twice."""
    found = markup.find(mark, start)
    return found + len(mark) if found >= 0 else len(markup)
