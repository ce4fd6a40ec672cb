"""Every page of the desk in Chromium, wide and light, narrow and dark: nothing that axe or the console complains of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from hub.models.vocabulary import Role
from tests.web.test_roles_on_pages import PAGES, names

WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_no_page_has_a_fault_that_machines_find(
    width: int, dark: bool, world: Any, opening: Callable[..., Awaitable[Page]], complaints: list[str]
) -> None:
    page, found = await opening("/account", Role.ADMIN, width=width, dark=dark), dict[str, object]()
    base = page.url.removesuffix("/account")
    for path in (
        one.format(**names(world)) for one in PAGES if ".csv" not in one and "/frame" not in one
    ):  # no scripts
        answer = await page.goto(base + path)
        assert answer is not None
        ran = await Axe().run(page, options={"runOnly": WCAG})
        faults: list[object] = [(v["id"], v["nodes"][0]["html"][:150]) for v in ran.response["violations"]]
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        faults += complaints
        faults += ["wider than the screen"] * wide
        faults += [answer.status] * (not answer.ok)
        complaints.clear()
        if faults:
            found[path] = faults
    assert found == {}
