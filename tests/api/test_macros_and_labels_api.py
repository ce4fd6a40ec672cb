"""Macros and labels for programs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from hub.models.vocabulary import Role
from tests.api.conftest import Bearer


async def test_a_macro_is_made_changed_listed_and_deleted(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    body: dict[str, Any] = {"name": "Refund", "steps": {"note": "Paid", "add": ["refund"], "state": "resolved"}}
    made = await client.post("/api/v1/macros", json=body, headers=headers)
    assert (made.status_code, made.json()["steps"]["add"], made.json()["own"]) == (201, ["refund"], False)
    one = f"/api/v1/macros/{made.json()['id']}"
    changed = await client.put(one, json=body | {"own": True}, headers=headers)
    assert (changed.status_code, changed.json()["own"]) == (200, True)
    assert [item["name"] for item in (await client.get("/api/v1/macros", headers=headers)).json()["items"]] == [
        "Refund"
    ]
    assert (await client.post(f"/api/v1/conversations/{uuid4()}/macros/999", headers=headers)).status_code == 404
    agent = await bearer(Role.AGENT)
    assert (await client.post("/api/v1/macros", json=body, headers=agent)).status_code == 403
    assert (await client.delete(one, headers=headers)).status_code == 204
    wrong = await client.post("/api/v1/macros", json={"name": "x", "steps": {}}, headers=headers)
    assert (wrong.status_code, "does nothing" in wrong.json()["detail"]) == (422, True)


async def test_labels_are_listed_renamed_merged_and_deleted(client: httpx.AsyncClient, bearer: Bearer) -> None:
    lead, agent = await bearer(Role.SUPERVISOR), await bearer(Role.AGENT)
    for name in ("refund", "money"):
        body = {"name": name, "colour": "red"}
        assert (await client.post("/api/v1/labels", json=body, headers=lead)).status_code == 201
    assert (await client.post("/api/v1/labels", json={"name": "x"}, headers=agent)).status_code == 403
    renamed = {"name": "Refunds", "colour": "teal", "description": "Money back"}
    assert (await client.put("/api/v1/labels/refund", json=renamed, headers=lead)).status_code == 204
    merge = "/api/v1/labels/money/merge"
    assert (await client.post(merge, json={"into": "Refunds"}, headers=lead)).status_code == 204
    (left,) = (await client.get("/api/v1/labels", headers=agent)).json()["items"]
    assert (left["name"], left["colour"], left["customers"]) == ("Refunds", "teal", 0)
    assert (await client.delete("/api/v1/labels/Refunds", headers=lead)).status_code == 204
    assert (await client.delete("/api/v1/labels/Refunds", headers=lead)).status_code == 404
    nowhere = f"/api/v1/conversations/{uuid4()}/labels"
    assert (await client.put(nowhere, json={"labels": ["x"]}, headers=agent)).status_code == 404
