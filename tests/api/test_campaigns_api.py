"""A campaign by API: written, explained, tried out, run through its life, its results read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from hub import clock
from hub.bootstrap import Hub
from hub.campaigns import feeding
from hub.customers import consent, directory, identities
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.interactions import record
from hub.models.vocabulary import AddressKind, Kind, Purpose, Role, State
from hub.outbound import templates
from tests.api.conftest import Bearer
from tests.log_rows import heard, said

SPRING = {"name": "Spring", "template": "spring", "segment": [], "variables": {"offer": "now"}}


@pytest.fixture
async def people(hub: Hub) -> dict[str, UUID]:
    """Ana agreed, Bob never did; and there is a template."""
    now = clock.now()
    async with hub.database.unit() as session:
        words = {"en": {"subject": "Spring", "body": "Dear {{ customer.name }}, {{ offer }} {{ unsubscribe_url }}"}}
        await templates.save(session, "spring", words, now=now)
        await templates.save(session, "summer", {"en": {"subject": "Summer", "body": "{{ unsubscribe_url }}"}}, now=now)
        found = {}
        for name in ("Ana", "Bob"):
            made = await directory.create(session, NewCustomer(name, emails=(f"{name.lower()}@x.example",)), now=now)
            found[name] = made.id
        said = Statement(found["Ana"], Purpose.MARKETING, None, granted=True, source="form")
        await consent.record(session, said, now=now)
    return found


async def test_a_campaign_from_draft_to_archive(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    headers = await bearer(Role.MARKETER)

    async def post(path: str, status: int = 200, **body: Any) -> dict[str, Any]:
        answer = await client.post(f"/api/v1/campaigns{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json() or {})

    async def get(path: str, status: int = 200) -> dict[str, Any]:
        answer = await client.get(f"/api/v1/campaigns{path}", headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    made = await post("", 201, **SPRING)
    base = f"/{made['id']}"
    await get(f"{base}/dry-run", 404)
    await post(f"{base}/dry-run", 202)
    told = await get(f"{base}/dry-run")
    assert (told["audience"], told["looked_at"], told["reachable"]) == (2, 2, 1)
    (left_out,) = (await get(f"{base}/dry-run/people?reason=no_consent"))["items"]
    assert (left_out["name"], left_out["trace"][0]) == ("Bob", "email: no consent to marketing")

    trial = {"customer_id": str(people["Ana"]), "kind": "email", "to": "marketer@example.org"}
    assert (await post(f"{base}/test-message", 201, **trial))["id"]
    theirs = await post(f"{base}/test-message", 422, **(trial | {"to": "bob@x.example"}))
    assert "is a customer's" in theirs["detail"]

    assert (await post(f"{base}/start"))["state"] == "running"
    async with hub.database.unit() as session:
        while await feeding.feed(session, made["id"], gate=hub.gate, now=clock.now()):
            pass
    assert (await post(f"{base}/start", 409))["title"] == "Campaign"
    assert (await post(f"{base}/pause"))["state"] == "paused"
    other = await client.put(f"/api/v1/campaigns{base}", json=SPRING | {"template": "summer"}, headers=headers)
    assert other.json()["template_version_id"] != made["template_version_id"]
    assert (await post(f"{base}/resume"))["state"] == "running"

    found = await get(f"{base}/results")
    assert (found["fed"], sum(found["parts"].values()), found["withheld"]) == (2, 2, {"no_consent": 1})
    for figure, number in found["parts"].items():
        assert len((await get(f"{base}/results/{figure}"))["items"]) == number
    await get(f"{base}/results/nonsense", 404)

    assert (await post(f"{base}/cancel"))["state"] == "cancelled"
    copy = await post(f"{base}/clone", 201, name="Again")
    assert (copy["name"], copy["state"], copy["fed"]) == ("Again", "draft", 0)
    assert (await post(f"{base}/archive"))["archived_at"]
    listed = [line["id"] for line in (await get(""))["items"]]
    assert (made["id"] in listed, copy["id"] in listed) == (False, True)
    assert [line["id"] for line in (await get("?archived=true"))["items"]] == [made["id"]]
    await post("/4711/start", 404)
    await get("/4711", 404)


async def test_a_wrong_condition_and_a_foreign_role_are_refused(
    client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    wrong = SPRING | {"segment": [{"field": "shoe_size", "op": "eq", "value": 42}]}
    marketer, agent = await bearer(Role.MARKETER), await bearer(Role.AGENT)
    answer = await client.post("/api/v1/campaigns", json=wrong, headers=marketer)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.segment")
    assert (await client.get("/api/v1/campaigns", headers=agent)).status_code == 403


async def test_a_text_for_a_customer_s_own_matters_is_refused_at_its_field(
    client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    own = SPRING | {"template": "appointment-reminder"}
    answer = await client.post("/api/v1/campaigns", json=own, headers=await bearer(Role.MARKETER))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.template")
    assert "written for a customer's own matters" in answer.json()["detail"]


async def test_a_message_of_which_nobody_knows_is_listed_and_decided_about(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    agent, marketer = await bearer(Role.AGENT), await bearer(Role.MARKETER)
    body = {"customer_id": str(people["Ana"]), "text": "Ready", "kind": "email"}
    number = (await client.post("/api/v1/messages", json=body, headers=agent)).json()["id"]
    async with hub.database.unit() as session:
        await session.execute(text("delete from outbox"))
        await session.execute(text("update interaction set state = 'unknown', state_rank = 2"))
    (line,) = (await client.get("/api/v1/uncertain", headers=agent)).json()["items"]
    assert (line["id"], line["recipient"]) == (number, "ana@x.example")
    assert (await client.get("/api/v1/uncertain", headers=marketer)).json()["items"] == []
    path = f"/api/v1/uncertain/{number}"
    assert (await client.post(f"{path}/leave", headers=marketer)).status_code == 403
    assert (await client.post(f"{path}/leave", headers=agent)).status_code == 204
    again = await client.post(f"{path}/again", headers=agent)
    assert (again.status_code, again.json()["title"]) == (409, "Message")


async def test_what_cannot_be_is_a_plain_no(client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]) -> None:
    headers = await bearer(Role.MARKETER)
    assert (await client.post("/api/v1/campaigns/999/dry-run", headers=headers)).status_code == 404
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    answer = await client.post("/api/v1/campaigns", json=SPRING | {"variables": {"deep": deep}}, headers=headers)
    assert (answer.status_code, "nested" in answer.json()["detail"]) == (422, True)


async def test_a_campaign_is_not_scheduled_for_a_moment_that_has_passed(
    client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    headers = await bearer(Role.MARKETER)
    made = (await client.post("/api/v1/campaigns", json=SPRING, headers=headers)).json()
    path, at = f"/api/v1/campaigns/{made['id']}", clock.now() - timedelta(minutes=1)
    answer = await client.post(f"{path}/schedule", json={"at": at.isoformat()}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.at")
    assert (await client.get(path, headers=headers)).json()["state"] == "draft"


async def test_a_campaign_goes_by_the_learnt_channel_when_it_is_told_to(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, people: dict[str, UUID]
) -> None:
    headers = await bearer(Role.MARKETER)
    await _answers_sms(hub, people["Ana"])
    body = SPRING | {"template": "short", "learnt": True}
    made = (await client.post("/api/v1/campaigns", json=body, headers=headers)).json()
    base = f"/api/v1/campaigns/{made['id']}"
    await client.post(f"{base}/dry-run", headers=headers)
    told = (await client.get(f"{base}/dry-run", headers=headers)).json()
    assert (made["learnt"], told["learnt"]) == (True, {"moved": {"sms": 1}, "waits": 0, "until": None})
    (moved,) = (await client.get(f"{base}/dry-run/people?learnt=true", headers=headers)).json()["items"]
    assert (moved["name"], moved["kind"], moved["trace"][0]) == ("Ana", "sms", "learnt: sms: 6 of 6 answered")
    assert (await client.post(f"{base}/clone", json={}, headers=headers)).json()["learnt"] is True
    plain = (await client.put(base, json=body | {"learnt": False}, headers=headers)).json()
    await client.post(f"{base}/dry-run", headers=headers)
    assert (plain["learnt"], (await client.get(f"{base}/dry-run", headers=headers)).json()["learnt"]) == (False, None)


async def _answers_sms(hub: Hub, customer: UUID) -> None:
    """At any hour of the day, and never a mail; there is a template for both."""
    begin = clock.now() - timedelta(days=40)
    texts = {"subject": "Spring", "body": "{{ unsubscribe_url }}", "sms": "Now"}
    async with hub.database.unit() as session:
        await templates.save(session, "short", {"en": texts}, now=clock.now())
        await identities.add(session, customer, AddressKind.PHONE, "+48601123456", now=begin)
        for n in range(6):
            at = begin + timedelta(days=4 * n, hours=4 * n)
            await record.add(session, said(customer, at, kind=Kind.SMS, state=State.DELIVERED))
            await record.add(session, heard(customer, at + timedelta(minutes=5), kind=Kind.SMS))
            await record.add(session, said(customer, at + timedelta(hours=1)))
