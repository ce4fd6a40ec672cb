"""The customer's card stands beside the conversation; where there is no room, a button opens it above."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.web.conftest import Opening


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1100, True)])
async def test_where_there_is_no_room_beside_the_conversation_a_button_opens_the_card(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['invoice']}", width=width, dark=dark)
    card, button = page.locator("#card"), page.locator("#thread-head .to-card")
    await expect(card).to_be_hidden()
    await button.click()
    await expect(card.get_by_role("link", name="Whole history")).to_be_visible()
    assert (await Axe().run(page)).response["violations"] == []
    await page.keyboard.press("Escape")
    await expect(card).to_be_hidden()
    await expect(button).to_be_focused()
    await button.click()
    await card.get_by_role("button", name="Back to the conversation").click()
    await expect(card).to_be_hidden()
    assert complaints == []


@pytest.mark.browser
async def test_where_there_is_room_the_card_is_there(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['invoice']}", width=1440)
    await expect(page.locator("#card").get_by_role("link", name="Whole history")).to_be_visible()
    await expect(page.locator(".to-card").first).to_be_hidden()
