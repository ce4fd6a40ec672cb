"""Canned answers for programs."""

from __future__ import annotations

import httpx

from hub.models.vocabulary import Role
from tests.api.conftest import Bearer

ADDRESS = "/api/v1/canned-answers"


async def test_an_answer_is_made_changed_listed_and_deleted(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = await bearer(Role.SUPERVISOR)
    made = await client.post(ADDRESS, json={"shortcut": "hours", "text": "Nine to five"}, headers=headers)
    assert (made.status_code, made.json()["title"], made.json()["team_id"]) == (201, "hours", None)
    one = f"{ADDRESS}/{made.json()['id']}"
    changed = {"shortcut": "hours", "title": "Open", "text": "Ten to six, {{ customer.first_name }}"}
    assert (await client.put(one, json=changed, headers=headers)).json()["title"] == "Open"
    listed = (await client.get(ADDRESS, headers=headers)).json()["items"]
    assert [(item["shortcut"], item["text"]) for item in listed] == [("hours", changed["text"])]
    assert (await client.delete(one, headers=headers)).status_code == 204
    assert (await client.delete(one, headers=headers)).status_code == 404


async def test_what_cannot_be_filled_in_or_is_not_ones_own_is_refused(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    lead, agent, marketer = [await bearer(role) for role in (Role.SUPERVISOR, Role.AGENT, Role.MARKETER)]
    body = {"shortcut": "a", "text": "{{ custmer.name }}"}
    wrong = await client.post(ADDRESS, json=body, headers=lead)
    assert (wrong.status_code, "custmer" in wrong.json()["detail"]) == (422, True)
    body = {"shortcut": "a", "text": "x"}
    answers = [(await client.post(ADDRESS, json=body, headers=who)).status_code for who in (agent, marketer, lead)]
    assert answers == [403, 403, 201]
    assert (await client.get(ADDRESS, headers=marketer)).status_code == 403
