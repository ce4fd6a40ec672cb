"""/api/v1/search."""

from __future__ import annotations

from datetime import timedelta

import httpx

from hub import clock
from hub.bootstrap import Hub
from hub.models import Customer
from hub.models.vocabulary import Role
from tests.api.conftest import Bearer
from tests.log_rows import heard


async def _hear(hub: Hub, ana: Customer, *words: str) -> None:
    now = clock.now()
    async with hub.database.unit() as session:
        session.add_all([heard(ana.id, now - timedelta(minutes=n), body_text=one) for n, one in enumerate(words)])


async def test_groups_with_their_pieces_and_the_way_on(
    hub: Hub, client: httpx.AsyncClient, headers: dict[str, str], ana: Customer
) -> None:
    await _hear(hub, ana, "żółty one", "żółty two", "żółty three")
    found = (await client.get("/api/v1/search", params={"q": "zolty", "limit": 2}, headers=headers)).json()
    assert [len(found[group]) for group in ("customers", "conversations", "messages")] == [0, 0, 2]
    assert found["messages"][0]["excerpt"] == [{"text": "żółty", "hit": True}, {"text": " one", "hit": False}]
    more = {"q": "zolty", "limit": 2, "group": "messages", "after": found["next"]["messages"]}
    rest = (await client.get("/api/v1/search", params=more, headers=headers)).json()
    assert [one["excerpt"][1]["text"] for one in rest["messages"]] == [" three"]
    assert rest["next"] == {}
    people = (await client.get("/api/v1/search", params={"q": "kowalska"}, headers=headers)).json()
    assert [one["id"] for one in people["customers"]] == [str(ana.id)]


async def test_a_wrong_operator_is_a_problem_in_words(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/api/v1/search", params={"q": "form:ana"}, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (422, "Search")
    assert "There is no form: here" in answer.json()["detail"]


async def test_a_marketers_token_finds_customers_only(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, ana: Customer
) -> None:
    await _hear(hub, ana, "Ana was here")
    headers = await bearer(Role.MARKETER)
    found = (await client.get("/api/v1/search", params={"q": "ana"}, headers=headers)).json()
    assert [len(found[group]) for group in ("customers", "conversations", "messages")] == [1, 0, 0]
    refused = await client.get("/api/v1/search", params={"q": "ana", "group": "messages"}, headers=headers)
    assert refused.status_code == 403
