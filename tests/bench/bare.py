"""An ASGI application that reads a request's body and answers 204: what a web server costs without a hub in it."""

from __future__ import annotations

from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """HTTP only; the lifespan events are refused, which servers understand as not wanted."""
    if scope["type"] != "http":
        raise RuntimeError("only HTTP here")
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
