"""The rail on a telephone: four rooms at the thumb, the rest behind one more tap, and nothing that scrolls sideways."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from hub.models.vocabulary import Role


@pytest.mark.browser
@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER, Role.ADMIN])
async def test_every_room_is_reached_and_nothing_scrolls_sideways(role: Role, opening: Any, world: Any) -> None:
    page = await opening("/events", role, width=390)
    rooms = await page.locator(".rooms a").evaluate_all("all => all.map(one => one.pathname)")
    assert await page.locator(".rooms").evaluate("one => one.scrollWidth <= one.clientWidth")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen = await page.locator(".rooms a:visible").evaluate_all("all => all.map(one => one.pathname)")
    await page.get_by_role("navigation", name="Rooms").get_by_text("More").click()
    sheet = page.locator(".rail-more .sheet")
    await expect(sheet).to_be_in_viewport(ratio=1)
    assert seen + await sheet.locator("a").evaluate_all("all => all.map(one => one.pathname)") == rooms
    await page.set_viewport_size({"width": 1440, "height": 844})
    await expect(page.locator(".rail-more")).to_be_hidden()
    await expect(page.locator(".rooms a:visible")).to_have_count(len(rooms))


@pytest.mark.parametrize(("role", "room"), [(Role.AGENT, "/calls"), (Role.MARKETER, "/campaigns")])
async def test_call_lists_stand_in_the_room_from_which_one_comes_to_them(
    role: Role, room: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(role)
    assert (await desk.see("/call-lists")).select_one('.rail [aria-current="page"]')["href"] == room
