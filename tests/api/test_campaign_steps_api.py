"""/api/v1/campaigns/{id}/steps and customers' events, as a marketer's program uses them."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from hub import clock
from hub.bootstrap import Hub
from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.models import Customer
from hub.models.vocabulary import Role
from hub.outbound import templates
from tests.api.conftest import Bearer

Headers = dict[str, str]
ASKED = {
    "tracked": False,
    "local_time": "10:30:00",
    "steps": [
        {"wait_hours": 72, "when": "not_opened", "template": "second", "late_hours": 24},
        {"wait_hours": 1.5, "when": "not_delivered", "next_channel": True},
    ],
    "test": {
        "variants": [{"template": "first"}, {"template": "second", "weight": 3}],
        "share": 0.25,
        "wait_hours": 6,
        "goal": "event",
        "event": "bought",
    },
}


@pytest.fixture
async def campaign(hub: Hub) -> int:
    async with hub.database.unit() as session:
        now = clock.now()
        first = await templates.save(session, "first", {"en": {"subject": "One", "body": "One"}}, now=now)
        await templates.save(session, "second", {"en": {"subject": "Two", "body": "Two", "sms": "Two"}}, now=now)
        made = await lifecycle.create(session, Plan("Spring", first.id), staff_id=None, now=now)
    return made.id or 0


async def test_what_is_arranged_is_what_is_read(
    client: httpx.AsyncClient, bearer: Bearer, hub: Hub, campaign: int
) -> None:
    headers = await bearer(Role.MARKETER)
    put = await client.put(f"/api/v1/campaigns/{campaign}/steps", json=ASKED, headers=headers)
    read = (await client.get(f"/api/v1/campaigns/{campaign}/steps", headers=headers)).json()
    assert (put.status_code, put.json()) == (200, read)
    assert (read["tracked"], read["local_time"]) == (False, "10:30:00")
    told = [(one["wait_hours"], one["when"], one["next_channel"], one["late_hours"]) for one in read["steps"]]
    assert told == [(72, "not_opened", False, 24), (1.5, "not_delivered", True, 48)]
    assert [one["weight"] for one in read["test"]["variants"]] == [1, 3]
    assert (read["test"]["winner"], read["test"]["clear"], read["test"]["difference"]) == (None, False, [-1, 1])
    assert set(read["reactions"].values()) == {0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": [{"wait_hours": 1}]}, "Step 1 would say the same again"),
        ({"steps": [{"wait_hours": 1, "template": "nowhere"}]}, "no message template “nowhere”"),
        ({"test": {"variants": [{"template": "first"}, {"template": "first"}]}}, "say the same"),
        ({"test": {"variants": [{"template": "first"}]}}, "variants"),
        ({"steps": [{"wait_hours": -1}]}, "wait_hours"),
        ({"surprise": 1}, "surprise"),
        ({"local_time": "10:00+02:00"}, "without a zone"),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    client: httpx.AsyncClient, bearer: Bearer, campaign: int, change: dict[str, object], said: str
) -> None:
    headers = await bearer(Role.MARKETER)
    before = await client.get(f"/api/v1/campaigns/{campaign}/steps", headers=headers)
    answer = await client.put(f"/api/v1/campaigns/{campaign}/steps", json=change, headers=headers)
    assert answer.status_code == 422
    assert said in answer.text
    assert (await client.get(f"/api/v1/campaigns/{campaign}/steps", headers=headers)).json() == before.json()


async def test_an_agent_reads_no_campaigns_and_a_campaign_that_is_none_is_404(
    client: httpx.AsyncClient, bearer: Bearer, campaign: int
) -> None:
    path = f"/api/v1/campaigns/{campaign}/steps"
    agent = await bearer(Role.AGENT)
    assert (await client.put(path, json={}, headers=agent)).status_code == 403
    marketer = await bearer(Role.MARKETER)
    assert (await client.get("/api/v1/campaigns/999/steps", headers=marketer)).status_code == 404
    assert (await client.post(f"{path[:-6]}/test/winner", json={"variant": 0}, headers=marketer)).status_code == 422


async def test_an_event_told_twice_is_kept_once(
    client: httpx.AsyncClient, headers: Headers, hub: Hub, ana: Customer
) -> None:
    path = f"/api/v1/customers/{ana.id}/events"
    told = {"name": "bought", "key": "order 1", "at": "2026-03-10T12:00:00+01:00"}
    answers = [await client.post(path, json=told, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    (kept,) = (await client.get(path, headers=headers)).json()["items"]
    assert kept == {"name": "bought", "key": "order 1", "at": "2026-03-10T11:00:00Z"}
    ahead = await client.post(path, json={"name": "bought", "at": "9000-01-01T00:00:00Z"}, headers=headers)
    assert (ahead.status_code, "yet to come" in ahead.json()["detail"]) == (422, True)
    nobody = await client.post(f"/api/v1/customers/{uuid4()}/events", json=told, headers=headers)
    assert nobody.status_code == 404


async def test_no_more_is_told_of_a_customer_than_is_kept_or_can_be_taken_in(
    client: httpx.AsyncClient, headers: Headers, hub: Hub, ana: Customer
) -> None:
    path = f"/api/v1/customers/{ana.id}/events"
    async with hub.database.unit() as session:
        rows = text("insert into customer_event (customer_id, name, key, at) select :who, 'saw', n, now() "
                    "from generate_series(1, 10000) as n")  # fmt: skip
        await session.execute(rows, {"who": ana.id})
    full = await client.post(path, json={"name": "bought", "key": "1"}, headers=headers)
    assert (full.status_code, "10,000 are kept" in full.json()["detail"]) == (422, True)


async def test_a_customer_who_wants_no_counting_is_marked(
    client: httpx.AsyncClient, headers: Headers, ana: Customer
) -> None:
    changed = await client.patch(f"/api/v1/customers/{ana.id}", json={"untracked": True}, headers=headers)
    assert changed.json()["untracked"] is True
