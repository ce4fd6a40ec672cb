"""A customer's HTML made harmless enough for a sandboxed frame: no scripts, no forms, nothing fetched from anywhere.

Run as a script it does so from standard input to standard output, within limits; `hub.web.frames` says when.
"""

from __future__ import annotations

import re
import resource
import sys
from html import escape, unescape
from urllib.parse import urlsplit

import nh3

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

_TAGS = nh3.ALLOWED_TAGS | {"font", "center", "u", "s"} - {"style"}
_ATTRIBUTES = {
    "*": {"align", "valign", "dir", "lang", "width", "height", "bgcolor", "color"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "font": {"color", "size", "face"},
    "ol": {"start"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "data"}
_CPU_SECONDS = 3
_MEMORY_BYTES = 1024 * 1024 * 1024
_ABSOLUTE = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)  # `_attribute` leaves a link nothing but its href
_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_FRAME = """<!doctype html><html><head><meta charset="utf-8"><base target="_blank"><style>
body{font:14px/1.5 system-ui,sans-serif;margin:12px;color:#1f2329;background:#fff;overflow-wrap:anywhere}
img{max-width:100%%;height:auto} table{max-width:100%%}
blockquote{margin:0 0 0 8px;padding-left:8px;border-left:2px solid #ccc}
.host{color:#666;font-size:12px}
</style></head><body>%s</body></html>"""


def document(html: str) -> str:
    """A whole page for the frame. Remote pictures are gone, each link names the host it leads to."""
    return _FRAME % _LINK.sub(_named, _clean(html))


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title", "textarea", "noscript", "svg", "math"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.match(value) else None
    if attribute == "href":
        return value if _ABSOLUTE.match(value) else None  # out of the hub or nowhere
    return None if tag == "a" else value


def _named(link: re.Match[str]) -> str:
    host = _host(unescape(link[1]))
    shown = f' <span class="host">[{escape(host)}]</span>' if host else ""
    return f'<a href="{link[1]}" target="_blank" rel="noopener noreferrer nofollow">{link[2]}</a>{shown}'


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return "?"


def _within_limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    _within_limits()
    sys.stdout.buffer.write(document(sys.stdin.buffer.read().decode("utf-8", "replace")).encode())
