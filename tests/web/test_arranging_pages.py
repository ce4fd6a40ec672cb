"""Moving, splitting, merging and taking back at the desk: without a script, and in Chromium."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from channels.message import Address, Inbound, Kind
from hub.interactions import history
from hub.models.vocabulary import Role
from hub.staff import audit
from tests.web.conftest import hear

Opening = Callable[..., Awaitable[Page]]


@pytest.fixture
async def told(world: Any) -> Any:
    """Bob, a stranger, has answered Ana's mail; Ana has written about another matter."""
    await _mail(world, "bob", "bob@partner.example", "I am her tax adviser", in_reply_to=("<a1@nowak.example>",))
    await _mail(world, "garden", "ana@nowak.example", "My garden gate squeaks")
    return world


async def _mail(world: Any, key: str, sender: str, text: str, **more: Any) -> None:
    named: dict[str, Any] = {"provider_id": f"<{key}@x>", "message_id": f"<{key}@x>", "subject": text, **more}
    to = world.hub.channels["mail"].address
    event = Inbound(kind=Kind.EMAIL, sender=Address(Kind.EMAIL, sender, key), recipients=(to,), text=text, **named)
    await hear(world, "mail", event, key)


async def _words(world: Any, key: str) -> list[Any]:
    async with world.hub.database.unit() as session:
        return await history.thread(session, world.conversations[key])


async def test_a_stranger_s_mail_shows_where_it_points_and_one_button_moves_it_there(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    page = await desk.see(f"/inbox/all/{told.conversations['bob']}")
    pointing = page.select_one(".pointing")
    assert "Ana Nowak" in pointing.text
    into = pointing.select_one("button[name=into]")["value"]
    answer = await desk.send(pointing.form["action"], into=into, view="all")
    assert answer.headers["location"] == f"/inbox/all/{told.conversations['invoice']}"
    assert [w.threaded_by for w in await _words(told, "invoice")] == ["new", "", "moved"]


async def test_the_details_say_why_a_word_stands_where_it_stands_and_whose_it_is(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    (word,) = await _words(told, "bob")
    await desk.send(f"/messages/{word.id}/move", into=told.conversations["invoice"])
    page = await desk.see(f"/inbox/all/{told.conversations['invoice']}")
    bubble = page.select_one(f"#m-{word.id}")
    assert "because a colleague moved it here" in bubble.select_one(".about").text
    assert bubble.select_one("header strong").text.strip() == "bob"


async def test_a_merged_conversation_s_page_leads_to_what_remains_and_undo_brings_it_back(
    told: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    garden, invoice = told.conversations["garden"], told.conversations["invoice"]
    chosen = await desk.see(f"/conversations/{garden}/merge")
    assert [b["value"] for b in chosen.select("button[name=into]")] == [str(invoice)]
    answer = await desk.send(f"/conversations/{garden}/merge", into=invoice)
    assert answer.headers["location"] == f"/inbox/all/{invoice}"
    page = await desk.see(f"/inbox/all/{invoice}")
    undo = page.select_one("#notice form")
    assert "one now" in page.select_one("#notice").text
    old = await desk.client.get(f"/inbox/all/{garden}")
    assert (old.status_code, old.headers["location"]) == (303, f"/inbox/all/{invoice}")
    back = await desk.send(undo["action"])
    assert back.headers["location"] == f"/inbox/all/{garden}"
    assert [w.text for w in await _words(told, "garden")] == ["My garden gate squeaks"]


async def test_two_customers_are_named_before_their_conversations_become_one(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/conversations/{told.conversations['bob']}/merge"
    found = await desk.see(f"{path}?q=garden")
    assert [b["value"] for b in found.select("button[name=into]")] == [str(told.conversations["garden"])]
    asked = await desk.send(path, into=told.conversations["garden"])
    assert asked.status_code == 200
    assert "bob and Ana Nowak will both take part" in asked.text
    assert len(await _words(told, "bob")) == 1
    done = await desk.send(path, into=told.conversations["garden"], confirmed="1")
    assert done.status_code == 303
    assert len(await _words(told, "garden")) == 2


async def test_a_new_conversation_begins_at_the_note_and_the_audit_trail_says_so(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    note = (await _words(told, "invoice"))[1]
    answer = await desk.send(f"/messages/{note.id}/split", reach="later")
    assert answer.headers["location"] != f"/inbox/all/{told.conversations['invoice']}"
    assert len(await _words(told, "invoice")) == 1
    async with told.hub.database.unit() as session:
        assert "conversation.split" in [row.action for row in await audit.latest(session, limit=3)]


async def test_what_cannot_be_done_is_said_and_nothing_happens(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    (word,) = await _words(told, "garden")
    answer = await desk.send(f"/messages/{word.id}/split", reach="message")
    assert answer.headers["location"] == f"/inbox/all/{told.conversations['garden']}"
    assert "Nothing would be left" in (await desk.see(answer.headers["location"])).select_one("#notice").text
    assert (await desk.send(f"/messages/{word.id}/split", reach="half")).status_code == 422


async def test_a_marketer_rearranges_nothing(told: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    (word,) = await _words(told, "garden")
    garden = told.conversations["garden"]
    answers = [
        await desk.client.get(f"/messages/{word.id}/move"),
        await desk.client.get(f"/conversations/{garden}/merge"),
        await desk.send(f"/messages/{word.id}/move", into=told.conversations["invoice"]),
        await desk.send(f"/messages/{word.id}/split", reach="message"),
        await desk.send(f"/conversations/{garden}/merge", into=told.conversations["invoice"]),
        await desk.send(f"/rearrangements/{garden}/undo"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_an_agent_moves_merges_and_takes_back_by_keyboard(
    told: Any, opening: Opening, complaints: list[str], width: int, dark: bool
) -> None:
    page = await opening(f"/inbox/all/{told.conversations['bob']}", width=width, dark=dark)
    await _clean(page)
    menu = page.locator(".bubble .what summary").first
    await menu.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await _clean(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Move the message")
    await _clean(page)
    await page.get_by_role("button", name="Move here").first.click()
    await expect(page.locator(".bubble").last).to_contain_text("tax adviser")
    await _clean(page)
    await page.locator("#notice").get_by_role("button", name="Undo").click()
    await expect(page.locator(".pointing")).to_be_visible()
    await page.locator(".thread-head .menu summary").last.click()
    await page.get_by_role("link", name="Merge with another one").click()
    await page.get_by_role("searchbox").fill("garden")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Merge into this one").click()
    await expect(page.locator("h1")).to_have_text("These are two different customers")
    await _clean(page)
    await page.get_by_role("button", name="Merge all the same").click()
    await expect(page).to_have_url(re.compile(str(told.conversations["garden"])))
    assert complaints == []


async def _clean(page: Page) -> None:
    """No violation of WCAG 2.2 AA that axe finds, and nothing wider than the screen."""
    found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert [(v["id"], v["nodes"][0]["html"][:150]) for v in found.response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
