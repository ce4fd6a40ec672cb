"""/l/… and /o/…: links that were followed and pictures that were fetched. They are counted, and nothing else happens.

A link leads where the message said, signed to the letter, and nowhere else. A reader is never kept waiting for our
counting: when the database is away the links of mails lead on all the same.
"""

from __future__ import annotations

import asyncio
import base64
from html import escape
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.plain import HEADERS, page
from hub.api.unsubscribe_words import words
from hub.bootstrap import Hub
from hub.campaigns import clicks, machines
from hub.campaigns.machines import Visitor
from hub.database.outage import is_away
from hub.models.vocabulary import Touch
from hub.outbound import links

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger("links")
_PATIENCE = 1.0  # seconds a reader waits for our counting
_DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_ASKED = ["GET", "HEAD"]
_PLAIN = "%/:=&?~#+!$,;'@()*[]"  # of an address whatever is not ASCII is spelled for the header


@router.api_route("/l/{token}/{target}", methods=_ASKED)
async def follow(request: Request, token: str, target: str) -> Response:
    """On to where a mail's link leads."""
    hub, url = hub_of(request), links.read_target(target)
    message = hub.signer.read_link_token(links.CLICK, token, url) if url is not None else None
    if url is None or message is None or not links.is_followed(url, hub.gate):
        return _no_such_link(request)
    await _count(request, hub, message, Touch.CLICK, url)
    return _on(url)


@router.api_route("/l/{token}", methods=_ASKED)
async def short(request: Request, token: str) -> Response:
    """On to where an SMS's link leads; or, for whoever follows what nobody sees, nowhere."""
    hub = hub_of(request)
    if links.is_code(token):
        async with hub.database.unit() as session:
            found = await links.leads_to(session, token)
        if found is None or not links.is_followed(found[1], hub.gate):
            return _no_such_link(request)
        await _count(request, hub, found[0], Touch.CLICK, found[1])
        return _on(found[1])
    message = hub.signer.read_link_token(links.TRAP, token)
    if message is None:
        return _no_such_link(request)
    await _count(request, hub, message, Touch.TRAP)
    return page(hub.settings.hub.name, f"<h1>{escape(hub.settings.hub.name)}</h1>")


@router.api_route("/o/{name}", methods=_ASKED)
async def picture(request: Request, name: str) -> Response:
    """The dot in a mail."""
    hub, token = hub_of(request), name.removesuffix(".gif")
    message = hub.signer.read_link_token(links.OPEN, token) if token != name else None
    if message is None:
        return Response(status_code=404)
    await _count(request, hub, message, Touch.OPEN)
    return Response(_DOT, media_type="image/gif", headers={"Cache-Control": "no-store, private"})


async def _count(request: Request, hub: Hub, message: UUID, touch: Touch, url: str = "") -> None:
    """Never in the reader's way: what cannot be written down now is not counted."""
    verdict = machines.verdict(_visitor(request), touch, hub.settings.tracking.scanners)
    try:
        async with asyncio.timeout(_PATIENCE), hub.database.unit() as session:
            await clicks.record(session, message, touch, verdict, now=clock.now(), url=url)
    except Exception as e:
        tell = _log.warning if isinstance(e, TimeoutError) or is_away(e) else _log.exception
        tell("not counted", touch=touch.value, error=type(e).__name__)


def _visitor(request: Request) -> Visitor:
    """Browsers say when nobody has asked yet: Sec-Purpose (Fetch standard), Purpose and X-moz before it."""
    said = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    return Visitor(
        ip=ip_of(request),
        agent=request.headers.get("user-agent", "")[:1000],
        method=request.method,
        early=any(word in one.lower() for one in said for word in ("prefetch", "preview", "prerender")),
    )


def _on(url: str) -> Response:
    """A redirect that nobody keeps: the next time is counted too."""
    headers = {
        "Location": quote(url, safe=_PLAIN),
        "Cache-Control": "no-store, private",
        "Referrer-Policy": "no-referrer",
    }
    return Response(status_code=302, headers={**headers, "X-Robots-Tag": "noindex"})


def _no_such_link(request: Request) -> Response:
    hub = hub_of(request).settings.hub
    default = hub.languages[0]
    said = words(request.headers.get("accept-language", default)[:2].lower(), default)
    answer = page(hub.name, f"<p>{escape(said.no_link)}</p>", language=said.language, status=404)
    return answer if request.method == "GET" else Response(status_code=404, headers=HEADERS)
