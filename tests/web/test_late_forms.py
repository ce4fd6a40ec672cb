"""A form that comes when its session is over, or another one began, comes back with what was typed."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from playwright.async_api import expect

from hub.models.vocabulary import Role
from tests.web.conftest import Opening

LATE_NEWS = "() => void htmx.ajax('GET', '/tasks/late', { target: '#tasks-late', source: '#tasks-late' })"
OWN = {"sec-fetch-site": "same-origin"}
TYPED = {"title": "Call <b>Ana</b>\nabout 118", "due_at": "2031-01-01T10:00", "assignee": ""}


def form(answer: httpx.Response) -> dict[str, str]:
    """What the form that came back would send."""
    fields = BeautifulSoup(answer.text, "html.parser").select("main form[action='/tasks'] [name]")
    return {str(one["name"]): str(one.get("value", one.text)) for one in fields}


async def test_what_was_typed_before_signing_in_again_is_shown_and_sent_again(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    answer = await desk.client.post("/tasks", data={"csrf": "of yesterday", **TYPED}, headers=OWN)
    assert (answer.status_code, "You signed in again since" in answer.text) == (403, True)
    assert "Call &lt;b&gt;Ana&lt;/b&gt;" in answer.text
    assert form(answer) == {"csrf": desk.csrf, **TYPED}
    assert (await desk.client.post("/tasks", data=form(answer), headers=OWN)).status_code == 303
    assert "about 118" in (await desk.see("/tasks")).text


async def test_what_was_typed_before_being_signed_out_waits_on_the_page(world: Any, signed_in: Any) -> None:
    desk, again = await signed_in(Role.AGENT), await signed_in(Role.AGENT)
    await desk.send("/sign-out")
    answer = await desk.client.post("/tasks", data={"csrf": desk.csrf, **TYPED}, headers=OWN)
    assert (answer.status_code, "Nothing that you typed is lost" in answer.text) == (401, True)
    assert form(answer) == {"csrf": "", **TYPED}
    assert 'href="/sign-in"' in answer.text
    back = await again.client.post("/tasks", data=form(answer), headers=OWN)  # signed in in another tab meanwhile
    assert form(back) == {"csrf": again.csrf, **TYPED}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_what_another_site_may_have_sent_is_never_offered_to_be_sent_again(
    site: str, world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk, headers = await signed_in(Role.AGENT), {"sec-fetch-site": site} if site else {}
    answer = await desk.client.post("/tasks", data={"csrf": "made up", **TYPED}, headers=headers)
    assert (answer.status_code, form(answer), "Ana" in answer.text) == (403, {}, False)
    stranger = await visitor.post("/tasks", data={"csrf": "made up", **TYPED}, headers=headers)
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/sign-in")


async def test_a_late_form_with_a_password_or_with_nothing_typed_leads_to_the_sign_in(
    empty: Any, visitor: httpx.AsyncClient
) -> None:
    secret = {"current": "correct horse battery staple", "fresh": "another one", "again": "another one"}
    for path, data in (("/account/password", secret), ("/tasks", {"csrf": "old", "title": " "})):
        answer = await visitor.post(path, data=data, headers=OWN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path


async def test_an_address_with_a_question_is_opened_after_signing_in(empty: Any, visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/customers", params={"q": "Ana & Co"})
    sign_in = await visitor.get(answer.headers["location"])
    field = BeautifulSoup(sign_in.text, "html.parser").select_one("[name=next]")
    assert field is not None
    assert field["value"] == "/customers?q=Ana+%26+Co"


async def test_what_no_database_keeps_is_named_and_comes_back(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.send("/settings/tokens", name="a\0b", note="one, two")
    seen = BeautifulSoup(answer.text, "html.parser")
    assert (answer.status_code, "Name: It holds a character that cannot be kept" in seen.text) == (422, True)
    assert [one.text for one in seen.select("main form [name=note]")] == ["one, two"]


async def test_a_choice_that_is_not_offered_does_not_lose_the_words_beside_it(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    wrong = {"title": "Open day", "starts_at": "2031-01-01T10:00", "about": "Come as\nyou are", "remind": "soon"}
    answer = await desk.send("/events", purpose="marketing", **wrong)
    seen = BeautifulSoup(answer.text, "html.parser")
    assert (answer.status_code, seen.select_one("main form")) == (422, None)
    assert {"Open day", "Come asyou are"} <= {one.text for one in seen.select("dl.typed dd")}


@pytest.mark.browser
async def test_whoever_was_signed_out_while_typing_sends_it_all_the_same(world: Any, opening: Opening) -> None:
    page = await opening("/tasks")
    signed_in = await page.context.cookies()
    await page.locator("#title").fill("Call Ana about 118")
    await page.context.clear_cookies()
    await page.locator("main form:has(#title) button.btn-primary").click()
    await expect(page.locator("h1")).to_have_text("You are not signed in any more")
    await expect(page.locator("dl.typed")).to_contain_text("Call Ana about 118")
    await page.context.add_cookies(signed_in)  # type: ignore[arg-type] # as by signing in in another tab
    again = page.get_by_role("button", name="Send again")
    await again.click()
    await expect(page.locator("h1")).to_have_text("This page was too old")
    await again.click()
    await expect(page.locator("main")).to_contain_text("Call Ana about 118")
    await expect(page.locator("h1")).to_have_text("Tasks")


@pytest.mark.browser
async def test_news_for_somebody_signed_out_take_no_page_away_on_which_something_is_typed(
    world: Any, opening: Opening
) -> None:
    page = await opening("/tasks")
    await page.context.clear_cookies()
    await page.locator("#title").fill("Call Ana about 118")
    await page.evaluate(LATE_NEWS)
    await expect(page.locator("#notice")).to_contain_text("Nothing that you typed is lost")
    await page.locator("#title").fill("")
    await page.evaluate(LATE_NEWS)
    await expect(page).to_have_url(re.compile("/sign-in"))
