"""Everything of one person's goes to another, in Chromium: both have their pages open and see it without a reload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from hub import clock
from hub.conversations import appointments
from hub.customers import directory
from hub.models.vocabulary import Role

pytestmark = pytest.mark.browser

Opening = Callable[..., Awaitable[Page]]
SUBJECT, QUESTION = "Invoice 118 is wrong", "twice what we agreed"
ANSWER, NOTE, TASK = "I look into it today.", "Checked: she is right", "Call back about the invoice"


async def test_who_takes_over_sees_it_at_once_with_its_history_and_the_other_has_nothing_left(
    world: Any, signed_in: Any, opening: Opening, complaints: list[str]
) -> None:
    invoice = world.conversations["invoice"]
    await _work_of_olgas(world, signed_in)
    olga, ada = await opening("/inbox/mine", Role.AGENT), await opening("/inbox/mine", Role.ADMIN)
    for page in (olga, ada):
        await expect(page.locator("html[data-live]")).to_have_count(1)
        await page.evaluate("window.neverLoadedAgain = true")
    await expect(_count(olga)).to_have_text("1")
    await expect(ada.locator(".line")).to_have_count(0)

    sofia = await opening("/hand-over", Role.SUPERVISOR)
    sofia.on("dialog", lambda dialog: dialog.accept())
    await sofia.select_option("#giver", label="Olga Agent")
    await sofia.select_option("#receiver", label="Ada Min")
    await sofia.get_by_role("button", name="Hand over").click()
    await expect(_row(sofia, "Olga Agent")).to_have_text(["Olga Agent", "0", "0", "0", "0"])
    await expect(_row(sofia, "Ada Min")).to_have_text(["Ada Min", "1", "1", "1", "1"])

    await expect(olga.locator(f"#line-{invoice}.gone")).to_contain_text("moved")
    await expect(_count(olga)).to_have_text("")
    await expect(_count(ada)).to_have_text("1")
    await ada.click(".news:has-text('1 new')")
    await ada.click(f"#line-{invoice}.unread")
    for words in (QUESTION, ANSWER, NOTE):
        await expect(ada.locator("#messages")).to_contain_text(words)
    by = ada.locator("#messages .bubble:is(.out, .note) header strong")
    await expect(by).to_have_text(["Olga Agent", "Olga Agent"])  # who did it stays who did it
    await expect(ada.locator("[data-key=assign] option:checked")).to_have_text("Me")
    for page in (olga, ada):
        assert await page.evaluate("window.neverLoadedAgain === true")

    for page, there in ((olga, 0), (ada, 1)):
        await page.goto(f"{page.url.partition('/inbox')[0]}/tasks")
        await expect(page.locator(f"#todo a:has-text('{TASK}')")).to_have_count(there)
    await sofia.goto(f"{sofia.url.partition('/hand-over')[0]}/audit?what=staff.hand_over")
    entry = sofia.locator("main tr", has_text="Olga Agent")
    await expect(entry).to_have_count(1)
    await expect(entry).to_contain_text("Sofia Lead")
    await expect(entry).to_contain_text("1 customers, 1 conversations, 1 tasks, 1 appointments")
    assert complaints == ["dialog: Hand everything over?"]


async def _work_of_olgas(world: Any, signed_in: Any) -> None:
    """Ana is her customer, has her answer and a visit to come; the conversation and the task are hers already."""
    now, ana, olga = clock.now(), world.customers["ana"], world.staff[Role.AGENT]
    async with world.hub.database.unit() as session:
        await directory.change(session, ana, {"owner_id": olga}, now=now)
        visit = now + timedelta(days=2)
        await appointments.book(session, ana, "A visit", visit, "Europe/Warsaw", owner_id=olga, now=now)
    desk = await signed_in(Role.AGENT)
    fields = {"kind": "email", "text": ANSWER, "subject": f"Re: {SUBJECT}", "form_token": uuid4()}
    answered = await desk.send(f"/conversations/{world.conversations['invoice']}/reply", **fields)
    assert answered.status_code == 303


def _count(page: Page) -> Locator:
    return page.locator("#views a[href='/inbox/mine'] .num")


def _row(page: Page, name: str) -> Locator:
    return page.locator(f"main tr:has-text('{name}') td")
