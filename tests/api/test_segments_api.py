"""Segments over the API: saved, changed, counted, put away, and meant by campaigns."""

from __future__ import annotations

import httpx

from hub.models import Customer
from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

EVERYBODY: dict[str, object] = {"all": []}
NOBODY: dict[str, object] = {"any": []}


async def test_a_segment_is_saved_counted_changed_and_put_away(
    client: httpx.AsyncClient, bearer: Bearer, ana: Customer
) -> None:
    marketer = await bearer(Role.MARKETER)
    made = await client.post("/api/v1/segments", json={"name": "All", "tree": EVERYBODY}, headers=marketer)
    assert (made.status_code, made.json()["tree"]) == (201, EVERYBODY)
    path, number = f"/api/v1/segments/{made.json()['id']}", made.json()["id"]
    tree = {"not": {"field": "segment", "op": "ne", "value": number}}
    counted = await client.post("/api/v1/segments/count", json={"tree": tree}, headers=marketer)
    assert counted.json() == {"customers": 1, "sample": [{"id": str(ana.id), "name": ana.name}]}
    changed = await client.put(path, json={"name": "Nobody", "tree": NOBODY}, headers=marketer)
    assert (changed.json()["name"], (await client.get(path, headers=marketer)).json()["tree"]) == ("Nobody", NOBODY)
    assert (await client.post("/api/v1/segments/count", json={"tree": tree}, headers=marketer)).json()["customers"] == 0
    assert (await client.delete(path, headers=marketer)).status_code == 204
    assert (await client.get("/api/v1/segments", headers=marketer)).json()["items"] == []
    away = await client.get("/api/v1/segments?archived=true", headers=marketer)
    assert [one["name"] for one in away.json()["items"]] == ["Nobody"]


async def test_what_is_wrong_with_a_segment_is_told_with_its_field(client: httpx.AsyncClient, bearer: Bearer) -> None:
    marketer = await bearer(Role.MARKETER)
    await client.post("/api/v1/segments", json={"name": "All", "tree": []}, headers=marketer)
    for body, field in (
        ({"name": "ALL", "tree": []}, "body.name"),
        ({"name": "x", "tree": {"any": {}}}, "body.tree"),
        ({"name": "x", "tree": {"field": "segment", "op": "eq", "value": 99}}, "body.tree"),
        ({"name": "x", "tree": {"field": "attributes.a", "op": "in", "value": [1, "b"]}}, "body.tree"),
    ):
        answer = await client.post("/api/v1/segments", json=body, headers=marketer)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await client.get("/api/v1/segments/99", headers=marketer)).status_code == 404


async def test_an_agent_makes_no_segments(client: httpx.AsyncClient, bearer: Bearer) -> None:
    agent = await bearer(Role.AGENT)
    for method, path in (("GET", "/segments"), ("POST", "/segments"), ("POST", "/segments/count")):
        answer = await client.request(method, f"/api/v1{path}", json={"name": "x", "tree": []}, headers=agent)
        assert answer.status_code == 403
