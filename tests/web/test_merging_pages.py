"""Customers who may be one person, at the desk: without a script, and in Chromium."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from hub import clock
from hub.customers import directory, suggesting
from hub.customers.directory import NewCustomer
from hub.models.vocabulary import Role
from hub.staff import accounts, audit
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
