"""The earlier mail in an HTML mail, by the marks that mail programs leave in their markup. Linear in its length.

What stands in a marked element becomes lines with ">" in front, so that one decision (`quotes`) serves both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels.email import attributions, plain, quotes

_LIMIT = 1_000_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]{0,2000})>")
_VALUE = r"=\s?[\"']?[^\"'<>]{0,200}?"
# Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Tuta, Zoho, Foxmail; "x_" is what Outlook on the web puts before a name
_QUOTES = re.compile(
    rf"\b(?:type\s?=\s?[\"']?cite\b|class\s?{_VALUE}\b(?:x_)*(?:gmail_quote(?:_container)?|yahoo_quoted|"
    rf"protonmail_quote|tutanota_quote|zmail_extra|ms-outlook-mobile-reference-message)\b|"
    rf"id\s?=\s?[\"']?(?:x_)*(?:yahoo_quoted\w{{0,30}}|isReplyContent)\b)",
    re.IGNORECASE,
)
_ATTRIBUTES = re.compile(
    rf"\b(?:class\s?{_VALUE}\b(?:x_)*(?:moz-cite-prefix|gmail_attr)\b|id\s?=\s?[\"']?reply-intro\b)", re.IGNORECASE
)
# Outlook puts the earlier mail behind such an element, not into it
_CUTS = re.compile(
    rf"\b(?:id\s?=\s?[\"']?(?:x_)*(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|"
    rf"mail-editor-reference-message-container)\b|class\s?{_VALUE}\b(?:x_)*OutlookMessageHeader\b|"
    rf"style\s?=\s?[\"']?[^\"'<>]{{0,100}}border-top:\s?solid #(?:E1E1E1|B5C4DF|CCCCCC) 1\.0pt)",
    re.IGNORECASE,
)
_BEGIN, _SAID, _END, _CUT = "\ue000", "\ue001", "\ue002", "\ue003"  # private use: taken out of what the mail says
_MARKS = re.compile(f"[{_BEGIN}-{_CUT}]")


def reply(markup: str) -> str:
    """The visible answer of a mail that has only HTML, as text; empty when it says nothing of its own."""
    marked = "".join(_marked(_MARKS.sub("", markup[:_LIMIT])))
    return quotes.reply("\n".join(_lines(plain.text(marked))))


def _marked(markup: str) -> Iterator[str]:
    """The markup with signs where marked elements begin and end; an element inside a marked one is part of it."""
    done, name, depth = 0, "", 0
    for tag in _TAG.finditer(markup):
        closes, element = bool(tag.group(1)), tag.group(2).lower()
        if depth:
            depth += (element == name) * (-1 if closes else 1)
            if not depth:
                yield f"{markup[done : tag.start()]}<br>{_END}<br>"
                done = tag.start()
            continue
        sign = "" if closes else _sign(tag.group(3))
        if sign:
            yield f"{markup[done : tag.start()]}<br>{sign}<br>"
            done = tag.start()
        if sign and sign != _CUT and element not in ("br", "hr", "img"):
            name, depth = element, 1
    yield markup[done:]


def _sign(attributes: str) -> str:
    if len(attributes) < 4:
        return ""
    if _CUTS.search(attributes):
        return _CUT
    if _QUOTES.search(attributes):
        return _BEGIN
    return _SAID if _ATTRIBUTES.search(attributes) else ""


def _lines(text: str) -> Iterator[str]:
    """The lines before the cut; those of marked elements as quoted ones, but for what was passed on."""
    block: list[str] = []
    inside = ""
    for line in text.partition(_CUT)[0].split("\n"):
        if line in (_BEGIN, _SAID):
            inside, block = line, []
        elif line == _END:
            yield from _quoted(block, inside)
            inside = ""
        elif inside:
            block.append(line)
        else:
            yield line
    yield from _quoted(block, inside)


def _quoted(block: list[str], sign: str) -> list[str]:
    lines = "\n".join(block).strip().split("\n")
    if not sign or not lines[0]:
        return []
    if attributions.is_forward(lines[0]) or (sign == _SAID and attributions.is_attribution(" ".join(lines))):
        return lines
    introduced = attributions.is_attribution(lines[0])
    return [*lines[:introduced], *(f"> {line}" for line in lines[introduced:])]
