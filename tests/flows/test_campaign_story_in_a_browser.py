"""A campaign in Chromium: written, explained before anything leaves, tried out on oneself, run, paused, changed, gone
on with, and added up. Every mail travels over the real wire of the sandbox.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from channels.message import Kind
from hub import clock
from hub.customers import consent
from hub.customers.consent import Statement
from hub.interactions import record
from hub.models import Interaction
from hub.models.vocabulary import Origin, Purpose, Role, State
from tests.flows.town import PASSWORD, Town, town, working
from tests.log_rows import heard, said

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SECONDS = 30_000  # milliseconds, as Playwright counts
NAMES = ("Ada", "Boris", "Celina", "Dan", "Ewa", "Filip")


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """Slow channels: two mails a second, so that there is time to press a button."""
    async with town(database_url, tmp_path, rate=2) as meadow, working(meadow.hub):
        yield meadow


@pytest.fixture
async def desk(meadow: Town) -> AsyncIterator[Page]:
    """A marketer's browser, signed in."""
    await meadow.staff(Role.MARKETER)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context: BrowserContext = await opened.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(SECONDS)
        expect.set_options(timeout=SECONDS)
        page = await context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(f"{meadow.url}/sign-in")
        await page.fill("#email", "marketer@meadow.example")
        await page.fill("#password", PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).not_to_have_url(re.compile("/sign-in"))
        yield page
        await opened.close()


async def settle(meadow: Town) -> None:
    """Six who agreed, and one who never did."""
    for name in NAMES:
        customer = await meadow.customer(name, email=f"{name.lower()}@example.org")
        async with meadow.hub.database.unit() as session:
            yes = Statement(customer, Purpose.MARKETING, None, granted=True, source="web form")
            await consent.record(session, yes, now=clock.now())
    await meadow.customer("Never", email="never@example.org")


async def test_from_the_first_word_to_the_last_figure(meadow: Town, desk: Page) -> None:
    await settle(meadow)
    await desk.goto(f"{meadow.url}/campaigns/new")
    await desk.get_by_label("Name, for colleagues").fill("Spring")
    await desk.get_by_label("Subject of the mail").first.fill("Spring")
    await desk.get_by_label("Mail", exact=True).first.fill("Dear {{ customer.name }}, come in. {{ unsubscribe_url }}")
    await desk.get_by_role("button", name="Save and review").click()

    report = desk.locator("#dry-run")
    await expect(report).to_contain_text("6 get it")
    await report.get_by_role("link", name="The customer has not agreed to this.").click()
    await expect(desk.locator(".entry-row")).to_have_count(1)
    await desk.locator(".entry-row").click()
    await expect(desk.locator(".trace")).to_contain_text("Email: no consent to Offers")
    await desk.get_by_role("link", name="Back to the campaign").click()

    await desk.get_by_role("link", name="Preview and test").click()
    await expect(desk.locator("#said-email .sample")).to_contain_text("Dear Ada, come in.")
    await desk.get_by_role("button", name="Send a test by Email").click()
    await expect(desk.locator("#notice")).to_contain_text("marketer@meadow.example")
    (test,) = await meadow.until(lambda: _sent(meadow, Origin.TEST))
    assert (test.recipient, test.subject) == ("marketer@meadow.example", "[Test] Spring")
    mailbox = await desk.context.new_page()
    await mailbox.goto(f"{meadow.world.page_url}?person=marketer@meadow.example")
    await expect(mailbox.locator("body")).to_contain_text("[Test] Spring")

    await desk.get_by_role("link", name="Back to the campaign").click()
    await desk.get_by_role("button", name="Start now").click()
    await expect(desk.locator("#figure-sent b")).not_to_have_text("0")
    await desk.get_by_role("button", name="Pause").click()
    await expect(desk.locator(".page-head .state")).to_have_text("paused")
    await desk.get_by_role("link", name="Change", exact=True).click()
    await desk.get_by_label("Subject of the mail").first.fill("Summer")
    await desk.get_by_role("button", name="Save", exact=True).click()
    await desk.get_by_role("button", name="Go on").click()
    await expect(desk.locator(".page-head .state")).to_have_text("finished")
    await expect(desk.locator("#figure-sent b")).to_have_text("6")

    subjects = Counter(row.subject for row in await _sent(meadow, Origin.CAMPAIGN))
    assert set(subjects) == {"Spring", "Summer"}
    assert subjects.total() == len(NAMES)
    await desk.locator("#figure-withheld").click()
    await expect(desk.locator("#listed tbody tr")).to_have_count(1)
    await expect(desk.locator("#over-time polyline.left")).to_have_count(1)


