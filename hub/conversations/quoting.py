"""The answered mail below the answer: who wrote when, in the customer's language, and their words, one level deep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import nh3
from babel.dates import format_date

LONGEST = 20_000  # characters of each form of a quotation
CUT = "[…]"

# Forms that mail programs of the language use themselves, so that their readers (and ours) find the quotation's top.
_WROTE: Mapping[str, str] = {
    "en": "On {day} at {time}, {name} wrote:",
    "pl": "W dniu {day} o {time} {name} napisał(a):",
    "bg": "На {day} в {time} {name} написа:",
    "ru": "{day} в {time}, {name} пишет:",
}
_DAY = "d MMMM y"
_LONGEST_NAME = 100
_MARKS = re.compile(r"\s{0,3}>[> ]*")
_DEEPEST = 2  # marks of a line: ours and one of the mail's own

_PARSED_LETTERS, _PARSED_TAGS = 50_000, 500  # of hostile HTML so much is cleaned in milliseconds, whatever it says
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b[^<>]*>", re.IGNORECASE)
_TAGS = {
    *("p", "br", "div", "span", "b", "strong", "i", "em", "u", "s", "a", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "sub", "sup", "small"),
    *("table", "thead", "tbody", "tr", "td", "th"),
}
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}


@dataclass(frozen=True, slots=True)
class Quote:
    """`text` with its marks and `wrote` above it; `html` is the inside of the blockquote, empty: made from `said`."""

    wrote: str
    text: str
    html: str
    said: str  # the quoted words without our marks


def quote(text: str, html: str, *, name: str, at: datetime, language: str, zone: str) -> Quote:
    """What `name` wrote, bounded; quotations within it stay one level deep. `html` is as it came, hostile."""
    said = _shallow(text)
    marked = "\n".join(f">{line}" if line[:1] in ("", ">") else f"> {line}" for line in said.split("\n"))
    return Quote(_wrote(name, at, language, zone), marked, _clean(html), said)


def _wrote(name: str, at: datetime, language: str, zone: str) -> str:
    spoken = language if language in _WROTE else "en"
    local = at.astimezone(ZoneInfo(zone))
    day = format_date(local, _DAY, locale="en_GB" if spoken == "en" else spoken)
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST_NAME]
    return _WROTE[spoken].format(day=day, time=f"{local:%H:%M}", name=plain)


def _shallow(text: str) -> str:
    lines = [line.rstrip() for line in text[:LONGEST].strip().splitlines() if _depth(line) < _DEEPEST]
    if len(text.strip()) > LONGEST:
        lines.append(CUT)
    return "\n".join(lines).strip()


def _depth(line: str) -> int:
    marks = _MARKS.match(line)
    return marks.group().count(">") if marks else 0


def _clean(html: str) -> str:
    """Without pictures, scripts, styles and forms; empty when it is too much of it, then the text is quoted."""
    if len(html) > _PARSED_LETTERS or html.count("<") > _PARSED_TAGS:
        return ""
    clean = nh3.clean(
        _untangled(html),
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "textarea", "noscript", "svg", "math"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    ).strip()
    return clean if len(clean) <= LONGEST else ""


def _untangled(html: str) -> str:
    """Without quotations in quotations. What is cut is cut before cleaning, so nothing can come apart by it."""
    pieces, depth, end = [], 0, 0
    for tag in _BLOCKQUOTE.finditer(html):
        after = max(0, depth - 1) if tag[1] else depth + 1
        if depth < _DEEPEST:
            pieces.append(html[end : tag.start()])
        if max(depth, after) < _DEEPEST:
            pieces.append(tag[0])
        depth, end = after, tag.end()
    return "".join([*pieces, html[end:] if depth < _DEEPEST else ""])
