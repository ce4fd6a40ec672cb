"""A company's desk over real HTTP: webhooks that read with the adapters, answer calls, and keep the events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from aiohttp import web

from channels.adapter import Channel, WebRequest
from channels.errors import Forged
from channels.message import Address, Call, CallEvent, Event, Inbound, Kind, Outbound, Receipt, Script, Text
from channels.providers import open_channel
from channels.sandbox.carrier import Carrier
from channels.sandbox.resources import CompanyNumber

SID = "AC" + "0123456789abcdef" * 2
TOKEN = "the sandbox's token"
COMPANY = "+48220000000"


@dataclass
class Desk:
    """What the hub is to the adapters; `script` decides what a waiting call does."""

    sms: Channel
    voice: Channel
    carrier: Carrier
    script: Callable[[CallEvent], Script] = lambda event: Script(())
    events: list[Event] = field(default_factory=list)
    requests: list[WebRequest] = field(default_factory=list)
    forged: int = 0
    away: int = 0  # requests that nobody can take now

    async def receive(self, request: web.Request) -> web.Response:
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        channel = self.sms if request.match_info["channel"] == "sms" else self.voice
        seen = WebRequest(
            str(request.url.origin()) + request.raw_path,
            {k.lower(): v for k, v in request.headers.items()},
            await request.read(),
        )
        self.requests.append(seen)
        assert channel.webhook
        try:
            events = channel.webhook.read(seen)
        except Forged:
            self.forged += 1
            return web.Response(status=403)
        self.events.extend(events)
        return self._answer(events[0])

    def _answer(self, event: Event) -> web.Response:
        if not isinstance(event, CallEvent) or not event.asks:
            return web.Response(status=204)
        assert self.voice.answerer
        answer = self.voice.answerer.answer(self.script(event), event.token or "inbound-token")
        return web.Response(body=answer.body, content_type=answer.media_type)

    @property
    def receipts(self) -> list[Receipt]:
        return [e for e in self.events if isinstance(e, Receipt)]

    @property
    def inbound(self) -> list[Inbound]:
        return [e for e in self.events if isinstance(e, Inbound)]

    @property
    def calls(self) -> list[CallEvent]:
        return [e for e in self.events if isinstance(e, CallEvent)]


def text_to(number: str, body: str = "Hello", *media: str, token: str = "t.1:é") -> Outbound[Text]:
    return Outbound(uuid4(), Address(Kind.SMS, number), Text(body, media), token)


def call_to(number: str, *, detect_machine: bool = False, token: str = "t-2") -> Outbound[Call]:
    return Outbound(uuid4(), Address(Kind.VOICE, number), Call(detect_machine=detect_machine), token)


@dataclass(frozen=True)
class Company:
    """The constants and builders that the tests share."""

    sid: str = SID
    token: str = TOKEN
    number: str = COMPANY
    text_to: Callable[..., Outbound[Text]] = text_to
    call_to: Callable[..., Outbound[Call]] = call_to


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stack)


@pytest.fixture
async def desk_through() -> AsyncIterator[Callable[[Callable[[str], Awaitable[str]]], Awaitable[Desk]]]:
    """A desk whose adapters reach the carrier through something: given the carrier's URL, it returns another."""
    async with AsyncExitStack() as stack:

        async def opened(through: Callable[[str], Awaitable[str]]) -> Desk:
            return await open_desk(stack, through)

        yield opened


async def open_desk(stack: AsyncExitStack, through: Callable[[str], Awaitable[str]] | None = None) -> Desk:
    holder: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()

    async def receive(request: web.Request) -> web.Response:
        return await (await holder).receive(request)

    app = web.Application()
    app.router.add_post("/hooks/{channel}/{name}", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hooks = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"

    number = CompanyNumber(COMPANY, f"{hooks}/sms/message", f"{hooks}/voice/incoming", f"{hooks}/voice/call-status")
    carrier = Carrier(SID, TOKEN, [number])
    await carrier.start()
    stack.push_async_callback(carrier.stop)
    base_url = await through(carrier.base_url) if through else carrier.base_url
    table = {"account_sid": SID, "auth_token": TOKEN, "base_url": base_url, "number": COMPANY, "timeout_seconds": 5}
    sms = open_channel("texts", Kind.SMS, "twilio", table, webhook_base=f"{hooks}/sms")
    voice = open_channel("calls", Kind.VOICE, "twilio", table, webhook_base=f"{hooks}/voice")
    stack.push_async_callback(sms.close)
    stack.push_async_callback(voice.close)
    holder.set_result(Desk(sms, voice, carrier))
    return holder.result()
