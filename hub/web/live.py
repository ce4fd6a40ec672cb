"""One stream of server-sent events per open browser: which things changed, so that pages fetch the pieces again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from hub import clock
from hub.bootstrap import Hub
from hub.staff import sessions
from hub.web.access import COOKIE, Anyone
from hub.web.problems import Page
from hub.web.relay import Relay

router = APIRouter(route_class=Page)
_BREATH = 20.0  # seconds between signs of life: proxies cut silent streams, and the session is looked at again


@router.get("/live")
async def live(visit: Anyone, after: str = "") -> StreamingResponse:
    """text/event-stream: `event: change` with topic and ids as JSON. Ends when the session does.

    `after` is the id of what the page knows already; a browser that comes again says it in Last-Event-ID.
    """
    request = visit.request
    heard = request.headers.get("last-event-id", after)
    told = stream(visit.hub, request.state.relay, request.cookies.get(COOKIE, ""), heard)
    return StreamingResponse(
        told, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def stream(
    hub: Hub, relay: Relay, cookie: str, heard: str = "", *, breath: float = _BREATH
) -> AsyncGenerator[str, None]:
    """Everything after what was `heard`, or from now on. The session is looked at after each breath."""
    place, looked = relay.place(heard or relay.now), time.monotonic()
    yield f"retry: 2000\nid: {relay.id(place)}\n\n"
    while True:
        left = looked + breath - time.monotonic()
        with suppress(TimeoutError):
            if left > 0:
                async with asyncio.timeout(left):
                    place, events = await relay.news(place)
                yield events
                continue
        async with hub.database.unit() as session:
            if await sessions.find(session, cookie, now=clock.now()) is None:
                return
        looked = time.monotonic()
        yield ": still here\n\n"
