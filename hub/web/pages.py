"""Turning a template and its data into a response: a whole page, or the one block that htmx asked for."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from babel import Locale
from babel.numbers import format_decimal
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from channels import links
from channels.address import pretty_mail, pretty_phone
from hub.interactions.history import File
from hub.staff.roles import Action
from hub.web import findings, gallery, moments, retold, translations, words
from hub.web.access import Visit


@dataclass(frozen=True, slots=True)
class Undo:
    """What a notice's button takes back, and for how many seconds it may stand there."""

    what: str  # a key of UNDOES
    id: UUID | int
    seconds: int = 20
    view: str = "all"

    def __str__(self) -> str:
        return f"{self.what}|{self.id}|{self.seconds}|{self.view}"

    @property
    def action(self) -> str:
        return UNDOES[self.what].format(self.id)


UNDOES: Mapping[str, str] = {
    "rearranging": "/rearrangements/{}/undo",
    "message": "/messages/{}/take-back",
    "merge": "/merges/{}/undo",
    "task-done": "/tasks/{}/reopen",
    "task-deleted": "/tasks/{}/restore",
    "appointment-cancelled": "/appointments/{}/restore",
    "appointment-moved": "/appointments/{}/move-back",
    "call-done": "/calls/{}/undone",
    "logged": "/contacts/{}/take-back",
}
STATIC = Path(__file__).parent / "static"
_NOTICE = "hub_notice"
_UNDO = "hub_undo"
_THEME = "hub_theme"
THEMES = ("auto", "light", "dark")
_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # unions and codes for tests (CLDR)


def page(visit: Visit, template: str, *, block: str = "", status: int = 200, **data: Any) -> Response:
    """`template` as a whole page, or as one of its blocks when htmx asks.

    htmx names the element it will fill in HX-Target; a block of that name (dashes as underscores) is what it gets.
    `block` names another one.
    """
    translations.speak(visit.staff.language)
    wanted = block if block and _fragment(visit.request) else _target(visit.request, template)
    found = environment().get_template(template)
    context = _context(visit) | data
    if not wanted:
        html = found.render(context)
    else:
        html = found.render({**context, "layout": "bare.html", "fragment": wanted}) + _notice_apart(context)
    response = HTMLResponse(html, status, {"Vary": "HX-Request, HX-Target", "Cache-Control": "no-store"})
    if context["notice"] and (wanted or not _fragment(visit.request)):
        response.delete_cookie(_NOTICE)
        response.delete_cookie(_UNDO)
    return response


def plain_page(request: Request, template: str, *, status: int = 200, **data: Any) -> Response:
    """A page for somebody who is not signed in."""
    context = {"visit": None, "notice": "", "undo": None, "theme": _theme(request), "path": request.url.path}
    html = environment().get_template(template).render(context | data)
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


def go(visit: Visit, path: str, notice: str = "", *, undo: Undo | None = None) -> Response:
    """303 to a page, which says `notice` once, with a button that takes back what was done."""
    response = RedirectResponse(path, 303)
    if undo is None:
        response.delete_cookie(_UNDO)
    else:
        response.set_cookie(_UNDO, str(undo), max_age=60, httponly=True, samesite="lax", secure=secure(visit))
    if notice:
        response.set_cookie(
            _NOTICE, quote(notice[:600]), max_age=60, httponly=True, samesite="lax", secure=secure(visit)
        )
    return response


def secure(visit: Visit | Request) -> bool:
    """Whether cookies are for https only."""
    request = visit if isinstance(visit, Request) else visit.request
    return bool(request.state.hub.settings.hub.public_url.startswith("https://"))


def opened(visit: Visit) -> bool:
    """A person opened this; the page did not merely refresh a piece of itself."""
    return not _fragment(visit.request) or visit.request.headers.get("hx-target") == "thread"


def _fragment(request: Request) -> bool:
    return request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers


def _target(request: Request, template: str) -> str:
    name = request.headers.get("hx-target", "").replace("-", "_")
    return name if _fragment(request) and name in environment().get_template(template).blocks else ""


