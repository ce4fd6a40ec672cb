"""Moving, splitting, merging and taking back for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from channels.message import Address, Inbound, Kind
from hub import clock
from hub.bootstrap import Hub
from hub.conversations import replies
from hub.conversations.replies import Reply
from hub.inbound import receive
from hub.models.vocabulary import Role
from hub.staff import accounts
from tests.api.conftest import Bearer


@pytest.fixture
async def words(hub: Hub, client: httpx.AsyncClient, bearer: Bearer) -> list[dict[str, Any]]:
    """Two mails of Ana's, each in a conversation of its own, the older one first, as the API tells them."""
    for number in (1, 2):
        event = Inbound(
            kind=Kind.EMAIL,
            provider_id=f"<{number}@x>",
            message_id=f"<{number}@x>",
            sender=Address(Kind.EMAIL, "ana@example.org", "Ana"),
            recipients=(Address(Kind.EMAIL, "support@meadow.example"), Address(Kind.EMAIL, "bob@example.org")),
            reply_to=(Address(Kind.EMAIL, "office@ana.example"),),
            text=f"word {number}",
        )
        async with hub.database.unit() as session:
            await receive.receive(session, hub.channels["mail"], event, hub.reception, now=clock.now())
    listed = await client.get("/api/v1/interactions", headers=await bearer(Role.AGENT))
    return list(reversed(listed.json()["items"]))


async def test_an_interaction_tells_its_reason_its_answer_address_and_its_copies(words: list[dict[str, Any]]) -> None:
    told = [(w["threaded_by"], w["reply_to"], w["copied"], w["points_to_id"]) for w in words]
    assert told == [("new", "office@ana.example", ["bob@example.org"], None)] * 2


async def test_a_merge_and_its_undoing(client: httpx.AsyncClient, bearer: Bearer, words: list[dict[str, Any]]) -> None:
    headers = await bearer(Role.SUPERVISOR)
    one, two = (w["conversation_id"] for w in words)
    merged = await client.post(f"/api/v1/conversations/{two}/merge", json={"into": one}, headers=headers)
    assert (merged.status_code, merged.json()["words"], merged.json()["what"]) == (201, 1, "merge")
    assert await _places(client, headers) == [one, one]
    undo = f"/api/v1/rearrangements/{merged.json()['id']}/undo"
    assert (await client.post(undo, headers=headers)).json()["undone_at"] is not None
    assert await _places(client, headers) == [one, two]
    again = await client.post(undo, headers=headers)
    assert (again.status_code, again.json()["title"]) == (409, "Conversation")


async def test_a_move_and_a_split(client: httpx.AsyncClient, bearer: Bearer, words: list[dict[str, Any]]) -> None:
    headers = await bearer(Role.SUPERVISOR)
    one, second = words[0]["conversation_id"], words[1]["id"]
    body = {"conversation_id": one}
    assert (await client.post(f"/api/v1/interactions/{second}/move", json=body, headers=headers)).status_code == 201
    assert await _places(client, headers) == [one, one]
    split = await client.post(f"/api/v1/interactions/{second}/split", json={"reach": "later"}, headers=headers)
    assert split.status_code == 201
    assert await _places(client, headers) == [one, split.json()["into_id"]]


async def test_what_is_not_there_or_changes_nothing_is_refused(
    client: httpx.AsyncClient, bearer: Bearer, words: list[dict[str, Any]]
) -> None:
    headers = await bearer(Role.SUPERVISOR)
    one, word = words[0]["conversation_id"], words[0]["id"]
    answers = [
        await client.post(f"/api/v1/conversations/{word}/merge", json={"into": one}, headers=headers),
        await client.post(f"/api/v1/conversations/{one}/merge", json={"into": one}, headers=headers),
        await client.post(f"/api/v1/interactions/{one}/move", json={"conversation_id": one}, headers=headers),
        await client.post(f"/api/v1/interactions/{word}/split", json={"reach": "all"}, headers=headers),
        await client.post(f"/api/v1/rearrangements/{one}/undo", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [404, 409, 404, 422, 404]


async def test_a_marketer_s_token_rearranges_nothing(
    client: httpx.AsyncClient, bearer: Bearer, words: list[dict[str, Any]]
) -> None:
    one, two = (w["conversation_id"] for w in words)
    headers = await bearer(Role.MARKETER)
    answer = await client.post(f"/api/v1/conversations/{two}/merge", json={"into": one}, headers=headers)
    assert answer.status_code == 403


async def _places(client: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    listed = (await client.get("/api/v1/interactions", headers=headers)).json()["items"]
    return [w["conversation_id"] for w in reversed(listed)]


async def test_what_has_not_left_is_taken_back_once(
    hub: Hub, client: httpx.AsyncClient, bearer: Bearer, words: list[dict[str, Any]]
) -> None:
    headers, now = await bearer(Role.SUPERVISOR), clock.now()
    here, whose = (UUID(words[0][name]) for name in ("conversation_id", "customer_id"))
    async with hub.database.unit() as session:
        writer = (await accounts.listing(session))[0].id or 0
        later = now + timedelta(days=3)
        reply = Reply(here, whose, Kind.EMAIL, "Soon", staff_id=writer, form_token="t", leaves_at=later)
        sent = await replies.answer(session, reply, gate=hub.gate, now=now)
    address = f"/api/v1/interactions/{sent.interaction_id}"
    taken = await client.post(f"{address}/take-back", headers=headers)
    assert (taken.status_code, taken.json()["staff_id"], taken.json()["text"]) == (200, writer, "Soon")
    entry = (await client.get(address, headers=headers)).json()
    assert (entry["state"], entry["reason"]) == ("cancelled", "taken_back")
    assert (await client.post(f"{address}/take-back", headers=headers)).status_code == 409
    assert (await client.post(f"/api/v1/interactions/{UUID(int=9)}/take-back", headers=headers)).status_code == 404
    assert (await client.post(f"{address}/take-back", headers=await bearer(Role.MARKETER))).status_code == 403
