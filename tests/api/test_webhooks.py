"""POST /webhooks/…: only what the provider signed changes anything, and once (T1, T2, F3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import func, select
from twilio.request_validator import RequestValidator

from hub.bootstrap import Hub
from hub.customers import identities
from hub.database.engine import Database
from hub.inbound import rejections
from hub.models import Customer, Interaction, RawMessage, Rejected

Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

PUBLIC = "https://hub.example/desk"
AUTH_TOKEN = "twilio-auth-token"
_SMS = {
    "MessageSid": "SM" + "1" * 32,
    "SmsSid": "SM" + "1" * 32,
    "AccountSid": "AC" + "a" * 32,
    "From": "+48601123456",
    "To": "+48732230001",
    "Body": "Is my order ready?",
    "NumMedia": "0",
    "SmsStatus": "received",
}
_CALL = {
    "CallSid": "CA" + "1" * 32,
    "AccountSid": "AC" + "a" * 32,
    "From": "+48601123456",
    "To": "+48732230001",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "ApiVersion": "2010-04-01",
}


def _signed(path: str, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """As Twilio sends it: signed over the public URL, which this server is not asked at."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC + path, fields)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return urlencode(fields).encode(), headers


async def _post(client: httpx.AsyncClient, path: str, fields: dict[str, str]) -> httpx.Response:
    body, headers = _signed(path, fields)
    return await client.post(path, content=body, headers=headers)


async def _count(hub: Hub, table: type[Interaction] | type[Rejected] | type[RawMessage] | type[Customer]) -> int:
    async with hub.database.unit() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def test_a_signed_sms_is_in_the_log_once_however_often_it_is_told(client: httpx.AsyncClient, hub: Hub) -> None:
    """T2: there is no timestamp in the signature, so idempotence is the only defence."""
    statuses = [(await _post(client, "/webhooks/sms/message", _SMS)).status_code for _ in range(3)]
    assert statuses == [204, 204, 204]
    async with hub.database.unit() as session:
        (row,) = (await session.exec(select(Interaction))).all()
    assert (row.channel, row.sender, row.body_text) == ("sms", "+48601123456", "Is my order ready?")


