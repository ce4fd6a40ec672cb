"""The web server: the pages, the API and the public links under one roof, with one set of security headers."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import api, web
from hub.bootstrap import Hub
from hub.database.outage import RETRY_AFTER, is_away

_NO_CONTENT = 204
_STATIC = StaticFiles(directory=Path(__file__).parent / "web" / "static")
_ROUTES = [Mount("/static", _STATIC, name="static"), *api.ROUTER.routes, *web.ROUTER.routes]

# Pages set a wider policy themselves where they must (the frame that shows a customer's mail).
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # ours may know where somebody came from, and nobody else
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(hub: Hub) -> FastAPI:
    """The ASGI application of one opened hub."""
    app = Application(hub)
    api.install_error_pages(app)
    web.install_error_pages(app)
    for error in (SQLAlchemyError, OSError, TimeoutError):
        app.add_exception_handler(error, _database_away)
    app.add_middleware(web.BodyLimits, hub=hub)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)  # 9 takes three times as long for 3 % less
    return app


class Application(FastAPI):
    """The addresses, which every hub of a process shares, and in `request.state` the hub that they are asked of.

    Providers are answered in front of all that FastAPI does for a request: it costs as much as their callbacks.
    """

    def __init__(self, hub: Hub) -> None:
        super().__init__(routes=_ROUTES, redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None)
        https = hub.settings.hub.public_url.startswith("https://")
        self._front = SecurityHeaders(api.Webhooks(super().__call__, hub=hub), https=https)
        self._given = api.state(hub) | web.state(hub)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = dict(self._given)
        await self._front(scope, receive, send)


class SecurityHeaders:
    """Adds the headers that no response may lack; a response that brings its own keeps it.

    What has no content has nothing to secure: callbacks come in floods, and these were a twentieth of their price.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        headers = _HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] != _NO_CONTENT:
                brought = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in self._headers if one[0] not in brought)]
            await send(message)

        await self._app(scope, receive, send_secured if scope["type"] == "http" else send)


async def _database_away(request: Request, error: Exception) -> Response:
    if not is_away(error):
        raise error
    if "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers:
        page = web.away(request)
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page
    problem = {
        "title": "The database cannot be reached",
        "detail": "Nothing was changed. Try again in a few seconds; if it stays away, see `hub doctor`.",
        "status": 503,
    }
    return JSONResponse(problem, 503, {"Retry-After": str(RETRY_AFTER)}, "application/problem+json")
