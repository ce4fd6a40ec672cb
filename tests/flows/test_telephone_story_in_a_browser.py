"""The telephone in the desk, in Chromium and over the real wires: a call comes up, is taken, noted and wrapped up; a
voicemail is heard. The customer's and the agents' telephones hang on the sandbox's carrier."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlmodel import select

from channels.sandbox.resources import Call
from channels.sandbox.telephone import Behaviour, Held
from hub import clock
from hub.models import AttachmentRow, MissedCall
from hub.models.vocabulary import Direction, Role, Settled, State
from hub.staff import accounts
from tests.flows.town import CALLS, PASSWORD, Town, town, working

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ANA, MINE, COLLEAGUES = "+48601123456", "+48601000001", "+48601000002"
NOTE = "Invoice 118 is 40 too high"
SECONDS = 60_000  # milliseconds, as Playwright counts


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """An agent and a supervisor, whose telephones are in their hands."""
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        await meadow.customer("Ana Nowak", phone=ANA)
        for role, phone in ((Role.AGENT, MINE), (Role.SUPERVISOR, COLLEAGUES)):
            staff = await meadow.staff(role)
            async with meadow.hub.database.unit() as session:
                await accounts.set_phone(session, staff, phone, now=clock.now())
            meadow.world.carrier.exchange.hold(phone, held=True)
        yield meadow


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        expect.set_options(timeout=SECONDS)
        yield opened
        await opened.close()


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_call_comes_up_is_taken_noted_and_wrapped_up(width: int, meadow: Town, browser: Browser) -> None:
    carrier = meadow.world.carrier
    desk, lead = await _desk(browser, meadow, Role.AGENT, width), await _desk(browser, meadow, Role.SUPERVISOR, 1440)

    customer = carrier.dial_by_hand(ANA, to=CALLS)
    for page in (desk, lead):
        await expect(page.locator("#calls .call.rings")).to_contain_text("Ana Nowak")
    await desk.get_by_role("button", name="Take the call").click()
    await expect(lead.locator("#calls .call")).to_have_count(0)
    await carrier.until(lambda: _legs(meadow, COLLEAGUES)[0].over, seconds=60)
    await _press_one(meadow, MINE)

    await expect(desk.locator("#calls .call.talks")).to_contain_text("talking")
    note = desk.get_by_label("Note for colleagues")
    async with desk.expect_response(lambda answer: answer.url.endswith("/note") and answer.status == 204):
        await note.fill(NOTE)
    carrier.exchange.hang_up(customer)
    await expect(desk.locator("#calls .call.over")).to_be_visible()
    await expect(desk.get_by_label("Note for colleagues")).to_have_value(NOTE)

    await desk.goto(f"{meadow.url}/tasks")  # wherever one goes, it is there
    await desk.get_by_role("button", name="Wrap up").click()
    await expect(desk.locator("#calls .call.over")).to_be_visible()  # without an outcome the form does not leave
    carrier.dial(ANA, Behaviour(speaks=0), to=CALLS)
    await carrier.until(lambda: len(_legs(meadow, COLLEAGUES)) == 2, seconds=60)
    assert len(_legs(meadow, MINE)) == 2  # the first time, and when the call was taken: no third
    await desk.locator(".outcomes").get_by_text("Settled").click()
    await desk.get_by_role("button", name="Wrap up").click()
    await expect(desk.locator("#calls .call")).to_have_count(0)

    first = (await meadow.log())[0]
    await desk.goto(f"{meadow.url}/inbox/all/{first.conversation_id}")
    await expect(desk.locator(f"#m-{first.id}")).to_contain_text("Settled")
    await expect(desk.locator(".bubble.note")).to_contain_text(NOTE)
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_voicemail_is_heard_in_the_list_and_done_when_the_customer_was_called_back(
    meadow: Town, browser: Browser
) -> None:
    carrier = meadow.world.carrier
    for phone in (MINE, COLLEAGUES):
        carrier.exchange.hold(phone, held=False)
        carrier.behave(phone, Behaviour(always="2"))  # nobody wants it
    desk = await _desk(browser, meadow, Role.AGENT, 1440)
    await desk.goto(f"{meadow.url}/calls/voicemail")
    carrier.dial(ANA, Behaviour(speaks=3), to=CALLS)
    await meadow.until(lambda: _missed(meadow))
    await carrier.settled()
    await meadow.until(lambda: _has_sound(meadow))
    await desk.reload()
    sound = desk.locator(".call-line audio")
    address = await sound.get_attribute("src")
    part = await desk.request.get(f"{meadow.url}{address}", headers={"Range": "bytes=0-3"})
    assert (part.status, await part.body(), part.headers["content-range"][:10]) == (206, b"RIFF", "bytes 0-3/")
    assert await sound.evaluate("async (a) => { a.muted = true; await a.play(); return a.duration > 2; }")

    for phone in (MINE, ANA):
        carrier.behave(phone, Behaviour(always="1"))
    await desk.get_by_role("button", name="Call back").click()
    await expect(desk.locator("#calls .call.over")).to_contain_text("Ana Nowak")
    await desk.goto(f"{meadow.url}/calls/voicemail?done=1")
    await expect(desk.locator(".call-line")).to_contain_text("called back")
    back = (await meadow.log())[-1]
    assert (back.direction, back.state, back.recipient) == (Direction.OUT, State.DELIVERED, ANA)
    assert [one.settled for one in await _missed(meadow)] == [Settled.CALLED_BACK]


async def _desk(browser: Browser, meadow: Town, role: Role, width: int) -> Page:
    """Somebody's browser, signed in and listening."""
    context = await browser.new_context(viewport={"width": width, "height": 844})
    context.set_default_timeout(SECONDS)
    page = await context.new_page()
    await page.goto(f"{meadow.url}/sign-in")
    await page.fill("#email", f"{role}@meadow.example")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile("/inbox/"))
    await expect(page.locator("html[data-live]")).to_have_count(1)
    return page


def _legs(meadow: Town, phone: str) -> list[Call]:
    return [call for call in meadow.world.carrier.calls(phone) if call.recipient == phone]


async def _press_one(meadow: Town, phone: str) -> None:
    """Pick up the telephone that rings, and press 1 when it asks."""
    carrier = meadow.world.carrier
    await carrier.until(
        lambda: len(_legs(meadow, phone)) == 2 and _legs(meadow, phone)[-1].status == "ringing", seconds=60
    )
    telephone = _legs(meadow, phone)[-1].telephone
    assert isinstance(telephone, Held)
    telephone.take()
    telephone.key("1")


async def _missed(meadow: Town) -> list[MissedCall]:
    async with meadow.hub.database.unit() as session:
        return list(await session.exec(select(MissedCall)))


async def _has_sound(meadow: Town) -> bool:
    async with meadow.hub.database.unit() as session:
        return (await session.exec(select(AttachmentRow))).first() is not None
