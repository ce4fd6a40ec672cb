"""Appointments at the desk: by week and day, booked, moved and taken back, out of a file or calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from playwright.async_api import expect

from hub import clock
from hub.conversations import appointments
from hub.models.vocabulary import AppointmentState, Role

ICS = """BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTAMP:20260101T000000Z\r
DTSTART:{at:%Y%m%dT%H%M%SZ}\r\nSUMMARY:Eye test\r\nATTENDEE:mailto:ana@nowak.example\r\nEND:VEVENT\r
BEGIN:VEVENT\r\nUID:2@x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{at:%Y%m%dT%H%M%SZ}\r\nSUMMARY:Lunch\r\nEND:VEVENT\r
END:VCALENDAR\r\n"""


async def test_what_was_moved_or_called_off_is_taken_back_by_the_notices_button(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        before = await appointments.get(session, 1)
    later = f"{before.starts_at.astimezone() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    await desk.send("/appointments/1", title="Haircut", starts_at=later, remind="2h")
    seen = await desk.see("/appointments/1")
    assert "Moved." in seen.text
    assert seen.select_one("form[action='/appointments/1/move-back']") is not None
    await desk.send("/appointments/1/move-back")
    await desk.send("/appointments/1/cancel")
    await desk.send("/appointments/1/restore")
    async with world.hub.database.unit() as session:
        after = await appointments.get(session, 1)
    assert (after.starts_at, after.state, after.lead_minutes) == (before.starts_at, AppointmentState.PLANNED, [120])


async def test_the_customer_of_an_appointment_is_found_by_name_and_nothing_typed_is_lost(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    soon = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    typed = {"title": "Fitting", "starts_at": soon, "place": "Main St 1"}
    answer = await desk.send("/appointments", q="nowak", **typed)
    form: Any = BeautifulSoup(answer.text, "html.parser").select_one("#book form")
    assert (answer.status_code, "Find the customer and choose them." in answer.text) == (422, True)
    assert {name: form.select_one(f"#{name}")["value"] for name in typed} == typed
    (found,) = form.select("#whom input")
    assert (found["value"], found.has_attr("checked")) == (str(world.customers["ana"]), True)
    assert "Nobody." in (await desk.see("/appointments?q=nobodyhere")).select_one("#whom").text
    booked = await desk.send("/appointments", customer=found["value"], **typed)
    assert booked.status_code == 303


async def test_who_books_hears_that_it_is_too_late_for_the_reminders(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    soon = f"{clock.now() + timedelta(hours=5):%Y-%m-%dT%H:%M}"
    asked = {"customer": str(world.customers["ana"]), "title": "Fitting", "starts_at": soon}
    for remind, late in (("24h", True), ("2h", False)):
        assert (await desk.send("/appointments", **asked, remind=remind)).status_code == 303
        assert ("too soon for the reminders" in (await desk.see("/appointments")).text) is late


@pytest.mark.browser
async def test_an_appointment_is_booked_for_whoever_is_typed(opening: Any, world: Any) -> None:
    page = await opening("/appointments", Role.AGENT)
    await page.get_by_label("What for").fill("Fitting")
    await page.get_by_label("When, by your clock").fill(f"{clock.now() + timedelta(days=1):%Y-%m-%d}T18:00")
    await page.locator("#q").press_sequentially("nowak")
    await expect(page.locator("#whom .chip:has(:checked)")).to_contain_text("Ana Nowak")
    await expect(page.get_by_label("What for")).to_have_value("Fitting")
    await page.get_by_role("button", name="Book", exact=True).click()
    await expect(page.get_by_text("Booked.")).to_be_visible()
    await expect(page.locator("#ahead")).to_contain_text("Ana Nowak")


async def test_days_that_are_no_days_and_colleagues_who_are_none_break_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    for query in ("at=nonsense", "at=0001-01-01", "at=9999-12-31", "span=year&whose=x", "at=2026-02-30"):
        assert (await desk.client.get(f"/appointments?{query}")).status_code == 200
    soon = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    fields = {"customer": world.customers["ana"], "title": "x", "starts_at": soon}
    assert (await desk.send("/appointments", **fields, owner="99999")).status_code == 422
    for path in ("/appointments", "/appointments/1"):
        nowhere = await desk.send(path, **fields | {"starts_at": "2031-02-31T10:00"})
        assert (nowhere.status_code, "There is no day 31 in February 2031: it has 28." in nowhere.text) == (422, True)
    assert (await desk.client.get("/appointments/99999")).status_code == 404


async def test_a_file_says_what_became_of_every_event(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    content = ICS.format(at=clock.now() + timedelta(days=3)).encode()
    files = {"file": ("visits.ics", content, "text/calendar")}
    path = "/appointments/calendars/upload"
    for count in ("1 added", "1 unchanged"):
        answer = await desk.client.post(path, data={"csrf": desk.csrf, "remind": "24h"}, files=files)
        assert (answer.status_code, count in answer.text, "Lunch" in answer.text) == (200, True, True)
    bad = await desk.client.post(path, data={"csrf": desk.csrf}, files={"file": ("x.ics", b"no", "text/calendar")})
    assert (bad.status_code, "no calendar" in bad.text) == (422, True)


@pytest.mark.parametrize(
    "times",
    [
        "DTSTART:99991231T235959Z\r\nDURATION:P99999W",
        "DTSTART:20991231T235959Z\r\nDURATION:P99999999999999W",
        "DTSTART;TZID=Asia/Tokyo:00010101T000000",
    ],
    ids=["beyond", "impractical", "before"],
)
async def test_an_event_beyond_all_calendars_keeps_out_no_other(world: Any, signed_in: Any, times: str) -> None:
    desk = await signed_in(Role.AGENT)
    odd = f"BEGIN:VEVENT\r\nUID:odd\r\nSUMMARY:Odd\r\n{times}\r\nEND:VEVENT\r\nEND:VCALENDAR"
    content = ICS.format(at=clock.now() + timedelta(days=3)).replace("END:VCALENDAR", odd).encode()
    files = {"file": ("visits.ics", content, "text/calendar")}
    answer = await desk.client.post("/appointments/calendars/upload", data={"csrf": desk.csrf}, files=files)
    assert (answer.status_code, "1 added" in answer.text, "It cannot be read" in answer.text) == (200, True, True)


async def test_a_calendar_is_added_by_a_public_address_only(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    for url in ("http://169.254.169.254/x.ics", "https://127.0.0.1/x.ics", "ftp://a.example/x", "nonsense"):
        answer = await desk.send("/appointments/calendars", name="Visits", url=url)
        assert (answer.status_code, url in answer.text) == (422, True), url
    assert (
        await desk.send("/appointments/calendars", name="Visits", url="webcal://c.example/x.ics")
    ).status_code == 303
    assert "Visits" in (await desk.see("/appointments/calendars")).select_one("#feeds").text
    await desk.send("/appointments/calendars/1/delete")
    assert "No calendar yet" in (await desk.see("/appointments/calendars")).text


@pytest.mark.browser
async def test_an_agent_books_moves_and_takes_back_and_the_list_follows(opening: Any, world: Any) -> None:
    page = await opening(f"/appointments?customer={world.customers['ana']}", Role.AGENT)
    soon = clock.now().astimezone() + timedelta(days=2)
    await page.get_by_label("What for").fill("Second fitting")
    await page.get_by_label("When, by your clock").fill(f"{soon:%Y-%m-%d}T10:30")
    await page.get_by_label("2 hours").check()
    await page.get_by_role("button", name="Book", exact=True).click()
    await page.locator("#ahead").get_by_role("link", name="Second fitting").click()
    await page.get_by_label("When, by your clock").fill(f"{soon + timedelta(days=1):%Y-%m-%d}T11:00")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Moved.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("It is where it was before.")).to_be_visible()
    await expect(page.get_by_label("When, by your clock")).to_have_value(f"{soon:%Y-%m-%d}T10:30")
