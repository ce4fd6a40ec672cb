"""Lists over the API: made, filled, read, emptied, and meant as segments."""

from __future__ import annotations

import httpx

from hub.models import Customer
from hub.models.vocabulary import Role
from tests.api.conftest import Bearer


async def test_a_list_is_filled_read_meant_and_emptied(
    client: httpx.AsyncClient, bearer: Bearer, ana: Customer
) -> None:
    marketer = await bearer(Role.MARKETER)
    made = await client.post("/api/v1/lists", json={"name": "Fair"}, headers=marketer)
    assert (made.status_code, made.json()["listed"]) == (201, True)
    people = f"/api/v1/lists/{made.json()['id']}/people"
    items = [{"email": "Ana@example.org"}, {"phone": "601 123 456"}, {"external_id": "C-9"}, {"email": "x"}]
    told = (await client.post(people, json={"items": items}, headers=marketer)).json()
    assert (told["added"], told["known"], [one["place"] for one in told["not_found"]]) == (1, 0, [2, 3])
    again = (await client.post(people, json={"items": items[:1]}, headers=marketer)).json()
    assert again == {"added": 0, "known": 1, "not_found": []}
    (member,) = (await client.get(people, headers=marketer)).json()["items"]
    assert (member["customer_id"], member["name"]) == (str(ana.id), ana.name)
    tree = {"tree": {"field": "list", "op": "eq", "value": made.json()["id"]}}
    assert (await client.post("/api/v1/segments/count", json=tree, headers=marketer)).json()["customers"] == 1
    for _time in range(2):
        assert (await client.delete(f"{people}/{ana.id}", headers=marketer)).status_code == 204
    assert (await client.post("/api/v1/segments/count", json=tree, headers=marketer)).json()["customers"] == 0


async def test_what_is_no_list_is_not_filled_and_agents_fill_none(
    client: httpx.AsyncClient, bearer: Bearer, ana: Customer
) -> None:
    marketer, agent = await bearer(Role.MARKETER), await bearer(Role.AGENT)
    segment = await client.post("/api/v1/segments", json={"name": "All", "tree": []}, headers=marketer)
    items = {"items": [{"customer_id": str(ana.id)}]}
    for number in (segment.json()["id"], 99):
        answer = await client.post(f"/api/v1/lists/{number}/people", json=items, headers=marketer)
        assert answer.status_code == 404
    taken = await client.post("/api/v1/lists", json={"name": "all"}, headers=marketer)
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "body.name")
    assert (await client.post("/api/v1/lists", json={"name": "Mine"}, headers=agent)).status_code == 403
    assert (await client.get("/api/v1/lists/1/people", headers=agent)).status_code == 403