def _context(visit: Visit) -> dict[str, Any]:
    request, reader = visit.request, visit.zone
    return {
        "visit": visit,
        "me": visit.staff,
        "csrf": visit.csrf,
        "layout": "base.html",
        "fragment": "",
        "heard": request.state.heard,
        "path": request.url.path,
        "notice": unquote(request.cookies.get(_NOTICE, "")),
        "undo": _undo(request),
        "theme": _theme(request),
        "company": visit.hub.settings.hub.name,
        "links": visit.hub.settings.web.links,
        "now": visit.now,
        "zone": reader,
        "when": lambda at: _when(at, moments.short(at, visit.now, reader), reader),
        "left": lambda at: _when(at, moments.left(at, visit.now, reader), reader),
        "clock_time": lambda at: moments.clock(at, reader),
        "clock_seconds": lambda at: f"{at.astimezone(reader):%H:%M:%S}",
        "moment": lambda at: moments.plain(at, reader),
        "day": lambda at: moments.day(at, reader, visit.now),
        "local_field": lambda at: at.astimezone(reader).strftime("%Y-%m-%dT%H:%M"),
        "may": lambda action: visit.may(Action[action]),
    }


def _when(at: datetime, said: str, reader: Any) -> Markup:
    exact = escape(moments.full(at, reader))
    return Markup(f'<time datetime="{at.isoformat()}" title="{exact}">{escape(said)}</time>')  # noqa: S704 (escaped above)


def _theme(request: Request) -> str:
    theme = request.cookies.get(_THEME, "auto")
    return theme if theme in THEMES else "auto"


def _undo(request: Request) -> Undo | None:
    """From the cookie, which anybody may have written."""
    try:
        what, number, seconds, view = unquote(request.cookies[_UNDO]).split("|")
        named = int(number) if number.isdecimal() and len(number) < 10 else UUID(number)
        return Undo(what, named, min(max(int(seconds), 0), 60), view[:20]) if what in UNDOES else None
    except (KeyError, ValueError):
        return None


def _notice_apart(context: Mapping[str, Any]) -> str:
    if not context["notice"]:
        return ""
    said = environment().get_template("notice.html").render(context)
    return str(Markup('<div id="notice" hx-swap-oob="true">{}</div>').format(Markup(said)))  # noqa: S704 (our template)


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
    env.filters |= {
        "pretty_mail": pretty_mail,
        "pretty_phone": pretty_phone,
        "length": moments.length,
        "count": len,
        "bytes": _size,
        "initials": _initials,
        "month": moments.month,
        "hour": moments.hour,
        "lines": _lines,
        "percent": _percent,
        "retold": retold.retold,
        "found": findings.told,
        "titled": retold.titled,
        "shipped": words.template_called,
        "plain_number": _plain_number,
        "money": _money,
        "share": lambda part: f"{_plain_number(part * 100)} %",
        "money_each": lambda sums: " + ".join(f"{_money(amount)} {currency}" for currency, amount in sums.items()),
    }
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
        "country": country,
        "countries": countries,
        "themes": THEMES,
    }


def country(code: str) -> str:
    """Its name in the reader's language; a code nobody knows is shown as it is."""
    return str(Locale.parse(translations.language()).territories.get(code, code))


def countries() -> list[tuple[str, str]]:
    """Code and name of each, by its name in the reader's language."""
    return _countries(translations.language())


@cache
def _countries(language: str) -> list[tuple[str, str]]:
    known = Locale.parse(language).territories.items()
    named = [(code, name) for code, name in known if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES]
    return sorted(named, key=lambda one: unicodedata.normalize("NFKD", one[1].replace("Ł", "L")))


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


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{_decimal(count / 1024**2, '0.0')} MB"


def _initials(name: str) -> str:
    parts = [part for part in name.replace("+", " ").split() if part[0].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "#"


def _lines(text: str) -> Markup:
    """Plain text as the sender broke it, its web and mail addresses to be clicked; nothing in it is markup."""
    return Markup("<br>").join(_linked(line) for line in text.strip().splitlines())


def _linked(line: str) -> Markup:
    pieces, position = Markup(), 0
    for link in links.find(line):
        pieces += escape(line[position : link.start]) + _LINK.format(link.url, line[link.start : link.end])
        position = link.end
    return pieces + escape(line[position:])


_LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')


def _money(amount: Decimal) -> str:
    """`12.40`: to the cent, and finer where it is less than one."""
    return _decimal(amount, "0.00" if amount >= 1 else "0.00##")


def _percent(part: float, whole: float) -> str:
    """In whole hundredths; few are not none, and not quite all are not all."""
    if not part or not whole:
        return "0 %"
    hundredths = 100 * part / whole
    if hundredths < 1:
        return "< 1 %"
    return "> 99 %" if 99 < hundredths < 100 else f"{hundredths:.0f} %"


def _plain_number(number: float) -> str:
    """`1000000`, `0.5`, `2.25`: never a power of ten."""
    return _decimal(number, "0.###")


def _decimal(number: float | Decimal, pattern: str) -> str:
    """With the comma or point of the reader's language, and nothing between the thousands."""
    return format_decimal(number, format=pattern, locale=translations.language())
