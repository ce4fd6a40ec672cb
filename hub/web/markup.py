"""A customer's HTML made harmless enough for a sandboxed frame: no scripts, no forms, nothing fetched from anywhere."""

from __future__ import annotations

import re
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
_LINK = re.compile(r'<a href="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
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
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.match(value) else None
    if attribute == "href":
        return None if value.strip().lower().startswith("data:") else value
    return value


def _named(link: re.Match[str]) -> str:
    host = _host(unescape(link[1]))
    shown = f' <span class="host">[{escape(host)}]</span>' if host else ""
    return f"{link[0]}{shown}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return "?"
