"""/l/… and /o/…: links that were followed and pictures that were fetched. They are counted, and nothing else happens.

A link leads where the message said, signed to the letter, and nowhere else. A reader is never kept waiting for our
counting: when the database is away the links of mails lead on all the same.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from html import escape
from urllib.parse import quote
from uuid import UUID

import idna
import structlog
from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.plain import HEADERS
from hub.api.public.outside import bare, words_for
from hub.api.public.unsubscribe_words import WORDS, Words
from hub.bootstrap import Hub
from hub.campaigns import clicks, machines
from hub.campaigns.machines import Visitor
from hub.database.outage import RETRY_AFTER, is_away
from hub.models.vocabulary import Touch
from hub.outbound import links
from hub.staff import throttle

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger("links")
_PAUSE = 60  # seconds after which somebody who guessed may try again
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
        return await _by_code(request, hub, token)
    message = hub.signer.read_link_token(links.TRAP, token)
    if message is None:
        return _no_such_link(request)
    await _count(request, hub, message, Touch.TRAP)
    company = hub.settings.hub.name
    return bare(request, words_for(request, WORDS), "", title=company)


async def _by_code(request: Request, hub: Hub, code: str) -> Response:
    """Codes are short enough to be guessed: whoever guesses is made to wait, right or wrong."""
    guesses, guesser = request.state.meters.guesses, throttle.network(ip_of(request))
    if guesses.is_empty(guesser, time.monotonic()):
        return _told(request, 429, {"Retry-After": str(_PAUSE)}, lambda said: said.too_often)
    try:
        async with hub.database.unit() as session:
            found = await links.leads_to(session, code)
    except Exception as e:
        if not is_away(e):
            raise
        return _told(request, 503, {"Retry-After": str(RETRY_AFTER)}, lambda said: said.away)
    if found is None or not links.is_followed(found[1], hub.gate):
        guesses.take(guesser, time.monotonic())
        return _no_such_link(request)
    await _count(request, hub, found[0], Touch.CLICK, found[1])
    return _on(found[1])


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
    """Never in the reader's way: what cannot be written down now is not counted, nor what comes over and over."""
    if not request.state.meters.touches.take(str(message), time.monotonic()):
        return
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
        "Location": _spelt(url),
        "Cache-Control": "no-store, private",
        "Referrer-Policy": "no-referrer",
    }
    return Response(status_code=302, headers={**headers, "X-Robots-Tag": "noindex"})


def _spelt(url: str) -> str:
    """As a header can hold it: a host's name as A-labels (RFC 5890), all else that is not ASCII percent-encoded."""
    scheme, separator, rest = url.partition("://")
    end = next((place for place, letter in enumerate(rest) if letter in "/?#"), len(rest))
    host = rest[:end]
    if not host.isascii():
        with suppress(UnicodeError):  # of a name that is none a browser makes what it can
            name, colon, port = host.partition(":")
            host = f"{idna.encode(name, uts46=True).decode()}{colon}{port}"
    return quote(f"{scheme}{separator}{host}{rest[end:]}", safe=_PLAIN)


def _no_such_link(request: Request) -> Response:
    return _told(request, 404, {}, lambda said: said.no_link)


def _told(request: Request, status: int, headers: Mapping[str, str], sentence: Callable[[Words], str]) -> Response:
    """A page of one sentence, in the reader's language."""
    said = words_for(request, WORDS)
    title, inside = hub_of(request).settings.hub.name, f"<p>{escape(sentence(said))}</p>"
    answer = bare(request, said, inside, title=title, status=status)
    if request.method != "GET":
        answer = Response(status_code=status, headers=HEADERS)
    answer.headers.update(headers)
    return answer
