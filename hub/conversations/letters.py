"""An agent's mail in its two forms: plain text with what stands below it, and the same as safe HTML beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from hub.conversations.quoting import Quote

SEPARATOR = "-- "  # RFC 3676 4.3: two dashes and a space, alone on their line

_LETTER = (
    '<!doctype html>\n<html><head><meta charset="utf-8"></head>\n'
    '<body style="font-family:sans-serif;font-size:14px;line-height:1.5">\n%s\n</body></html>\n'
)
_QUOTED = (
    '<p>%s</p>\n<blockquote type="cite" style="margin:0 0 0 8px;padding-left:8px;border-left:2px solid #cccccc">\n'
    "%s\n</blockquote>"
)
_PICTURE = '<img src="cid:%s" alt="%s" style="max-width:100%%">'
_MARK = re.compile(r"\[image: ([^\[\]\n]{1,200})\]")
_TOKEN = re.compile(
    r"(?P<image>\[image: [^\[\]\n]{1,200}\])|(?P<url>https?://[^\s<>\"]{1,2000})|"
    r"(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
)
_AFTER = ".,;:!?'’”»…"  # ends a sentence, not an address


@dataclass(frozen=True, slots=True)
class Letter:
    """The text part is `text` and `closing` on end; `html` says all of it."""

    text: str
    closing: str
    html: str


def letter(text: str, *, signature: str = "", quote: Quote | None = None, pictures: Mapping[str, str]) -> Letter:
    """`pictures`: name → Content-ID; where the text says `[image: name]` the picture stands in the HTML."""
    below = [f"{SEPARATOR}\n{signature}"] if signature else []
    parts = [html(text, pictures)]
    if signature:
        parts.append(f"<div>{SEPARATOR}<br>\n{html(signature, {})}</div>")
    if quote is not None:
        below.append(f"{quote.wrote}\n{quote.text}")
        parts.append(_QUOTED % (escape(quote.wrote), quote.html or html(quote.said, {})))
    closing = "".join(f"\n\n{part}" for part in below)
    return Letter(text.rstrip() if closing else text, closing, _LETTER % "\n".join(parts))


def named(text: str) -> list[str]:
    """Names in the marks of a text, each once, in order."""
    return list(dict.fromkeys(mark[1] for mark in _MARK.finditer(text)))


def html(text: str, pictures: Mapping[str, str]) -> str:
    """Plain text as paragraphs of safe HTML: everything escaped, addresses are links, marks of `pictures` are these."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", "\n".join(text.strip().splitlines()))
    shown = ("<br>\n".join(_line(line, pictures) for line in part.split("\n")) for part in paragraphs)
    return "\n".join(f"<p>{part}</p>" for part in shown)


def _line(line: str, pictures: Mapping[str, str]) -> str:
    pieces, end = [], 0
    for token in _TOKEN.finditer(line):
        shown, length = _shown(token, pictures)
        pieces += [_plain(line[end : token.start()]), shown]
        end = token.start() + length
    return "".join([*pieces, _plain(line[end:])])


def _shown(token: re.Match[str], pictures: Mapping[str, str]) -> tuple[str, int]:
    """The HTML of a token, and how much of the line it took."""
    mark = _MARK.fullmatch(token[0])
    if mark is not None:
        known = pictures.get(mark[1])
        return (_PICTURE % (escape(known), escape(mark[1])) if known else _plain(token[0])), len(token[0])
    address = _trimmed(token[0])
    goal = address if token["url"] else f"mailto:{address}"
    return f'<a href="{escape(goal)}">{escape(address)}</a>', len(address)


def _trimmed(address: str) -> str:
    """Without what ends the sentence it stands in: `(see https://a.example/b).` leads to /b."""
    while address and (address[-1] in _AFTER or (address[-1] == ")" and address.count("(") < address.count(")"))):
        address = address[:-1]
    return address


def _plain(text: str) -> str:
    """Runs of spaces keep their width."""
    return escape(text).replace("\t", "    ").replace("  ", " &nbsp;")
