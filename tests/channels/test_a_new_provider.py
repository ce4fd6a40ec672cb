"""The provider of docs/how-to/add-a-provider.md, taken from the page and held to what every provider must keep."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import ValidationError

from channels.adapter import Channel, WebRequest
from channels.errors import Forged, Misconfigured, Refused, TryLater, Unknown, Unreadable
from channels.message import Address, Inbound, Kind, Outbound, Progress, Reason, Receipt, Text
from channels.providers import Provider

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-provider.md").read_text(encoding="utf-8")
MODULE, LINE = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
KEY, BASE = "feather", "https://hub.example/webhooks/texts"


@dataclass
class Pigeon:
    """The far side. `answer` is (status, JSON, headers) for the next requests; None hangs up instead."""

    answer: tuple[int, object, Mapping[str, str]] | None = (201, {"id": "PG1", "status": "accepted"}, {})
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "bad_key"}, status=401)
        if request.method == "POST":
            self.asked.append(await request.json())
        if self.answer is None:
            assert request.transport
            request.transport.abort()
            return web.Response()
        status, content, headers = self.answer
        return web.json_response(content, status=status, headers=headers)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The page's line of the table, evaluated with the page's module in place."""
    module = ModuleType("channels.sms.pigeon")
    sys.modules[module.__name__] = module
    try:
        exec(compile(MODULE, "add-a-provider.md", "exec"), module.__dict__)
        table = eval("{" + LINE + "}", {"Kind": Kind, "Provider": Provider, "pigeon": module})
        yield table[(Kind.SMS, "pigeon")]
    finally:
        del sys.modules[module.__name__]


@pytest.fixture
async def pigeon() -> AsyncIterator[Pigeon]:
    pigeon = Pigeon()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pigeon.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pigeon.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield pigeon
    await runner.cleanup()


@pytest.fixture
async def texts(provider: Provider, pigeon: Pigeon) -> AsyncIterator[Channel]:
    async with _opened(provider, pigeon.url) as channel:
        yield channel


@asynccontextmanager
async def _opened(provider: Provider, url: str, **more: object) -> AsyncIterator[Channel]:
    table = {"number": "+48 732 230 003", "api_key": KEY, "base_url": url, **more}
    channel = provider.open("texts", provider.settings.model_validate(table), BASE)
    try:
        yield channel
    finally:
        await channel.close()


def hello() -> Outbound[Text]:
    return Outbound(uuid4(), Address(Kind.SMS, "+48601123456"), Text("Hello"), token="t0ken")


def news(**said: object) -> WebRequest:
    body = json.dumps(said).encode()
    signature = hmac.digest(KEY.encode(), body, hashlib.sha256).hex()
    return WebRequest(f"{BASE}/news", {"x-pigeon-signature": signature}, body)


async def test_a_message_that_is_taken_has_the_providers_name_and_carried_our_token(
    texts: Channel, pigeon: Pigeon
) -> None:
    accepted = await texts.sender.send(hello())
    assert accepted.provider_id == "PG1"
    assert pigeon.asked == [
        {
            "from": "+48732230003",
            "to": "+48601123456",
            "text": "Hello",
            "callback": f"{BASE}/news",
            "reference": "t0ken",
        }
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("no_such_number", Reason.BAD_ADDRESS), ("too_long", Reason.TOO_LONG), ("never heard of", Reason.UNKNOWN)],
)
async def test_a_refusal_tells_the_reason_in_our_words(
    texts: Channel, pigeon: Pigeon, code: str, reason: Reason
) -> None:
    pigeon.answer = (422, {"error": code}, {})
    with pytest.raises(Refused) as refused:
        await texts.sender.send(hello())
    assert (refused.value.reason, refused.value.code) == (reason, code)


async def test_being_told_to_slow_down_stops_the_whole_sender_for_as_long_as_asked(
    texts: Channel, pigeon: Pigeon
) -> None:
    pigeon.answer = (429, {"error": "slow_down"}, {"Retry-After": "7"})
    with pytest.raises(TryLater) as later:
        await texts.sender.send(hello())
    assert (later.value.after, later.value.whole_sender) == (timedelta(seconds=7), True)


