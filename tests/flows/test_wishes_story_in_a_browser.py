"""A customer's own choice in Chromium: out of a mail to the preference centre, SMS ranked first, and the next campaign
comes as an SMS; and a mail program's one click, taken out of a mail's own headers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.async_api import expect
from sqlmodel import col, select

from hub import clock
from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.customers import consent
from hub.customers.consent import Statement
from hub.models import Consent, Interaction
from hub.models.vocabulary import CampaignState, Kind, Purpose, State, Withheld
from hub.outbound import templates
from tests.flows.browsing import CHROMIUM, SECONDS, chromium
from tests.flows.town import Town, town, working

MAIL, PHONE = "ana@example.org", "+48601000111"
WORDS = {
    "en": {
        "subject": "Spring",
        "body": "Come in.\nChoose what you get: {{ preferences_url }}\nNo more: {{ unsubscribe_url }}",
        "html": '<p>Come in.</p><p><a href="{{ preferences_url }}">Choose what you get</a></p>',
        "sms": "Come in. Choose what you get: {{ preferences_url }}",
    }
}


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
async def test_who_ranks_sms_first_gets_the_next_campaign_as_an_sms(meadow: Town) -> None:
    ana = await _who_agreed(meadow)
    assert [row.kind for row in await _campaign(meadow, "spring", ana)] == [Kind.EMAIL]
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
        context.set_default_timeout(SECONDS)
        page = await context.new_page()
        await page.goto(f"{meadow.world.page_url}?person={MAIL}")
        address = await page.get_by_text(f"{meadow.url}/p/").first.inner_text()
        await page.goto(next(word for word in address.split() if word.startswith(f"{meadow.url}/p/")))
        await expect(page.get_by_role("heading", name="What you get from us")).to_be_visible()
        news = page.get_by_role("group", name="News and offers")
        await news.get_by_label("SMS").select_option("Yes, first")
        await news.get_by_label("Email").select_option("Yes, second")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_have_text("Saved.")
        await expect(news.get_by_label("SMS")).to_have_value("1")
    assert [row.kind for row in await _campaign(meadow, "summer", ana)] == [Kind.SMS]
    (text,) = meadow.world.carrier.texts(PHONE)
    assert f"{meadow.url}/p/" in text.body
    assert len(meadow.world.mail.mailbox(MAIL)) == 1


async def test_one_click_out_of_a_mail_s_own_header_ends_what_it_was_part_of(meadow: Town) -> None:
    """RFC 8058: the address and the body stand in the mail; no cookie, no redirect."""
    ana = await _who_agreed(meadow)
    await _campaign(meadow, "spring", ana)
    mail = _received(meadow)
    address = mail["List-Unsubscribe"].split(",")[0].strip("<> ")
    body = mail["List-Unsubscribe-Post"]
    async with httpx.AsyncClient() as program:
        answer = await program.post(
            address, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    async with meadow.hub.database.unit() as session:
        row = (await session.exec(select(Consent).order_by(col(Consent.id).desc()))).first()
    assert row is not None
    assert (row.customer_id, row.purpose, row.channel, row.granted, row.source) == (
        ana,
        Purpose.MARKETING,
        Kind.EMAIL,
        False,
        "one-click",
    )
    (text,) = await _campaign(meadow, "summer", ana)
    assert text.kind is Kind.SMS
    assert any(Withheld.OPTED_OUT.value.replace("_", " ") in line for line in text.trace or [])


async def _who_agreed(meadow: Town) -> UUID:
    ana = await meadow.customer("Ana", email=MAIL, phone=PHONE)
    async with meadow.hub.database.unit() as session:
        said = Statement(ana, Purpose.MARKETING, None, granted=True, source="web form")
        await consent.record(session, said, now=clock.now())
    return ana


async def _campaign(meadow: Town, name: str, customer: UUID) -> list[Interaction]:
    """Runs it to its end; what the customer got of it."""
    now = clock.now()
    async with meadow.hub.database.unit() as session:
        version = await templates.save(session, name, WORDS, now=now)
        campaign = await lifecycle.create(session, Plan(name, version.id), staff_id=None, now=now)
        await lifecycle.start(session, campaign.id or 0, gate=meadow.hub.gate, now=now)

    async def over() -> bool:
        async with meadow.hub.database.unit() as session:
            return (await lifecycle.get(session, campaign.id or 0)).state is CampaignState.FINISHED

    await meadow.until(over)
    await meadow.world.mail.settled()
    async with meadow.hub.database.unit() as session:
        mine = select(Interaction).where(
            col(Interaction.campaign_id) == campaign.id, col(Interaction.customer_id) == customer
        )
        return [row for row in await session.exec(mine) if row.state in (State.SENT, State.DELIVERED)]


def _received(meadow: Town) -> Message:
    (letter,) = meadow.world.mail.mailbox(MAIL)
    return message_from_bytes(letter.raw, policy=default)
