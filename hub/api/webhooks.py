"""POST /webhooks/{channel}/…: what providers tell us. The adapter checks the signature; only then anything happens.

Status callbacks come in floods, so they are answered in front of the application: finding a route among all the others
would cost as much as the rest.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.adapter import Channel, Raw, WebRequest
from channels.errors import Forged, Unreadable
from channels.message import CallEvent, Event, Receipt, Script
from hub import clock
from hub.api.access import ip_of
from hub.api.problems import LARGEST_BODY, answer_to, body_of, busy
from hub.bootstrap import Hub
from hub.database import outage
from hub.inbound import receive, rejections
from hub.inbound.collecting import Collector, TooMany

LONGEST_SECONDS = 8  # Twilio hangs up after 15
RECEIPT_SECONDS = 1.8  # nobody waits for what to do next: come again rather than queue
TRIES = 4  # of a transaction that the database takes back for another's sake
QUIET_SECONDS = 1.0  # after a flood of forgeries nothing is noted for so long

_BELOW = "/webhooks/"
_STORED = Response(status_code=204)
_log = structlog.get_logger("webhooks")
_Made = TypeVar("_Made")


class Webhooks:
    """Middleware that answers below /webhooks/ itself, and holds what has to be settled together.

    204, or what a waiting call does next; 403 forged, 400 unreadable (kept), 404 no such channel, 503 try again.
    """

    def __init__(self, app: ASGIApp, *, hub: Hub) -> None:
        self._app, self._hub = app, hub
        self._collector = Collector(hub.database, hub.signer)
        self._quiet_until = 0.0
        self._untold = 0  # forgeries since the last line in the log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_BELOW):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._answer(scope, receive)
        except TooMany:
            response = busy().response()
        except Exception as e:
            response = answer_to(Request(scope, receive), e)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return PlainTextResponse("Webhooks are posted", 405, {"Allow": "POST"})
        channel = self._hub.channels.get(scope["path"].removeprefix(_BELOW).partition("/")[0])
        if channel is None or channel.webhook is None:
            return PlainTextResponse("No channel of this name takes webhooks", 404)
        incoming = WebRequest(_public_url(scope, self._hub), _headers(scope["headers"]), await _body(scope, receive))
        try:
            events = channel.webhook.read(incoming)
        except Forged as e:
            return await self._turned_away(channel, incoming, str(e), ip_of(Request(scope)))
        except Unreadable as e:
            return await _set_aside(self._hub, channel, incoming, str(e))
        return await self._taken_in(channel, events)

    async def _taken_in(self, channel: Channel, events: Sequence[Event]) -> Response:
        told = [event for event in events if isinstance(event, Receipt)]
        if told:
            async with asyncio.timeout(RECEIPT_SECONDS):
                await self._collector.settle(channel.name, told)
        others = [event for event in events if not isinstance(event, Receipt)]
        if not others:
            return _STORED
        async with asyncio.timeout(LONGEST_SECONDS):
            return await _received(self._hub, channel, others)

    async def _turned_away(self, channel: Channel, incoming: WebRequest, cause: str, ip: str) -> Response:
        """Requirement T1: 403 and no change, but for a bounded note to whoever runs the hub."""
        payload = {"url": incoming.url, "ip": ip, "body": incoming.body[:1000].decode("utf-8", "replace")}
        self._untold += 1
        if time.monotonic() >= self._quiet_until:
            if not await _noted(self._hub, channel, cause, payload):
                self._quiet_until = time.monotonic() + QUIET_SECONDS
            _log.warning("forged webhook", channel=channel.name, ip=ip, count=self._untold)
            self._untold = 0
        return PlainTextResponse("The signature does not hold", 403)


async def _noted(hub: Hub, channel: Channel, cause: str, payload: dict[str, str]) -> bool:
    """False when there have been enough lately, or when there is nowhere to note it."""
    try:
        async with hub.database.unit() as session:
            return await rejections.note(session, channel=channel.name, cause=cause, payload=payload, now=clock.now())
    except Exception as e:
        if not outage.is_away(e):
            raise
        return False


async def _received(hub: Hub, channel: Channel, events: Sequence[Event]) -> Response:
    """Every event in a unit of its own: told again after a failure, those that were taken in change nothing."""
    response = _STORED
    for event in events:
        if isinstance(event, CallEvent) and event.asks:
            response = await _answered(hub, channel, event)
            continue
        await receive.store_files(hub.storage, event)
        await _insisting(partial(_noted_down, hub, channel, event))
    return response


async def _noted_down(hub: Hub, channel: Channel, event: Event) -> None:
    async with hub.database.unit() as session:
        await receive.receive(session, channel, event, hub.reception, now=clock.now())


async def _answered(hub: Hub, channel: Channel, event: CallEvent) -> Response:
    """The provider waits on the line for what to do next."""
    script, token = await _insisting(partial(_asked, hub, channel, event))
    if channel.answerer is None:
        return Response(status_code=204)
    said = channel.answerer.answer(script, token)
    return Response(said.body, media_type=said.media_type)


async def _asked(hub: Hub, channel: Channel, event: CallEvent) -> tuple[Script, str]:
    async with hub.database.unit() as session:
        return await receive.answer(session, channel, event, hub.reception, now=clock.now())


async def _insisting(unit: Callable[[], Awaitable[_Made]]) -> _Made:
    """The same unit again when a deadlock took it back: news of a call is told once, and what is refused is lost."""
    for _ in range(TRIES - 1):
        try:
            return await unit()
        except Exception as e:
            if not outage.is_conflict(e):
                raise
            _log.info("a webhook that was taken back is tried again", error=type(e).__name__)
    return await unit()


async def _set_aside(hub: Hub, channel: Channel, incoming: WebRequest, cause: str) -> Response:
    """Really from the provider, but not understood: kept whole, so that it can be read once the hub has learnt how."""
    key = f"webhook:{hashlib.sha256(incoming.url.encode() + incoming.body).hexdigest()}"
    raw = Raw(key, incoming.url.encode() + b"\n" + incoming.body)
    async with hub.database.unit() as session:
        await receive.keep(session, hub.storage, channel.name, [raw], None, now=clock.now())
    _log.warning("unreadable webhook", channel=channel.name, cause=cause, key=key)
    return PlainTextResponse("This could not be understood; it was kept", 400)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, nearly always in one piece. Raises Problem 413."""
    first = await receive()
    if first["type"] == "http.request" and not first.get("more_body") and len(first["body"]) <= LARGEST_BODY:
        return bytes(first["body"])
    held = [first]

    async def again() -> Message:
        return held.pop() if held else await receive()

    return await body_of(Request(scope, again))


def _public_url(scope: Scope, hub: Hub) -> str:
    """As the provider called it. Never from Host or X-Forwarded-*, which a stranger chooses."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return hub.settings.hub.public_url + (path + (b"?" + query if query else b"")).decode("latin-1")


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case names; a header sent twice holds both values, which no signature survives."""
    headers: dict[str, str] = {}
    for sent, held in raw:
        name, value = sent.decode("latin-1").lower(), held.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
