"""The pages that the documentation shows, as the demo shows them; `HUB_PICTURES=docs/images` renews its pictures."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from hub.cli.demo.morning import POT
from hub.cli.demo.stage import LEAD
from tests.cli.shell import Shell

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE = 60_000  # milliseconds
LOOKS: Mapping[str, tuple[int, int, str]] = {
    "light": (1440, 900, "light"),
    "dark": (1440, 900, "dark"),
    "phone": (390, 844, "light"),
}


async def test_the_main_pages_of_the_demo_are_pictured_and_have_no_fault(shell: Shell, tmp_path: Path) -> None:
    album = Path(os.environ.get("HUB_PICTURES") or tmp_path / "pictures")
    async with shell.running("demo", until="Ctrl-C stops"), _browser() as browser:
        url = shell.environment["HUB_HUB__PUBLIC_URL"]
        password = json.loads((tmp_path / "data" / "demo.json").read_text())["password"]
        for look, (width, height, scheme) in LOOKS.items():
            page = await _signed_in(browser, url, password, width, height, scheme)
            faults = [fault async for fault in _pictured(page, url, album, look)]
            assert faults == []
    assert len(list(album.glob("*.png"))) >= 9 * len(LOOKS)


async def _pictured(page: Page, url: str, album: Path, look: str) -> AsyncIterator[str]:
    """What is wrong with each of the pages, once its picture is taken."""
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for name, address, settled in await _places(page, url):
        await page.goto(address)
        await expect(page.locator(settled).first).to_be_visible()
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=album / f"{name}-{look}.png")
        ran = await Axe().run(page)
        for violation in ran.response["violations"]:
            yield f"{name}: {violation['id']}: {violation['nodes'][0]['html'][:150]}"
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            yield f"{name}: wider than the screen"
    for line in said:
        yield line


async def _places(page: Page, url: str) -> list[tuple[str, str, str]]:
    """Name, address, and what is there once it is whole."""
    await page.goto(f"{url}/inbox/all")
    conversation = await _link(page, f".line:has-text('{POT.subject}')")
    await page.goto(f"{url}/customers?query=Ana+Nowak")
    customer = await _link(page, "a[href^='/customers/0']:has-text('Ana Nowak')")
    await page.goto(f"{url}/campaigns")
    campaign = await _link(page, "a[href^='/campaigns/']:has-text('Spring offer')")
    await page.goto(f"{url}/segments")
    segment = await _link(page, "a[href^='/segments/']:has-text('Best customers')")
    return [
        ("inbox", url + conversation, "#thread .bubble"),
        ("customer", url + customer, ".bubble"),
        ("campaign", url + campaign, ".chart"),
        ("tasks", f"{url}/tasks?whose=all", "main"),
        ("segment", url + segment, "text=/Means [0-9]+ customers/"),
        ("template", f"{url}/templates/roses-in-winter", "iframe.preview"),
        ("occasions", f"{url}/occasions", "#greetings .entry-row"),
        ("report", f"{url}/reports", ".chart"),
        ("sign-up", f"{url}/join/newsletter?language=en", "main button"),
    ]


async def _link(page: Page, selector: str) -> str:
    found = await page.locator(selector).first.get_attribute("href")
    assert found
    return found


async def _signed_in(browser: Browser, url: str, password: str, width: int, height: int, scheme: str) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(f"{url}/sign-in")
    await page.fill("input[name=email]", LEAD)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url("**/inbox**")
    return page


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        await opened.close()
