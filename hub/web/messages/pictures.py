"""/pictures/…: what the frame of a mail shows, for whoever holds the signed address of one picture."""

from __future__ import annotations

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

from fastapi import APIRouter, HTTPException, Request, Response

from channels import pictures
from channels.errors import Unreadable
from hub import clock
from hub.bootstrap import Hub
from hub.interactions import history
from hub.storage import Damaged, Missing
from hub.web.gallery import PURPOSE

router = APIRouter()

_LONGEST = 4_000
_AT_ONCE = 6  # fetched from elsewhere by one process; a mail with hundreds waits for itself, and for nobody else
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # the frame has no origin
    "Cache-Control": "private, max-age=3600",
}


@router.get("/pictures/{token}")
async def picture(request: Request, token: str) -> Response:
    """One picture: a file of the mail, or one from elsewhere which we fetch so that its owner never sees the reader."""
    hub: Hub = request.state.hub
    value = hub.signer.read(PURPOSE, token, now=clock.now()) if len(token) <= _LONGEST else None
    if value is None:
        raise HTTPException(404)
    try:
        shown = await (_own(hub, value) if value.startswith("own:") else _elsewhere(value))
    except (Unreadable, Missing, Damaged) as e:
        raise HTTPException(404, str(e)) from e
    return Response(shown.content, media_type=shown.media_type, headers=_HEADERS)


async def _elsewhere(url: str) -> pictures.Picture:
    """Raises Unreadable, also when so many are on their way that this one would have to wait long."""
    places = _open.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    try:
        async with asyncio.timeout(pictures.SECONDS):
            await places.acquire()
    except TimeoutError as e:
        raise Unreadable("Too many pictures are being fetched") from e
    try:
        return await pictures.fetch(url)
    finally:
        places.release()


async def _own(hub: Hub, value: str) -> pictures.Picture:
    async with hub.database.unit() as session:
        found = await history.file(session, UUID(value.removeprefix("own:")))
    if found is None:
        raise Unreadable("There is no such file")
    return pictures.picture(await hub.storage.get(found[0].sha256))