@pytest.mark.parametrize("answer", [(500, {"error": "broken"}, {}), (503, "<html>", {}), (201, {}, {}), None])
async def test_when_nobody_can_tell_whether_it_left_the_outcome_is_unknown(
    texts: Channel, pigeon: Pigeon, answer: tuple[int, object, Mapping[str, str]] | None
) -> None:
    pigeon.answer = answer
    with pytest.raises(Unknown):
        await texts.sender.send(hello())
    assert len(pigeon.asked) == 1


async def test_when_nobody_listens_it_did_not_leave(provider: Provider, unused_tcp_port: int) -> None:
    async with _opened(provider, f"http://127.0.0.1:{unused_tcp_port}") as channel:
        with pytest.raises(TryLater) as later:
            await channel.sender.send(hello())
    assert later.value.whole_sender


async def test_an_account_that_is_refused_is_the_operators_to_mend(provider: Provider, pigeon: Pigeon) -> None:
    async with _opened(provider, pigeon.url, api_key="wrong") as channel:
        with pytest.raises(Misconfigured, match="api_key"):
            await channel.sender.send(hello())
        (finding,) = await channel.check()
    assert (finding.ok, finding.remedy) == (False, "Check api_key and base_url")


async def test_a_check_of_a_good_account_finds_it(texts: Channel, pigeon: Pigeon) -> None:
    pigeon.answer = (200, {"name": "Meadow & Sons"}, {})
    (finding,) = await texts.check()
    assert (finding.ok, finding.detail) == (True, "Meadow & Sons")


async def test_a_message_that_comes_in_is_put_into_our_words(texts: Channel) -> None:
    assert texts.webhook
    (event,) = texts.webhook.read(
        news(event="received", id="PG2", to="+48732230003", text="Hi", **{"from": "+48601123456"})
    )
    assert event == Inbound(
        Kind.SMS, "PG2", Address(Kind.SMS, "+48601123456"), (Address(Kind.SMS, "+48732230003"),), "Hi"
    )


async def test_a_receipt_brings_our_token_back(texts: Channel) -> None:
    assert texts.webhook
    (delivered,) = texts.webhook.read(news(event="delivered", id="PG1", reference="t0ken"))
    (lost,) = texts.webhook.read(news(event="lost", id="PG1", reference="t0ken", error="no_such_number"))
    assert delivered == Receipt("PG1", Progress.DELIVERED, token="t0ken")
    assert lost == Receipt(
        "PG1", Progress.FAILED, token="t0ken", reason=Reason.BAD_ADDRESS, hard=True, code="no_such_number"
    )


@pytest.mark.parametrize(
    "headers", [{}, {"x-pigeon-signature": ""}, {"x-pigeon-signature": "00" * 32}, {"x-pigeon-signature": "é"}]
)
async def test_a_webhook_without_the_right_signature_is_forged(texts: Channel, headers: dict[str, str]) -> None:
    assert texts.webhook
    with pytest.raises(Forged):
        texts.webhook.read(WebRequest(f"{BASE}/news", headers, b'{"event": "delivered"}'))


async def test_one_changed_byte_of_a_signed_webhook_is_a_forgery(texts: Channel) -> None:
    assert texts.webhook
    good = news(event="delivered", id="PG1", reference="t0ken")
    with pytest.raises(Forged):
        texts.webhook.read(WebRequest(good.url, good.headers, good.body.replace(b"PG1", b"PG2")))


@pytest.mark.parametrize(
    "said",
    [
        {"event": "teleported", "id": "PG1", "reference": "t0ken"},
        {"event": "delivered"},
        {"event": ["delivered"], "id": "PG1", "reference": ""},
        {"event": "received", "id": "PG2", "from": "nobody", "to": "+48732230003", "text": ""},
        {},
    ],
)
async def test_a_signed_webhook_that_makes_no_sense_is_kept_as_unreadable(
    texts: Channel, said: dict[str, object]
) -> None:
    assert texts.webhook
    with pytest.raises(Unreadable):
        texts.webhook.read(news(**said))


def test_an_unknown_key_in_the_configuration_is_an_error(provider: Provider) -> None:
    with pytest.raises(ValidationError, match="api_kee"):
        provider.settings.model_validate({"number": "+48732230003", "api_key": KEY, "api_kee": KEY})
