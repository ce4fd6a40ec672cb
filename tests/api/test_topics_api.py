"""Topics of offers for programs."""

from __future__ import annotations

import httpx

from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

ADDRESS = "/api/v1/topics"
GARDEN = {"key": "garden", "titles": {"en": "Garden", "pl": "Ogród"}}


async def test_a_topic_is_made_renamed_and_no_longer_offered(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.MARKETER)
    made = (await client.post(ADDRESS, json=GARDEN, headers=headers)).json()
    assert made == {"id": made["id"], **GARDEN, "active": True}
    one = f"{ADDRESS}/{made['id']}"
    changed = await client.put(one, json={"titles": {"en": " Plants "}, "active": False}, headers=headers)
    assert changed.json() == {"id": made["id"], "key": "garden", "titles": {"en": "Plants"}, "active": False}
    assert (await client.get(one, headers=headers)).json() == changed.json()
    listed = [(await client.get(ADDRESS + query, headers=headers)).json()["items"] for query in ("", "?inactive=1")]
    assert listed == [[], [changed.json()]]


async def test_what_cannot_be_a_topic_is_refused_with_the_field(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.MARKETER)
    await client.post(ADDRESS, json=GARDEN, headers=headers)
    for body, field in (
        (GARDEN, "body.key"),
        (GARDEN | {"key": "Garden!"}, "body.key"),
        (GARDEN | {"key": "house", "titles": {"en": " "}}, "body.titles"),
        (GARDEN | {"key": "house", "titles": {"en": "x" * 101}}, "body.titles.en"),
        (GARDEN | {"key": "house", "titles": {"English": "x"}}, "body.titles.English.[key]"),
    ):
        answer = await client.post(ADDRESS, json=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    lost = [(await client.get(f"{ADDRESS}/{number}", headers=headers)).status_code for number in (99, 2**40)]
    assert lost == [404, 404]


async def test_a_segment_asks_for_a_topic_by_its_name(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.MARKETER)
    await client.post(ADDRESS, json=GARDEN, headers=headers)
    for topic, status in (("garden", 200), ("lawn", 422)):
        tree = [{"field": "consent", "op": "eq", "value": f"marketing:email:{topic}"}]
        answer = await client.post("/api/v1/segments/count", json={"tree": tree}, headers=headers)
        assert answer.status_code == status
    assert "There is no topic “lawn”" in answer.json()["detail"]
