"""POST /api/v1/messages: through the gate, once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.models import Conversation, Customer, Interaction, Outbox
from hub.models.vocabulary import Kind, Purpose

Headers = dict[str, str]


async def _send(client: httpx.AsyncClient, headers: Headers, ana: Customer, **fields: Any) -> httpx.Response:
    body = {"customer_id": str(ana.id), "text": "Your order is ready.", **fields}
    return await client.post("/api/v1/messages", json=body, headers=headers)


async def _logged(hub: Hub) -> int:
    async with hub.database.unit() as session:
        return len((await session.exec(select(Interaction.id))).all())


async def test_a_message_is_placed_in_log_and_outbox(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    response = await _send(client, headers, ana, kind="sms")
    assert (response.status_code, response.json()["outcome"], response.json()["kind"]) == (201, "placed", "sms")
    told = (await client.get(response.headers["Location"], headers=headers)).json()
    assert (told["state"], told["origin"], told["text"], told["recipient"]) == (
        "queued",
        "api",
        "Your order is ready.",
        "+48601123456",
    )
    async with hub.database.unit() as session:
        (ticket,) = (await session.exec(select(Outbox))).all()
    assert str(ticket.interaction_id) == told["id"]


async def test_without_a_kind_the_customer_s_preference_decides(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    url = f"/api/v1/customers/{ana.id}/preferences/service"
    for first in ("sms", "email"):
        await client.put(url, json={"channels": [first]}, headers=headers)
        assert (await _send(client, headers, ana, subject="Ready")).json()["kind"] == first


async def test_an_sms_that_no_carrier_takes_is_refused_however_it_was_chosen_and_nothing_is_logged(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    url = f"/api/v1/customers/{ana.id}/preferences/service"
    await client.put(url, json={"channels": ["sms"]}, headers=headers)
    for chosen in ({"kind": "sms"}, {}):
        refused = await _send(client, headers, ana, text="x" * 1601, **chosen)
        told = refused.json()
        assert (refused.status_code, told["title"]) == (422, "Message"), told
        assert "has 1601 characters and an SMS takes at most 1600" in told["detail"]
    assert await _logged(hub) == 0
    assert (await _send(client, headers, ana, kind="sms", text="x" * 1600)).status_code == 201
    long_mail = await _send(client, headers, ana, kind="email", text="x" * 1601, subject="Long")
    assert long_mail.status_code in (201, 202)


async def test_the_same_key_sends_once_even_at_the_same_moment(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    keyed = {**headers, "Idempotency-Key": "order-1042"}
    answers = await asyncio.gather(*(_send(client, keyed, ana, kind="sms") for _ in range(5)))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 200, 201]
    assert len({a.json()["id"] for a in answers}) == 1
    assert await _logged(hub) == 1


async def test_a_key_that_meant_another_customer_is_refused(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        eve = await directory.create(session, NewCustomer("Eve", phones=("+48601123457",)), now=clock.now())
    keyed = {**headers, "Idempotency-Key": "order-1042"}
    assert (await _send(client, keyed, ana, kind="sms")).status_code == 201
    assert (await _send(client, keyed, eve, kind="sms")).status_code == 422
    assert await _logged(hub) == 1


async def test_a_withheld_message_says_why_and_is_in_the_log(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    said_no = Statement(ana.id, Purpose.MARKETING, Kind.SMS, granted=False, source="STOP by SMS")
    async with hub.database.unit() as session:
        await consent.record(session, said_no, now=clock.now())
    response = await _send(client, headers, ana, kind="sms", purpose="marketing")
    answer = response.json()
    assert (response.status_code, answer["outcome"], answer["reason"]) == (202, "withheld", "opted_out")
    assert answer["trace"]
    told = (await client.get(response.headers["Location"], headers=headers)).json()
    assert (told["state"], told["reason"], told["trace"]) == ("withheld", "opted_out", answer["trace"])


_NONSENSE: list[dict[str, Any]] = [
    {"text": ""},
    {"text": "   "},
    {"template": {"name": "birthday"}},
    {"text": "", "template": {"name": "no such template"}},
    {"text": "", "template": {"name": "../../../etc/passwd"}},
    {"text": "a\0b"},
    {"kind": "telegram"},
    {"purpose": "spam"},
    {"customer_id": "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"},
    {"conversation_id": "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"},
    {"not_before": "2026-01-01T10:00:00"},
    {"staff_id": 1},
    {"channel": "sms"},
]


async def test_what_makes_no_sense_is_refused_with_reasons_and_nothing_is_logged(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    for fields in _NONSENSE:
        response = await _send(client, headers, ana, **fields)
        assert (fields, response.status_code) == (fields, 422)
        assert response.json()["detail"]
    assert await _logged(hub) == 0


async def test_a_conversation_of_somebody_else_is_not_joined(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    """ASVS 8.2.2."""
    now = clock.now()
    async with hub.database.unit() as session:
        eve = await directory.create(session, NewCustomer("Eve"), now=now)
        theirs = Conversation(id=clock.uuid7(now), customer_id=eve.id, kind=Kind.SMS, created_at=now, last_at=now)
        session.add(theirs)
    response = await _send(client, headers, ana, kind="sms", conversation_id=str(theirs.id))
    assert response.status_code == 422
    assert await _logged(hub) == 0


async def test_a_key_that_is_no_key_is_refused(client: httpx.AsyncClient, headers: Headers, ana: Customer) -> None:
    for key in ("", " ", "a b", "\x7f", "x" * 256, "zażółć"):
        sent: Any = {**{k: v.encode() for k, v in headers.items()}, "Idempotency-Key": key.encode()}
        assert (key, (await _send(client, sent, ana, kind="sms")).status_code) == (key, 422)
