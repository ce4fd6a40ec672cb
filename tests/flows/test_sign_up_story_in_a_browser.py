"""Somebody signs up with JavaScript switched off: the form, the mail in the sandbox, the yes, and its proof."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from hub import clock
from hub.customers import directory, proof, topics
from hub.joining import forms
from hub.joining.forms import Wanted
from hub.models.vocabulary import AddressKind, Kind, Purpose
from tests.flows.browsing import SECONDS, chromium, in_chromium
from tests.flows.town import Town, town, working

pytestmark = in_chromium
MAIL = "eva@example.org"


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def test_who_signs_up_confirms_by_the_mail_and_the_ledger_proves_it(meadow: Town) -> None:
    async with meadow.hub.database.unit() as session:
        await topics.add(session, "garden", {"en": "Garden"})
        await forms.add(session, "news", Wanted("News", ["email"], ["marketing", "topic:garden"]), now=clock.now())
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
        context.set_default_timeout(SECONDS)
        page = await context.new_page()
        await page.goto(f"{meadow.url}/join/news?language=en")
        await page.get_by_label("Email address").fill(MAIL)
        await page.get_by_label("Name").fill("Eva Lis")
        await page.get_by_label("News and offers: Garden").check()
        await page.get_by_role("button", name="Sign up").click()
        await expect(page.get_by_role("status")).to_contain_text("Nearly done")
        await meadow.until(lambda: _has_come(meadow))
        await page.goto(f"{meadow.world.page_url}?person={MAIL}")
        words = await page.get_by_text(f"{meadow.url}/join/yes/").first.inner_text()
        await page.goto(next(word for word in words.split() if word.startswith(f"{meadow.url}/join/yes/")))
        await expect(page.get_by_role("listitem")).to_contain_text("News and offers: Garden")
        assert await _proof(meadow) is None
        await page.get_by_role("button", name="Yes, that was me").click()
        await expect(page.get_by_role("status")).to_contain_text("It is confirmed")
    found = await _proof(meadow)
    assert found is not None
    (row,) = found.ledger
    assert (found.customer.name, row.purpose, row.channel, row.topic, row.granted, row.source) == (
        *("Eva Lis", Purpose.MARKETING, Kind.EMAIL, "garden", True, "sign-up form"),
    )
    assert row.wording.startswith("News and offers: Garden · You may write to me")
    assert row.wording_version == "join/1/en/news/1"


async def _has_come(meadow: Town) -> bool:
    return len(meadow.world.mail.mailbox(MAIL)) == 1


async def _proof(meadow: Town) -> proof.Proof | None:
    async with meadow.hub.database.unit() as session:
        customer = await directory.find(session, AddressKind.EMAIL, MAIL)
        return await proof.of(session, customer.id, now=clock.now()) if customer else None
