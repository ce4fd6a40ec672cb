"""The search page: what is found, what is marked, what one's role keeps back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from sqlmodel import select

from hub.models import Audit
from hub.models.vocabulary import Role

Opening = Callable[..., Awaitable[Page]]


async def test_an_empty_page_teaches_the_operators(world: Any, signed_in: Any) -> None:
    seen = await (await signed_in(Role.AGENT)).see("/search")
    assert {"from:ana", "has:attachment", "before:2026-03-10"} <= {code.text for code in seen.select("main code")}


async def test_what_is_found_is_grouped_marked_and_linked(world: Any, signed_in: Any) -> None:
    desk, invoice = await signed_in(Role.AGENT), world.conversations["invoice"]
    seen = await desk.see("/search?q=invoice")
    assert [one.text for one in seen.select("main h2")] == ["Conversations", "Messages"]
    assert {one.text.lower() for one in seen.select("mark")} == {"invoice"}
    links = [link["href"] for link in seen.select("main a")]
    assert f"/inbox/all/{invoice}" in links
    assert [link for link in links if link.startswith(f"/inbox/all/{invoice}#m-")]
    assert "invoice 118.pdf" in seen.text
    (customers,) = (await desk.see("/search?q=georgi")).select("section:has(#found-customers)")
    assert "Георги Петров" in customers.text


async def test_hostile_words_stay_words(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    answer = await desk.client.get("/search", params={"q": "script"})
    assert answer.status_code == 200
    assert "&lt;<mark>script</mark>&gt;" in answer.text
    assert "<script>alert" not in answer.text
    for words in ('"><script>alert(9)</script>', "%00", "\0", "'", '"', "((", "a:*", "\\", "!!&|", "from:", "x" * 900):
        answer = await desk.client.get("/search", params={"q": words})
        assert answer.status_code == 200, words
        assert "<script>alert" not in answer.text


async def test_a_wrong_operator_is_told_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert "There is no form: here" in (await desk.see("/search?q=form:ana")).select_one("[role=alert]").text
    await desk.send("/me", language="pl", back="/search")
    assert "Nie ma tu form:" in (await desk.see("/search?q=form:ana")).select_one("[role=alert]").text


async def test_more_of_one_group_comes_behind_its_last_line(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    seen = await desk.see("/search?q=channel:sms&group=messages")
    assert [one.text for one in seen.select("main h2")] == ["Messages"]
    answer = await desk.client.get(
        "/search?group=messages&q=channel:sms&after=ffffffff-ffff-7fff-bfff-ffffffffffff",
        headers={"HX-Request": "true"},
    )
    assert "<h2" not in answer.text
    assert answer.text.count("entry-row") == len(seen.select(".entry-row"))


async def test_a_marketer_finds_customers_and_no_conversation(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    assert "Nothing found" in (await desk.see("/search?q=invoice")).text
    seen = await desk.see("/search?q=ana")
    assert [one.text for one in seen.select("main h2")] == ["Customers"]
    assert "Nothing found" in (await desk.see("/search?q=invoice&group=messages")).text


async def test_that_somebody_searched_stands_in_the_audit_trail_but_not_for_what(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.see("/search?q=invoice")
    await desk.client.get("/search?q=invo", headers={"HX-Request": "true", "HX-Target": "results"})
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(Audit).where(Audit.action == "search"))).all()
    assert [(row.staff_id, row.subject, row.detail) for row in rows] == [(world.staff[Role.AGENT], "", "")]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_it_is_found_while_typing_and_readable_for_everybody(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening("/search", width=width, dark=dark)
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_role("searchbox").fill("invoice")
    await expect(page.locator("mark").first).to_have_text("Invoice")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
