"""What is shown once was made once: a page that is loaded again makes no second one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from hub.models.vocabulary import Role


@pytest.mark.browser
async def test_loading_the_page_of_a_new_token_again_makes_no_second_one(world: Any, opening: Any) -> None:
    page = await opening("/settings", Role.ADMIN)
    await page.get_by_label("What will use it").fill("shop")
    await page.get_by_role("button", name="New token").click()
    await expect(page.locator("#issued code")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#issued")).to_have_count(0)
    await expect(page.locator("#tokens .entry-row").filter(has_text="shop")).to_have_count(1)
