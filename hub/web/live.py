"""One stream of server-sent events per open browser: which things changed, so that pages fetch the pieces again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from hub import clock
from hub.bootstrap import Hub
from hub.live import Happening
from hub.staff import sessions
from hub.web.access import COOKIE, Anyone
from hub.web.problems import Page

router = APIRouter(route_class=Page)
_BREATH = 20.0  # seconds between signs of life: proxies cut silent streams, and the session is looked at again


@router.get("/live")
async def live(visit: Anyone) -> StreamingResponse:
    """text/event-stream: `event: <topic>` with the ids as JSON. Ends when the session does."""
    told = stream(visit.hub, visit.request.cookies.get(COOKIE, ""))
    return StreamingResponse(
        told, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def stream(hub: Hub, cookie: str, *, breath: float = _BREATH) -> AsyncIterator[str]:
    """The session is looked at after each breath, however much happens meanwhile."""
    async with hub.live.subscribe() as queue:
        yield "retry: 2000\n\n"
        looked = time.monotonic()
        while True:
            left = looked + breath - time.monotonic()
            with suppress(TimeoutError):
                if left > 0:
                    first = await asyncio.wait_for(queue.get(), left)
                    yield "".join(map(_event, (first, *_waiting(queue))))
                    continue
            async with hub.database.unit() as session:
                if await sessions.find(session, cookie, now=clock.now()) is None:
                    return
            looked = time.monotonic()
            yield ": still here\n\n"


def _waiting(queue: asyncio.Queue[Happening]) -> Iterator[Happening]:
    """What happened meanwhile goes out in one piece: a page that is behind catches up."""
    while not queue.empty():
        yield queue.get_nowait()


def _event(happening: Happening) -> str:
    return f"event: change\ndata: {json.dumps({'topic': happening.topic, 'ids': happening.ids})}\n\n"
