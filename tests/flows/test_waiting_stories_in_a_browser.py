"""Conversations that wait, in Chromium: one that was snoozed wakes at its hour or when the customer writes; one whose
promised answer is late comes before whoever is to hear of it. A worker does the waking, and no page is loaded again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import text
from sqlmodel import select

from hub.models import Conversation, Promise, Task
from hub.models.vocabulary import ConversationState, Promised, Role
from hub.staff import audit
from tests.flows.browsing import chromium, in_chromium, listening, never_loaded_again, sit_down, told
from tests.flows.town import OURS, TEXTS, Town, town, working

pytestmark = in_chromium
MAILBOX, PHONE = "ana@nowak.example", "+48601123456"
QUESTION, ANSWER, THANKS = "Invoice 118 is wrong", "It is put right.", "One more thing about the invoice"
LATE = "Late: Ana Nowak waits for the first answer"
# As if everything had happened so much earlier: the words, and what was reckoned from them.
_EARLIER = (
    "update interaction set at = at - cast(:by as interval)",
    """update conversation set last_at = last_at - cast(:by as interval),
      last_inbound_at = last_inbound_at - cast(:by as interval), due_at = due_at - cast(:by as interval),
      warn_at = warn_at - cast(:by as interval), snoozed_until = snoozed_until - cast(:by as interval)""",
    """update promise set since = since - cast(:by as interval), due_at = due_at - cast(:by as interval),
      warn_at = warn_at - cast(:by as interval)""",
)


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """Ana is known; Olga is an agent, Sofia leads."""
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        await meadow.customer("Ana Nowak", email=MAILBOX, phone=PHONE)
        await meadow.staff(Role.AGENT, "Olga Agent")
        await meadow.staff(Role.SUPERVISOR, "Sofia Lead")
        yield meadow


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_a_snoozed_conversation_leaves_the_lists_and_comes_back_at_its_hour(
    meadow: Town, browser: Browser
) -> None:
    await meadow.world.mail.write(MAILBOX, OURS, QUESTION, "The amount is twice what we agreed.")
    (talk,) = await meadow.until(lambda: _talks(meadow))
    desk = await sit_down(browser, meadow.url, "agent", path=f"/inbox/all/{talk}")
    await desk.select_option("[data-key=assign]", label="Me")
    await expect(_count(desk, "mine")).to_have_text("1")
    await desk.goto(f"{meadow.url}/inbox/all/{talk}")
    await listening(desk)

    await desk.click("[data-key=snooze] summary")
    await desk.click("[data-key=snooze] button:has-text('In an hour')")
    await expect(desk.locator(f"#line-{talk}.gone")).to_contain_text("snoozed")  # where it stood, until one looks again
    await expect(told(desk)).to_contain_text("Snoozed until")
    for view, number in (("mine", ""), ("all", ""), ("snoozed", "1")):
        await expect(_count(desk, view)).to_have_text(number)
    await desk.goto(f"{meadow.url}/inbox/snoozed")
    await expect(_line(desk)).to_have_count(1)
    lead = await sit_down(browser, meadow.url, "supervisor", path="/inbox/all")
    await desk.goto(f"{meadow.url}/inbox/mine")
    await listening(desk)
    for page in (desk, lead):
        await expect(_line(page)).to_have_count(0)

    await _pass(meadow, timedelta(minutes=61), hurry="snoozes")
    for page in (desk, lead):
        await page.click(".news:has-text('1 new')")
        await expect(page.locator(f"#line-{talk}.unread:not(.gone)")).to_contain_text(QUESTION)
        await expect(_count(page, "snoozed")).to_have_text("")
        assert await never_loaded_again(page)
    assert await _state(meadow, talk) == (ConversationState.OPEN, None)


async def test_a_snoozed_conversation_is_back_at_once_when_the_customer_writes(meadow: Town, browser: Browser) -> None:
    meadow.world.carrier.text(PHONE, QUESTION, to=TEXTS)
    (talk,) = await meadow.until(lambda: _talks(meadow))
    desk = await sit_down(browser, meadow.url, "agent", path=f"/inbox/all/{talk}")
    await desk.click("[data-key=snooze] summary")
    await desk.click("[data-key=snooze] button:has-text('Tomorrow morning')")
    await expect(desk.locator(f"#line-{talk}.gone")).to_contain_text("snoozed")
    lead = await sit_down(browser, meadow.url, "supervisor", path="/inbox/all")
    await expect(_line(lead)).to_have_count(0)

    meadow.world.carrier.text(PHONE, THANKS, to=TEXTS)
    await expect(desk.locator("#thread .bubble.in .text").last).to_have_text(THANKS)
    await expect(desk.locator(f"#line-{talk}:not(.gone)")).to_contain_text(THANKS)
    await expect(desk.locator("#thread-head")).not_to_contain_text("snoozed")
    await lead.click(".news:has-text('1 new')")
    await expect(lead.locator(f"#line-{talk}:not(.gone)")).to_contain_text(THANKS)  # read, or not yet, by the agent
    assert await never_loaded_again(desk)
    assert await never_loaded_again(lead)
    assert await _state(meadow, talk) == (ConversationState.OPEN, None)


async def test_an_answer_that_is_late_is_warned_of_and_then_comes_before_whom_the_service_level_names(
    meadow: Town, browser: Browser
) -> None:
    lead = await sit_down(browser, meadow.url, "supervisor", path="/service-levels")
    await lead.fill("#n-new", "Within the hour")
    await lead.fill("#first-new", "60")
    await lead.fill("#warn-new", "15")
    await lead.select_option("#e-new", label="Sofia Lead")
    await lead.click("form:has(#n-new) button:has-text('Save')")
    await expect(lead.locator("section[id^=policy-] h2")).to_have_text("Within the hour")
    await listening(lead)

    desk = await sit_down(browser, meadow.url, "agent", path="/inbox/all")
    await meadow.world.mail.write(MAILBOX, OURS, QUESTION, "The amount is twice what we agreed.")
    await desk.click(".news:has-text('1 new')")
    await expect(_chip(desk)).to_contain_text("SLA")
    (talk,) = await meadow.until(lambda: _talks(meadow))
    await desk.click(f"#line-{talk}")
    await expect(desk.locator("#thread-head .promises")).to_contain_text("First answer")

    await _pass(meadow, timedelta(minutes=50), hurry="promises")
    await expect(desk.locator(f"#line-{talk} .badge-quiet.warn")).to_contain_text("SLA")
    await expect(desk.locator("#thread-head .promises .warn")).to_contain_text("First answer")
    assert await _tasks(meadow) == []

    await _pass(meadow, timedelta(minutes=11), hurry="promises")
    await expect(_chip(desk)).to_contain_text("SLA late")
    await expect(desk.locator("#thread-head .promises .bad")).to_contain_text("late")
    await expect(_count(desk, "late")).to_have_text("1")
    await expect(lead.locator("#tasks-late")).to_contain_text("1")
    await expect(told(lead)).to_contain_text(f"Due now: {LATE}")
    await expect(desk.locator("#tasks-late")).not_to_contain_text("1")
    for page in (desk, lead):
        assert await never_loaded_again(page)

    await lead.click(".rail a[href='/tasks']")
    await lead.click(f"#todo a:has-text('{LATE}')")
    await lead.click("header a:has-text('Conversation')")
    await expect(lead.locator("#thread .bubble.in .text")).to_contain_text("twice what we agreed")
    await desk.get_by_role("radio", name="SMS").check()
    await desk.fill(".composer textarea", ANSWER)
    await desk.click("[data-send]")
    await expect(lead.locator("#thread .bubble.out .text")).to_have_text(ANSWER)
    await expect(lead.locator("#thread-head .promises")).to_have_count(0)
    await expect(_chip(desk)).to_have_count(0)
    await expect(_count(desk, "late")).to_have_text("")
    (promise,) = await _promises(meadow)
    assert (promise.kind, promise.kept, promise.warned_at is not None) == (Promised.FIRST, False, True)
    assert promise.escalated_at is not None
    assert [title for title, _ in await _tasks(meadow)] == [LATE]
    async with meadow.hub.database.unit() as session:
        arranged = [one.action for one in await audit.latest(session) if one.action.startswith("sla")]
    assert len(arranged) == 1


def _line(page: Page) -> Locator:
    return page.locator(f".line:has-text('{QUESTION}')")


def _chip(page: Page) -> Locator:
    return page.locator(".line .preview .badge-quiet:has-text('SLA')")


def _count(page: Page, view: str) -> Locator:
    return page.locator(f"#views a[href='/inbox/{view}'] .num")


async def _pass(meadow: Town, by: timedelta, *, hurry: str) -> None:
    """So much time goes by, and the worker's schedule of that name is due."""
    async with meadow.hub.database.unit() as session:
        for statement in _EARLIER:
            await session.execute(text(statement), {"by": by})
        await session.execute(text("update schedule set next_at = now() where name = :name"), {"name": hurry})


async def _talks(meadow: Town) -> list[UUID]:
    async with meadow.hub.database.unit() as session:
        return list(await session.exec(select(Conversation.id)))


async def _state(meadow: Town, talk: UUID) -> tuple[ConversationState, object]:
    async with meadow.hub.database.unit() as session:
        found = await session.get(Conversation, talk)
        assert found is not None
        return found.state, found.snoozed_until


async def _promises(meadow: Town) -> list[Promise]:
    async with meadow.hub.database.unit() as session:
        return list(await session.exec(select(Promise)))


async def _tasks(meadow: Town) -> list[tuple[str, int | None]]:
    async with meadow.hub.database.unit() as session:
        return [(one.title, one.assignee_id) for one in await session.exec(select(Task))]
