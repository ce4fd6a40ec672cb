"""Tasks over the API: everything that the desk does with them."""

from __future__ import annotations

from typing import Any

from hub.models.vocabulary import Role

DUE = "2031-04-02T10:30:00+02:00"


async def test_a_task_goes_its_whole_way(client: Any, bearer: Any, ana: Any) -> None:
    headers = await bearer(Role.AGENT)
    new = {"title": "Ring", "customer_id": str(ana.id), "due_at": DUE, "remind_minutes": 30}
    made = (await client.post("/api/v1/tasks", json=new, headers=headers)).json()
    path = f"/api/v1/tasks/{made['id']}"
    assert (made["due_at"], made["remind_minutes"]) == ("2031-04-02T10:30:00+02:00", 30)
    changed = await client.put(path, json={"title": "Write", "due_at": DUE}, headers=headers)
    assert (changed.json()["title"], changed.json()["remind_minutes"]) == ("Write", None)
    done = (await client.post(f"{path}/done", headers=headers)).json()
    assert done["done_at"] is not None
    listed = await client.get("/api/v1/tasks", params={"done": True, "customer_id": str(ana.id)}, headers=headers)
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    assert (await client.get("/api/v1/tasks", headers=headers)).json()["items"] == []
    assert (await client.post(f"{path}/reopen", headers=headers)).json()["done_at"] is None
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.get(path, headers=headers)).status_code == 404
    assert (await client.post(f"{path}/restore", headers=headers)).json()["title"] == "Write"
    assert (await client.get(path, headers=headers)).status_code == 200


async def test_what_is_not_there_or_not_allowed_says_so(client: Any, bearer: Any) -> None:
    agent, marketer = await bearer(Role.AGENT), await bearer(Role.MARKETER)
    for method, path in (("GET", ""), ("POST", "/done"), ("POST", "/reopen"), ("POST", "/restore"), ("DELETE", "")):
        answer = await client.request(method, f"/api/v1/tasks/77{path}", headers=agent)
        assert answer.status_code == 404, path
    unknown = {"title": "x", "customer_id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"}
    assert (await client.post("/api/v1/tasks", json=unknown, headers=agent)).status_code == 422
    assert (
        await client.post("/api/v1/tasks", json={"title": "x", "assignee_id": 99}, headers=agent)
    ).status_code == 422
    assert (await client.get("/api/v1/tasks", headers=marketer)).status_code == 403
    assert (await client.post("/api/v1/tasks", json={"title": "x"}, headers=marketer)).status_code == 403


async def test_the_address_of_a_calendar_is_made_renewed_and_ended(client: Any, bearer: Any) -> None:
    headers = await bearer(Role.AGENT)
    assert (await client.get("/api/v1/calendar", headers=headers)).json() == {"url": None}
    first = (await client.post("/api/v1/calendar", headers=headers)).json()["url"]
    assert first.startswith("https://hub.example/desk/calendar/")
    second = (await client.post("/api/v1/calendar", headers=headers)).json()["url"]
    assert second != first
    assert (await client.get("/api/v1/calendar", headers=headers)).json() == {"url": second}
    assert (await client.delete("/api/v1/calendar", headers=headers)).status_code == 204
    assert (await client.get("/api/v1/calendar", headers=headers)).json() == {"url": None}
