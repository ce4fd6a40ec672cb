"""Answering, noting and being there as at the desk, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.clock import uuid7
from hub.conversations import notes, surveys
from hub.customers import consent
from hub.models import Conversation, Customer, Outbox, Survey
from hub.models.vocabulary import Kind, Role, Scale
from tests.api.conftest import Bearer, Headers

API = "/api/v1"
NOWHERE = "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"


@pytest.fixture
async def talk(hub: Hub, ana: Customer) -> Conversation:
    now = clock.now()
    row = Conversation(id=uuid7(now), customer_id=ana.id, kind=Kind.SMS, channel="sms", created_at=now, last_at=now)
    async with hub.database.unit() as session:
        session.add(row)
    return row


async def test_a_draft_is_kept_read_and_thrown_away_by_its_writer(
    client: httpx.AsyncClient, bearer: Bearer, talk: Conversation
) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    address, body = f"{API}/conversations/{talk.id}/draft", {"kind": "email", "text": "Dear Ana", "signed": False}
    assert (await client.get(address, headers=agent)).status_code == 404
    kept = (await client.put(address, json=body, headers=agent)).json()
    assert {name: kept[name] for name in body} == body
    assert (await client.get(address, headers=agent)).json()["text"] == "Dear Ana"
    assert (await client.get(address, headers=lead)).status_code == 404
    for _ in range(2):
        assert (await client.delete(address, headers=agent)).status_code == 204
    assert (await client.get(address, headers=agent)).status_code == 404
    elsewhere = f"{API}/conversations/{NOWHERE}/draft"
    assert (await client.put(elsewhere, json=body, headers=agent)).status_code == 404


async def test_a_reply_waits_is_taken_back_and_another_leaves_at_once(
    client: httpx.AsyncClient, headers: Headers, talk: Conversation
) -> None:
    address, later = f"{API}/conversations/{talk.id}/replies", clock.now() + timedelta(days=2)
    body = {"kind": "sms", "text": "Soon", "leaves_at": later.isoformat(), "unless_answered": True}
    placed = await client.post(address, json=body, headers=headers)
    assert (placed.status_code, placed.json()["outcome"]) == (201, "placed"), placed.text
    back = await client.post(f"{API}/interactions/{placed.json()['id']}/take-back", headers=headers)
    assert (back.status_code, back.json()["text"]) == (200, "Soon")
    assert (await client.get(f"{API}/conversations/{talk.id}/draft", headers=headers)).json()["text"] == "Soon"
    again = (await client.post(address, json=body, headers=headers)).json()
    for status in (200, 409):
        sent = await client.post(f"{API}/interactions/{again['id']}/send-now", headers=headers)
        assert sent.status_code == status, sent.text
    assert (await client.post(f"{API}/interactions/{NOWHERE}/send-now", headers=headers)).status_code == 404


async def test_the_same_key_replies_once_and_who_comes_second_is_told(
    client: httpx.AsyncClient, headers: Headers, talk: Conversation
) -> None:
    address, keyed = f"{API}/conversations/{talk.id}/replies", {**headers, "Idempotency-Key": "reply-1"}
    answers = [await client.post(address, json={"kind": "sms", "text": "Hello"}, headers=keyed) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    seen = {"kind": "sms", "text": "Hello too", "seen": NOWHERE}
    second = await client.post(address, json=seen, headers=headers)
    assert second.status_code == 409
    assert answers[0].json()["id"] in second.json()["remedy"]


async def test_a_reply_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, headers: Headers, talk: Conversation
) -> None:
    past = (clock.now() - timedelta(hours=1)).isoformat()
    wrong: list[dict[str, Any]] = [
        {"text": " "},
        {"text": "x" * 1601},
        {"kind": "voice"},
        {"leaves_at": past},
        {"unless_answered": True},
        {"kind": "email", "mailbox": "nobody's"},
    ]
    for fields in wrong:
        body = {"kind": "sms", "text": "Hello", **fields}
        answer = await client.post(f"{API}/conversations/{talk.id}/replies", json=body, headers=headers)
        assert answer.status_code == 422, fields


async def test_mentions_are_listed_and_read(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, talk: Conversation
) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    for number in range(3):
        async with hub.database.unit() as session:
            words = f"@agent look {number}"
            await notes.add(session, talk.customer_id, talk.id, words, staff_id=2, now=clock.now())
    first = (await client.get(f"{API}/mentions?limit=2", headers=agent)).json()
    rest = (await client.get(f"{API}/mentions", params={"before": first["next"]}, headers=agent)).json()
    assert [one["text"][-1] for one in first["items"] + rest["items"]] == ["2", "1", "0"]
    assert (await client.get(f"{API}/mentions", headers=lead)).json()["items"] == []
    assert (await client.post(f"{API}/conversations/{talk.id}/mentions/read", headers=agent)).status_code == 204
    assert (await client.get(f"{API}/mentions?unread=true", headers=agent)).json()["items"] == []
    assert (await client.post(f"{API}/conversations/{NOWHERE}/mentions/read", headers=agent)).status_code == 404


async def test_who_looks_and_types_is_told_to_open_pages(
    hub: Hub, client: httpx.AsyncClient, headers: Headers, talk: Conversation
) -> None:
    address = f"{API}/conversations/{talk.id}/presence"
    for doing, status in (("look", 204), ("type", 204), ("left", 204), ("sleep", 422)):
        assert (await client.post(address, json={"doing": doing}, headers=headers)).status_code == status
    nowhere = f"{API}/conversations/{NOWHERE}/presence"
    assert (await client.post(nowhere, json={"doing": "look"}, headers=headers)).status_code == 404


async def test_what_customers_said_of_their_satisfaction_page_by_page(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, talk: Conversation
) -> None:
    agent, lead, now = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR), clock.now()
    for score in (1, 4, 5):
        async with hub.database.unit() as session:
            asked = Survey(conversation_id=talk.id, customer_id=talk.customer_id, scale=Scale.CSAT, asked_at=now)
            session.add(asked)
            await session.flush()
            await surveys.answer(session, asked.id or 0, score, now=now)
    first = (await client.get(f"{API}/satisfaction?limit=2", headers=lead)).json()
    rest = (await client.get(f"{API}/satisfaction", params={"before": first["next"]}, headers=lead)).json()
    assert [one["score"] for one in first["items"] + rest["items"]] == [5, 4, 1]
    assert first["items"][0]["customer_name"] == "Ana Kowalska"
    assert (await client.get(f"{API}/satisfaction", headers=agent)).status_code == 403
    assert (await client.get(f"{API}/satisfaction?before=7", headers=lead)).status_code == 422


async def test_saved_views_are_made_and_changed(client: httpx.AsyncClient, bearer: Bearer, talk: Conversation) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    body: dict[str, Any] = {"name": "Texts", "conditions": {"kind": "sms"}}
    made = (await client.post(f"{API}/views", json=body, headers=agent)).json()
    seen = (await client.get(f"{API}/conversations?view={made['view']}", headers=agent)).json()["items"]
    assert [one["id"] for one in seen] == [str(talk.id)]
    address, shared = f"{API}/views/{made['id']}", {**body, "name": "Mails", "shared": True}
    assert (await client.put(address, json=shared, headers=lead)).status_code == 404
    changed = (await client.put(address, json=shared, headers=agent)).json()
    assert (changed["name"], changed["shared"], changed["conditions"]["kind"]) == ("Mails", True, "sms")
    assert (await client.put(address, json=body | {"shared": True}, headers=lead)).status_code == 200
    nonsense: list[dict[str, Any]] = [{"assignee": "999"}, {"channel": "none"}, {"states": []}, {"assignee": "x"}]
    for wrong in nonsense:
        refused = await client.post(f"{API}/views", json={**body, "conditions": wrong}, headers=agent)
        assert refused.status_code == 422, wrong
    assert (await client.post(f"{API}/views", json={**body, "team_id": 99}, headers=agent)).status_code == 422


async def test_a_reply_goes_to_several_and_says_who_gets_none(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, talk: Conversation
) -> None:
    async with hub.database.unit() as session:
        await consent.suppress(
            session, Kind.EMAIL, "dead@x.example", purpose=None, reason="asked", source="test", now=clock.now()
        )
    body = {"kind": "email", "text": "Hi", "subject": "Hi", "cc": ["Ben@x.example", "dead@x.example"]}
    placed = await client.post(
        f"{API}/conversations/{talk.id}/replies", json={**body, "bcc": ["eva@x.example"]}, headers=headers
    )
    assert (placed.status_code, placed.json()["left_out"]) == (201, {"dead@x.example": "suppressed"}), placed.text
    told = (await client.get(f"{API}/interactions/{placed.json()['id']}", headers=headers)).json()
    assert [(one["address"], one["blind"], one["fate"], one["reason"]) for one in told["copies"]] == [
        ("ben@x.example", False, "along", ""),
        ("dead@x.example", False, "left_out", "suppressed"),
        ("eva@x.example", True, "along", ""),
    ]
    await client.post(f"{API}/interactions/{placed.json()['id']}/take-back", headers=headers)
    draft = (await client.get(f"{API}/conversations/{talk.id}/draft", headers=headers)).json()
    assert (draft["cc"], draft["bcc"]) == ("ben@x.example, dead@x.example", "eva@x.example")


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"kind": "sms", "cc": ["ben@x.example"]}, "only with kind email"),
        ({"cc": ["nobody"]}, "is not a mail address"),
        ({"bcc": ["ben@x.example\r\nRCPT TO:<eva@x.example>"]}, "cannot stand before the @"),
        ({"cc": ["ben@x.example, eva@x.example"]}, "cannot stand before the @"),
        ({"cc": [f"p{n}@x.example" for n in range(11)], "bcc": [f"q{n}@x.example" for n in range(10)]}, "at most 20"),
        ({"cc": [f"p{n}@x.example" for n in range(21)]}, "at most 20"),
        ({"cc": ["x" * 321]}, "at most 320"),
        ({"cc": "ben@x.example"}, "list"),
    ],
)
async def test_copies_that_cannot_be_are_refused_and_nothing_is_sent(
    client: httpx.AsyncClient,
    hub: Hub,
    headers: Headers,
    ana: Customer,
    talk: Conversation,
    more: dict[str, Any],
    cause: str,
) -> None:
    body = {"kind": "email", "text": "Hi", "subject": "Hi", **more}
    reply = await client.post(f"{API}/conversations/{talk.id}/replies", json=body, headers=headers)
    message = await client.post(f"{API}/messages", json={**body, "customer_id": str(ana.id)}, headers=headers)
    for answer in (reply, message):
        assert (answer.status_code, cause in answer.text) == (422, True), answer.text
    async with hub.database.unit() as session:
        assert (await session.exec(select(Outbox))).all() == []


async def test_a_message_goes_to_several_only_as_a_mail_for_service(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    body = {"customer_id": str(ana.id), "text": "Ready.", "subject": "Ready", "cc": ["ben@x.example"]}
    placed = await client.post(f"{API}/messages", json={**body, "kind": "email"}, headers=headers)
    assert placed.status_code == 201, placed.text
    told = (await client.get(placed.headers["Location"], headers=headers)).json()
    assert [one["address"] for one in told["copies"]] == ["ben@x.example"]
    for more in ({}, {"kind": "email", "purpose": "marketing"}):
        refused = await client.post(f"{API}/messages", json={**body, **more}, headers=headers)
        assert (refused.status_code, "only with kind email" in refused.text) == (422, True), refused.text
