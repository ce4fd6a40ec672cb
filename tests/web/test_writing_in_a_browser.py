"""Writing a mail in Chromium: pictures pasted and dropped, files that are too many; teams' and one's own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from sqlmodel import col, select

from hub import clock
from hub.models import AttachmentRow
from hub.models.vocabulary import Role
from hub.staff import accounts, teams

pytestmark = pytest.mark.browser

Opening = Callable[..., Awaitable[Page]]

_PASTED = """([names, event]) => {
  const text = document.querySelector(".composer textarea"), box = new DataTransfer();
  for (const [name, type] of names) box.items.add(new File(["\\x89PNG of " + name], name, { type }));
  const init = { bubbles: true, cancelable: true };
  text.dispatchEvent(event === "paste" ? new ClipboardEvent("paste", { ...init, clipboardData: box })
    : new DragEvent("drop", { ...init, dataTransfer: box }));
}"""


async def test_a_pasted_picture_stands_at_the_cursor_and_goes_out_inline_with_what_was_dropped(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['invoice']}")
    await page.check(".composer [name=kind][value=email]")
    text = page.locator(".composer textarea")
    await text.fill("See  there.")
    await text.evaluate("text => text.setSelectionRange(4, 4)")
    await page.evaluate(_PASTED, [[["image.png", "image/png"]], "paste"])
    await expect(text).to_have_value("See [image: image.png] there.")
    await page.evaluate(_PASTED, [[["image.png", "image/png"], ["bill.pdf", "application/pdf"]], "drop"])
    await expect(page.locator(".composer .chosen li .cut")).to_have_text(["image.png", "image-2.png", "bill.pdf"])
    await page.get_by_role("button", name="Remove image-2.png").click()
    await expect(text).to_have_value("See [image: image.png] there.")
    await page.click("[data-send]")
    await expect(page.locator(".bubble.out .files li")).to_have_count(2)
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(AttachmentRow).where(col(AttachmentRow.inline)))).all()
    assert [(row.name, row.media_type, row.size) for row in rows] == [("image.png", "image/png", 18)]
    assert complaints == []


async def test_too_many_files_are_refused_in_words_before_anything_is_sent(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['invoice']}")
    await page.check(".composer [name=kind][value=email]")
    await page.fill(".composer textarea", "Here")
    await page.evaluate(_PASTED, [[[f"{n}.txt", "text/plain"] for n in range(11)], "paste"])
    await expect(page.locator(".composer .chosen li.bad")).to_contain_text("At most ten files")
    assert not await page.locator("form.composer").evaluate("form => form.checkValidity()")


async def test_a_form_that_comes_back_keeps_its_files(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['invoice']}")
    await page.check(".composer [name=kind][value=email]")
    await page.fill(".composer textarea", "Here")
    await page.evaluate(_PASTED, [[["bill.pdf", "application/pdf"]], "paste"])
    await page.locator("form.composer").evaluate(
        "form => form.insertAdjacentHTML('beforeend', '<input type=hidden name=mailbox value=boss>')"
    )
    await page.click("[data-send]")
    await expect(page.locator(".composer [role=alert]")).to_contain_text("do not leave by")
    await expect(page.locator(".composer .chosen li .cut")).to_have_text(["bill.pdf"])
    await expect(page.locator(".composer textarea")).to_have_value("Here")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_the_pages_of_teams_and_of_ones_account_are_accessible(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    async with world.hub.database.unit() as session:
        team = (await teams.create(session, "Support", now=clock.now())).id or 0
        await teams.set_members(session, team, list(world.staff.values()), now=clock.now())
        await teams.set_channels(session, team, ["mail"], now=clock.now())
        await teams.set_signature(session, team, "{{ name }}\n{{ company }}", now=clock.now())
    for path in ("/teams", "/account", f"/inbox/team-{team}/{world.conversations['invoice']}"):
        page = await opening(path, Role.SUPERVISOR, width=width, dark=dark)
        if "inbox" in path:
            await page.check(".composer [name=kind][value=email]")
            await page.click(".composer .below summary")
        found = await Axe().run(page)
        assert found.response["violations"] == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


async def _on_a_telephone(world: Any, opening: Opening, language: str) -> Page:
    """A mail that is being written, in the agent's language."""
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.AGENT], {"language": language}, now=clock.now())
    page = await opening(f"/inbox/all/{world.conversations['invoice']}", width=390)
    await page.check(".composer [name=kind][value=email]")
    return page


@pytest.mark.parametrize("language", ["en", "pl", "bg", "ru"])
async def test_on_a_telephone_everything_in_the_composer_is_at_the_thumb_in_every_language(
    world: Any, opening: Opening, language: str
) -> None:
    page = await _on_a_telephone(world, opening, language)
    for name in (".sends .btn:visible", "textarea", ".ends select"):
        for one in await page.locator(f".composer {name}").all():
            await one.scroll_into_view_if_needed()
            await expect(one).to_be_in_viewport(ratio=1)
    assert await page.locator(".composer").evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_on_a_telephone_every_menu_of_a_conversation_opens_within_the_screen_and_closes_again(
    world: Any, opening: Opening, language: str
) -> None:
    page = await _on_a_telephone(world, opening, language)
    menus = page.locator(".thread-head .menu, .composer .menu").filter(visible=True)
    assert await menus.count() >= 4
    for menu in await menus.all():
        await menu.locator("summary").first.click()
        await expect(menu.locator("> .sheet")).to_be_in_viewport(ratio=1)
        await menu.locator("summary").first.click()
        await expect(menu.locator("> .sheet")).to_be_hidden()
