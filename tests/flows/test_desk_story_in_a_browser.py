"""The story of the front page, in Chromium: a mail arrives, an agent answers it by SMS, the customer's telephone shows
it and answers, and the inbox shows that without being loaded again. Every word travels over the real wires."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from channels.message import Kind
from hub.models.vocabulary import Direction, Role, State
from tests.flows.town import OURS, PASSWORD, Town, town, working

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PHONE, MAILBOX = "+48601123456", "ana@nowak.example"
QUESTION, ANSWER, THANKS = "Invoice 118 is wrong", "It is put right. Maria", "Thank you, that was quick!"
SECONDS = 60_000  # milliseconds, as Playwright counts


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


@pytest.fixture
async def browser() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = await opened.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(SECONDS)
        expect.set_options(timeout=SECONDS)
        yield context
        await opened.close()


async def test_a_mail_is_answered_by_sms_and_the_answer_to_that_shows_without_a_reload(
    meadow: Town, browser: BrowserContext
) -> None:
    await meadow.customer("Ana Nowak", email=MAILBOX, phone=PHONE)
    await meadow.staff(Role.AGENT)
    desk, telephone = await browser.new_page(), await browser.new_page()
    await _sign_in(desk, meadow)

    await desk.goto(f"{meadow.url}/inbox/all")
    await _live(desk)
    await meadow.world.mail.write(MAILBOX, OURS, QUESTION, "The amount is twice what we agreed.")
    await desk.click(".news")
    await desk.click(f".line:has-text('{QUESTION}')")
    await expect(desk.locator("#thread .bubble.in .text")).to_contain_text("twice what we agreed")
    await desk.locator("#card").get_by_role("link", name="Ana Nowak").click()
    await expect(desk).to_have_url(re.compile("/customers/"))

    await telephone.goto(f"{meadow.world.page_url}?person={PHONE.replace('+', '%2B')}")
    await desk.get_by_role("radio", name="SMS").check()
    await desk.fill(".composer textarea", ANSWER)
    await desk.click("[data-send]")
    await expect(telephone.locator("#live article.in .body")).to_have_text(ANSWER)

    await desk.goto(f"{meadow.url}/inbox/all")
    await desk.click(f".line:has-text('{ANSWER}')")
    await _live(desk)
    await desk.evaluate("window.neverLoadedAgain = true")
    await telephone.fill("#body", THANKS)
    await telephone.get_by_role("button", name="Send").click()
    await expect(desk.locator("#thread .bubble.in .text")).to_have_text(THANKS)
    await expect(desk.locator(f".line:has-text('{THANKS}')")).to_have_count(1)
    assert await desk.evaluate("window.neverLoadedAgain")

    said = [(row.direction, row.kind, row.state) for row in await meadow.log()]
    assert said == [
        (Direction.IN, Kind.EMAIL, State.RECEIVED),
        (Direction.OUT, Kind.SMS, State.DELIVERED),
        (Direction.IN, Kind.SMS, State.RECEIVED),
    ]


async def _sign_in(page: Page, meadow: Town) -> None:
    await page.goto(f"{meadow.url}/sign-in")
    await page.fill("#email", "agent@meadow.example")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile("/inbox/"))


async def _live(page: Page) -> None:
    """The stream of changes is open, so nothing that happens now is missed."""
    await expect(page.locator("html[data-live]")).to_have_count(1)
