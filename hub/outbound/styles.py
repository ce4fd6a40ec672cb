"""CSS of HTML mails, written into the elements it is for: many mail programs throw style sheets away.

A template's is worked out once for all recipients where that cannot change what it means, else in every rendered mail.
"""

from __future__ import annotations

import re
from functools import lru_cache

import css_inline

from hub.outbound import holes

_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_NAME = re.compile(r"<(/?[a-z][a-z0-9]*)")
_OPENED = re.compile(r"<(?:s|st|sty|styl)?\Z|<style\b(?![^>]*>.*?</style)", re.DOTALL | re.IGNORECASE)
_FRAME = frozenset({"html", "head", "body", "style"})
_AT_RULE = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
# What a selector may look at that a loop or a condition changes: neighbours, places, attributes.
_LOOKS_AROUND = re.compile(r"[:\[+~*>]")
_LIMIT = 500_000
_MOST_SHEETS, _MOST_RULES = 50, 500  # with more of them the patterns above take too long

# Nothing is fetched from anywhere, neither the network nor this machine; media queries stay as they are.
_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True, keep_link_tags=True, base_url=None
)


def inlined(html: str) -> str:
    """The same page with its style sheets in `style` attributes; as it is if it has none, or none that can be read."""
    if len(html) > _LIMIT or _is_tangled(html) or _is_settled(html):
        return html
    try:
        return _INLINER.inline(html)
    except (css_inline.InlineError, ValueError):
        return html


@lru_cache(maxsize=256)
def inlined_template(source: str) -> str:
    """A template with its styles inlined before anything is rendered. One that has to be inlined afterwards comes back
    as it is: see `inlined`, which finds nothing left to do after this has been done."""
    if _is_tangled(source) or not _STYLE.search(source) or not _is_independent(source):
        return source
    kept: list[str] = []

    def hide(piece: str, _start: int) -> str:
        kept.append(piece)
        return f"<!--jinja{len(kept) - 1}-->"

    marked = inlined(holes.replaced(source, hide))
    shown = re.sub(r"<!--jinja(\d+)-->", lambda found: kept[int(found.group(1))], marked)
    return shown if holes.pieces(shown) == kept and _tags(shown) == _tags(source) else source


def has_nothing_to_inline(words: str) -> bool:
    """For fixed words of a template, whatever the values: they are escaped, and stand in no sheet and no tag's name."""
    return not _is_tangled(words) and _is_settled(words) and not _OPENED.search(words)


def _is_tangled(html: str) -> bool:
    """So many sheets or rules that nobody wrote them by hand: it is left as it is."""
    sheets = html.lower().count("<style")
    return sheets > _MOST_SHEETS or (sheets > 0 and html.count("@") > _MOST_RULES)


def _is_settled(html: str) -> bool:
    """There is no style sheet, or nothing in it but what has to stay in one."""
    return "<style" not in html.lower() or not _AT_RULE.sub("", "".join(_STYLE.findall(html))).strip()


def _tags(html: str) -> list[str]:
    """Parsing adds what is missing (tbody, closing tags), and a loop around half of that would repeat the half."""
    return [tag for tag in _NAME.findall(html.lower()) if tag.lstrip("/") not in _FRAME]


def _is_independent(source: str) -> bool:
    """No value stands within a tag or a style sheet, and no selector looks at what rendering may change."""
    sheets = "".join(_STYLE.findall(source))
    selectors = re.sub(r"\{[^{}]*\}", " ", _AT_RULE.sub(" ", sheets))
    within = any(holes.pieces(tag) for tag in _TAG.findall(source))
    return not within and not holes.pieces(sheets) and not _LOOKS_AROUND.search(selectors)
