"""A whole day at the desk in Chromium without a mouse: every act is keys alone, and after each the focus is to be seen
on something of the page and never lost.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import col, select

from channels.sandbox.telephone import Held
from hub import clock
from hub.conversations import canned
from hub.conversations.canned import Wording
from hub.models import Conversation
from hub.models.vocabulary import Role
from hub.staff import accounts
from tests.flows.browsing import SECONDS, chromium, in_chromium, listening
from tests.flows.town import CALLS, PASSWORD, TEXTS, Town, town, working

pytestmark = in_chromium
ANA, GEORGI, MINE = "+48601123456", "+359888123456", "+48601000001"
QUESTION, OTHER, CANNED = "Are you open on Saturday?", "My parcel has not come", "Yes, from nine to five."
LINE, TEXT, HEAD, NOTICE = ".line", ".composer textarea", "#thread-head", "#notice"


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """Two customers have written; Olga has a telephone, and a minute to take back what she sent."""
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        await meadow.customer("Ana Nowak", phone=ANA)
        await meadow.customer("Georgi Petrov", phone=GEORGI)
        olga = await meadow.staff(Role.AGENT, "Olga Agent")
        lead = await meadow.staff(Role.SUPERVISOR, "Sofia Lead")
        async with meadow.hub.database.unit() as session:
            await accounts.set_phone(session, olga, MINE, now=clock.now())
            await accounts.set_undo_seconds(session, olga, 60, now=clock.now())
            await canned.create(session, Wording("hours", "Hours", CANNED), by=lead, now=clock.now())
        for number, (phone, words) in enumerate(((GEORGI, OTHER), (ANA, QUESTION)), 1):
            meadow.world.carrier.text(phone, words, to=TEXTS)
            await meadow.until(lambda number=number: _heard(meadow, number))  # type: ignore[misc]
        yield meadow


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        yield await _window(browser)


async def test_a_day_at_the_desk_needs_no_mouse_and_never_loses_the_focus(meadow: Town, page: Page) -> None:
    press = page.keyboard.press
    await _sign_in(page, meadow)
    await _read_and_answer(page)

    await press("n")
    await _types(page, "Is that so, @Sof")
    await expect(page.locator(".picks [aria-selected=true]")).to_contain_text("Sofia Lead")
    await press("Enter")
    await press("Control+Enter")
    await expect(page.locator(".bubble.note .text")).to_contain_text("@Sofia Lead")
    await _on(page, "#messages")

    await press("l")
    await _types(page, "Hours")
    await press("Enter")
    await expect(page.locator(f"{HEAD} .label")).to_contain_text("Hours")
    await _on(page, "[data-key=label] > summary")
    await press("a")
    await _on(page, "[data-key=assign]")
    await press("ArrowDown")
    await press("Enter")
    await expect(page.locator("[data-key=assign] option:checked")).to_have_text("Me")
    await expect(page.locator(".htmx-request")).to_have_count(0)
    await _on(page, "[data-key=assign]")
    await press("Escape")
    await press("s")
    await _on(page, "[data-key=snooze] button[value=hour]")
    await press("Enter")
    await expect(page.locator(HEAD)).to_contain_text("snoozed")
    await _on(page, "[data-key=snooze] > summary")
    await _tab_to(page, "#settle")
    await press("Enter")
    await expect(page.locator(HEAD)).not_to_contain_text("snoozed")
    await _on(page, "#settle")
    await press("e")
    await expect(page.locator(HEAD)).to_contain_text("resolved")
    await _on(page, "#settle")

    await press("Escape")
    await _on(page, f"{LINE}[aria-current]")
    await press("j")
    await press("Enter")
    await expect(page.locator("#thread .bubble.in .text")).to_have_text(OTHER)
    await _on(page, f"{LINE}[aria-current]")


async def test_finding_and_doing_and_telephoning_need_no_mouse_either(meadow: Town, page: Page) -> None:
    press = page.keyboard.press
    await _sign_in(page, meadow)
    await press("/")
    await _types(page, "parcel")
    await expect(page.locator(LINE)).to_have_count(1)
    await press("Escape")
    await expect(page.locator(LINE)).to_have_count(2)  # nothing is looked for any more
    await _on(page, "#rows")
    await press("j")
    await press("j")
    await press("Enter")
    await expect(page.locator(".bubble.in .text")).to_have_text(OTHER)
    await press("?")
    await expect(page.locator("#keys")).to_contain_text("Undo, while it is offered")
    await press("Escape")
    await expect(page.locator("#keys")).to_be_hidden()
    await _on(page, LINE)
    await press("Control+k")
    await _types(page, "Ana No")
    await expect(page.locator("#palette [role=option]").first).to_contain_text("Ana Nowak")
    await press("Enter")
    await expect(page.locator("h1")).to_have_text("Ana Nowak")
    await _on(page, "#main")
    await _do_a_task(page)
    await _take_a_call(page, meadow)


async def _sign_in(page: Page, meadow: Town) -> None:
    """By Tab and Enter; then over the rooms with the first link, and to all conversations with Ctrl+K."""
    await page.goto(f"{meadow.url}/sign-in")
    await _on(page, "#email")
    await page.keyboard.type("agent@meadow.example")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/inbox/"))
    await listening(page)
    await page.keyboard.press("Tab")
    await _on(page, ".skip")
    await page.keyboard.press("Enter")
    await _on(page, "#main")
    await page.keyboard.press("Control+k")
    await _types(page, "All open")
    await expect(page.locator("#palette [role=option]")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/inbox/all$"))
    await listening(page)
    await _on(page, "#main")


async def _read_and_answer(page: Page) -> None:
    """The newest, by a canned answer with a word of one's own, which is taken back once."""
    press = page.keyboard.press
    await press("j")
    await _on(page, LINE)
    await press("Enter")
    await expect(page.locator(".bubble.in .text")).to_have_text(QUESTION)
    await _on(page, f"{LINE}[aria-current]")
    await press("r")
    await _types(page, "/hou")
    await expect(page.locator(".picks [aria-selected=true]")).to_contain_text("/hours")
    await press("Enter")
    await expect(page.locator(TEXT)).to_have_value(CANNED)
    await page.keyboard.type(" Olga")
    await press("Control+Enter")
    await expect(page.locator(".bubble.out .text")).to_have_text(f"{CANNED} Olga")
    await _on(page, "#messages")
    await press("u")
    await expect(page.locator(".bubble.out")).to_have_count(0)
    await _on(page, "#main")
    await press("r")
    await expect(page.locator(TEXT)).to_have_value(f"{CANNED} Olga")
    await press("Escape")
    await _on(page, "#messages")
    await press("r")
    await press("Tab")
    await _tab_to(page, "[data-send]")
    await press("Enter")
    await expect(page.locator(".bubble.out .text")).to_have_text(f"{CANNED} Olga")
    await _on(page, "#messages")


