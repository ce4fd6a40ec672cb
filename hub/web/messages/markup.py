"""A customer's HTML made harmless enough for a sandboxed frame: no scripts, no forms, nothing fetched from elsewhere.

Pictures that have to be looked up first (`cid:` of the same mail, addresses elsewhere) leave with a mark in front of
their source, which `hub.web.gallery` replaces by what may be shown.
Run as a script it reads standard input and writes standard output, within limits; `hub.web.frames` says when.
"""

from __future__ import annotations

import re
import resource
import sys
import unicodedata
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote

import nh3

POLICY = (
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

_TAGS = nh3.ALLOWED_TAGS | {"font", "center", "u", "s"} - {"style"}
_ATTRIBUTES = {
    "*": {"align", "valign", "dir", "lang", "width", "height", "bgcolor", "color", "style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "font": {"color", "size", "face"},
    "ol": {"start"},
}
_STYLES = {
    *("color", "background", "background-color", "opacity", "display", "vertical-align", "text-align", "direction"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing", "white-space"),
    *("text-decoration", "text-transform", "text-indent", "list-style-type", "word-break", "overflow-wrap"),
    *("width", "height", "max-width", "max-height", "min-width", "min-height", "table-layout"),
    *("padding", "padding-top", "padding-right", "padding-bottom", "padding-left"),
    *("margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "float", "clear"),
    *("border", "border-top", "border-right", "border-bottom", "border-left", "border-color", "border-style"),
    *("border-width", "border-radius", "border-collapse", "border-spacing"),
}
_FUNCTION = re.compile(r"([\w-]*)\(")
_HARMLESS = {"rgb", "rgba", "hsl", "hsla", "calc"}  # url(…) and image(…) would fetch
_SCHEMES = {"http", "https", "mailto", "tel", "data", "cid"}
_CPU_SECONDS = 3
_MEMORY_BYTES = 1024 * 1024 * 1024
_ABSOLUTE = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_LINK = re.compile(r'<a(?: href="([^"]*)")?>|</a>')  # `_attribute` leaves a link nothing but its href
_AUTHORITY = re.compile(r"https?:/*([^/?#]*)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_LOOKED_UP = re.compile(r"(?:cid:|https?://)", re.IGNORECASE)
_FRAME = """<!doctype html><html><head><meta charset="utf-8"><base target="_blank"><style>
body{font:14px/1.5 system-ui,sans-serif;margin:12px;color:#1f2329;background:#fff;overflow-wrap:anywhere}
img{max-width:100%%;height:auto} table{max-width:100%%}
blockquote{margin:0 0 0 8px;padding-left:8px;border-left:2px solid #ccc}
.host{all:initial;color:#555;background:#fff;font:12px system-ui,sans-serif;direction:ltr;unicode-bidi:isolate}
.note{color:#555;background:#f4f5f7;border-radius:4px;font-size:12px;padding:4px 8px;margin:0 0 8px}
</style></head><body>%s</body></html>"""


def document(html: str, mark: str = "") -> str:
    """A whole page for the frame. Each link names the host it leads to.

    A picture that is not in the HTML itself keeps its source behind `mark`, which nobody outside can have guessed;
    without a mark it is gone.
    """
    return _FRAME % _named(_clean(html, mark))


def with_note(page: str, words: str) -> str:
    """A page of `document` with a sentence of ours in front."""
    return page.replace("<body>", f'<body><p class="note">{escape(words)}</p>', 1)


def _clean(html: str, mark: str) -> str:
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title", "textarea", "noscript", "svg", "math"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute(mark),
        url_schemes=_SCHEMES,
        filter_style_properties=_STYLES,
        link_rel=None,
    )


def _attribute(mark: str) -> Callable[[str, str, str], str | None]:
    def kept(tag: str, attribute: str, value: str) -> str | None:
        if tag == "a" and attribute != "href":
            return None
        if attribute == "src":
            return _source(value.strip(), mark)
        if attribute == "href":
            return value if _ABSOLUTE.match(value) else None  # out of the hub or nowhere
        if attribute == "style":
            return ";".join(filter(_fetches_nothing, value.split(";")))
        return value

    return kept


def _fetches_nothing(declaration: str) -> bool:
    """A backslash could spell a function that we do not read."""
    return "\\" not in declaration and {name.lower() for name in _FUNCTION.findall(declaration)} <= _HARMLESS


def _source(value: str, mark: str) -> str | None:
    if _PICTURE.match(value):
        return value
    return f"{mark}{value}" if mark and _LOOKED_UP.match(value) else None


def _named(page: str) -> str:
    """Each link with the host that it leads to behind it, also a link in a table in a link."""
    hosts: list[str] = []

    def told(tag: re.Match[str]) -> str:
        if tag[0] == "</a>":
            host = hosts.pop() if hosts else ""
            return f'</a> <span class="host">[{escape(host)}]</span>' if host else "</a>"
        hosts.append(_host(unescape(tag[1] or "")))
        return f'<a href="{tag[1]}" target="_blank" rel="noopener noreferrer nofollow">' if tag[1] else tag[0]

    return _LINK.sub(told, page)


def _host(url: str) -> str:
    """Where a browser would go (WHATWG URL 4.4): a backslash is a slash, and there may be any number of them.

    What no letter stands for is left out, and letters beyond ASCII are told in the other spelling too: а is not a.
    """
    found = _AUTHORITY.match(re.sub(r"[\t\r\n]", "", url).replace("\\", "/").strip())
    if not found:
        return ""
    host = unquote(re.sub(r":[0-9]*\Z", "", found[1].rpartition("@")[2]))
    spoken = "".join(filter(str.isprintable, unicodedata.normalize("NFKC", host).lower()))
    return spoken if spoken.isascii() else f"{spoken} = {'.'.join(map(_ascii, spoken.split('.')))}"


def _ascii(label: str) -> str:
    """As it stands in the DNS (RFC 3492), near enough to be recognised."""
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _within_limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    _within_limits()
    sys.stdout.buffer.write(document(sys.stdin.buffer.read().decode("utf-8", "replace"), sys.argv[1]).encode())