async def _sent(meadow: Town, origin: Origin) -> list[Interaction]:
    return [row for row in await meadow.log() if row.origin is origin and row.state is State.SENT]


async def test_who_answers_sms_at_this_hour_gets_the_campaign_by_sms_and_who_answers_later_waits(
    meadow: Town, desk: Page
) -> None:
    """What was said before decides by which channel, and when; both are told while it runs."""
    await settle(meadow)
    for name, number, hours in (("Eve", "+48732501010", 0), ("Max", "+48732501020", 12)):
        customer = await meadow.customer(name, email=f"{name.lower()}@example.org", phone=number)
        async with meadow.hub.database.unit() as session:
            yes = Statement(customer, Purpose.MARKETING, None, granted=True, source="web form")
            await consent.record(session, yes, now=clock.now())
            for row in _answers_sms(customer, clock.now() + timedelta(hours=hours)):
                await record.add(session, row)
    await desk.goto(f"{meadow.url}/campaigns/new")
    await desk.get_by_label("Name, for colleagues").fill("Spring")
    await desk.get_by_label("Subject of the mail").first.fill("Spring")
    await desk.get_by_label("Mail", exact=True).first.fill("Come in. {{ unsubscribe_url }}")
    await desk.locator('[id="text.en.sms"]').fill("Come in. STOP ends this.")
    await desk.get_by_label("By the channel and at the hour").check()
    await desk.get_by_role("button", name="Save and review").click()
    await expect(desk.locator("#dry-run")).to_contain_text("of these because they answer there")
    await expect(desk.locator("#dry-run")).to_contain_text("1 waits for the hour at which they answer")
    await desk.get_by_role("button", name="Start now").click()

    await expect(desk.locator("#figure-sent b")).to_have_text("7")
    await expect(desk.locator("#learnt")).to_contain_text("by the channel and at the hour at which they answer best")
    await expect(desk.locator("#learnt")).to_contain_text("1 waits for the hour at which they answer, until")
    await expect(desk.locator(".page-head .state")).to_have_text("running")
    made = [row for row in await meadow.log() if row.origin is Origin.CAMPAIGN and row.state is not State.WITHHELD]
    kinds = {row.recipient: row.kind for row in made}
    assert kinds == {f"{name.lower()}@example.org": Kind.EMAIL for name in NAMES} | {"+48732501010": Kind.SMS}
    phone = await desk.context.new_page()
    await phone.goto(f"{meadow.world.page_url}?person=%2B48732501010")
    await expect(phone.locator("body")).to_contain_text("Come in. STOP ends this.")
    await desk.set_viewport_size({"width": 390, "height": 900})
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _answers_sms(customer: UUID, at: datetime) -> list[Interaction]:
    """Weeks in which they answered SMS of this hour and the next, none of another one, and no mail."""
    rows = []
    for n in range(8):
        hour = at + timedelta(hours=n % 2 if n < 5 else 6)
        sent = hour.replace(minute=10) - timedelta(days=60 - 5 * n)
        rows.append(said(customer, sent, kind=Kind.SMS, channel="sms", state=State.DELIVERED))
        if n < 5:
            rows.append(heard(customer, sent + timedelta(minutes=20), kind=Kind.SMS, channel="sms"))
        if n < 6:
            rows.append(said(customer, sent - timedelta(days=1)))
    return sorted(rows, key=lambda row: row.at)
