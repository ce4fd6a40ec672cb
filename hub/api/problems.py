"""Errors as programs read them: problem+json (RFC 9457) that names the thing, the cause and the remedy."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from channels.address import BadAddress
from hub.call_lists.arranging import NoSuchCallList
from hub.campaigns.lifecycle import NotFound as NoSuchCampaign
from hub.customers.directory import AddressTaken, Merged
from hub.customers.directory import NotFound as NoSuchCustomer
from hub.customers.fields import BadField
from hub.database import outage
from hub.outbound.templates import NoSuchTemplate
from hub.segments.saved import NoSuchSegment

MEDIA_TYPE = "application/problem+json"
LARGEST_BODY = 1_000_000  # bytes

_log = structlog.get_logger("api")


class Problem(HTTPException):
    """A "no" to a program: `title` names the thing, `detail` the cause, `remedy` what to do."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        remedy: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.title, self.remedy, self.errors = title, remedy, list(errors)

    def response(self) -> Response:
        content: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status_code,
            "detail": self.detail,
            "remedy": self.remedy,
        }
        if self.errors:
            content["errors"] = self.errors
        return JSONResponse(content, self.status_code, dict(self.headers or {}), MEDIA_TYPE)


Meaning: TypeAlias = tuple[type[Exception], int, str, str]
"""An error, and what programs are told: the status, the thing, and what to do. More particular classes stand above."""


class Endpoint(APIRoute):
    """A route whose errors are problems and whose request bodies have an end."""

    meanings: Sequence[Meaning] = ()

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(limited(request, LARGEST_BODY))
            except Exception as e:
                return answer_to(request, e, self.meanings)

        return guarded


def telling(*own: Meaning) -> type[Endpoint]:
    """Endpoints whose errors mean this, before what they mean everywhere."""

    class Telling(Endpoint):
        meanings = own

    return Telling


def install_error_pages(app: FastAPI) -> None:
    """Paths under /api/ that lead nowhere answer like the ones that do; other paths keep plain JSON."""

    async def lost(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if request.url.path.startswith("/api/"):
            return _from_http(error).response()
        return await http_exception_handler(request, error)

    app.add_exception_handler(HTTPException, lost)


def answer_to(request: Request, error: Exception, meanings: Sequence[Meaning] = ()) -> Response:
    """What a program is told of any error; one that nobody foresaw is written down."""
    return _problem_of(request, error, meanings).response()


async def body_of(request: Request) -> bytes:
    """The whole body. Raises Problem 413 when it is larger than anything that a program has to say."""
    return await limited(request, LARGEST_BODY).body()


def limited(request: Request, limit: int) -> Request:
    """The same request, whose body cannot be read beyond `limit` bytes. Raises Problem 413, at once or on reading."""
    if int(_digits(request.headers.get("content-length", "0"))) > limit:
        raise _too_large(limit)
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return Request(request.scope, receive)


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 19 else "0"


def _too_large(limit: int) -> Problem:
    return Problem(413, "Request body", f"It is larger than {limit:,} bytes", remedy="Send less in one request")


def wrong(title: str, field: str, cause: str, *, remedy: str = "Correct it and send the request again") -> Problem:
    """One field is not right. `field` begins with where it stands: `body.name`, `query.first`."""
    return Problem(422, title, cause, remedy=remedy, errors=[{"field": field, "cause": cause}])


def busy() -> Problem:
    """More came at once than can be taken in."""
    return Problem(
        503,
        "Hub",
        "More comes in than it can take at this moment; nothing was changed",
        remedy="Try again in a few seconds",
        headers={"Retry-After": str(outage.RETRY_AFTER)},
    )


def away() -> Problem:
    """The database cannot be reached."""
    return Problem(
        503,
        "Database",
        "It cannot be reached; nothing was changed",
        remedy="Try again in a few seconds; if it stays away, see `hub doctor`",
        headers={"Retry-After": str(outage.RETRY_AFTER)},
    )


def _problem_of(request: Request, error: Exception, meanings: Sequence[Meaning]) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    if isinstance(error, Merged) and str(error.what) in request.url.path:
        return _elsewhere(request, error)
    if isinstance(error, NoSuchCustomer) and _is_addressed(request, error):
        return Problem(404, "Customer", str(error), remedy="Look them up with GET /api/v1/customers?query=…")
    for kind, status, title, remedy in (*meanings, *_KNOWN):
        if isinstance(error, kind):
            return Problem(status, title, str(error), remedy=remedy)
    if outage.is_away(error):
        return away()
    if outage.is_impossible(error):
        return Problem(422, "Request", "A value in it cannot be stored", remedy="Correct it and send the request again")
    _log.error("request failed", path=request.url.path, error=type(error).__name__, where=_where(error))
    return Problem(500, "Hub", "Something broke on our side; it has been written down", remedy="Try again in a moment")


def _is_addressed(request: Request, error: NoSuchCustomer) -> bool:
    """Is the request's address theirs, however their id is spelled in it?"""
    said = {value.replace("-", "").lower() for value in request.path_params.values() if isinstance(value, str)}
    return str(error.what).replace("-", "").lower() in said


def _elsewhere(request: Request, error: Merged) -> Problem:
    """307 to the same address of whoever the customer has become part of: until they are taken apart again."""
    path = request.url.path.replace(str(error.what), str(error.into))
    target = f"{path}?{request.url.query}" if request.url.query else path
    remedy = "Follow Location, and use that customer's id from now on"
    return Problem(307, "Customer", str(error), remedy=remedy, headers={"Location": target})


_KNOWN: Sequence[Meaning] = (
    (NoSuchTemplate, 422, "Template", "Use the name of a template that exists"),
    (AddressTaken, 409, "Address", "Use the customer who has it, or take it away from them first"),
    (BadAddress, 422, "Address", "Correct it and send the request again"),
    (NoSuchSegment, 404, "Segment", "Look at the list of segments"),
    (NoSuchCallList, 404, "Call list", "Look at the list of call lists"),
    (NoSuchCampaign, 404, "Campaign", "Look at the list of campaigns"),
    (NoSuchCustomer, 422, "Customer", "Use the id of a customer who exists"),
    (BadField, 422, "Field", "Correct it and send the request again"),
)

_SAYINGS = {
    400: ("Request", "It cannot be read", "Send valid JSON in UTF-8"),
    404: ("Address of the request", "There is nothing here", "See /api/docs for what there is"),
    405: ("Method", "This cannot be done here", "See /api/docs for what can"),
}


def _where(error: Exception) -> list[str]:
    """The last calls before the error. Not its words, nor anybody's variables: these hold what customers wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _from_http(error: HTTPException) -> Problem:
    title, detail, remedy = _SAYINGS.get(error.status_code, ("Request", str(error.detail), "See /api/docs"))
    return Problem(error.status_code, title, detail, remedy=remedy, headers=error.headers)


def _from_validation(error: RequestValidationError) -> Problem:
    errors = [{"field": _place(one["loc"]), "cause": str(one["msg"])} for one in error.errors()[:20]]
    if all(one["field"].startswith("path") for one in errors):
        return Problem(404, "Address of the request", "There is nothing here", remedy="See /api/docs for what there is")
    detail = "; ".join(f"{one['field']}: {one['cause']}" for one in errors)
    return Problem(422, "Request", detail, remedy="Correct these fields and send the request again", errors=errors)


def _place(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location)[:200]
