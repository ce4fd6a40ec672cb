"""/api/v1: customers who may be one person, merged and taken apart by a program."""

from __future__ import annotations

from uuid import UUID

import httpx

Headers = dict[str, str]
_ANA = {"name": "Ana Kowalska", "birthday": "1987-02-11", "emails": ["ana.kowalska@example.org"]}
_AGAIN = {"name": "Kowalska Ana", "birthday": "1987-11-02", "emails": ["ana.kowalska@example.com"]}


async def _both(client: httpx.AsyncClient, headers: Headers) -> list[str]:
    made = [await client.post("/api/v1/customers", json=one, headers=headers) for one in (_ANA, _AGAIN)]
    return [one.json()["id"] for one in made]


async def test_what_may_be_one_person_is_merged_found_under_the_winner_and_taken_apart(
    client: httpx.AsyncClient, headers: Headers
) -> None:
    ana, again = await _both(client, headers)
    for one in (ana, again):
        suggested = await client.get(f"/api/v1/customers/{one}/merge-suggestions", headers=headers)
    (found,) = suggested.json()["items"]
    assert found["findings"] == {"name": "same", "birthday": "alike", "email": "alike"}
    body = {"other": again, "keep": ["name"]}
    merged = await client.post(f"/api/v1/customers/{ana}/merges", json=body, headers=headers)
    assert (merged.status_code, merged.json()["other_name"]) == (201, "Kowalska Ana")
    moved = await client.get(f"/api/v1/customers/{again}", headers=headers)
    assert (moved.status_code, moved.headers["location"]) == (307, f"/api/v1/customers/{ana}")
    twice = await client.post(f"/api/v1/customers/{ana}/merges", json=body, headers=headers)
    assert twice.status_code == 409
    parted = await client.post(f"/api/v1/merges/{merged.json()['id']}/undo", headers=headers)
    assert parted.json()["undone_at"] is not None
    assert (await client.get(f"/api/v1/customers/{again}", headers=headers)).json()["name"] == "Kowalska Ana"
    assert (await client.get("/api/v1/merge-suggestions", headers=headers)).json()["items"] == []
    once_more = await client.post(f"/api/v1/merges/{merged.json()['id']}/undo", headers=headers)
    assert once_more.status_code == 409


async def test_what_is_not_there_or_the_same_is_refused(client: httpx.AsyncClient, headers: Headers) -> None:
    ana, _ = await _both(client, headers)
    nobody = str(UUID(int=7))
    answers = [
        await client.post(f"/api/v1/customers/{ana}/merges", json={"other": ana}, headers=headers),
        await client.post(f"/api/v1/customers/{ana}/merges", json={"other": nobody}, headers=headers),
        await client.post(f"/api/v1/customers/{ana}/merges", json={"other": nobody, "keep": ["id"]}, headers=headers),
        await client.post(f"/api/v1/customers/{ana}/not-the-same", json={"other": ana}, headers=headers),
        await client.post(f"/api/v1/merges/{nobody}/undo", headers=headers),
        await client.post(f"/api/v1/merges/{nobody}/undo"),
    ]
    assert [answer.status_code for answer in answers] == [422, 404, 422, 422, 404, 401]
