"""/a/{token}: customers confirm, cancel or ask for another time; looking changes nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from aiohttp import web

from hub import clock
from hub.bootstrap import Hub
from hub.campaigns.previews import HARMLESS
from hub.conversations import appointment_links, appointments, calendar_feeds, rebooking
from hub.customers import directory
from hub.jobs import background
from hub.models import Appointment, Customer
from hub.models.vocabulary import AppointmentState
from hub.settings import WebhooksTable


@pytest.fixture
async def booked(hub: Hub, ana: Customer) -> Appointment:
    now = clock.now()
    async with hub.database.unit() as session:
        return await appointments.book(
            session, ana.id, "Fitting <b>", now + timedelta(days=3), "Europe/Warsaw", place="Main St", now=now
        )


def _path(hub: Hub, booked: Appointment) -> str:
    return appointment_links.address(hub.gate, booked.id or 0).removeprefix(hub.settings.hub.public_url)


async def _state(hub: Hub, booked: Appointment) -> tuple[AppointmentState, str]:
    async with hub.database.unit() as session:
        found = await appointments.get(session, booked.id or 0)
    return found.state, found.wish


async def test_looking_changes_nothing_and_answering_does(
    client: httpx.AsyncClient, hub: Hub, booked: Appointment
) -> None:
    path = _path(hub, booked)
    seen = await client.get(path)
    assert (seen.status_code, await _state(hub, booked)) == (200, (AppointmentState.PLANNED, ""))
    assert "Fitting &lt;b&gt;" in seen.text
    (at,) = set(re.findall(r'name="at" value="([^"]+)"', seen.text))
    for choice, wish, state in (
        ("confirm", "", AppointmentState.CONFIRMED),
        ("reschedule", "after five", AppointmentState.TO_MOVE),
        ("cancel", "", AppointmentState.CANCELLED),
    ):
        answered = await client.post(path, data={"do": choice, "at": at, "wish": wish})
        assert (answered.status_code, await _state(hub, booked)) == (200, (state, wish))
    again = await client.post(path, data={"do": "confirm", "at": at})
    assert (again.status_code, await _state(hub, booked)) == (200, (AppointmentState.CANCELLED, ""))


async def test_a_page_that_shows_the_old_time_says_so_and_answers_nothing(
    client: httpx.AsyncClient, hub: Hub, booked: Appointment
) -> None:
    path, now = _path(hub, booked), clock.now()
    async with hub.database.unit() as session:
        await rebooking.move(session, booked.id or 0, now + timedelta(days=5), now=now)
    answered = await client.post(path, data={"do": "confirm", "at": booked.starts_at.isoformat()})
    assert (answered.status_code, "w międzyczasie zmieniony" in answered.text) == (409, True)
    assert await _state(hub, booked) == (AppointmentState.PLANNED, "")


@pytest.mark.parametrize(("language", "words"), [("en", "I will come"), ("bg", "Ще дойда"), ("ru", "Я приду")])
async def test_the_page_speaks_the_customers_language(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, booked: Appointment, language: str, words: str
) -> None:
    async with hub.database.unit() as session:
        await directory.change(session, ana.id, {"language": language}, now=clock.now())
    seen = (await client.get(_path(hub, booked))).text
    assert words in seen
    assert f'<html lang="{language}">' in seen


async def test_wrong_links_and_wrong_answers_are_told_in_words(
    client: httpx.AsyncClient, hub: Hub, booked: Appointment
) -> None:
    path = _path(hub, booked)
    forged = await client.get(path[:-1] + ("a" if path[-1] != "a" else "b"))
    assert (forged.status_code, (await client.get(f"/a/{HARMLESS}")).status_code) == (404, 200)
    at = booked.starts_at.isoformat()
    assert (await client.post(path, data={"do": "explode", "at": at})).status_code == 422
    long = await client.post(path, data={"do": "reschedule", "at": at, "wish": "x" * 501})
    assert (long.status_code, "x" * 501 in long.text) == (422, True)
    assert await _state(hub, booked) == (AppointmentState.PLANNED, "")


async def test_it_can_be_put_into_a_calendar(client: httpx.AsyncClient, hub: Hub, booked: Appointment) -> None:
    got = await client.get(f"{_path(hub, booked)}/calendar.ics")
    assert got.headers["content-type"].startswith("text/calendar")
    assert f"DTSTART:{booked.starts_at:%Y%m%dT%H%M%SZ}" in got.text


async def test_the_same_key_is_one_appointment_that_is_moved_called_off_and_restored(
    client: httpx.AsyncClient, headers: dict[str, str], ana: Customer
) -> None:
    one = {"title": "Fitting", "starts_at": "2099-01-01T10:00:00Z", "timezone": "UTC", "remind_hours_before": [168, 2]}
    keyed = one | {"customer_id": str(ana.id), "external_key": "v-1"}
    first = (await client.post("/api/v1/appointments", json=keyed, headers=headers)).json()
    moved = keyed | {"starts_at": "2099-01-02T10:00:00Z"}
    again = (await client.post("/api/v1/appointments", json=moved, headers=headers)).json()
    assert (again["id"], again["starts_at"]) == (first["id"], "2099-01-02T10:00:00Z")
    path = f"/api/v1/appointments/{first['id']}"
    put = await client.put(path, json=one | {"title": "Second fitting"}, headers=headers)
    assert (put.status_code, put.json()["title"]) == (200, "Second fitting")
    states = [(await client.post(f"{path}/{act}", headers=headers)).json()["state"] for act in ("cancel", "restore")]
    assert states == ["cancelled", "planned"]
    assert (await client.get("/api/v1/appointments/999999", headers=headers)).status_code == 404


async def test_a_calendar_that_is_fetched_brings_its_events_and_one_that_does_not_come_says_why(
    hub: Hub, ana: Customer
) -> None:
    """Over real HTTP on loopback, as the background job does it."""
    at, served = clock.now() + timedelta(days=3), {"status": 200}
    event = f"UID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{at:%Y%m%dT%H%M%SZ}\r\nATTENDEE:mailto:ana@example.org"
    body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    application = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=served["status"], text=body)

    application.router.add_get("/x.ics", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    open_hub = replace(hub, settings=hub.settings.model_copy(update={"webhooks": WebhooksTable(loopback=True)}))
    try:
        async with hub.database.unit() as session:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/x.ics"
            leads = [timedelta(days=1)]
            feed = await calendar_feeds.add(
                session, "Visits", url, owner_id=None, remind_before=leads, loopback=True, now=clock.now()
            )
            assert await calendar_feeds.due(session, now=clock.now()) == [feed.id]
        await background.fetch_calendar(open_hub, {"feed": feed.id})
        served["status"] = 500
        await background.fetch_calendar(open_hub, {"feed": feed.id})
    finally:
        await runner.cleanup()
    async with hub.database.unit() as session:
        kept = await calendar_feeds.get(session, feed.id or 0)
        (coming,) = await appointments.upcoming(session, now=clock.now())
    assert (kept.told, kept.problem) == ("1 added", "There is no calendar (HTTP 500)")
    assert (coming.customer_id, coming.starts_at) == (ana.id, at.replace(microsecond=0))


async def test_a_calendar_that_was_removed_before_it_was_fetched_is_no_job_to_be_tried_again(hub: Hub) -> None:
    async with hub.database.unit() as session:
        feed = await calendar_feeds.add(
            session,
            "Visits",
            "https://x.example/y.ics",
            owner_id=None,
            remind_before=(),
            loopback=False,
            now=clock.now(),
        )
        await calendar_feeds.remove(session, feed.id or 0)
    await background.fetch_calendar(hub, {"feed": feed.id})
