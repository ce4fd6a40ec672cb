"""The plain text that stands beside an HTML message: what a reader without HTML should see of it.

Paragraphs, lists, quotations, tables and links keep their sense. Linear in the length of the markup, whatever it is;
a parser that builds a tree is not (html5ever takes ten seconds for 160 kB of `<ul><li>`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"})
_LINES = frozenset({"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "address", "figure"})
_LEFT_OUT = frozenset({"script", "style", "title", "template", "noscript"})
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^>]*+>?"
    # A tag without an end costs no more than 200 attributes: a new one begins no attribute outside of quotation marks.
    r"""|<(/?)([a-zA-Z][a-zA-Z0-9]{0,20}+)((?:[^"'<>]{1,2000}+|"[^"]{0,2000}+"|'[^']{0,2000}+'){0,200}+)>"""
    r"|([^<]++|<)",
    re.DOTALL,
)
_VALUE = re.compile(r"""\s(?:href|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:|tel:)\S+\Z", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_LIMIT = 300_000
_DEEPEST = 8  # lists in lists, and quotations in quotations, that are shown as such


def of(markup: str) -> str:
    """Lines without trailing blanks, at most one empty line between them, one line end at the end."""
    page = _Page()
    for slash, tag, more, words in _tokens(markup[:_LIMIT]):
        if words:
            page.say(html.unescape(words))
        elif slash:
            page.leave(tag)
        elif tag:
            page.enter(tag, _value(more))
    return page.text()


def _tokens(markup: str) -> Iterator[tuple[str, str, str, str]]:
    """Slash, tag and attributes, or else words; nothing of what stands between tags that no reader sees."""
    position = 0
    said: list[str] = []  # words with many `<` in them are told at once: adding to a long line copies it
    while found := _TOKEN.match(markup, position):
        slash, tag, more, words = (group or "" for group in found.groups())
        position, tag = found.end(), tag.lower()
        if tag in _LEFT_OUT and not slash:
            closing = re.compile(f"</{tag}", re.IGNORECASE).search(markup, position)
            position = closing.start() if closing else len(markup)
        elif words:
            said.append(words)
        elif tag:
            yield "", "", "", "".join(said)
            said.clear()
            yield slash, tag, more, ""
    yield "", "", "", "".join(said)


def _value(attributes: str) -> str:
    found = _VALUE.search(attributes)
    return html.unescape(next(filter(None, found.groups()), "")).strip() if found else ""


class _Page:
    """The text so far: finished lines, the one being written, and the lists, quotations and link it stands in."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line, self._bullet = "", ""
        self._lists: list[int] = []  # the number of the last item; -1 where they are not numbered
        self._quotes = self._pre = 0
        self._link, self._named_from = "", (0, 0)

    def text(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n") + "\n" if any(self._lines) else ""

    def say(self, words: str) -> None:
        if self._pre:
            first, *rest = words.split("\n")
            self._line += first
            for line in rest:
                self._end_line(blank=True)
                self._line = line
            return
        words = _SPACES.sub(" ", words)
        self._line += words.lstrip(" ") if not self._line or self._line.endswith(" ") else words

    def enter(self, tag: str, value: str) -> None:
        if tag in _PARAGRAPHS and not (self._lists and tag in ("ul", "ol")):
            self._end_paragraph()
        elif tag in _LINES or tag in ("ul", "ol", "hr"):
            self._end_line()
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._bullet = self._next_bullet()
        elif tag in ("td", "th") and self._line.strip():
            self._line = self._line.rstrip() + " | "
        elif tag == "a":
            self._link, self._named_from = value if _LINK.match(value) else "", (len(self._lines), len(self._line))
        elif tag == "img" and value:
            self.say(value)
        elif tag == "br":
            self._end_line(blank=True)
        elif tag == "hr":
            self._lines += ["", "-" * 20, ""]
        self._quotes += tag == "blockquote"
        self._pre += tag == "pre"

    def leave(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag in ("ul", "ol") and self._lists:
            self._end_line()
            self._lists.pop()
        if tag in _PARAGRAPHS or tag in _LINES:
            self._end_line()
        self._quotes = max(self._quotes - (tag == "blockquote"), 0)
        self._pre = max(self._pre - (tag == "pre"), 0)
        if tag in _PARAGRAPHS and not self._lists:
            self._end_paragraph()

    def _next_bullet(self) -> str:
        if not self._lists or self._lists[-1] < 0:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _end_link(self) -> None:
        """The address behind its name, unless the name says it already or there is nothing to go to."""
        lines, column = self._named_from
        name = self._line[column:].strip() if lines == len(self._lines) else self._line.strip()
        target = self._link.removeprefix("mailto:").removeprefix("tel:")
        if target and target.rstrip("/") != name.rstrip("/"):
            self._line = f"{self._line.rstrip()} ({target})" if name else f"{self._line}{target}"
        self._link = ""

    def _end_paragraph(self) -> None:
        self._end_line()
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._quoted(""))
        elif self._lines:
            self._lines[-1] = self._quoted("")

    def _end_line(self, *, blank: bool = False) -> None:
        """With `blank`, also when nothing stands on it."""
        line, self._line = self._line.rstrip(), ""
        if not line.strip() and not blank:
            return
        depth = len(self._lists) - 1
        indent = "  " * min(max(depth, 0), _DEEPEST) + (self._bullet or ("  " if depth >= 0 else ""))
        self._bullet = ""
        self._lines.append(self._quoted(indent + line))

    def _quoted(self, line: str) -> str:
        return ("> " * min(self._quotes, _DEEPEST) + line).rstrip()
