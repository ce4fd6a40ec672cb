"""Idempotency-Key beside messages: a request that comes again is answered as before and done once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.models import AskedOnce, Task
from hub.models.vocabulary import Role
from hub.staff import repeats
from tests.api.conftest import Bearer, Headers

API = "/api/v1"
KEYED = {"Idempotency-Key": "call-1042"}


async def _tasks(hub: Hub) -> int:
    async with hub.database.unit() as session:
        return len((await session.exec(select(Task.id))).all())


async def test_the_same_key_makes_one_task_even_at_the_same_moment(
    hub: Hub, client: httpx.AsyncClient, headers: Headers
) -> None:
    said = [client.post(f"{API}/tasks", json={"title": "Call"}, headers=headers | KEYED) for _ in range(4)]
    answers = await asyncio.gather(*said)
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert all(one.json() == answers[0].json() for one in answers)
    assert await _tasks(hub) == 1


async def test_a_key_means_one_request_of_one_person(hub: Hub, client: httpx.AsyncClient, bearer: Bearer) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    for headers, title, status in ((agent, "Call", 201), (agent, "Write", 422), (lead, "Write", 201)):
        answer = await client.post(f"{API}/tasks", json={"title": title}, headers=headers | KEYED)
        assert answer.status_code == status, answer.text
    assert await _tasks(hub) == 2


async def test_what_was_refused_leaves_its_key_free(client: httpx.AsyncClient, headers: Headers) -> None:
    for title, status in ((" ", 422), ("Call", 201), ("Call", 200)):
        answer = await client.post(f"{API}/tasks", json={"title": title}, headers=headers | KEYED)
        assert answer.status_code == status, answer.text


async def test_a_key_is_forgotten_after_a_day(hub: Hub, client: httpx.AsyncClient, headers: Headers) -> None:
    await client.post(f"{API}/tasks", json={"title": "Call"}, headers=headers | KEYED)
    async with hub.database.unit() as session:
        row = (await session.exec(select(AskedOnce))).one()
        row.at -= timedelta(days=2)
    assert (await client.post(f"{API}/tasks", json={"title": "Write"}, headers=headers | KEYED)).status_code == 201
    async with hub.database.unit() as session:
        await repeats.prune(session, now=clock.now() + timedelta(hours=25))
        assert (await session.exec(select(AskedOnce))).all() == []


async def test_tasks_page_by_page_with_and_without_a_day(client: httpx.AsyncClient, headers: Headers) -> None:
    days = [None, "2027-03-01T10:00:00+02:00", None, "2027-03-01T08:00:00Z", "2027-01-05T08:00:00Z"]
    for number, due_at in enumerate(days):
        body = {"title": str(number), "due_at": due_at}
        assert (await client.post(f"{API}/tasks", json=body, headers=headers)).status_code == 201
    assert [one["title"] for one in await _pages(client, headers, {})] == ["4", "1", "3", "0", "2"]
    for one in await _pages(client, headers, {}):
        assert (await client.post(f"{API}/tasks/{one['id']}/done", headers=headers)).status_code == 200
    assert await _pages(client, headers, {}) == []
    done = [one["title"] for one in await _pages(client, headers, {"done": True})]
    assert done == ["2", "0", "3", "1", "4"]


async def _pages(client: httpx.AsyncClient, headers: Headers, query: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them, two by two."""
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        found = (await client.get(f"{API}/tasks", params={**query, **after, "limit": 2}, headers=headers)).json()
        items += found["items"]
        if found["next"] is None:
            return items
        after = {"after": found["next"]}


async def test_a_place_that_was_never_given_out_is_refused(client: httpx.AsyncClient, headers: Headers) -> None:
    for place in ("", "~", "7", "yesterday~7", "2027-03-01T08:00:00~7", "~99999999999", "\0~1"):
        answer = await client.get(f"{API}/tasks", params={"after": place}, headers=headers)
        assert answer.status_code == 422, place
