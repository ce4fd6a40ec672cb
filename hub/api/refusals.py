"""What the OpenAPI document says of refusals: every operation names those it may answer with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from hub.api.problems import MEDIA_TYPE

MEANINGS: Mapping[int, str] = {
    307: "The customer has become part of another one: the same address with that one's id is in Location",
    400: "The body is no JSON in UTF-8",
    401: "Without a good token",
    403: "The role of the token's owner may not do this",
    404: "There is no such thing, or not for the token's owner",
    409: "It does not go with how things stand; nothing was changed",
    413: "The body is larger than 1 MB",
    422: "Something in the request does not fit; `errors` names the fields",
    429: "Too much at once; Retry-After says when to go on",
    503: "The database is away; Retry-After says when to try again",
}
_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457, with what to do about it",
    "required": ["type", "title", "status", "detail", "remedy"],
    "additionalProperties": False,
    "properties": {
        "type": _TEXT,
        "title": {**_TEXT, "description": "The thing"},
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "The cause"},
        "remedy": {**_TEXT, "description": "What to do"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "cause"],
                "properties": {"field": _TEXT, "cause": _TEXT},
            },
        },
    },
}


def tell(document: dict[str, Any]) -> None:
    """Put them into the document, in place of what FastAPI says of its own errors."""
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM
    parts["responses"] = {f"Refused{status}": _refusal(status) for status in MEANINGS}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            named = {*_of(path, method), *(one for one in MEANINGS if str(one) in answers)}
            answers |= {str(one): {"$ref": f"#/components/responses/Refused{one}"} for one in named}
            operation["responses"] = dict(sorted(answers.items()))
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)


def _of(path: str, method: str) -> Iterator[int]:
    yield from (401, 403, 422, 429, 503)
    if method in ("post", "put", "patch"):
        yield from (400, 413)
    if method != "get":
        yield 409
    if "{" in path:
        yield 404
    if "{customer_id}" in path:
        yield 307


def _refusal(status: int) -> dict[str, Any]:
    named = {307: "Location", 401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    shape = {"description": f"{HTTPStatus(status).phrase}. {MEANINGS[status]}"}
    headers = {"headers": {named: {"schema": _TEXT}}} if named else {}
    return {**shape, **headers, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
