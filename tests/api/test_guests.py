"""/e/{token} and /api/v1/events: guests answer, programs plan and count."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from hub import clock
from hub.bootstrap import Hub
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.gatherings import inviting, links, plans, seats
from hub.gatherings.plans import Plan
from hub.models import Audit, Customer
from hub.models.vocabulary import GuestState, Purpose


@pytest.fixture
async def invited(hub: Hub, ana: Customer) -> int:
    """Ana's own number among the guests of an event with one seat."""
    now = clock.now()
    async with hub.database.unit() as session:
        plan = Plan("Garden <b>", now + timedelta(days=3), "UTC", place="Main St", capacity=1)
        event = await plans.create(session, plan, staff_id=None, now=now)
        await inviting.choose(session, event.id or 0, [ana.id], now=now)
        (seen,) = await inviting.guests(session, event.id or 0)
    return seen.guest.id or 0


async def _state(hub: Hub, guest: int) -> GuestState:
    async with hub.database.unit() as session:
        return (await seats.guest(session, guest)).state


async def test_looking_changes_nothing_and_answering_does(client: httpx.AsyncClient, hub: Hub, invited: int) -> None:
    path = links.address(hub.gate, invited).removeprefix(hub.settings.hub.public_url)
    seen = await client.get(path)
    assert (seen.status_code, await _state(hub, invited), "Garden &lt;b&gt;" in seen.text) == (
        200,
        GuestState.CHOSEN,
        True,
    )
    (at,) = re.findall(r'name="at" value="([^"]+)"', seen.text)
    for said, state in (("yes", GuestState.COMING), ("no", GuestState.NOT_COMING)):
        assert (await client.post(path, data={"do": said, "at": at})).status_code == 200
        assert await _state(hub, invited) is state
    wrong = [
        (await client.post(path, data={"do": "maybe", "at": at})).status_code,
        (await client.post(path, data={"do": "yes", "at": "then"})).status_code,
        (await client.get(path[:-1] + ("a" if path[-1] != "a" else "b"))).status_code,
    ]
    assert wrong == [422, 409, 404]
    calendar = await client.get(f"{path}/calendar.ics")
    assert "SUMMARY:Garden" in calendar.text


@pytest.mark.parametrize(("language", "words"), [("en", "I will come"), ("bg", "Ще дойда"), ("ru", "Я приду")])
async def test_the_page_speaks_the_guests_language(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, invited: int, language: str, words: str
) -> None:
    async with hub.database.unit() as session:
        await directory.change(session, ana.id, {"language": language}, now=clock.now())
    path = links.address(hub.gate, invited).removeprefix(hub.settings.hub.public_url)
    assert words in (await client.get(path)).text


async def test_whoever_opens_the_link_of_what_is_called_off_reads_that_it_is(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, invited: int
) -> None:
    path = links.address(hub.gate, invited).removeprefix(hub.settings.hub.public_url)
    async with hub.database.unit() as session:
        await directory.change(session, ana.id, {"language": "en"}, now=clock.now())
        guest = await seats.guest(session, invited)
        await plans.cancel(session, guest.gathering_id, now=clock.now())
    page = await client.get(path)
    assert (page.status_code, "we had to call it off" in page.text, "has begun" in page.text) == (410, True, False)
    assert "<h1>Garden &lt;b&gt;</h1>" in page.text, "which one"


async def test_a_program_plans_invites_counts_and_ticks(
    client: httpx.AsyncClient, headers: dict[str, str], hub: Hub, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        yes = Statement(UUID(str(ana.id)), Purpose.MARKETING, None, granted=True, source="test")
        await consent.record(session, yes, now=clock.now())
    plan = {"title": "Garden", "starts_at": "2099-06-01T18:00:00Z", "timezone": "Europe/Warsaw", "capacity": 1}
    made = (await client.post("/api/v1/events", json=plan, headers=headers)).json()
    path = f"/api/v1/events/{made['id']}"
    for count in (1, 0):
        invited = await client.post(f"{path}/guests", json={"customer_ids": [str(ana.id)]}, headers=headers)
        assert (invited.status_code, invited.json()) == (202, {"invited": count})
    (guest,) = (await client.get(f"{path}/guests", headers=headers)).json()["items"]
    answered = await client.put(f"{path}/guests/{guest['id']}/answer", json={"coming": True}, headers=headers)
    ticked = await client.put(f"{path}/guests/{guest['id']}/attended", json={"attended": True}, headers=headers)
    assert (answered.json()["state"], ticked.json()["attended_at"] is not None) == ("coming", True)
    async with hub.database.unit() as session:
        rows = await session.exec(select(Audit).where(Audit.subject == f"event:{made['id']}"))
        noted = [(row.action, row.detail) for row in rows]
    assert noted[-2:] == [
        ("event.answer", f"guest:{guest['id']} coming"),
        ("event.attended", f"guest:{guest['id']} yes"),
    ]
    shown = (await client.get(path, headers=headers)).json()
    assert (shown["guests"], shown["free"], shown["attended"]) == ({"coming": 1}, 0, 1)
    more = await client.put(path, json=plan | {"capacity": 2}, headers=headers)
    assert (more.json()["free"], len((await client.get("/api/v1/events", headers=headers)).json()["items"])) == (1, 1)
    assert (await client.post(f"{path}/cancel", headers=headers)).json()["cancelled_at"] is not None
    wrong = [
        (await client.get("/api/v1/events/999", headers=headers)).status_code,
        (await client.put(f"{path}/guests/999/answer", json={"coming": True}, headers=headers)).status_code,
        (await client.post("/api/v1/events", json=plan | {"capacity": 0}, headers=headers)).status_code,
        (await client.post(f"{path}/guests", json={"segment_id": 999}, headers=headers)).status_code,
    ]
    assert wrong == [404, 404, 422, 422]
