"""Labels of conversations: put on by keyboard, seen in the list, a view of their own, and the page of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from hub import clock
from hub.conversations import labels
from hub.customers import directory
from hub.models.vocabulary import Role

Opening = Callable[..., Awaitable[Page]]


async def test_a_label_is_put_on_shown_and_taken_off(world: Any, signed_in: Any) -> None:
    desk, talk = await signed_in(Role.AGENT), world.conversations["invoice"]
    base = f"/conversations/{talk}/labels"
    assert (await desk.send(base, label="  Refund ", view="all")).headers["location"] == f"/inbox/all/{talk}"
    seen = await desk.see(f"/inbox/all/{talk}")
    assert [one.text for one in seen.select(f"#line-{talk} .label")] == ["Refund"]
    view = seen.select_one(".view[href*=label-]")["href"]
    assert [one["id"] for one in (await desk.see(view)).select(".line")] == [f"line-{talk}"]
    await desk.send(f"{base}/remove", label="refund")
    assert (await desk.see(f"/inbox/all/{talk}")).select(".line .label") == []
    assert (await desk.send(base, label=" ")).status_code == 303


async def test_a_saved_view_asks_for_a_label_of_the_conversation_or_of_its_customer(world: Any, signed_in: Any) -> None:
    desk, talk = await signed_in(Role.AGENT), world.conversations["sms"]
    async with world.hub.database.unit() as session:
        await labels.put(session, talk, ["urgent"], by=world.staff[Role.AGENT], now=clock.now())
        await directory.change(session, world.customers["ana"], {"labels": ["urgent"]}, now=clock.now())
    made = await desk.send("/views", name="Urgent", label="urgent", states=("open",))
    found = {one["id"] for one in (await desk.see(made.headers["location"])).select(".line")}
    assert {f"line-{talk}", f"line-{world.conversations['invoice']}"} <= found


async def test_supervisors_keep_the_list_and_agents_do_not(world: Any, signed_in: Any) -> None:
    lead, agent = await signed_in(Role.SUPERVISOR), await signed_in(Role.AGENT)
    assert (await agent.send("/labels", name="x")).status_code == 403
    assert (await lead.send("/labels", name="Refund", colour="red", description="Money back")).status_code == 303
    wrong = await lead.send("/labels", name="refund", description="typed")
    assert (wrong.status_code, 'value="typed"' in wrong.text) == (422, True)
    assert (await lead.send("/labels/change", label="Refund", name="Money", colour="teal")).status_code == 303
    assert (await lead.see("/labels")).select_one("summary .l-teal").text == "Money"
    assert (await lead.send("/labels/delete", label="Money")).status_code == 303
    assert (await lead.send("/labels/delete", label="Money")).status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_l_labels_a_conversation(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    async with world.hub.database.unit() as session:
        await labels.create(session, "Refund", "red", by=world.staff[Role.ADMIN], now=clock.now())
    page = await opening("/labels", Role.SUPERVISOR, width=width, dark=dark)
    await page.click("summary:has(.label)")
    assert (await Axe().run(page)).response["violations"] == []
    page = await opening(f"/inbox/all/{world.conversations['invoice']}", width=width, dark=dark)
    await page.keyboard.press("l")
    await expect(page.locator(".label-menu input[name=label]")).to_be_focused()
    await page.keyboard.type("Refund")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread-head .label")).to_contain_text("Refund")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click("#thread-head .label button")
    await expect(page.locator("#thread-head .label")).to_have_count(0)
    assert complaints == []
