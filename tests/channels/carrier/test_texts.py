"""SMS both ways over real HTTP, between the adapter and the pretend carrier."""

from __future__ import annotations

import socket
from datetime import timedelta
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.adapter import WebRequest
from channels.errors import Forged, Misconfigured, Refused, TryLater, Unknown, Unreadable
from channels.fetching import basic_auth
from channels.message import Address, Kind, Media, Progress, Reason
from channels.providers import open_channel
from channels.sandbox.resources import File

PERSON = "+48601234567"


def magic(ending: str) -> str:
    return f"+4860123{ending}"


async def test_a_text_arrives_and_its_receipts_carry_our_token_and_only_go_forward(desk: Any, company: Any) -> None:
    accepted = await desk.sms.sender.send(company.text_to(PERSON, "Dzień dobry"))
    await desk.carrier.settled()
    assert [m.body for m in desk.carrier.texts(PERSON)] == ["Dzień dobry"]
    assert [r.progress for r in desk.receipts] == [Progress.QUEUED, Progress.SENDING, Progress.SENT, Progress.DELIVERED]
    assert {(r.provider_id, r.token, r.recipient) for r in desk.receipts} == {(accepted.provider_id, "t.1:é", PERSON)}


async def test_a_text_from_a_person_arrives_with_its_pictures(desk: Any, company: Any) -> None:
    sent = desk.carrier.text(PERSON, "Look", [File("image/png", b"\x89PNG picture")])
    await desk.carrier.settled()
    (inbound,) = desk.inbound
    assert (inbound.provider_id, inbound.text, inbound.problems) == (sent.sid, "Look", ())
    assert (inbound.sender, inbound.recipients) == (
        Address(Kind.SMS, PERSON),
        (Address(Kind.SMS, company.number),),
    )
    picture = await desk.sms.webhook.fetch(inbound.media[0])
    assert (picture.media_type, picture.content) == ("image/png", b"\x89PNG picture")


@pytest.mark.parametrize(("ending", "reason", "hard", "code"), [
    ("0001", Reason.BAD_ADDRESS, True, "30005"),
    ("0009", Reason.UNREACHABLE, False, "30003"),
])  # fmt: skip
async def test_what_does_not_arrive_says_why(
    desk: Any, company: Any, ending: str, reason: Reason, hard: bool, code: str
) -> None:
    await desk.sms.sender.send(company.text_to(magic(ending)))
    await desk.carrier.settled()
    last = desk.receipts[-1]
    assert (last.progress, last.reason, last.hard, last.code) == (Progress.FAILED, reason, hard, code)
    assert desk.carrier.texts(magic(ending)) == []


