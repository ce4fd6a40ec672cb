"""Calls for programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from channels.message import Address, CallEvent, Direction, Kind, Progress
from hub import clock
from hub.bootstrap import Hub
from hub.customers import directory
from hub.inbound import receive
from hub.models.vocabulary import Role
from hub.staff import accounts
from tests.api.conftest import Bearer

ANA = Address(Kind.VOICE, "+48601123456")
PHONE = "+48601000001"
CALLS = "/api/v1/calls"


async def told(hub: Hub, **more: Any) -> UUID:
    voice = next(one for one in hub.channels.values() if one.kind is Kind.VOICE)
    event = CallEvent("CA1", Direction.IN, ANA, voice.address)
    event = replace(event, **more)
    async with hub.database.unit() as session:
        if event.asks:
            await receive.answer(session, voice, event, hub.reception, now=clock.now())
        found = await receive.receive(session, voice, replace(event, asks=False), hub.reception, now=clock.now())
    assert found is not None
    return found


@pytest.fixture
async def agent(hub: Hub, bearer: Bearer) -> dict[str, str]:
    """The token of an agent with a telephone."""
    headers = await bearer(Role.AGENT)
    async with hub.database.unit() as session:
        owner = next(one for one in await accounts.listing(session) if one.role is Role.AGENT)
        await accounts.set_phone(session, owner.id or 0, PHONE, now=clock.now())
    return headers


async def test_a_call_is_seen_ringing_noted_and_wrapped_up(
    hub: Hub, client: httpx.AsyncClient, agent: dict[str, str]
) -> None:
    call = await told(hub, asks=True, step="incoming", progress=Progress.RINGING)
    (ringing,) = (await client.get(CALLS, headers=agent)).json()["items"]
    assert (ringing["id"], ringing["number"], ringing["staff_id"], len(ringing["rung"])) == (
        str(call),
        ANA.value,
        None,
        1,
    )
    await told(
        hub,
        asks=True,
        step="screened",
        digits="1",
        leg_id="CA2",
        progress=Progress.ANSWERED,
        recipient=Address(Kind.VOICE, PHONE),
    )
    one = f"{CALLS}/{call}"
    assert (await client.put(f"{one}/note", json={"note": "40 too much"}, headers=agent)).status_code == 204
    early = await client.post(f"{one}/wrap-up", json={"outcome_id": 1}, headers=agent)
    assert (early.status_code, "not over" in early.json()["detail"]) == (409, True)
    assert (await client.post(f"{one}/over", headers=agent)).status_code == 204  # no news of its end comes yet
    assert (await client.post(f"{CALLS}/{uuid4()}/over", headers=agent)).status_code == 404
    await told(hub, progress=Progress.DELIVERED, seconds=60)
    (waiting,) = (await client.get(f"{CALLS}/to-wrap-up", headers=agent)).json()["items"]
    assert (waiting["id"], waiting["note"]) == (str(call), "40 too much")
    assert (await client.post(f"{one}/wrap-up", json={"outcome_id": 999}, headers=agent)).status_code == 409
    assert (await client.post(f"{one}/wrap-up", json={"outcome_id": 1}, headers=agent)).status_code == 204
    assert (await client.get(f"{CALLS}/to-wrap-up", headers=agent)).json()["items"] == []
    assert (await client.put(f"{one}/note", json={"note": "40"}, headers=agent)).status_code == 409


async def test_a_missed_call_is_called_back_or_said_to_be_done(
    hub: Hub, client: httpx.AsyncClient, agent: dict[str, str], bearer: Bearer
) -> None:
    await told(hub, asks=True, step="incoming", progress=Progress.RINGING)
    call = await told(hub, progress=Progress.DELIVERED, seconds=9)
    (missed,) = (await client.get(f"{CALLS}/missed?query=601123", headers=agent)).json()["items"]
    assert (missed["id"], missed["done_at"]) == (str(call), None)
    body = {"customer_id": missed["customer_id"], "number": ANA.value}
    wrong = await client.post(CALLS, json={**body, "number": "+48601999999"}, headers=agent)
    assert (
        wrong.status_code,
        (await client.post(CALLS, json={**body, "customer_id": str(uuid4())}, headers=agent)).status_code,
    ) == (409, 422)
    once = {**agent, "Idempotency-Key": "call-1"}
    placed = await client.post(CALLS, json=body, headers=once)
    assert (placed.status_code, placed.json()["placed"]) == (201, True)
    again = await client.post(CALLS, json=body, headers=once)
    assert (again.status_code, again.json()) == (200, placed.json())
    assert (await client.post(CALLS, json=body, headers=agent)).status_code == 409
    assert (await client.post(f"{CALLS}/{call}/done", headers=agent)).status_code == 204
    assert (await client.post(f"{CALLS}/{uuid4()}/done", headers=agent)).status_code == 404
    assert (await client.get(f"{CALLS}/missed", headers=agent)).json()["items"] == []
    (done,) = (await client.get(f"{CALLS}/missed?done=true", headers=agent)).json()["items"]
    assert done["settled"] == "by_hand"
    assert (await client.get(f"{CALLS}/missed", headers=await bearer(Role.MARKETER))).status_code == 403


async def test_whoever_must_not_be_contacted_is_not_called(
    hub: Hub, client: httpx.AsyncClient, agent: dict[str, str]
) -> None:
    async with hub.database.unit() as session:
        customer = (await directory.resolve(session, ANA, now=clock.now())).customer
        await directory.change(session, customer.id, {"do_not_contact": True}, now=clock.now())
    held = await client.post(CALLS, json={"customer_id": str(customer.id)}, headers=agent)
    assert (held.status_code, held.json()["placed"], held.json()["reason"]) == (202, False, "do_not_contact")


async def test_a_call_that_does_not_ring_is_not_taken(
    hub: Hub, client: httpx.AsyncClient, agent: dict[str, str]
) -> None:
    await told(hub, asks=True, step="incoming", progress=Progress.RINGING)
    call = await told(hub, progress=Progress.DELIVERED)
    for one in (call, uuid4()):
        refused = await client.post(f"{CALLS}/{one}/take", headers=agent)
        assert (refused.status_code, "does not ring" in refused.json()["detail"]) == (409, True)


async def test_a_visit_is_logged_by_hand(hub: Hub, client: httpx.AsyncClient, agent: dict[str, str]) -> None:
    async with hub.database.unit() as session:
        customer = (await directory.resolve(session, ANA, now=clock.now())).customer
    contacts = f"/api/v1/customers/{customer.id}/contacts"
    at = clock.now() - timedelta(hours=3)
    body = {"what": "visit", "inward": True, "at": at.isoformat(), "minutes": 30, "note": "Looked at it"}
    once = {**agent, "Idempotency-Key": "visit-1"}
    made = await client.post(contacts, json=body, headers=once)
    assert made.status_code == 201
    again = await client.post(contacts, json=body, headers=once)
    assert (again.status_code, again.json()) == (200, made.json())
    entry = (await client.get(f"/api/v1/interactions/{made.json()['id']}", headers=agent)).json()
    assert (entry["kind"], entry["text"]) == (None, "Looked at it")
    late = {**body, "at": (clock.now() + timedelta(days=1)).isoformat()}
    assert (await client.post(contacts, json=late, headers=agent)).status_code == 422
    strange = {**body, "conversation_id": str(uuid4())}
    assert (await client.post(contacts, json=strange, headers=agent)).status_code == 422
    assert (await client.post(f"/api/v1/customers/{uuid4()}/contacts", json=body, headers=agent)).status_code == 404


async def test_outcomes_are_a_supervisors(client: httpx.AsyncClient, agent: dict[str, str], bearer: Bearer) -> None:
    lead, outcomes = await bearer(Role.SUPERVISOR), "/api/v1/call-outcomes"
    assert (await client.post(outcomes, json={"name": "Sold"}, headers=agent)).status_code == 403
    made = await client.post(outcomes, json={"name": "Sold"}, headers=lead)
    assert made.status_code == 201
    assert (await client.post(outcomes, json={"name": "sold"}, headers=lead)).status_code == 422
    one = f"{outcomes}/{made.json()['id']}"
    assert (await client.put(one, json={"name": "Sold it", "active": False}, headers=lead)).json()["active"] is False
    assert (await client.put(f"{outcomes}/999", json={"name": "x"}, headers=lead)).status_code == 404
    assert "Sold it" in [item["name"] for item in (await client.get(outcomes, headers=agent)).json()["items"]]
