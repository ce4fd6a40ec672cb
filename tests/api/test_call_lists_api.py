"""Call lists over the API: how far they are, and who stands where."""

from __future__ import annotations

import httpx
import pytest

from hub import clock
from hub.bootstrap import Hub
from hub.call_lists import arranging, taking
from hub.call_lists.arranging import Plan
from hub.call_lists.audience import Whom
from hub.models import Customer
from hub.models.vocabulary import Role
from hub.outbound import templates
from hub.segments import lists
from tests.api.conftest import Bearer


@pytest.fixture
async def made(hub: Hub, ana: Customer) -> int:
    now = clock.now()
    async with hub.database.unit() as session:
        await templates.save(session, "spring-call", {"en": {"voice": "Good day"}}, now=now)
        people = (await lists.create(session, "Guests", staff_id=None, now=now)).id or 0
        await lists.add(session, people, [ana.id], staff_id=None, now=now)
        plan, whom = Plan("Spring calls", "spring-call"), Whom(segment_id=people)
        return (await arranging.create(session, plan, whom, gate=hub.gate, staff_id=None, now=now)).id or 0


async def test_a_call_list_is_read_with_its_numbers_and_its_people(
    client: httpx.AsyncClient, bearer: Bearer, hub: Hub, ana: Customer, made: int
) -> None:
    marketer = await bearer(Role.MARKETER)
    async with hub.database.unit() as session:
        await taking.take(session, made, 1, others=True, gate=hub.gate, now=clock.now())
    (one,) = (await client.get("/api/v1/call-lists", headers=marketer)).json()["items"]
    assert (one["name"], one["state"], one["people"], one["settled"]) == ("Spring calls", "open", 1, 1)
    told = (await client.get(f"/api/v1/call-lists/{made}", headers=marketer)).json()
    assert (told["parts"]["left_out"], told["reasons"], told["outcomes"]) == (1, {"no_consent": 1}, {})
    people = f"/api/v1/call-lists/{made}/people"
    (person,) = (await client.get(f"{people}?shown=left_out", headers=marketer)).json()["items"]
    assert (person["customer_id"], person["turn"], person["reason"]) == (str(ana.id), "left_out", "no_consent")
    assert (await client.get(f"{people}?shown=reached", headers=marketer)).json() == {"items": [], "next": None}


async def test_what_is_not_there_and_what_one_may_not_read(
    client: httpx.AsyncClient, bearer: Bearer, made: int
) -> None:
    marketer, agent = await bearer(Role.MARKETER), await bearer(Role.AGENT)
    paths = ("/api/v1/call-lists/99", "/api/v1/call-lists/99/people", f"/api/v1/call-lists/{made}/people?shown=x")
    assert [(await client.get(path, headers=marketer)).status_code for path in paths] == [404, 404, 422]
    assert (await client.get(f"/api/v1/call-lists/{made}", headers=agent)).status_code == 403
