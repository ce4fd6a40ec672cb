"""Going back loads what is true now; a place on the same page is gone to without loading it."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import pytest
from playwright.async_api import expect

from hub.models.vocabulary import Role
from tests.web.conftest import Opening


@pytest.mark.browser
async def test_a_place_on_the_same_page_loads_nothing_and_going_back_does(world: Any, opening: Opening) -> None:
    page = await opening("/settings", Role.ADMIN)
    await page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    await page.locator(".rules").get_by_role("link", name="API tokens").click()
    await expect(page).to_have_url(re.compile("/settings#tokens$"))
    await page.go_back()
    await expect(page).to_have_url(re.compile("/settings$"))
    await expect(page.locator("body[data-loaded=once]")).to_be_visible()
    page = await opening("/inbox/all")
    await page.evaluate("() => { document.body.dataset.loaded = 'once' }")
    await page.locator("#rows .line").first.click()
    await expect(page.locator(".thread[data-open]")).to_be_visible()
    await page.go_back()
    await expect(page.locator("body:not([data-loaded])")).to_be_visible()
    await expect(page.locator(".thread:not([data-open])")).to_be_attached()


async def test_a_form_whose_sender_leaves_is_no_error(world: Any, signed_in: Any) -> None:
    desk, said = await signed_in(Role.AGENT), []
    cookies = "; ".join(f"{name}={value}" for name, value in desk.client.cookies.items())
    form = (b"content-type", b"application/x-www-form-urlencoded")
    scope = {"type": "http", "method": "POST", "path": "/measure", "query_string": b"", "scheme": "http"}
    headers = [form, (b"host", b"127.0.0.1"), (b"cookie", cookies.encode()), (b"sec-fetch-site", b"same-origin")]

    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def hear(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    app = desk.client._transport.app
    await app({**scope, "headers": headers, "http_version": "1.1", "client": ("127.0.0.1", 1)}, gone, hear)
    assert said[0]["status"] == 400
