"""Canned answers on the desk: written by those who may, put into the composer by a link or by a slash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from hub import clock
from hub.conversations import canned
from hub.conversations.canned import Wording
from hub.models.vocabulary import Role
from hub.staff import teams

Opening = Callable[..., Awaitable[Page]]


async def _answer(world: Any, shortcut: str, text: str) -> int:
    async with world.hub.database.unit() as session:
        wording = Wording(shortcut, "", text)
        return (await canned.create(session, wording, by=world.staff[Role.ADMIN], now=clock.now())).id


async def test_a_supervisor_writes_for_everybody_and_a_mistake_keeps_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    wrong = await desk.send("/canned", shortcut="hours", text="Dear {{ customer.nam }}")
    assert (wrong.status_code, "Dear {{ customer.nam }}</textarea>" in wrong.text) == (422, True)
    assert (await desk.send("/canned", shortcut="hours", text="Dear {{ customer.name }}")).status_code == 303
    (panel,) = (await desk.see("/canned")).select("section[id^=canned-]")
    number = panel["id"].removeprefix("canned-")
    assert (await desk.send(f"/canned/{number}", shortcut="open", text="Nine to five")).status_code == 303
    assert "/open" in (await desk.see("/canned")).select_one("section[id^=canned-] h2").text
    assert (await desk.send(f"/canned/{number}/delete")).status_code == 303
    assert (await desk.see("/canned")).select("section[id^=canned-]") == []


async def test_an_agent_writes_for_their_own_team_and_for_nobody_else(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        own, other = [(await teams.create(session, name, now=clock.now())).id or 0 for name in ("Support", "Sales")]
        await teams.set_members(session, own, [world.staff[Role.AGENT]], now=clock.now())
    shared = await _answer(world, "hours", "Nine to five")
    desk = await signed_in(Role.AGENT)
    tries: dict[object, int] = {
        team: (await desk.send("/canned", shortcut="a", text="x", team=team)).status_code for team in (own, other)
    }
    tries[""] = (await desk.send("/canned", shortcut="b", text="x", team="")).status_code
    assert tries == {own: 303, other: 403, "": 403}
    assert (await desk.send(f"/canned/{shared}/delete")).status_code == 403
    mine = (await desk.see("/canned")).select_one("section:has(form[action^='/canned/'])")["id"].split("-")[1]
    assert (await desk.send(f"/canned/{mine}", shortcut="a", text="x", team=other)).status_code == 403


async def test_without_scripts_a_link_puts_the_answer_into_the_composer(world: Any, signed_in: Any) -> None:
    number = await _answer(world, "hours", "Dear {{ customer.first_name }}, nine to five.")
    desk, invoice = await signed_in(Role.AGENT), world.conversations["invoice"]
    link = (await desk.see(f"/inbox/all/{invoice}")).select_one(".composer a[href^='/canned/pick']")["href"]
    use = (await desk.see(link)).select_one("main a[href*=canned]")["href"]
    assert use == f"/inbox/all/{invoice}?canned={number}"
    assert (await desk.see(use)).select_one(".composer textarea").text == "Dear Ana, nine to five."
    draft = {"kind": "email", "text": "Half a word", "form_token": uuid4(), "choice": "draft"}
    await desk.send(f"/conversations/{invoice}/reply", **draft)
    both = (await desk.see(use)).select_one(".composer textarea").text
    assert both.split("\n\n") == ["Half a word", "Dear Ana, nine to five."]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_slash_offers_answers_that_the_keyboard_chooses(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    await _answer(world, "hours", "Dear {{ customer.first_name }}, nine to five.")
    await _answer(world, "holiday", '<b>Closed</b> & "quiet".')
    page = await opening("/canned", Role.SUPERVISOR, width=width, dark=dark)
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = await opening(f"/inbox/all/{world.conversations['invoice']}", width=width, dark=dark)
    text = page.locator(".composer textarea")
    await text.press_sequentially("Hello! /ho")
    await expect(page.locator(".picks [role=option]")).to_have_count(2)
    assert (await Axe().run(page)).response["violations"] == []
    await text.press("ArrowDown")
    await expect(page.locator(".picks [aria-selected=true] b")).to_have_text("/hours")
    await text.press("ArrowUp")
    await text.press("Enter")
    await expect(text).to_have_value('Hello! <b>Closed</b> & "quiet".')
    await text.press_sequentially(" and/or ")
    await expect(page.locator(".picks")).to_be_hidden()
    await text.press_sequentially("/hou")
    await expect(page.locator(".picks [role=option]")).to_have_count(1)
    await page.locator(".picks [role=option]").click()
    await expect(text).to_have_value('Hello! <b>Closed</b> & "quiet". and/or Dear Ana, nine to five.')
    await text.press_sequentially(" /h")
    await expect(page.locator(".picks")).to_be_visible()
    await text.press("Escape")
    await expect(page.locator(".picks")).to_be_hidden()
    await expect(text).to_be_focused()
    assert complaints == []
