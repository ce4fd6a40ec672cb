"""Everything by a few letters, as far as one's role goes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup
from playwright.async_api import Page, expect

from hub import clock
from hub.conversations import views
from hub.conversations.views import Conditions
from hub.models.vocabulary import Role

Opening = Callable[..., Awaitable[Page]]


async def _found(desk: Any, query: str, here: str = "") -> dict[str, str]:
    """Word → where it leads, or the key it presses."""
    answer = await desk.client.get("/palette", params={"q": query, "here": here}, headers={"HX-Request": "true"})
    options = BeautifulSoup(answer.text, "html.parser").select("[role=option]:not([aria-disabled])")
    return {one.select("span")[0].text: str(one.get("data-href") or one["data-press"]) for one in options}


async def test_rooms_customers_conversations_and_words_are_found(world: Any, signed_in: Any) -> None:
    desk, invoice = await signed_in(Role.AGENT), world.conversations["invoice"]
    assert await _found(desk, "canned") == {"Canned answers": "/canned"}
    assert await _found(desk, "snoo", "1") == {"Snooze": "s", "Snoozed": "/inbox/snoozed"}
    seen = await desk.see("/palette?q=ana now")
    ana = [f"/customers/{world.customers['ana']}", f"/inbox/all/{invoice}"]
    assert [link["href"] for link in seen.select("main a") if link.text == "Ana Nowak"][:2] == ana
    assert seen.select("main a")[-1]["href"] == "/search?q=ana%20now"
    assert f"/inbox/all/{invoice}#m-" in next(iter((await _found(desk, "amount agreed")).values()))
    assert await _found(desk, "nothing has these") == {}


async def test_a_saved_view_is_found_by_its_name(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        owner = world.staff[Role.AGENT]
        made = await views.create(session, "Late texts", Conditions(kind="sms"), owner=owner, now=clock.now())
    assert await _found(await signed_in(Role.AGENT), "late texts") == {"Late texts": f"/inbox/saved-{made}"}
    assert await _found(await signed_in(Role.SUPERVISOR), "late texts") == {}


async def test_a_role_is_offered_only_what_it_may_open(world: Any, signed_in: Any) -> None:
    marketer, agent = await signed_in(Role.MARKETER), await signed_in(Role.AGENT)
    seen = await _found(marketer, "", "1")
    assert "/campaigns" in seen.values()
    assert not [one for one in seen.values() if one.startswith("/inbox") or len(one) == 1 or one == "/canned"]
    assert await _found(marketer, "amount agreed") == {}
    assert not {"/campaigns", "/settings", "/teams"} & set((await _found(agent, "")).values())
    for href in (await _found(agent, "")).values():
        assert (await agent.client.get(href)).status_code == 200, href


async def test_without_scripts_it_is_a_page_of_links(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert "Nothing found" in (await desk.see("/palette?q=petro nowhere")).text
    seen = await desk.see("/palette?q=Петров")
    assert f"/customers/{world.customers['georgi']}" in [link["href"] for link in seen.select("main a")]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_ctrl_k_goes_anywhere_and_presses_the_keys_of_the_page_beneath(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}", width=width, dark=dark)
    options = page.locator("#palette [role=option]")
    await page.keyboard.press("Control+k")
    await expect(options.first).to_contain_text("Reply")
    assert (await Axe().run(page)).response["violations"] == []
    await page.keyboard.type("resolve")
    await expect(options).to_have_count(2)
    await page.keyboard.press("Enter")
    await expect(page.locator(".thread-head")).to_contain_text("resolved")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Ana")
    await expect(options.first).to_contain_text("ana@nowak.example")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/customers/"))
    await expect(page.locator("html[data-live]")).to_have_count(1)  # its scripts run
    await page.keyboard.press("Control+k")
    await expect(options.first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#palette")).to_be_hidden()
    assert complaints == []
