"""What a person reads when a page cannot be shown: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from hub.customers.directory import Merged
from hub.database import outage
from hub.web import late_forms, translations
from hub.web.access import Forbidden, ForeignForm, SignInNeeded, Visit
from hub.web.mending import Mending, WrongInput, impossible, mending
from hub.web.pages import page, plain_page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

_log = structlog.get_logger("web")

_SAYINGS = {
    403: (N_("You may not do this"), N_("Your role does not allow it. Ask an administrator if it should.")),
    404: (N_("There is nothing here"), N_("The address is wrong, or what was here is gone.")),
    405: (N_("This cannot be opened like that"), N_("Go back to the page you came from and try again.")),
    413: (
        N_("The files are too big"),
        N_("At most ten files, 25 MB together. Send fewer, or a link; divide a sheet into several."),
    ),
    422: (
        N_("Something in the form is missing or wrong"),
        N_("Go back, look at the fields again and send it once more."),
    ),
    500: (N_("Something broke on our side"), N_("Nothing was lost. It has been written down; try again in a moment.")),
    503: (
        N_("The database cannot be reached"),
        N_("Nothing was changed. Try again in a few seconds; if it goes on, tell whoever runs the hub."),
    ),
}
_OLD_FORM = (
    late_forms.OLD[0],
    N_("You signed in again since it was opened. Go back, load it again and repeat what you did."),
)


class Page(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:  # a form whose sender left: nobody reads what is answered
                return Response(status_code=400)
            except (WrongInput, RequestValidationError) as e:
                return await _unlike(request, e)
            except (SignInNeeded, ForeignForm) as e:
                return await _late(request, e)
            except (Forbidden, HTTPException, LookupError) as e:
                return _answer(request, e)
            except Exception as e:
                if not outage.is_impossible(e):
                    raise
                return await _impossible(request)

        return guarded


def install_error_pages(app: FastAPI) -> None:
    """Addresses that lead nowhere and errors nobody foresaw, as pages; programs asking for JSON get JSON elsewhere."""
    api_paths = ("/api/", "/webhooks/", "/health", "/metrics", "/u/")
    before = app.exception_handlers.get(StarletteHTTPException)

    async def lost(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        if request.url.path.startswith(api_paths) and before is not None:
            return await before(request, error)  # type: ignore[no-any-return, misc]
        above = _page_above(app, request) if error.status_code == 405 else None
        return RedirectResponse(above, 303) if above else say(request, error.status_code)

    async def broken(request: Request, _error: Exception) -> Response:
        return say(request, 500)

    app.add_exception_handler(StarletteHTTPException, lost)
    app.add_exception_handler(Exception, broken)


def _page_above(app: FastAPI, request: Request) -> str:
    """The nearest page above an address that only takes forms: a refused one was loaded again. Empty: there is none."""
    path = request.url.path if request.method == "GET" else ""
    while path := path.rpartition("/")[0]:
        scope = {**request.scope, "path": path}
        if any(route.matches(scope)[0] is Match.FULL for route in app.routes):
            return path
    return ""


def say(request: Request, status: int, saying: tuple[str, str] | None = None) -> Response:
    """The page for a status; for htmx only its sentence, shown as a notice."""
    title, remedy = saying or _SAYINGS.get(status) or _SAYINGS[422 if status < 500 else 500]
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(f"{_(title)}. {_(remedy)}", status, {"HX-Reswap": "none", "X-Notice": "1"})
    visit = getattr(request.state, "visit", None)
    if visit is not None:
        return page(visit, "problem.html", status=status, code=status, title=_(title), remedy=_(remedy))
    _speak_as_browser(request)
    return plain_page(request, "problem_outside.html", status=status, code=status, title=_(title), remedy=_(remedy))


def away(request: Request) -> Response:
    """The page of an outage: it asks the database nothing, not even who the visitor is."""
    request.state.visit = None
    return say(request, 503)


def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, Forbidden):
        return say(request, 403)
    if isinstance(error, HTTPException):
        return say(request, error.status_code)
    if isinstance(error, Merged) and str(error.what) in request.url.path:
        return _to_the_other(request, error)
    if isinstance(error, KeyError | IndexError):
        raise error
    return say(request, 404)


async def _late(request: Request, error: SignInNeeded | ForeignForm) -> Response:
    """A form of a session that is over comes back with what was typed; anything else leads to where one signs in."""
    out = isinstance(error, SignInNeeded)
    found = None if request.headers.get("hx-request") == "true" else await late_forms.kept(request)
    if found is None:
        return _to_sign_in(request) if out else say(request, 403, _OLD_FORM)
    if not out:
        title, remedy = late_forms.OLD
        return page(request.state.visit, "mending.html", status=403, title=_(title), mending=found.saying(_(remedy)))
    _speak_as_browser(request)
    title, remedy = late_forms.SIGNED_OUT
    told = {"title": _(title), "mending": found.saying(_(remedy)), "layout": "outside.html", "csrf": ""}
    return plain_page(request, "mending.html", status=401, **told)


async def _unlike(request: Request, error: WrongInput | RequestValidationError) -> Response:
    """A form, or an address, that holds what cannot be: which field, why, and the way to mend it."""
    if isinstance(error, RequestValidationError) and _in_path(error):
        return say(request, 404)
    visit = getattr(request.state, "visit", None)
    return say(request, 422) if visit is None else _mended(visit, await mending(request, error))


async def _impossible(request: Request) -> Response:
    visit = getattr(request.state, "visit", None)
    if visit is None or request.method != "POST":
        return say(request, 422 if request.method == "POST" else 404)
    return _mended(visit, await impossible(request))


def _mended(visit: Visit, found: Mending) -> Response:
    translations.speak(visit.staff.language)
    if visit.request.headers.get("hx-request") == "true":
        return PlainTextResponse(" ".join(found.said), 422, {"HX-Reswap": "none", "X-Notice": "1"})
    return page(visit, "mending.html", status=422, title=_(_SAYINGS[422][0]), mending=found)


def _to_the_other(request: Request, error: Merged) -> Response:
    """The same page of whoever the customer has become part of; a form goes there with all that was typed (307)."""
    path = request.url.path.replace(str(error.what), str(error.into))
    target = f"{path}?{request.url.query}" if request.url.query else path
    return RedirectResponse(target, 307)


def _in_path(error: RequestValidationError) -> bool:
    return any(problem["loc"][:1] == ("path",) for problem in error.errors())


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        _speak_as_browser(request)
        said = ". ".join(map(_, late_forms.SIGNED_OUT))  # for a page on which something is typed: it stays (desk.js)
        return PlainTextResponse(said, 401, {"HX-Redirect": "/sign-in"})
    if request.method != "GET" or request.url.path == "/":
        return RedirectResponse("/sign-in", 303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303)


def _speak_as_browser(request: Request) -> None:
    translations.speak(request.headers.get("accept-language", "en")[:2].lower())
