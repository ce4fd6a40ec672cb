"""A message in Chromium: written in two languages, seen as a customer gets it, remarked upon, mended, tried out on
oneself over the sandbox's real wire, published.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.models.vocabulary import Role
from hub.outbound import templates
from tests.flows.browsing import SECONDS, chromium, in_chromium
from tests.flows.town import PASSWORD, Town, town, working

pytestmark = in_chromium
ME = "marketer@meadow.example"


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


@pytest.fixture
async def desk(meadow: Town) -> AsyncIterator[Page]:
    """A marketer's browser, signed in."""
    await meadow.staff(Role.MARKETER)
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(SECONDS)
        page = await context.new_page()
        await page.goto(f"{meadow.url}/sign-in")
        await page.fill("#email", ME)
        await page.fill("#password", PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).not_to_have_url(re.compile("/sign-in"))
        yield page


async def test_from_an_empty_page_to_what_is_sent(meadow: Town, desk: Page) -> None:
    await meadow.customer("Zofia", email="zofia@example.org")
    await desk.goto(f"{meadow.url}/templates/new")
    await desk.get_by_label("Name, for colleagues").fill("Summer")
    await desk.get_by_role("button", name="Write it").click()

    remarks, mail = desk.locator("#findings"), desk.locator("#said-email")
    await desk.fill("[id='text.en.body']", "Come in.")
    await expect(remarks).to_contain_text("Mail, English: no way out")
    await desk.fill("[id='text.en.subject']", "SUMMER FOR EVERYBODY")
    await expect(remarks).to_contain_text("capitals only")
    await desk.fill("[id='text.en.subject']", "Summer for {{ customer.name }}")
    await expect(remarks).not_to_contain_text("capitals only")

    await desk.get_by_role("button", name="Publish").click()
    await expect(desk.get_by_role("alert")).to_contain_text("It cannot be published")
    await expect(desk.locator("[id='text.en.body']")).to_have_value("Come in.")
    await desk.fill("[id='text.en.body']", "Come in.\n{{ unsubscribe_url }}")
    await expect(remarks).not_to_contain_text("Mail, English: no way out")

    await desk.locator(".tab > .chip", has_text="Polish").click()
    await desk.fill("[id='text.pl.subject']", "Lato: {{ customer.name }}")
    await desk.fill("[id='text.pl.body']", "Wejdź.\n{{ unsubscribe_url }}")
    await desk.locator(".pane:visible summary", has_text="Designed with blocks").click()
    await desk.get_by_role("button", name="Footer with the way out").locator("visible=true").click()
    await expect(desk.locator("[id='text.pl.mjml']")).to_have_value(re.compile("Wypisz się"))
    await expect(desk.frame_locator("iframe.preview").get_by_text("Wypisz się")).to_be_visible()

    await desk.get_by_label("Find the customer").fill("Zofia")
    await desk.locator("#preview .chip", has_text="Zofia").click()
    await expect(mail.locator(".subject strong")).to_have_text("Lato: Zofia")

    await desk.get_by_role("button", name="Send a test by Email").click()
    await expect(desk.locator("#notice")).to_contain_text(ME)
    letter = await meadow.until(lambda: _letter(meadow))
    assert letter is not None
    assert letter["subject"] == "[Test] Lato: Zofia"
    assert {part.get_content_type() for part in letter.walk()} >= {"text/plain", "text/html"}
    html = letter.get_body(("html",))
    assert html is not None
    assert "Wypisz się" in html.get_content()

    await desk.get_by_role("button", name="Publish").click()
    await expect(desk).to_have_url(f"{meadow.url}/templates/summer")
    await expect(desk.get_by_role("link", name="Version 1")).to_be_visible()
    async with meadow.hub.database.unit() as session:
        variants, _version = await templates.standing(session, "summer")
    assert sorted(variants) == ["en", "pl"]
    assert sorted(variants["pl"]) == ["body", "html", "mjml", "subject"]


async def _letter(meadow: Town) -> EmailMessage | None:
    """The newest one in our own mailbox."""
    letters = meadow.world.mail.mailbox(ME)
    return message_from_bytes(letters[-1].raw, policy=default) if letters else None
