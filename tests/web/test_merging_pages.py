"""Customers who may be one person, at the desk: without a script, and in Chromium."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from channels.message import Address, Kind
from hub import clock
from hub.customers import directory, suggesting
from hub.customers.directory import NewCustomer
from hub.models.vocabulary import Role
from hub.staff import accounts, audit, tokens
from tests.queueing import queued
from tests.web.conftest import Opening

TWIN: dict[str, Any] = {"birthday": (1962, 5, 17), "attributes": {"PESEL": "62051712345"}}


@pytest.fixture
async def twice(world: Any) -> tuple[UUID, UUID]:
    """Zofia, and Zofia as a list spells her, found to be perhaps the same."""
    now = clock.now() - timedelta(minutes=1)
    async with world.hub.database.unit() as session:
        known = NewCustomer(name="Zofia Lis", emails=("zofia.lis@example.org",), labels=("garden",), **TWIN)
        listed = NewCustomer(name="Lis Zofja", emails=("zofia.lis@example.com",), timezone="Europe/Warsaw", **TWIN)
        both = [(await directory.create(session, one, now=now)).id for one in (known, listed)]
        for one in both:
            await suggesting.look(session, one, now=now)
    return both[0], both[1]


async def _audited(world: Any) -> list[str]:
    async with world.hub.database.unit() as session:
        return [row.action for row in await audit.latest(session, limit=6)]


async def test_suggestions_say_what_agrees_on_the_list_and_on_both_pages(
    world: Any, signed_in: Any, twice: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    listed = (await desk.see("/customers/same")).select_one("#pairs")
    panels = [(await desk.see(f"/customers/{one}")).select_one("#same") for one in twice]
    assert "Zofia Lis" in listed.text
    for told in (listed, *panels):
        assert {"Name: alike", "Birthday: same", "Personal number: same"} <= {
            mark.get_text(strip=True) for mark in told.select(".badge-quiet")
        }


async def test_two_cards_side_by_side_are_merged_with_the_words_that_were_chosen(
    world: Any, signed_in: Any, twice: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    compared = await desk.see(f"/customers/{twice[0]}/merge?other={twice[1]}")
    assert compared.select_one("input[name=keep_name][value=mine]").has_attr("checked")
    answer = await desk.send(f"/customers/{twice[0]}/merge", other=twice[1], keep_name="theirs")
    assert answer.headers["location"] == f"/customers/{twice[0]}"
    page = await desk.see(f"/customers/{twice[0]}")
    assert page.h1.text == "Lis Zofja"
    assert "zofia.lis@example.com" in page.text
    assert page.select_one("#same") is None
    assert page.select_one("#notice form")["action"].startswith("/merges/")
    assert "customer.merge" in await _audited(world)


async def test_a_merged_customer_s_page_leads_to_the_winner_and_so_do_its_forms(
    world: Any, signed_in: Any, twice: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send(f"/customers/{twice[0]}/merge", other=twice[1])
    page = await desk.client.get(f"/customers/{twice[1]}?kinds=email")
    form = await desk.send(f"/customers/{twice[1]}/flags", flag="vip", on="1")
    assert (page.status_code, page.headers["location"]) == (307, f"/customers/{twice[0]}?kinds=email")
    assert (form.status_code, form.headers["location"]) == (307, f"/customers/{twice[0]}/flags")


async def test_taking_apart_brings_both_pages_back(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send(f"/customers/{twice[0]}/merge", other=twice[1])
    undo = (await desk.see(f"/customers/{twice[0]}")).select_one("#merged form")["action"]
    await desk.send(undo)
    again = await desk.send(undo)
    assert again.headers["location"] == "/customers"
    assert "Somebody has taken it back already" in (await desk.see("/customers")).text
    assert (await desk.see(f"/customers/{twice[1]}")).h1.text == "Lis Zofja"
    assert (await desk.see(f"/customers/{twice[0]}")).select_one("#same") is None  # remembered: two people


async def test_who_is_not_the_same_person_is_not_shown_again(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send(f"/customers/{twice[0]}/not-the-same", other=twice[1], back="list")
    assert "Nobody is here twice" in (await desk.see("/customers/same")).text
    assert "customer.not-the-same" in await _audited(world)


async def test_with_anybody_else_a_customer_is_merged_by_searching(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.AGENT)
    offered = await desk.see(f"/customers/{world.customers['ana']}/merge?q=lis")
    empty = await desk.see(f"/customers/{world.customers['ana']}/merge?q=nobody-of-this-name")
    assert f"/customers/{world.customers['ana']}/merge?other={twice[0]}" in {a["href"] for a in offered.select("a")}
    assert "Nothing found" in empty.text


async def test_a_marketer_sees_who_may_be_the_same_and_merges_nobody(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    page = await desk.see(f"/customers/{twice[0]}")
    assert page.select_one("#same") is not None
    assert page.select_one("#same form") is None
    answers = [
        await desk.client.get(f"/customers/{twice[0]}/merge"),
        await desk.send(f"/customers/{twice[0]}/merge", other=twice[1]),
        await desk.send(f"/customers/{twice[0]}/not-the-same", other=twice[1]),
        await desk.send(f"/merges/{twice[0]}/undo"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4


async def test_nonsense_merges_nobody(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.AGENT)
    nobody = UUID(int=7)
    answers = [
        await desk.send(f"/customers/{twice[0]}/merge", other=nobody),
        await desk.send(f"/customers/{twice[0]}/merge", other="x"),
        await desk.send(f"/customers/{twice[0]}/not-the-same", other=nobody),
        await desk.send(f"/merges/{nobody}/undo"),
        await desk.client.get(f"/customers/{twice[0]}/merge?other={nobody}"),
        await desk.client.get("/customers/same?after=%00:1:2"),
    ]
    assert [answer.status_code for answer in answers] == [404, 422, 404, 404, 404, 200]
    itself = await desk.send(f"/customers/{twice[0]}/merge", other=twice[0])
    assert itself.headers["location"] == f"/customers/{twice[0]}"
    assert "That is the same customer" in (await desk.see(f"/customers/{twice[0]}")).text


async def test_the_pages_speak_polish(world: Any, signed_in: Any, twice: Any) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.AGENT], {"language": "pl"}, now=clock.now())
    assert "Być może ta sama osoba" in (await desk.see("/customers/same")).text


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_an_agent_merges_two_cards_and_takes_them_apart(
    world: Any, twice: Any, opening: Opening, complaints: list[str], width: int, dark: bool
) -> None:
    page = await opening("/customers/same", width=width, dark=dark)
    await _clean(page)
    await page.get_by_role("link", name=re.compile("^Compare")).click()
    await expect(page.locator("h1")).to_have_text("Merge two customers")
    await _clean(page)
    await page.get_by_role("radio", name=re.compile("^Name of the other card")).check()
    await page.get_by_role("button", name="Merge: one customer remains").click()
    await expect(page.locator("h1")).to_have_text(re.compile("Zofja|Zofia"))
    await expect(page.locator("#merged")).to_be_visible()
    await _clean(page)
    await page.locator("#notice").get_by_role("button", name="Undo").click()
    await expect(page.locator("#notice")).to_contain_text("They are two customers again")
    await expect(page.locator("#merged")).to_have_count(0)
    await page.get_by_role("link", name="Merge with another customer").click()
    await page.get_by_role("searchbox", name="Search the customers").last.fill("zof")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=re.compile("^Compare with")).first.click()
    await page.get_by_role("button", name="Merge: one customer remains").click()
    await page.locator("#merged").get_by_role("button", name=re.compile("^Take apart")).click()
    await expect(page.locator("#notice")).to_contain_text("They are two customers again")
    assert complaints == []


async def _clean(page: Page) -> None:
    """No violation of WCAG 2.2 AA that axe finds, and nothing wider than the screen."""
    found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert [(v["id"], v["nodes"][0]["html"][:150]) for v in found.response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_what_two_cards_say_is_told_in_words_and_the_card_that_was_changed_last_is_chosen(
    world: Any, signed_in: Any, twice: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    now = clock.now()
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.AGENT], {"language": "pl"}, now=now)
        for one, language, at in ((twice[0], "en", now), (twice[1], "pl", now + timedelta(minutes=1))):
            await directory.change(session, one, {"language": language, "country": "BG"}, now=at)
    for here, there, chosen in ((*twice, "theirs"), (*reversed(twice), "mine")):
        seen = await desk.see(f"/customers/{here}/merge?other={there}")
        table = seen.select_one("table.sides").text
        assert "17 maja 1962" in table
        assert "Bułgaria" in table
        for field in ("name", "language"):
            assert seen.select_one(f"[name=keep_{field}][checked]")["value"] == chosen
        labels = {one.text for one in seen.select("[name=keep_language] + span")}
        assert labels == {"angielski", "polski"}
        assert "wybrana jest ta zmieniona ostatnio" in seen.select_one("#compare").text


async def test_a_stranger_who_calls_is_tied_to_a_customer_found_by_search_and_untied_again(
    world: Any, signed_in: Any
) -> None:
    desk, stranger, georgi = await signed_in(Role.AGENT), world.customers["stranger"], world.customers["georgi"]
    path = f"/customers/{stranger}/known"
    for seen_on in (f"/inbox/all/{world.conversations['stranger']}", f"/customers/{stranger}"):
        assert (await desk.see(seen_on)).select_one(f"a[href='{path}']") is not None
    assert (await desk.see(f"/customers/{georgi}")).select_one(f"a[href='/customers/{georgi}/known']") is None
    found = await desk.see(f"{path}?q=петров")
    assert "+359 88 812 3456" in found.text
    (other,) = [one["value"] for one in found.select("[name=other]")]
    assert other == str(georgi)
    answer = await desk.send(path, other=other)
    assert answer.headers["location"] == f"/customers/{georgi}"
    page = await desk.see(f"/customers/{georgi}")
    assert (page.h1.text.strip(), "+48 601 999 888" in page.text) == ("Георги Петров", True)
    assert "hi, are you open on saturday?" in page.text
    assert (await desk.client.get(f"/customers/{stranger}")).status_code == 307
    await desk.send(page.select_one("#notice form")["action"])
    async with world.hub.database.unit() as session:
        assert (await directory.get(session, stranger)).provisional
    assert (await desk.see(f"/customers/{georgi}/known?q=ana")).select_one("[name=other]") is None


async def test_a_stranger_whom_a_colleague_has_just_made_a_customer_is_tied_to_nobody(
    world: Any, signed_in: Any
) -> None:
    desk, stranger, georgi = await signed_in(Role.AGENT), world.customers["stranger"], world.customers["georgi"]
    async with world.hub.database.unit() as session:
        await directory.change(session, stranger, {"provisional": False}, now=clock.now())
        await session.flush()
        tying = asyncio.create_task(desk.send(f"/customers/{stranger}/known", other=georgi))
        await queued(world.hub.database, tying)
    assert (await tying).headers["location"] == f"/customers/{stranger}/known"
    assert "is a customer already" in (await desk.see(f"/customers/{stranger}/known")).text


async def test_nobody_becomes_one_with_everybody_who_hides_their_number(world: Any, signed_in: Any) -> None:
    desk, ana, stranger = await signed_in(Role.AGENT), world.customers["ana"], world.customers["stranger"]
    async with world.hub.database.unit() as session:
        hidden = (await directory.resolve(session, Address(Kind.VOICE, "unknown"), now=clock.now())).customer.id
        token = (await tokens.issue(session, staff_id=world.staff[Role.AGENT], name="x", now=clock.now())).token
    for path, other in (
        (f"/customers/{ana}/merge", hidden),
        (f"/customers/{hidden}/merge", ana),
        (f"/customers/{stranger}/known", hidden),
    ):
        await desk.send(path, other=other)
        assert "everybody who hides their number" in (await desk.see(f"/customers/{ana}")).select_one("#notice").text
    headers = {"Authorization": f"Bearer {token}"}
    told = await desk.client.post(f"/api/v1/customers/{ana}/merges", json={"other": str(hidden)}, headers=headers)
    assert (told.status_code, "hides their number" in told.json()["detail"]) == (422, True)
    async with world.hub.database.unit() as session:
        assert [(await directory.get(session, one)).id for one in (ana, stranger, hidden)] == [ana, stranger, hidden]


async def test_whoever_hides_their_number_is_tied_to_nobody(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        hidden = (await directory.resolve(session, Address(Kind.VOICE, "unknown"), now=clock.now())).customer.id
    assert "hides their number" in (await desk.see(f"/customers/{hidden}/known?q=ana")).text
    await desk.send(f"/customers/{hidden}/known", other=world.customers["ana"])
    async with world.hub.database.unit() as session:
        assert (await directory.get(session, hidden)).provisional