async def _do_a_task(page: Page) -> None:
    press = page.keyboard.press
    await press("Control+k")
    await _types(page, "Tasks")
    await expect(page.locator("#palette [role=option]").first).to_have_text("Tasks")
    await press("Enter")
    await expect(page).to_have_url(re.compile("/tasks$"))
    await _on(page, "#main")
    await _tab_to(page, "#title")
    await _types(page, "Look for the parcel")
    await press("Enter")
    await expect(page.locator("#todo")).to_contain_text("Look for the parcel")
    await _on(page, "#main")
    await _tab_to(page, "#todo button")
    await press("Enter")
    await expect(page.locator(f"{NOTICE} form")).to_be_attached()
    await _on(page, "#main")
    await press("u")
    await expect(page.locator(f"{NOTICE} form")).to_have_count(0)
    await expect(page.locator("#todo")).to_contain_text("Look for the parcel")
    await _on(page, "#main")


async def _take_a_call(page: Page, meadow: Town) -> None:
    """It comes up, is taken, noted and wrapped up."""
    press, carrier = page.keyboard.press, meadow.world.carrier
    carrier.exchange.hold(MINE, held=True)
    await listening(page)
    customer = carrier.dial_by_hand(ANA, to=CALLS)
    await expect(page.locator("#calls .call.rings")).to_contain_text("Ana Nowak")
    await _on(page, "#main")  # it comes up under nobody's hands
    await press("c")
    await _on(page, "#calls .rings button")
    await press("Enter")
    await _on(page, "#calls [data-jot]")
    await carrier.until(lambda: _rings(meadow), seconds=60)
    telephone = _legs(meadow)[-1].telephone
    assert isinstance(telephone, Held)
    telephone.take()
    telephone.key("1")
    await expect(page.locator("#calls .call.talks")).to_be_visible()
    async with page.expect_response(lambda answer: answer.url.endswith("/note") and answer.status == 204):
        await _types(page, "The parcel")
    carrier.exchange.hang_up(customer)
    await expect(page.locator("#calls .call.over")).to_be_visible()
    await _on(page, "#calls [data-jot]")
    await expect(page.locator("#calls [data-jot]")).to_have_value("The parcel")
    await press("Tab")
    await _on(page, ".outcomes input")
    await press("Space")
    await expect(page.locator(".outcomes input:checked")).to_have_count(1)
    await _tab_to(page, "#calls .btn-primary")
    await press("Enter")
    await expect(page.locator("#calls .call")).to_have_count(0)
    await _on(page, "#main")


async def _window(browser: Browser) -> Page:
    context = await browser.new_context(viewport={"width": 1440, "height": 844})
    context.set_default_timeout(SECONDS)
    return await context.new_page()


async def _on(page: Page, selector: str) -> None:
    """The focus is there, and shown."""
    try:
        await expect(page.locator(f":is({selector}):focus-visible")).to_have_count(1)
    except AssertionError as e:
        instead = await page.evaluate("document.activeElement?.outerHTML.slice(0, 300)")
        raise AssertionError(f"The focus is not on {selector} but on {instead}") from e


async def _types(page: Page, words: str) -> None:
    """Into the field that has the focus."""
    await _on(page, "input, textarea")
    await page.keyboard.type(words)


async def _tab_to(page: Page, selector: str) -> None:
    """By Tab alone, from wherever the focus is; never by way of nowhere."""
    for _ in range(60):
        if await page.locator(f":is({selector}):focus").count():
            break
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement !== document.body")
    await _on(page, selector)


def _legs(meadow: Town) -> list:  # type: ignore[type-arg]
    return [call for call in meadow.world.carrier.calls(MINE) if call.recipient == MINE]


def _rings(meadow: Town) -> bool:
    """Alone, after it was taken: the second time."""
    legs = _legs(meadow)
    return len(legs) == 2 and legs[-1].status == "ringing"


async def _heard(meadow: Town, number: int) -> bool:
    async with meadow.hub.database.unit() as session:
        return len((await session.exec(select(col(Conversation.id)))).all()) == number
