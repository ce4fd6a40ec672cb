"""Lists on the desk: filled from their page, from a file, from a customer's page; meant by campaigns."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from hub.models.vocabulary import Role
from hub.segments import asking, lists
from tests.web.conftest import rows


async def _on(world: Any, number: int) -> set[str]:
    async with world.hub.database.unit() as session:
        return {one.name for one in await lists.members(session, number, limit=99)}


async def test_a_list_is_made_filled_and_says_who_was_not_found(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await desk.send("/lists/new", name="Fair")).headers["location"]
    assert "Nobody is on it yet" in (await desk.see(path)).text
    told = await desk.send(f"{path}/people", people="ana@nowak.example\n<b>C-9</b>\nno@where@example\n")
    assert (told.status_code, "<b>C-9" in told.text, "&lt;b&gt;C-9" in told.text) == (200, False, True)
    assert "no customer has" in told.text
    assert await _on(world, int(path.rpartition("/")[2])) == {"Ana Nowak"}


async def test_a_file_goes_before_what_is_typed_and_a_broken_one_is_told(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await desk.send("/lists/new", name="Fair")).headers["location"]

    async def upload(content: bytes) -> Any:
        data = {"csrf": desk.csrf, "people": "typed"}
        return await desk.client.post(f"{path}/people", data=data, files={"file": ("people.csv", content, "text/csv")})

    done = await upload("\ufeffemail;name\r\nana@nowak.example;Ana\r\n".encode())
    assert "1 customer was put on the list." in done.text
    broken = await upload(b"PK\x00\x00")
    assert (broken.status_code, "not a text file" in broken.text, ">typed</textarea>" in broken.text) == (
        422,
        True,
        True,
    )


async def test_a_customer_is_put_on_a_list_and_taken_off_from_their_page(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    made = (await desk.send("/lists/new", name="Fair")).headers["location"].rpartition("/")[2]
    path = f"/customers/{world.customers['ana']}"
    panel = (await desk.see(path)).select_one("#lists")
    assert [one.text for one in panel.select("a")] == ["Guests"]
    assert [one.text for one in panel.select("option")] == ["Fair"]
    await desk.send(f"{path}/lists", list_id=made)
    await desk.send(f"{path}/lists/{world.list}/remove")
    assert [one.text for one in (await desk.see(path)).select("#lists a")] == ["Fair"]
    assert (await desk.send(f"{path}/lists", list_id=world.segment)).status_code == 404
    agent = await signed_in(Role.AGENT)
    assert (await agent.see(path)).select_one("#lists") is None
    assert (await agent.send(f"{path}/lists", list_id=made)).status_code == 403


async def test_a_list_stands_among_the_segments_and_segments_ask_for_it(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    assert (await desk.see("/segments")).select_one(f"td a[href='/lists/{world.list}']").text == "Guests"
    assert (await desk.client.get(f"/segments/{world.list}")).headers["location"] == f"/lists/{world.list}"
    for field in ("list", "segment"):
        told = await desk.send("/segments/count", **rows((field, "eq", "guests"), ("language", "eq", "pl")))
        assert "Means 1 customer." in told.text
    changed = await desk.send(f"/segments/{world.list}", name="Guests", **rows(("language", "eq", "pl")))
    assert (changed.status_code, "A list means the people" in changed.text) == (422, True)
    twice = await desk.send("/lists/new", name="guests")
    assert (twice.status_code, "Choose another name" in twice.text, 'value="guests"' in twice.text) == (422, True, True)
    await desk.send(f"/lists/{world.list}", name="Friends")
    async with world.hub.database.unit() as session:
        raw = [{"field": "list", "op": "eq", "value": world.list}]
        assert await asking.count(session, raw, now=(await lists.get(session, world.list)).changed_at) == 1


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_list_is_filled_in_a_browser(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    page = await opening(f"/lists/{world.list}", Role.MARKETER, width=width, dark=dark)
    await page.get_by_text("Put people on it").click()
    await page.get_by_label("Mail addresses, telephone numbers").fill("nobody@people.example")
    await page.get_by_role("button", name="Put on the list").click()
    await expect(page.locator("#done")).to_contain_text("1 was not found:")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Take off Ana Nowak").click()
    await expect(page.get_by_text("Nobody is on it yet")).to_be_visible()
    assert complaints == []
