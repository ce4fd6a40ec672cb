"""Twilio's published API description judges what we send and what the pretend carrier answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.validation.request.exceptions import RequestValidationError
from openapi_core.validation.response.exceptions import ResponseValidationError
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client
from werkzeug.datastructures import Headers, ImmutableMultiDict

from channels.sandbox.resources import File
from channels.sandbox.telephone import Behaviour

DESCRIPTION = Path(__file__).parents[3].parent / "shared" / "twilio" / "twilio_api_v2010.json"
PERSON = "+48601234567"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DESCRIPTION.exists(), reason="Twilio's API description is not beside the checkout"),
]


@cache
def description() -> OpenAPI:
    """The description, told that array fields are repeated form keys, and cut down to what the carrier serves."""
    spec = json.loads(DESCRIPTION.read_text())
    served = ("/Messages", "/Calls", "/Recordings", "/IncomingPhoneNumbers.json")
    spec["paths"] = {
        path: item
        for path, item in spec["paths"].items()
        if path.count("/") == 3 or any(part in path for part in served)
    }
    for item in spec["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                for content in operation["requestBody"]["content"].values():
                    _repeat_arrays(content)
    return OpenAPI.from_dict(spec)


def _repeat_arrays(content: dict[str, Any]) -> None:
    arrays = [k for k, v in content["schema"]["properties"].items() if v.get("type") == "array"]
    content["encoding"] = {name: {"style": "form", "explode": True} for name in arrays}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, in the shape that openapi-core reads."""

    method: str
    path: str
    query: Mapping[str, Any]
    sent_headers: Mapping[str, str]
    body: bytes
    content_type: str
    status_code: int
    headers: Headers
    data: bytes
    answer_type: str

    def check(self) -> None:
        """Raises what openapi-core finds wrong."""
        request = _Request(self)
        description().validate_request(request)
        description().validate_response(request, _Response(self))


class _Request:
    host_url = "https://api.twilio.com"

    def __init__(self, seen: Exchange) -> None:
        self.path, self.method, self.body, self.content_type = seen.path, seen.method, seen.body, seen.content_type
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(list(seen.query.items())), header=Headers(dict(seen.sent_headers))
        )


class _Response:
    def __init__(self, seen: Exchange) -> None:
        self.data, self.status_code, self.headers = seen.data, seen.status_code, seen.headers
        self.content_type = seen.answer_type


@dataclass
class Judge:
    """A proxy that keeps what passes through it."""

    seen: list[Exchange] = field(default_factory=list)
    runner: web.AppRunner | None = None
    target: str = ""

    async def between(self, target: str) -> str:
        self.target = target
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _pass(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k in ("Authorization", "Content-Type")}
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, self.target + request.path_qs, data=body, headers=headers) as answer,
        ):
            data = await answer.read()
        self.seen.append(
            Exchange(
                request.method.lower(),
                request.path,
                dict(request.query),
                dict(request.headers),
                body,
                request.content_type,
                answer.status,
                Headers(list(answer.headers.items())),
                data,
                answer.content_type,
            )
        )
        return web.Response(body=data, status=answer.status, content_type=answer.content_type)


@pytest.fixture
async def judged(desk_through: Callable[[Callable[[str], Awaitable[str]]], Awaitable[Any]]) -> AsyncIterator[Any]:
    judge = Judge()
    desk = await desk_through(judge.between)
    yield desk, judge
    if judge.runner:
        await judge.runner.cleanup()


async def test_everything_the_adapters_ask_and_the_carrier_answers_is_as_described(judged: Any, company: Any) -> None:
    desk, judge = judged
    await desk.sms.sender.send(company.text_to(PERSON, "Hi", "https://hub.example/a.png", "https://hub.example/b.png"))
    await desk.voice.sender.send(company.call_to(PERSON, detect_machine=True))
    await desk.sms.check()
    await desk.voice.check()
    await desk.carrier.settled()
    assert len(judge.seen) == 6
    for seen in judge.seen:
        seen.check()


async def test_the_judge_notices_what_is_wrong(judged: Any, company: Any) -> None:
    desk, judge = judged
    await desk.sms.sender.send(company.text_to(PERSON))
    (good,) = judge.seen
    with pytest.raises(ResponseValidationError):
        replace(good, data=b'{"sid": "short"}').check()
    with pytest.raises(RequestValidationError):
        replace(good, body=b"Body=nobody+to+send+it+to").check()
    with pytest.raises(PathNotFound):
        replace(good, path="/2010-04-01/Accounts/x/Mesages.json").check()


