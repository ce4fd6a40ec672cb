"""By which channel a customer answers, over the API: told with its reasons, taken over, never over their own word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from hub import clock
from hub.bootstrap import Hub
from hub.clock import uuid7
from hub.interactions import record
from hub.models import Customer, Interaction
from hub.models.vocabulary import Direction, Kind, Origin, State
from tests.api.conftest import Headers


async def _answers_texts(hub: Hub, customer: Customer) -> None:
    at = clock.now() - timedelta(days=60)
    async with hub.database.unit() as session:
        for n in range(6):
            for kind, back in ((Kind.EMAIL, False), (Kind.SMS, True)):
                at += timedelta(days=4)
                ours: dict[str, Any] = {"direction": Direction.OUT, "origin": Origin.AGENT, "state": State.DELIVERED}
                theirs: dict[str, Any] = {"direction": Direction.IN, "origin": Origin.CUSTOMER, "state": State.RECEIVED}
                for later, about in ((0, ours), (2, theirs))[: 1 + back]:
                    when = at + timedelta(hours=later)
                    row: dict[str, Any] = {"id": uuid7(when), "at": when, "state_at": when, "body_text": str(n)}
                    await record.add(session, Interaction(customer_id=customer.id, kind=kind, **row, **about))


async def test_what_they_answer_is_told_and_taken_over_until_they_say_otherwise(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    await _answers_texts(hub, ana)
    about = f"/api/v1/customers/{ana.id}"
    told = (await client.get(f"{about}/suggested-channels", headers=headers)).json()
    counts = [(one["kind"], one["tried"], one["answered"]) for one in told["channels"]]
    assert (counts, told["learnt"]) == ([("sms", 6, 6), ("email", 6, 0), ("voice", 0, 0)], True)
    assert told["channels"][0]["why"].startswith("6 of 6 answered")
    assert set(told["ranked_by"].values()) == {"usual"}
    taken = await client.put(f"{about}/suggested-channels/service", headers=headers)
    whole = (await client.get(about, headers=headers)).json()
    assert (taken.status_code, whole["preferences"]) == (204, {"service": ["sms", "email", "voice"]})
    told = (await client.get(f"{about}/suggested-channels", headers=headers)).json()
    assert (told["ranked_by"]["service"], told["ranked_by"]["marketing"]) == ("suggestion", "usual")
    await client.put(f"{about}/preferences/service", json={"channels": ["email"]}, headers=headers)
    refused = await client.put(f"{about}/suggested-channels/service", headers=headers)
    whole = (await client.get(about, headers=headers)).json()
    assert (refused.status_code, whole["preferences"]) == (409, {"service": ["email"]})


async def test_of_a_customer_to_whom_nothing_was_sent_nothing_is_taken_over(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    about = f"/api/v1/customers/{ana.id}/suggested-channels"
    told = (await client.get(about, headers=headers)).json()
    assert ([one["kind"] for one in told["channels"]], told["learnt"]) == (["email", "sms", "voice"], False)
    assert (await client.put(f"{about}/service", headers=headers)).status_code == 409


async def test_it_is_told_below_api_v1_and_nowhere_else(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    assert (await client.get(f"/customers/{ana.id}/suggested-channels", headers=headers)).status_code == 404
