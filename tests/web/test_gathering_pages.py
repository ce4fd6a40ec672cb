"""Events at the desk: planned, invited to, ticked off by keyboard; who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup
from playwright.async_api import expect

from hub import clock
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.gatherings import inviting, plans, seats
from hub.gatherings.plans import Plan
from hub.models.vocabulary import GuestState, Role


def form(**more: str) -> dict[str, str]:
    soon = f"{clock.now() + timedelta(days=5):%Y-%m-%dT18:00}"
    plain = {"title": "Open garden", "starts_at": soon, "capacity": "1", "purpose": "marketing", "remind": "1440"}
    return plain | more


async def planned(desk: Any) -> str:
    made = await desk.send("/events", **form())
    assert made.status_code == 303
    return str(made.headers["location"])


async def test_an_event_is_planned_and_people_are_invited_by_their_addresses(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await planned(desk)
    assert "Nobody is invited yet" in (await desk.see(path)).text
    unknown = await desk.send(f"{path}/invite", addresses="ana@nowak.example\nwho@else.example")
    assert (unknown.status_code, "who@else.example" in unknown.text) == (422, True)
    assert "Nobody is invited yet" in (await desk.see(path)).text
    await desk.send(f"{path}/invite", addresses="ana@nowak.example\n+359888123456", segment=str(world.segment))
    listed = [row["id"].removeprefix("guest-") for row in (await desk.see(path)).select("#guests .entry-row")]
    assert len(listed) == 2
    for guest in listed:
        await desk.send(f"{path}/guests/{guest}/answer", coming="1")
    said = [row.text for row in (await desk.see(path)).select("#guests .entry-row")]
    assert ["comes" in said[0], "on the waiting list" in said[1]] == [True, True]


async def test_an_event_tells_its_weekdays_also_that_of_an_end_on_another_day(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    begin = (clock.now() + timedelta(days=5)).date()
    made = await desk.send("/events", **form(ends_at=f"{begin + timedelta(days=1)}T11:00", place="Plovdiv"))
    told = (await desk.see(made.headers["location"])).select_one("main p").text
    (first, last) = (f"{each:%A}, {each.day} {each:%B}" for each in (begin, begin + timedelta(days=1)))
    assert told == f"{first} {begin.year}, 18:00 – {last}, 11:00 · Plovdiv"


async def test_a_wrong_form_comes_back_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    for wrong in ({"capacity": "many"}, {"starts_at": "2020-01-01T10:00"}, {"starts_at": "soon"}, {"title": " "}):
        answer = await desk.send("/events", **form(place="Kept here", **wrong) if "place" not in wrong else wrong)
        assert (answer.status_code, "Kept here" in answer.text) == (422, True), wrong
    assert (await desk.send("/events", **form(purpose="greetings"))).status_code == 422
    for field in ("starts_at", "ends_at"):
        never = await desk.send("/events", **form(**{field: "2031-02-31T10:00"}))
        assert "There is no day 31 in February 2031: it has 28." in never.text, field


async def test_agents_tick_who_is_there_write_down_answers_and_change_nothing_else(world: Any, signed_in: Any) -> None:
    lead, desk = await signed_in(Role.SUPERVISOR), await signed_in(Role.AGENT)
    path = await planned(lead)
    await lead.send(f"{path}/invite", addresses="ana@nowak.example")
    (guest,) = [row["id"].removeprefix("guest-") for row in (await desk.see(path)).select("#guests .entry-row")]
    assert (await desk.send(f"{path}/guests/{guest}/attended", came="1")).status_code == 303
    assert "1 was there" in " ".join((await desk.see(path)).select_one("#guests header").text.split())
    assert (await desk.send(f"{path}/guests/{guest}/answer", coming="1")).status_code == 303, "what a guest told them"
    assert "comes" in (await desk.see(path)).select_one(f"#guest-{guest}").text
    for refused in (f"{path}/invite", f"{path}/cancel", path):
        assert (await desk.send(refused)).status_code == 403
    assert (await desk.client.get(f"{path}/guests.csv")).status_code == 403
    csv = await lead.client.get(f"{path}/guests.csv")
    assert (csv.status_code, "Ana Nowak" in csv.text) == (200, True)
    assert (await desk.send(f"{path}/guests/99/attended", came="1")).status_code == 404


async def test_before_an_event_is_called_off_the_page_says_how_many_will_be_told(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.MARKETER), f"/events/{world.event}"
    page = await desk.see(f"{path}/cancel")
    assert "1 person will be told." in page.text
    assert "Call off and tell 1 person" in page.select_one("form button.btn-danger").text
    assert "called off" not in (await desk.see(path)).select_one(".page-head").text, "looking changes nothing"
    assert (await desk.send(f"{path}/cancel")).status_code == 303
    async with world.hub.database.unit() as session:
        assert await inviting.tell_off(session, gate=world.hub.gate, now=clock.now()) == 1
    assert "1 was told that it is called off" in (await desk.see(path)).select_one("#guests header").text
    assert (await desk.client.get(f"{path}/cancel")).headers["location"] == path, "it is called off already"
    await desk.send(f"{path}/cancel", back="1")
    assert "1 person was told that it does not: write to them." in (await desk.see(path)).text


async def test_a_customers_page_shows_their_events_and_is_silent_without_any(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    now, ana = clock.now(), world.customers["ana"]
    async with world.hub.database.unit() as session:
        for days in (3, 5):
            plan = Plan(f"In {days} days", now + timedelta(days=days), "UTC")
            made = await plans.create(session, plan, staff_id=None, now=now)
            await inviting.choose(session, made.id or 0, [ana], now=now)
        over = await plans.get(session, made.id or 0)
        (seen,) = await inviting.guests(session, over.id or 0)
        await seats.attend(session, seen.guest.id or 0, True, now=now)
        over.starts_at, over.title = now - timedelta(days=2), "Was lately"
    rows = (await desk.see(f"/customers/{ana}")).select("#events .sentence")
    assert [(row.a.text, row.a["href"]) for row in rows][1:] == [
        ("Open garden", f"/events/{world.event}"),
        ("Was lately", f"/events/{over.id}"),
    ]
    assert ["is being asked" in rows[0].text, "comes" in rows[1].text, "was there" in rows[2].text] == [True] * 3
    assert (await desk.see(f"/customers/{world.customers['georgi']}")).select_one("#events") is None


async def test_an_answer_in_words_of_ones_own_is_settled_beside_the_conversation(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/inbox/all/{world.conversations['invoice']}"
    panel = (await desk.see(path)).select_one("#asked-to")
    assert ("Open garden" in panel.text, [one.text.split(":")[0] for one in panel.select("button")]) == (
        True, ["Does not come"],
    )  # fmt: skip
    action = panel.form["action"]
    assert (await desk.send(action)).headers["location"] == path
    told = await desk.see(path)
    assert "does not come" in told.select_one("#asked-to").text
    assert [one.text.split(":")[0] for one in told.select("#asked-to button")] == ["Comes"]
    await desk.send(action, coming="1")
    async with world.hub.database.unit() as session:
        (seen,) = await inviting.guests(session, world.event)
        assert seen.guest.state is GuestState.COMING
        event = await plans.get(session, world.event)
        event.cancelled_at = clock.now()
    await desk.send(action)
    assert "nothing was changed" in (await desk.see(path)).text
    other = f"/inbox/all/{next(key for key in world.conversations.values() if str(key) not in path)}"
    foreign = await desk.send(f"{other}/guests/{action.rpartition('/')[2]}", coming="1")
    assert foreign.status_code == 404
    assert (await (await signed_in(Role.MARKETER)).send(action, coming="1")).status_code == 403


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("now", ["Ana Nowak"]),
        ("n", ["Ana Nowak", "Żaneta Mroźna"]),
        ("zaneta", ["Żaneta Mroźna"]),
        ("ana@now", ["Ana Nowak"]),
        ("601 123", ["Ana Nowak"]),
        ("Г", ["Георги Петров"]),
        ("petrov.example", ["Георги Петров"]),
        ("C-77", ["Żaneta Mroźna"]),
        ("50%", []),
        (" ", ["Ana Nowak", "Żaneta Mroźna", "Георги Петров"]),
    ],
)
async def test_whoever_stands_at_the_door_is_found(q: str, names: list[str], world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/events/{world.event}"
    async with world.hub.database.unit() as session:
        new = NewCustomer("Żaneta Mroźna", emails=("z@m.example",), external_id="C-77")
        made = await directory.create(session, new, now=clock.now())
        other = await directory.create(session, NewCustomer("Ana Now, who is no guest"), now=clock.now())
        assert other.id != made.id
        await inviting.choose(session, world.event, [made.id, world.customers["georgi"]], now=clock.now())
    found = await desk.client.get(path, params={"q": q})
    rows = BeautifulSoup(found.text, "html.parser").select("#guests .entry-row .grow")
    assert sorted(one.text for one in rows) == names
    assert ("No guest has this" in found.text) == (not names)


async def test_of_thousands_of_guests_a_page_shows_the_first_and_finds_every_other(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/events/{world.event}"
    async with world.hub.database.unit() as session:
        new = [NewCustomer(f"Guest {number:04}") for number in range(250)]
        made = [(await directory.create(session, one, now=clock.now())).id for one in new]
        await inviting.choose(session, world.event, made, now=clock.now())
    whole = await desk.see(path)
    assert len(whole.select("#guests .entry-row")) == 200
    assert "The first 200 of 251 are shown" in whole.select_one("#guests").text
    assert [one.text for one in (await desk.see(f"{path}?q=0249")).select("#guests .grow")] == ["Guest 0249"]
    many = await desk.see(f"{path}?q=guest")
    assert (len(many.select("#guests .entry-row")), "The first 100 are shown" in many.text) == (100, True)


async def test_a_tick_in_what_was_found_leads_back_to_it(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/events/{world.event}"
    row = (await desk.see(f"{path}?q=ana+now")).select_one("#guests .entry-row")
    assert row.form.select_one("[name=q]")["value"] == "ana now"
    ticked = await desk.send(row.form["action"], came="1", q="ana now")
    assert ticked.headers["location"] == f"{path}?q=ana+now#{row['id']}"
    again = await desk.see(f"{path}?q=ana+now")
    assert again.select_one("input[type=search]")["value"] == "ana now"
    assert again.select_one("#guests")["hx-get"] == f"{path}?q=ana%20now"
    assert (await desk.client.get(path, params={"q": "y" * 201})).status_code == 422


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_guest_is_found_and_ticked_by_keyboard_alone(
    width: int, dark: bool, opening: Any, world: Any, complaints: list[str]
) -> None:
    async with world.hub.database.unit() as session:
        await inviting.choose(session, world.event, [world.customers["georgi"]], now=clock.now())
    page = await opening(f"/events/{world.event}", Role.AGENT, width=width, dark=dark)
    await page.keyboard.press("/")
    await page.keyboard.type("nowak")
    await expect(page.locator("#guests .entry-row")).to_have_count(1)
    await page.get_by_role("button", name="Here: Ana Nowak").press("Enter")
    await expect(page.get_by_role("button", name="Not here after all: Ana Nowak")).to_be_visible()
    await expect(page.locator("#guests .entry-row")).to_have_count(1)
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


@pytest.mark.browser
async def test_guests_are_invited_and_ticked_off_by_keyboard_alone(opening: Any, world: Any) -> None:
    page = await opening("/events/new", Role.SUPERVISOR)
    soon = clock.now() + timedelta(days=5)
    await page.get_by_label("Title").fill("Open garden")
    await page.get_by_label("Begins, by your clock").fill(f"{soon:%Y-%m-%d}T18:00")
    await page.get_by_label("Title").press("Enter")
    await page.get_by_label("Or addresses, one a line").fill("ana@nowak.example")
    await page.get_by_role("button", name="Invite", exact=True).press("Enter")
    await expect(page.get_by_text("1 person is being invited.")).to_be_visible()
    async with world.hub.database.unit() as session:
        await inviting.send(session, gate=world.hub.gate, now=clock.now())
    await page.get_by_role("button", name="Here: Ana Nowak").press("Enter")
    await expect(page.get_by_role("button", name="Not here after all: Ana Nowak")).to_be_visible()
    await expect(page.locator("#guests header")).to_contain_text("1 was there")
