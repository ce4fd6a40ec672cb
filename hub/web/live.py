"""One stream of server-sent events per open browser: which things changed, so that pages fetch the pieces again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

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
    stream = _stream(visit.hub, visit.request.cookies.get(COOKIE, ""))
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _stream(hub: Hub, cookie: str) -> AsyncIterator[str]:

    async with hub.live.subscribe() as queue:
        yield "retry: 2000\n\n"
        while True:
            try:
                yield _event(await asyncio.wait_for(queue.get(), _BREATH))
            except TimeoutError:
                async with hub.database.unit() as session:
                    if await sessions.find(session, cookie, now=clock.now()) is None:
                        return
                yield ": still here\n\n"


def _event(happening: Happening) -> str:
    return f"event: change\ndata: {json.dumps({'topic': happening.topic, 'ids': happening.ids})}\n\n"
