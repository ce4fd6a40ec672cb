"""The one template environment: what every template may call, and where it finds icons, pictures and static files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from channels.address import pretty_mail, pretty_phone
from hub.interactions.history import File
from hub.web import countries, findings, gallery, moments, retold, translations, words, written
from hub.web.access import Visit

STATIC = Path(__file__).parent / "static"
THEMES = ("auto", "light", "dark")


@cache
def environment() -> Environment:
    """The one template environment: everything autoescaped, an undefined name is an error."""
    env = Environment(
        loader=FileSystemLoader(_templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_callables(translations.gettext, translations.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["_"] = _said
    env.filters |= _filters()
    env.globals |= _globals()
    return env


def _said(message: str, /, **gaps: object) -> Markup:
    """A text of the desk in the reader's language. A page has hundreds of them.

    Not markup, and what fills its gaps neither: a word that none of our tables knows is shown as it is, whosever it is.
    """
    if not gaps:
        return _whole(message, translations.language())
    return escape(translations.gettext(message)) % gaps


@lru_cache(8192)
def _whole(message: str, _speaking: str) -> Markup:
    return escape(translations.gettext(message).replace("%%", "%"))


@lru_cache(2048)
def _drawn(name: str, label: str = "") -> Markup:
    """An icon of the sprite; `label` is for those who do not see it."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    sprite = _asset("vendor/sprite.svg")
    return Markup(f'<svg class="icon" {told}><use href="{sprite}#{escape(name)}"/></svg>')  # noqa: S704 (escaped)


def _filters() -> Mapping[str, Any]:
    return {
        "pretty_mail": pretty_mail,
        "pretty_phone": pretty_phone,
        "length": moments.length,
        "count": len,
        "bytes": written.size,
        "initials": written.initials,
        "month": moments.month,
        "hour": moments.hour,
        "lines": written.lines,
        "percent": written.percent,
        "retold": retold.retold,
        "found": findings.told,
        "titled": retold.titled,
        "shipped": words.template_called,
        "plain_number": written.plain_number,
        "money": written.money,
        "share": written.share,
        "money_each": written.money_each,
    }


def _globals() -> Mapping[str, Any]:
    return {
        "drawn": _drawn,
        "asset": _asset,
        "words": words,
        "picture": _picture,
        "sign": words.sign,
        "why": words.why,
        "languages": translations.LANGUAGES,
        "speaking": translations.language,
        "worded": translations.worded,
        "weekdays": moments.weekdays,
        "weekday_names": moments.weekday_names,
        "country": countries.country,
        "countries": countries.listed,
        "themes": THEMES,
    }


def _picture(visit: Visit, file: File) -> str:
    """Where the browser finds a picture that is shown at once: looking at a page is no reading of a file."""
    return gallery.address(visit.hub.signer, file.id, now=visit.now)


def _templates() -> list[Path]:
    """In the checkout beside the package; inside it when installed."""
    beside = Path(__file__).parents[2] / "templates" / "web"
    return [beside, Path(str(files("hub"))) / "templates" / "web"]


@cache
def _asset(name: str) -> str:
    """The URL of a static file, with its hash: caches may keep it, a new one is fetched."""
    file = STATIC / name
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:10] if file.exists() else "0"
    return f"/static/{name}?v={version}"