@pytest.mark.parametrize(("ending", "reason"), [("0002", Reason.BAD_ADDRESS), ("0003", Reason.OPTED_OUT)])
async def test_a_refusal_at_once_sends_nothing(desk: Any, company: Any, ending: str, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        await desk.sms.sender.send(company.text_to(magic(ending)))
    assert refused.value.reason is reason
    assert desk.carrier.messages.all == {}


async def test_too_fast_is_tried_later_when_the_provider_says(desk: Any, company: Any) -> None:
    with pytest.raises(TryLater) as later:
        await desk.sms.sender.send(company.text_to(magic("0004")))
    assert (later.value.after, later.value.whole_sender) == (timedelta(seconds=1), True)
    await desk.sms.sender.send(company.text_to(magic("0004")))
    await desk.carrier.settled()
    assert len(desk.carrier.texts(magic("0004"))) == 1


async def test_a_broken_connection_is_unknown_and_the_callback_settles_it(desk: Any, company: Any) -> None:
    """F2: there is no idempotency key; our token in the StatusCallback proves that it went out, with its SID."""
    with pytest.raises(Unknown):
        await desk.sms.sender.send(company.text_to(magic("0005")))
    await desk.carrier.settled()
    (carried,) = desk.carrier.messages.all.values()
    assert {(r.token, r.provider_id) for r in desk.receipts} == {("t.1:é", carried.sid)}


async def test_news_that_nobody_could_take_at_first_come_again(desk: Any, company: Any) -> None:
    desk.away = 2
    await desk.sms.sender.send(company.text_to(PERSON))
    await desk.carrier.settled()
    assert desk.away == 0
    told = {receipt.progress for receipt in desk.receipts}
    assert told == {Progress.QUEUED, Progress.SENDING, Progress.SENT, Progress.DELIVERED}
    assert desk.forged == 0


async def test_a_broken_server_is_unknown_and_asked_once(desk: Any, company: Any) -> None:
    with pytest.raises(Unknown) as unknown:
        await desk.sms.sender.send(company.text_to(magic("0008")))
    assert unknown.value.code == "20500"
    assert desk.carrier.messages.all == {}


async def test_nobody_listening_is_tried_later(company: Any, unused_tcp_port: int) -> None:
    table = {
        "account_sid": company.sid,
        "auth_token": company.token,
        "number": company.number,
        "base_url": f"http://127.0.0.1:{unused_tcp_port}",
    }
    sms = open_channel("texts", Kind.SMS, "twilio", table, webhook_base="https://hub.example/hooks/sms")
    with pytest.raises(TryLater) as later:
        await sms.sender.send(company.text_to(PERSON))
    assert (later.value.stage, later.value.whole_sender) == ("connect", True)
    await sms.close()


async def test_a_door_that_never_opens_is_tried_later_because_nothing_was_sent(company: Any) -> None:
    """Requirement 3.2: an SMS that may have gone is never sent again, so "may" must not be said lightly."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # the queue of a server that accepts nobody
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        table = {"account_sid": company.sid, "auth_token": company.token, "number": company.number}
        where = {"base_url": f"http://127.0.0.1:{full.getsockname()[1]}", "timeout_seconds": 0.5}
        sms = open_channel("texts", Kind.SMS, "twilio", table | where, webhook_base="https://hub.example/hooks/sms")
        with pytest.raises(TryLater) as later:
            await sms.sender.send(company.text_to(PERSON))
        assert (later.value.stage, later.value.whole_sender) == ("connect", True)
        await sms.close()


async def test_an_answer_that_does_not_end_is_unknown_before_it_fills_the_memory(company: Any) -> None:
    """The provider may have sent it: it is no more told by an answer of any length than by none."""
    poured = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal poured
        answer = web.StreamResponse(status=201)
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(b" " * 1024 * 1024)
            poured += 1
        return answer

    app = web.Application()
    app.router.add_post("/{anything:.*}", pour)
    table = {"account_sid": company.sid, "auth_token": company.token, "number": company.number}
    async with TestServer(app) as server:
        where = {"base_url": str(server.make_url("")).rstrip("/"), "timeout_seconds": 60}
        sms = open_channel("texts", Kind.SMS, "twilio", table | where, webhook_base="https://hub.example/hooks/sms")
        with pytest.raises(Unknown) as unknown:
            await sms.sender.send(company.text_to(PERSON))
        await sms.close()
    assert unknown.value.stage == "sent"
    assert poured < 64


async def test_a_wrong_token_is_a_matter_of_configuration(desk: Any, company: Any) -> None:
    table = {
        "account_sid": company.sid,
        "auth_token": "wrong",
        "number": company.number,
        "base_url": desk.carrier.base_url,
    }
    sms = open_channel("texts", Kind.SMS, "twilio", table, webhook_base="https://hub.example/hooks/sms")
    with pytest.raises(Misconfigured):
        await sms.sender.send(company.text_to(PERSON))
    found = await sms.check()
    assert [f.ok for f in found] == [False]  # of its number nobody is asked before
    await sms.close()


async def test_check_says_what_is_right(desk: Any) -> None:
    for channel in (desk.sms, desk.voice):
        found = await channel.check()
        assert [(f.step, f.ok) for f in found] == [("account", True), ("number", True), ("webhook", True)], found


async def test_check_names_the_webhook_that_should_be_set(desk: Any, company: Any) -> None:
    table = {
        "account_sid": company.sid,
        "auth_token": company.token,
        "number": company.number,
        "base_url": desk.carrier.base_url,
    }
    sms = open_channel("texts", Kind.SMS, "twilio", table, webhook_base="https://hub.example/hooks/sms")
    found = await sms.check()
    assert [f.ok for f in found] == [True, True, False]
    assert "https://hub.example/hooks/sms/message" in found[2].remedy
    await sms.close()


async def test_callbacks_twice_and_out_of_order_still_hold_the_furthest_state(desk: Any, company: Any) -> None:
    """T4: the adapter reports each as it came; rank says which counts."""
    await desk.sms.sender.send(company.text_to(magic("0006")))
    await desk.carrier.settled()
    came = [r.progress for r in desk.receipts]
    assert any(later.rank < earlier.rank for earlier, later in pairwise(came))
    assert len(came) > len(set(came))
    assert max(came, key=lambda p: p.rank) is Progress.DELIVERED


async def test_late_callbacks_come_when_released(desk: Any, company: Any) -> None:
    await desk.sms.sender.send(company.text_to(magic("0007")))
    await desk.carrier.settled()
    assert desk.receipts == []
    assert await desk.carrier.release() == 4
    assert desk.receipts[-1].progress is Progress.DELIVERED


async def test_the_carrier_knocks_twice_when_nobody_opens(desk: Any, company: Any, unused_tcp_port: int) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(
            f"{desk.carrier.base_url}/2010-04-01/Accounts/{company.sid}/Messages.json",
            headers={"Authorization": basic_auth(company.sid, company.token)},
            data={
                "From": company.number,
                "To": PERSON,
                "Body": "x",
                "StatusCallback": f"http://127.0.0.1:{unused_tcp_port}/",
            },
        )
    await desk.carrier.settled()
    assert {p.status for p in desk.carrier.log} == {0}


async def test_a_forged_or_altered_callback_changes_nothing(desk: Any, company: Any) -> None:
    """T1: one bit of the body, the URL or the signature, or no signature at all."""
    await desk.sms.sender.send(company.text_to(PERSON))
    await desk.carrier.settled()
    honest: WebRequest = desk.requests[-1]
    signature = honest.headers["x-twilio-signature"]
    forgeries = [
        WebRequest(honest.url, honest.headers, honest.body.replace(b"delivered", b"failed")),
        WebRequest(honest.url.replace("m=t", "m=u"), honest.headers, honest.body),
        WebRequest(honest.url, {**honest.headers, "x-twilio-signature": signature[::-1]}, honest.body),
        WebRequest(honest.url, {**honest.headers, "x-twilio-signature": ""}, honest.body),
        WebRequest(honest.url, {"content-type": "application/x-www-form-urlencoded"}, honest.body),
        WebRequest(honest.url, {**honest.headers, "content-type": "application/json"}, honest.body),
    ]
    for forgery in forgeries:
        with pytest.raises(Forged):
            desk.sms.webhook.read(forgery)
    assert desk.sms.webhook.read(honest) == [desk.receipts[-1]], "a replay reads the same, so that it can be recognised"


async def test_a_strangers_post_is_turned_away_by_the_webhook(desk: Any) -> None:
    hook = desk.carrier.numbers[0].sms_url
    async with aiohttp.ClientSession() as session, session.post(hook, data={"From": PERSON, "Body": "hi"}) as answer:
        assert answer.status == 403
    assert (desk.forged, desk.events) == (1, [])


async def test_a_message_to_a_webhook_that_does_not_exist_is_kept_as_unreadable(desk: Any, company: Any) -> None:
    from twilio.request_validator import RequestValidator

    url = desk.carrier.numbers[0].sms_url.replace("/message", "/nothing")
    signature = RequestValidator(company.token).compute_signature(url, {})
    with pytest.raises(Unreadable):
        desk.sms.webhook.read(WebRequest(url, {"x-twilio-signature": signature}, b""))


@pytest.mark.parametrize(("body", "reason"), [
    ("", Reason.REJECTED), (" \n", Reason.REJECTED), ("x" * 1601, Reason.TOO_LONG), ("\ud83d", Reason.REJECTED),
])  # fmt: skip
async def test_what_cannot_be_sent_is_refused_before_anything_is_sent(
    desk: Any, company: Any, body: str, reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        await desk.sms.sender.send(company.text_to(PERSON, body))
    assert (refused.value.reason, refused.value.stage) == (reason, "before")
    assert desk.carrier.messages.all == {}


async def test_a_webhook_that_answers_with_twiml_answers_the_person(company: Any) -> None:
    """What Twilio does with <Message> in the answer to an inbound text."""
    from aiohttp import web

    from channels.sandbox.carrier import Carrier
    from channels.sandbox.resources import CompanyNumber

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="<Response><Message>Thank you &amp; bye</Message></Response>", content_type="text/xml")

    carrier = Carrier(company.sid, company.token, [])
    await carrier.start(routes=[web.post("/answer", answer)])
    number = CompanyNumber(company.number, sms_url=f"{carrier.base_url}/answer")
    carrier.messages.arrive(PERSON, number, "Hi")
    await carrier.settled()
    await carrier.stop()
    assert [(m.body, m.direction) for m in carrier.texts(PERSON)] == [("Thank you & bye", "outbound-reply")]


async def test_media_that_is_not_the_providers_is_never_asked_for(desk: Any) -> None:
    """T5, weakness 20: a MediaUrl that points into our own network."""
    for url in ("http://169.254.169.254/latest", desk.carrier.numbers[0].sms_url, "file:///etc/passwd", "nonsense"):
        with pytest.raises(Unreadable):
            await desk.sms.webhook.fetch(Media(url))
    assert desk.requests == []
