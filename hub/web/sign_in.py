"""Coming in, going out, and how the desk looks to oneself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub import clock
from hub.staff import accounts, sessions
from hub.staff.roles import Action
from hub.web import translations
from hub.web.access import COOKIE, Anyone, ForeignForm, SignInNeeded, hub_of, same_origin, signed_in
from hub.web.environment import THEMES
from hub.web.pages import go, plain_page, secure
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import ngettext

router = APIRouter(route_class=Page)
_FORTNIGHT = 14 * 24 * 3600
_YEAR = 365 * 24 * 3600


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 (the address says it)
    try:
        await signed_in(request)
    except SignInNeeded:
        return await _form(request, next)
    return RedirectResponse(_own_path(next), 303)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Opens a session. There is no token yet; a form that another site sends is refused by its origin."""
    _speak_as_browser(request)
    if not same_origin(request):
        raise ForeignForm
    ip = request.client.host if request.client else ""
    try:
        opened = await sessions.sign_in(hub_of(request).database, email, password, ip=ip, now=clock.now())
    except sessions.WrongPassword:
        return await _form(request, next, _("This address and password do not belong together."), email)
    except sessions.TooManyTries as e:
        return await _form(request, next, _wait(e), email, status=429)
    response = RedirectResponse(_own_path(next), 303)
    response.set_cookie(
        COOKIE, opened.cookie, max_age=_FORTNIGHT, httponly=True, samesite="lax", secure=secure(request)
    )
    return response


@router.post("/sign-out")
async def sign_out(visit: Anyone) -> Response:
    async with visit.hub.database.unit() as session:
        await sessions.sign_out(session, visit.request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/")
async def start(visit: Anyone) -> Response:
    return go(visit, "/inbox" if visit.may(Action.READ_INBOX) else "/campaigns")


@router.post("/me")
async def me(
    visit: Anyone,
    theme: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    available: Annotated[str, Form()] = "",
    away: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """One wish of one's own: the look, the desk's language, whether calls ring or new work comes."""
    async with visit.hub.database.unit() as session:
        if language in translations.LANGUAGES:
            await accounts.change(session, visit.staff_id, {"language": language}, now=visit.now, by=visit.staff_id)
        if available in ("0", "1"):
            await accounts.set_available(session, visit.staff_id, available == "1")
        if away in ("0", "1"):
            await accounts.set_away(session, visit.staff_id, away == "1")
    response = go(visit, _own_path(back))
    if theme in THEMES:
        response.set_cookie("hub_theme", theme, max_age=_YEAR, httponly=True, samesite="lax", secure=secure(visit))
    return response


async def _form(request: Request, goal: str, trouble: str = "", email: str = "", *, status: int = 0) -> Response:
    _speak_as_browser(request)
    hub = hub_of(request)
    async with hub.database.unit() as session:
        nobody = not await accounts.listing(session, inactive=False)
    code = status or (422 if trouble else 200)
    return plain_page(
        request,
        "sign_in.html",
        status=code,
        nobody=nobody,
        trouble=trouble,
        email=email,
        next=goal,
        company=hub.settings.hub.name,
    )


def _speak_as_browser(request: Request) -> None:
    translations.speak(request.headers.get("accept-language", "en")[:2].lower())


def _wait(error: sessions.TooManyTries) -> str:
    minutes = max(1, round(error.after.total_seconds() / 60))
    return ngettext(
        "Too many tries. Wait a minute and try again.", "Too many tries. Wait %d minutes and try again.", minutes
    ).replace("%d", str(minutes))


def _own_path(path: str) -> str:
    """Only a path of this site: never another host, whatever the address says."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and path != "/sign-in" else "/"