async def test_one_bit_of_the_signature_decides_and_a_forgery_changes_nothing_but_a_note(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    """T1."""
    body, headers = _signed("/webhooks/sms/message", _SMS)
    good = headers["X-Twilio-Signature"]
    forged = [
        {**headers, "X-Twilio-Signature": chr(ord(good[0]) ^ 1) + good[1:]},
        {**headers, "X-Twilio-Signature": ""},
        {k: v for k, v in headers.items() if k != "X-Twilio-Signature"},
    ]
    answers = [await client.post("/webhooks/sms/message", content=body, headers=h) for h in forged]
    altered = body.replace(b"order", b"0rder")
    answers.append(await client.post("/webhooks/sms/message", content=altered, headers=headers))
    answers.append(await client.post("/webhooks/sms/message?a=b", content=body, headers=headers))
    answers.append(await client.post("/webhooks/sms/status", content=body, headers=headers))
    twice = [*headers.items(), ("X-Twilio-Signature", good)]
    answers.append(await client.post("/webhooks/sms/message", content=body, headers=twice))
    assert [a.status_code for a in answers] == [403] * 7
    counts = [await _count(hub, table) for table in (Interaction, Customer, RawMessage, Rejected)]
    assert counts == [0, 0, 0, 7]


async def test_the_url_of_strangers_headers_is_not_believed(client: httpx.AsyncClient, hub: Hub) -> None:
    fields = _SMS
    signature = RequestValidator(AUTH_TOKEN).compute_signature("https://evil.example/webhooks/sms/message", fields)
    headers = {"X-Twilio-Signature": signature, "Host": "evil.example", "X-Forwarded-Host": "evil.example",
               "X-Forwarded-Proto": "https", "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
    response = await client.post("/webhooks/sms/message", content=urlencode(fields).encode(), headers=headers)
    assert response.status_code == 403
    assert await _count(hub, Interaction) == 0


async def test_a_flood_of_forgeries_fills_nothing(client: httpx.AsyncClient, hub: Hub) -> None:
    for number in range(rejections.A_MINUTE + 5):
        body = b"\xff\x00" + str(number).encode() * 50_000
        assert (await client.post("/webhooks/sms/message", content=body)).status_code == 403
    async with hub.database.unit() as session:
        rows = (await session.exec(select(Rejected))).all()
    assert len(rows) == rejections.A_MINUTE
    assert max(len(str(r.payload)) for r in rows) < 5000


async def test_a_waiting_call_is_told_what_to_do_in_twiml(client: httpx.AsyncClient, hub: Hub) -> None:
    response = await _post(client, "/webhooks/voice/incoming", _CALL)
    assert response.status_code == 200
    assert "xml" in response.headers["content-type"]
    assert hub.settings.calls.greeting in response.text
    async with hub.database.unit() as session:
        (row,) = (await session.exec(select(Interaction))).all()
    assert (row.kind, row.sender) == ("voice", "+48601123456")


async def test_all_who_withhold_their_number_are_one_stranger_who_is_known_to_be_that(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    for number, said in enumerate(("anonymous", "Restricted", "+266696687")):
        hidden = {**_CALL, "CallSid": f"CA9{number}", "From": said}
        assert (await _post(client, "/webhooks/voice/incoming", hidden)).status_code == 200
    async with hub.database.unit() as session:
        (stranger,) = (await session.exec(select(Customer))).all()
        assert await identities.hides(session, stranger.id)
        assert {row.sender for row in await session.exec(select(Interaction))} == {""}


async def test_a_signed_payload_nobody_understands_is_kept_whole_once(client: httpx.AsyncClient, hub: Hub) -> None:
    """Requirement M9, for webhooks."""
    nonsense = {"From": "+48601123456", "Flavour": "lemon"}
    answers = [await _post(client, "/webhooks/sms/message", nonsense) for _ in range(2)]
    assert [a.status_code for a in answers] == [400, 400]
    async with hub.database.unit() as session:
        (row,) = (await session.exec(select(RawMessage))).all()
    assert b"Flavour=lemon" in await hub.storage.get(row.sha256)
    assert await _count(hub, Interaction) == 0


async def test_a_channel_that_takes_no_webhooks_is_not_there(client: httpx.AsyncClient) -> None:
    for name in ("mail", "nothing", "..%2f..%2f", "sms%00", "SMS"):
        assert (name, (await _post(client, f"/webhooks/{name}/message", _SMS)).status_code) == (name, 404)


async def test_a_webhook_over_a_megabyte_is_cut_off(client: httpx.AsyncClient, hub: Hub) -> None:
    response = await _post(client, "/webhooks/sms/message", {**_SMS, "Body": "a" * 1_000_000})
    assert response.status_code == 413
    assert await _count(hub, Interaction) == 0


async def test_with_the_database_away_the_provider_is_asked_to_come_again_and_then_nothing_is_lost(
    client: httpx.AsyncClient, hub: Hub, calling: Calling
) -> None:
    """F3."""
    away = Database("postgresql://nobody@127.0.0.1:9/none")
    async with calling(dataclasses.replace(hub, database=away)) as cut_off:
        response = await _post(cut_off, "/webhooks/sms/message", _SMS)
        forged = await cut_off.post("/webhooks/sms/message", content=b"forged")
    assert (response.status_code, forged.status_code) == (503, 403)
    assert int(response.headers["Retry-After"]) > 0
    assert (await _post(client, "/webhooks/sms/message", _SMS)).status_code == 204
    assert await _count(hub, Interaction) == 1


@pytest.mark.parametrize(("times", "status", "kept"), [(3, 200, 1), (4, 503, 0)])
async def test_news_of_a_call_that_loses_a_deadlock_is_tried_again_by_the_hub_itself(
    client: httpx.AsyncClient, hub: Hub, times: int, status: int, kept: int
) -> None:
    """Providers tell of a call once. A sequence counts what was taken back as well."""
    async with hub.database.unit() as session:
        await session.execute(text("create sequence tried"))
        await session.execute(text(_TAKEN_BACK.format(times=times)))
        await session.execute(
            text("create trigger taken_back before insert on current_call for each row execute function taken_back()")
        )
    assert (await _post(client, "/webhooks/voice/incoming", _CALL)).status_code == status
    assert await _count(hub, Interaction) == kept


_TAKEN_BACK = """
create function taken_back() returns trigger language plpgsql as $$ begin
  if nextval('tried') <= {times} then raise exception 'deadlock detected' using errcode = '40P01'; end if;
  return new;
end $$
"""
