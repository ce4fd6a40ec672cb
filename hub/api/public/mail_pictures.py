"""/m/{token}: pictures of our mails, for whoever reads one. Nothing is counted, nobody is asked who they are."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Response

from hub import clock
from hub.api.access import hub_of
from hub.storage import Damaged, Missing
from hub.texts import pictures

router = APIRouter(include_in_schema=False)
_LONGEST = 200
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # mail programs of the web are other origins
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
}


@router.api_route("/m/{token}", methods=["GET", "HEAD"])
async def picture(request: Request, token: str) -> Response:
    """A picture never changes under its address: it may be kept for a year."""
    hub = hub_of(request)
    value = hub.signer.read(pictures.PURPOSE, token, now=clock.now()) if len(token) <= _LONGEST else None
    if value is None:
        raise HTTPException(404)
    try:
        async with hub.database.unit() as session:
            found = await pictures.get(session, UUID(value))
        content = await hub.storage.get(found.sha256)
    except (LookupError, Missing, Damaged) as e:
        raise HTTPException(404) from e
    return Response(content, media_type=found.media_type, headers=HEADERS)
