"""Service levels and open promises for programs."""

from __future__ import annotations

import httpx

from channels.message import Address, Inbound, Kind
from hub import clock
from hub.bootstrap import Hub
from hub.conversations import keeping
from hub.inbound import receive
from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

GOLD = {"name": "Gold", "first": 60, "warn": 15, "vip_only": False}


async def test_a_service_level_is_made_changed_and_removed(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    made = (await client.post("/api/v1/service-levels", json=GOLD, headers=headers)).json()
    assert (made["name"], made["first"], made["next"], made["team_id"]) == ("Gold", 60, None, None)
    path = f"/api/v1/service-levels/{made['id']}"
    changed = await client.put(path, json=GOLD | {"resolution": 480}, headers=headers)
    assert changed.json() == made | {"resolution": 480}
    assert (await client.get("/api/v1/service-levels", headers=headers)).json()["items"] == [changed.json()]
    assert [(await client.delete(path, headers=headers)).status_code for _ in range(2)] == [204, 404]


async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    nothing = await client.post("/api/v1/service-levels", json={"name": "Empty"}, headers=headers)
    nobody = await client.post("/api/v1/service-levels", json=GOLD | {"escalate_to": 4711}, headers=headers)
    agents = await client.post("/api/v1/service-levels", json=GOLD, headers=await bearer(Role.AGENT))
    assert [one.status_code for one in (nothing, nobody, agents)] == [422, 422, 403]
    assert "promises nothing" in nothing.json()["detail"]


async def test_the_promises_of_a_conversation(hub: Hub, client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    await client.post("/api/v1/service-levels", json=GOLD, headers=headers)
    ana = Address(Kind.EMAIL, "ana@example.org", "Ana")
    event = Inbound(Kind.EMAIL, "<1@x>", ana, (Address(Kind.EMAIL, "support@meadow.example"),), "Hello?")
    async with hub.database.unit() as session:
        await receive.receive(session, hub.channels["mail"], event, hub.reception, now=clock.now())
    async with hub.database.unit() as session:
        await keeping.reckon_anew(session, now=clock.now())
    (word,) = (await client.get("/api/v1/interactions", headers=headers)).json()["items"]
    path = f"/api/v1/conversations/{word['conversation_id']}/promises"
    (promise,) = (await client.get(path, headers=headers)).json()["items"]
    assert (promise["kind"], promise["policy"], promise["warned"]) == ("first", "Gold", False)
    unknown = "/api/v1/conversations/0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10/promises"
    assert (await client.get(unknown, headers=headers)).status_code == 404
