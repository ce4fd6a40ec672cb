"""Somebody at the desk, in a real Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.flows.town import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
in_chromium = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
SECONDS = 60_000  # milliseconds, as Playwright counts: a bound for a busy machine, no figure
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        expect.set_options(timeout=SECONDS)
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield opened
        await opened.close()


async def sit_down(browser: Browser, url: str, who: str, *, path: str = "", width: int = 1440) -> Page:
    """A browser of their own, signed in at the desk behind `url` and listening, on the page `path`."""
    context = await browser.new_context(viewport={"width": width, "height": 844})
    context.set_default_timeout(SECONDS)
    page = await context.new_page()
    await page.goto(f"{url}/sign-in")
    await page.fill("#email", f"{who}@meadow.example")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).not_to_have_url(re.compile("/sign-in"))
    if path:
        await page.goto(url + path)
    await listening(page)
    return page


async def listening(page: Page) -> None:
    """The stream of changes is open, so nothing that happens now is missed; the page keeps what it told its reader."""
    await expect(page.locator("html[data-live]")).to_have_count(1)
    await page.evaluate(_KEEP_NOTICES)


async def never_loaded_again(page: Page) -> bool:
    """Since `listening`."""
    return await told(page).count() == 1


def told(page: Page) -> Locator:
    """Every notice since `listening`: they go away by themselves."""
    return page.locator("#told")


_KEEP_NOTICES = """() => {
  const bar = document.querySelector(".notices");
  const told = Object.assign(document.createElement("div"), { id: "told", hidden: true });
  const keep = () => told.append(bar.innerText, " ");
  document.documentElement.append(told);
  keep();
  new MutationObserver(keep).observe(bar, { childList: true, subtree: true });
}"""
