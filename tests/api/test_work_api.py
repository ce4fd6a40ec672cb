"""The desk's work for programs: conversations by view, where they stand and whose they are; tasks, views, hand-over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.clock import uuid7
from hub.conversations import views
from hub.conversations.views import Conditions
from hub.models import Audit, Conversation, Customer
from hub.models.vocabulary import Kind, Role
from hub.staff import accounts
from tests.api.conftest import Bearer

API = "/api/v1"


@pytest.fixture
async def talks(hub: Hub, ana: Customer) -> list[UUID]:
    """Three open conversations of Ana's, the newest first."""
    now = clock.now()
    rows = [
        Conversation(
            id=uuid7(now),
            customer_id=ana.id,
            subject=f"Talk {n}",
            kind=Kind.SMS,
            channel="sms",
            created_at=now,
            last_at=at,
        )
        for n in range(3)
        for at in [now - timedelta(hours=n)]
    ]
    ids = [row.id for row in rows]
    async with hub.database.unit() as session:
        session.add_all(rows)
    return ids


async def _owner(hub: Hub, role: Role) -> int:
    async with hub.database.unit() as session:
        return next(one.id or 0 for one in await accounts.listing(session) if one.role is role)


async def test_a_view_page_by_page(client: httpx.AsyncClient, headers: dict[str, str], talks: list[UUID]) -> None:
    first = (await client.get(f"{API}/conversations?limit=2", headers=headers)).json()
    rest = (await client.get(f"{API}/conversations", params={"before": first["next"]}, headers=headers)).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [str(one) for one in talks]
    assert rest["next"] is None
    assert (await client.get(f"{API}/conversations?view=mine", headers=headers)).json()["items"] == []
    for view in ("nonsense", "saved-7", "saved-99999999999", "%00"):
        assert (await client.get(f"{API}/conversations?view={view}", headers=headers)).status_code == 404, view


async def test_states_are_set_and_told(
    hub: Hub, client: httpx.AsyncClient, headers: dict[str, str], talks: list[UUID]
) -> None:
    address, until = f"{API}/conversations/{talks[0]}/state", (clock.now() + timedelta(days=1)).isoformat()
    bodies: list[dict[str, Any]] = [{"state": one} for one in ("resolved", "open", "pending")]
    for body in [*bodies, {"state": "snoozed", "until": until}]:
        answer = await client.put(address, json=body, headers=headers)
        assert (answer.status_code, answer.json()["state"]) == (200, body["state"])
        assert (await client.get(f"{API}/conversations/{talks[0]}", headers=headers)).json() == answer.json()
    async with hub.database.unit() as session:
        deeds = (await session.exec(select(Audit.detail).where(Audit.action == "conversation.state"))).all()
    assert sorted(deeds) == ["open", "pending", "resolved", "snoozed"]


async def test_a_state_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], talks: list[UUID]
) -> None:
    past = (clock.now() - timedelta(days=1)).isoformat()
    for body in ({"state": "snoozed"}, {"state": "open", "until": past}, {"state": "snoozed", "until": past}, {}):
        answer = await client.put(f"{API}/conversations/{talks[0]}/state", json=body, headers=headers)
        assert answer.status_code == 422, body
    nobody = f"{API}/conversations/{UUID(int=5)}"
    assert (await client.put(f"{nobody}/state", json={"state": "open"}, headers=headers)).status_code == 404
    assert (await client.get(nobody, headers=headers)).status_code == 404


async def test_whose_a_conversation_is(hub: Hub, client: httpx.AsyncClient, bearer: Bearer, talks: list[UUID]) -> None:
    agent, lead, marketer = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR), await bearer(Role.MARKETER)
    olga, marek = await _owner(hub, Role.AGENT), await _owner(hub, Role.MARKETER)
    boss, address = await _owner(hub, Role.SUPERVISOR), f"{API}/conversations/{talks[0]}/assignee"
    for headers, whom, status in (
        (agent, olga, 200),
        (agent, None, 200),
        (agent, boss, 403),
        (lead, olga, 200),
        (lead, marek, 422),
        (lead, 999, 422),
        (marketer, None, 403),
    ):
        answer = await client.put(address, json={"staff_id": whom}, headers=headers)
        assert answer.status_code == status, (whom, answer.text)
    mine = (await client.get(f"{API}/conversations?view=mine", headers=agent)).json()["items"]
    assert [one["id"] for one in mine] == [str(talks[0])]


async def test_tasks_are_added_listed_and_done(
    client: httpx.AsyncClient, headers: dict[str, str], ana: Customer
) -> None:
    made = (
        await client.post(f"{API}/tasks", json={"title": "Call", "customer_id": str(ana.id)}, headers=headers)
    ).json()
    listed = (await client.get(f"{API}/tasks?customer_id={ana.id}", headers=headers)).json()["items"]
    assert listed == [made]
    done = [(await client.post(f"{API}/tasks/{made['id']}/done", headers=headers)).json() for _ in range(2)]
    assert done[0] == done[1]
    assert done[0]["done_at"] is not None
    assert (await client.get(f"{API}/tasks", headers=headers)).json()["items"] == []
    for number in (0, 77, 10**12):
        assert (await client.post(f"{API}/tasks/{number}/done", headers=headers)).status_code == 404
    for wrong in ({"title": " "}, {"title": "a", "customer_id": str(UUID(int=3))}, {"title": "a", "assignee_id": 999}):
        assert (await client.post(f"{API}/tasks", json=wrong, headers=headers)).status_code == 422, wrong


async def test_saved_views_are_ones_own(hub: Hub, client: httpx.AsyncClient, bearer: Bearer, talks: list[UUID]) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    olga = await _owner(hub, Role.AGENT)
    async with hub.database.unit() as session:
        made = await views.create(session, "Texts", Conditions(kind="sms"), owner=olga, now=clock.now())
    (view,) = (await client.get(f"{API}/views", headers=agent)).json()["items"]
    assert (view["id"], view["name"]) == (made, "Texts")
    seen = (await client.get(f"{API}/conversations?view={view['view']}", headers=agent)).json()["items"]
    assert len(seen) == len(talks)
    assert (await client.get(f"{API}/conversations?view={view['view']}", headers=lead)).status_code == 404
    assert (await client.delete(f"{API}/views/{made}", headers=lead)).status_code == 404
    assert (await client.delete(f"{API}/views/{made}", headers=agent)).status_code == 204
    assert (await client.delete(f"{API}/views/{made}", headers=agent)).status_code == 404


async def test_everything_of_one_colleagues_goes_to_another(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, talks: list[UUID]
) -> None:
    agent, lead = await bearer(Role.AGENT), await bearer(Role.SUPERVISOR)
    olga, boss = await _owner(hub, Role.AGENT), await _owner(hub, Role.SUPERVISOR)
    await client.put(f"{API}/conversations/{talks[0]}/assignee", json={"staff_id": olga}, headers=agent)
    body = {"giver": olga, "receiver": boss}
    assert (await client.post(f"{API}/hand-over", json=body, headers=agent)).status_code == 403
    given = await client.post(f"{API}/hand-over", json=body, headers=lead)
    assert (given.status_code, given.json()) == (200, {"customers": 0, "conversations": 1, "tasks": 0})
    for wrong in ({"giver": olga, "receiver": olga}, {"giver": 999, "receiver": boss}, {"giver": olga}):
        assert (await client.post(f"{API}/hand-over", json=wrong, headers=lead)).status_code == 422