async def test_the_unmodified_library_can_do_everything_the_carrier_offers(judged: Any, company: Any) -> None:
    desk, judge = judged
    http = AsyncTwilioHttpClient()
    client = Client(company.sid, company.token, http_client=http)
    client.api.base_url = desk.sms.sender.settings.base_url
    try:
        await _use_everything(desk, client, company)
    finally:
        await http.close()
    methods = {(seen.method, seen.path.removeprefix(f"/2010-04-01/Accounts/{company.sid}")[:8]) for seen in judge.seen}
    assert {("get", ".json"), ("post", "/Message"), ("get", "/Calls/C"), ("get", "/Recordi")} <= methods
    for seen in judge.seen:
        seen.check()


async def _use_everything(desk: Any, client: Any, company: Any) -> None:
    assert (await client.api.accounts(company.sid).fetch_async()).status == "active"
    await _use_messages(desk, client, company)
    await _use_calls(desk, client, company)


async def _use_messages(desk: Any, client: Any, company: Any) -> None:
    for n in range(3):
        await client.messages.create_async(to=PERSON, from_=company.number, body=f"text {n}")
    inbound = desk.carrier.text(PERSON, "with a picture", [File("image/png", b"png")])
    await desk.carrier.settled()
    everything = await client.messages.list_async(page_size=2)
    assert [m.body for m in everything] == ["with a picture", "text 2", "text 1", "text 0"], "newest first, all pages"
    (of_company,) = [
        await client.messages.list_async(to=PERSON, from_=company.number, date_sent_after=everything[-1].date_created)
    ]
    assert [m.status for m in of_company] == ["delivered"] * 3
    assert await client.messages.list_async(date_sent_before=datetime(2020, 1, 1, tzinfo=UTC)) == []
    fetched = await client.messages(inbound.sid).fetch_async()
    assert (fetched.direction, fetched.num_media) == ("inbound", "1")
    assert [m.content_type for m in await client.messages(inbound.sid).media.list_async()] == ["image/png"]
    assert (await client.messages(inbound.sid).update_async(body="")).body == ""
    assert await client.messages(inbound.sid).delete_async()


async def _use_calls(desk: Any, client: Any, company: Any) -> None:
    desk.carrier.behave(PERSON, Behaviour(speaks=2))
    made = await client.calls.create_async(to=PERSON, from_=company.number, twiml="<Response><Record/></Response>")
    await asyncio.wait_for(desk.carrier.settled(), 10)
    assert (await client.calls(made.sid).fetch_async()).status == "completed"
    assert [c.sid for c in await client.calls.list_async(to=PERSON, status="completed")] == [made.sid]
    (recording,) = await client.recordings.list_async(call_sid=made.sid)
    assert [r.sid for r in await client.calls(made.sid).recordings.list_async()] == [recording.sid]
    assert (await client.recordings(recording.sid).fetch_async()).duration == "2"
    assert await client.recordings(recording.sid).delete_async()
    (number,) = await client.incoming_phone_numbers.list_async(phone_number=company.number)
    assert number.capabilities["sms"]


async def test_a_running_call_can_be_redirected_and_ended_by_the_library(judged: Any, company: Any) -> None:
    desk, judge = judged
    http = AsyncTwilioHttpClient()
    client = Client(company.sid, company.token, http_client=http)
    client.api.base_url = desk.sms.sender.settings.base_url
    desk.carrier.exchange.hold(PERSON, held=True)
    forever = "<Response><Enqueue>waiting</Enqueue></Response>"
    made = await client.calls.create_async(to=PERSON, from_=company.number, twiml=forever)
    (call,) = desk.carrier.calls(PERSON)
    call.telephone.take()
    await desk.carrier.until(lambda: any(h.verb == "waits" for h in call.heard))
    await client.calls(made.sid).update_async(twiml=f"<Response><Say>Moved</Say>{forever[10:]}")
    await desk.carrier.until(lambda: sum(h.verb == "waits" for h in call.heard) == 2)
    assert any(h.what == "Moved" for h in call.heard)
    await client.calls(made.sid).update_async(status="completed")
    await desk.carrier.settled()
    await http.close()
    assert call.status == "completed"
    for seen in judge.seen:
        seen.check()
