"""Turning a template and its data into a response: a whole page, or the one block that htmx asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup, escape

from hub.staff.roles import Action
from hub.web import moments, translations
from hub.web.access import Visit
from hub.web.environment import THEMES, environment


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
_NOTICE = "hub_notice"
_UNDO = "hub_undo"
_THEME = "hub_theme"


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
        "span": lambda start, end: moments.span(start, end, reader),
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
