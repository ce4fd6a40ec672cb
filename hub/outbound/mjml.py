"""Mails written in MJML, made into the tables and styles that mail programs understand. Done when a text is saved.

What Jinja2 is to fill in stays as it is: it is hidden while the design is worked out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html.parser import HTMLParser

import mrml

from hub.outbound import holes, styles
from hub.sentences import Sentence

# One within another may be as many as these: the compiler's stack is known to hold them (tests/hub/outbound/test_mjml).
MOST_ELEMENTS = 1_000
_LETTERS = 100_000
_MARK = re.compile(r"<!--\s*jinja(\d{1,5})\s*-->|jinja(\d{1,5})x")
_PLAIN = mrml.RenderOptions(disable_comments=False, social_icon_origin=None, fonts={})  # no fonts from elsewhere
_ALONE = mrml.ParserOptions(include_loader=mrml.noop_loader())
ELEMENTS = frozenset(
    {"mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-preview", "mj-style"}
    | {"mj-title", "mj-font", "mj-html-attributes", "mj-selector", "mj-html-attribute", "mj-section", "mj-column"}
    | {"mj-wrapper", "mj-group", "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-hero"}
    | {"mj-raw", "mj-social", "mj-social-element", "mj-navbar", "mj-navbar-link", "mj-accordion", "mj-carousel"}
    | {"mj-accordion-element", "mj-accordion-title", "mj-accordion-text", "mj-carousel-image"}
)


class MjmlProblem(Exception):
    """It cannot be made into a mail; `line` (0: all of it) and `said` tell where, why and what to do."""

    def __init__(self, line: int, said: Sentence) -> None:
        self.line, self.said = line, said
        super().__init__(said)


@lru_cache(maxsize=64)
def compiled(source: str) -> str:
    """The HTML of a mail, its styles in its elements, media queries kept. Raises MjmlProblem."""
    _check(source)
    kept: list[str] = []
    marked = _hidden(source, kept)
    try:
        html = mrml.to_html(marked, _ALONE, _PLAIN).content
    except OSError as e:
        unread = Sentence("MJML cannot read this. Close every element as it was opened, and keep text in mj-text")
        raise MjmlProblem(_line(str(e), source), unread) from e
    return _filled(styles.inlined(html), source, kept)


def _hidden(source: str, kept: list[str]) -> str:
    """Within a tag a word stands for it, elsewhere a comment, which may stand between sections too."""

    def hide(piece: str, start: int) -> str:
        kept.append(piece)
        number = len(kept) - 1
        within = source.rfind("<", 0, start) > source.rfind(">", 0, start)
        return f"jinja{number}x" if within else f"<!--jinja{number}-->"

    return holes.replaced(source, hide)


def _filled(html: str, source: str, kept: list[str]) -> str:
    """In one walk. Raises MjmlProblem for what was left out."""
    seen = set[int]()

    def show(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        seen.add(number)
        return kept[number] if number < len(kept) else found.group()

    shown = _MARK.sub(show, html)
    if (lost := next((number for number in range(len(kept)) if number not in seen), None)) is not None:
        raise MjmlProblem(_first_line(source, kept[lost]), _lost(kept[lost]))
    return shown


def _lost(piece: str) -> Sentence:
    return Sentence(
        "“%(piece)s” stands where MJML leaves nothing. Put it into mj-text, an attribute, or around whole sections",
        {"piece": piece[:60]},
    )


def _first_line(source: str, piece: str) -> int:
    return source.count("\n", 0, max(source.find(piece), 0)) + 1


def _line(said: str, source: str) -> int:
    """The compiler tells bytes of what it was given, if anything."""
    found = re.search(r"at position (\d+):", said)
    return source.encode()[: int(found[1])].count(b"\n") + 1 if found else 0


def _check(source: str) -> None:
    if len(source) > _LETTERS:
        raise MjmlProblem(0, Sentence("The text is longer than %(most)s letters. Shorten it", {"most": _LETTERS}))
    if source.count("<") > 2 * MOST_ELEMENTS or len(re.findall(r"<[^/!\s]", source)) > MOST_ELEMENTS:
        many = Sentence("It has more than %(most)s elements. Make it simpler", {"most": MOST_ELEMENTS})
        raise MjmlProblem(0, many)
    if source.count("{{") + source.count("{%") + source.count("{#") > holes.MOST:
        raise MjmlProblem(0, holes.too_many())
    reader = _Reader()
    reader.feed(holes.replaced(source, lambda piece, _start: "x" + "\n" * piece.count("\n")))
    reader.close()
    reader.end()


class _Reader(HTMLParser):
    """Finds what the compiler only says "no" to: elements that there are not, and those that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, int]] = []
        self._seen = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if not self._is_ours(tag):
            return
        self._seen = True
        self._open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self._seen |= self._is_ours(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._is_ours(tag):
            return
        if not self._open or self._open[-1][0] != tag:
            raise self._unclosed(tag)
        self._open.pop()

    def end(self) -> None:
        """Raises MjmlProblem."""
        if self._open:
            raise MjmlProblem(self._open[-1][1], _never_closed(self._open[-1][0]))
        if not self._seen:
            raise MjmlProblem(1, Sentence("This is no MJML. Begin with <mjml>, or insert a block"))

    def _is_ours(self, tag: str) -> bool:
        if tag in ELEMENTS:
            return True
        if tag.startswith(("mj-", "mjml")):
            none = Sentence("There is no element “%(name)s” here. Correct its name", {"name": tag[:60]})
            raise MjmlProblem(self.getpos()[0], none)
        return False

    def _unclosed(self, tag: str) -> MjmlProblem:
        if self._open:
            return MjmlProblem(self._open[-1][1], _never_closed(self._open[-1][0]))
        stray = Sentence("“%(name)s” is closed here and was never opened. Take it out", {"name": tag})
        return MjmlProblem(self.getpos()[0], stray)


def _never_closed(name: str) -> Sentence:
    return Sentence("“%(name)s” is opened here and never closed. Write </%(name)s> behind it", {"name": name})
