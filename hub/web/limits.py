"""How much a browser may send: a form's worth from anybody, files only from somebody who is signed in.

Bodies are read before anything else is known of a request, so this stands in front of the application.
"""

from __future__ import annotations

from fastapi import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import clock
from hub.bootstrap import Hub
from hub.staff import sessions

LARGEST = 26 * 1024 * 1024  # 25 megabytes of files, and the form around them
FROM_ANYBODY = 64 * 1024
_OWN_LIMITS = ("/api/", "/webhooks/", "/u/")


class BodyLimits:
    """Raises HTTPException 413 where a body is read further than it may be."""

    def __init__(self, app: ASGIApp, *, hub: Hub) -> None:
        self._app, self._hub = app, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OWN_LIMITS):
            await self._app(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            before, taken = taken, taken + len(message.get("body", b""))
            if taken > LARGEST or (before <= FROM_ANYBODY < taken and not await self._is_signed_in(scope)):
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)

    async def _is_signed_in(self, scope: Scope) -> bool:
        cookie = HTTPConnection(scope).cookies.get(sessions.COOKIE, "")
        async with self._hub.database.unit() as session:
            return await sessions.find(session, cookie, now=clock.now()) is not None
