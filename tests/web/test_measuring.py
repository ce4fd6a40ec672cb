"""How long an SMS is while it is typed: the figures of its bill, the sign that makes it dearer, plain ones for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect
from sqlmodel import col, select

from channels.sms.text import PLAIN, Encoding, measure, plain
from hub.models import Interaction
from hub.models.vocabulary import Kind, Role
from hub.outbound import costs

Opening = Callable[..., Awaitable[Page]]

_CORPUS = (
    *("", "x", "x" * 160, "x" * 161, "[" * 80, "[" * 81, "x" * 152 + "[", "x" * 152 + "[" * 90, "€" * 200, "\n" * 161),
    *(
        "ł",
        "ł" * 70,
        "ł" * 71,
        "ж" * 134,
        "ж" * 135,
        "🙂" * 35,
        "🙂" * 36,
        "x" * 66 + "🙂" * 40,
        "Zażółć gęślą jaźń " * 9,
    ),
    *("“Dear” – it’s late… " * 8, "a\u00a0b\u200bc", "e\u0301" * 40, "Здравей, " * 30, "x" * 400 + "ą"),
)


async def test_the_desk_measures_as_the_bill_does(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    shown = []
    for text in _CORPUS:
        answer = await desk.send("/measure", kind="sms", text=text)
        shown.append(answer.text.split('<span class="counted">')[-1].split(" ")[0] if text.strip() else "")
    assert shown == [str(costs.cost(Kind.SMS, text)) if text.strip() else "" for text in _CORPUS]


async def test_a_template_is_measured_as_it_is_guessed_before_it_leaves(world: Any, signed_in: Any) -> None:
    desk, source = await signed_in(Role.MARKETER), "{{ customer.given_name }}: " + "x" * 155 + "{# not sent #}"
    fields = {"field": "text.en.sms", "sort": "template", "text.en.sms": source}
    said = f'"counted">{measure(costs.sample(source)).segments} segments'
    assert said in (await desk.send("/measure", **fields)).text


def test_every_plain_sign_is_one_of_the_cheap_alphabet_and_stands_for_one_that_is_not() -> None:
    assert [sign for sign, to in PLAIN.items() if measure(to).spoilers or not measure(sign).spoilers] == []
    assert plain("“Dear” – it’s late…") == '"Dear" - it\'s late...'
    assert plain("Zażółć") == "Zażółć"


@pytest.mark.parametrize("text", _CORPUS)
def test_without_its_dear_signs_a_text_is_as_long_as_in_the_cheap_alphabet(text: str) -> None:
    found = measure(text)
    assert 0 <= found.units <= found.room
    assert (found.encoding is Encoding.GSM7) == (not found.spoilers)


async def test_a_line_end_of_a_form_is_one_sign_of_an_sms(world: Any, signed_in: Any) -> None:
    desk, talk = await signed_in(Role.AGENT), world.conversations["stranger"]
    words = {"kind": "sms", "text": "One\r\nTwo", "form_token": uuid4()}
    assert (await desk.send(f"/conversations/{talk}/reply", **words)).status_code == 303
    async with world.hub.database.unit() as session:
        rows = select(Interaction.body_text).where(col(Interaction.conversation_id) == talk)
        assert "One\nTwo" in (await session.exec(rows)).all()


async def test_what_a_length_says_of_a_dear_text(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    said = await desk.send("/measure", kind="sms", text="ł" + "x" * 99)
    assert "instead of 1." in said.text
    assert ("data-find" in said.text, "data-plain" in said.text) == (True, False)
    assert "2 segments of 67 signs" in " ".join(said.text.split())
    assert (await desk.send("/measure", kind="email", text="ł")).text.strip() == ""


async def _press_while_it_is_measured_again(page: Page, button: Locator) -> None:
    """A press lasts a tenth of a second; leaving the text has it measured, and the answer comes before that is over."""
    await button.hover()
    settled = "new Promise((done) => addEventListener('htmx:afterSettle', done, { once: true }))"
    await page.evaluate(f"() => {{ measured = {settled} }}")
    await page.locator(".composer textarea").press("End")
    await page.mouse.down()
    await page.locator(".composer textarea").dispatch_event("change")
    await page.evaluate("() => measured.then(() => true)")
    await page.mouse.up()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_the_dear_sign_is_named_and_one_click_makes_it_plain(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}", width=width, dark=dark)
    text, measured = page.locator(".composer textarea"), page.locator(".composer .measure")
    await text.fill("“" + "x" * 100)
    await expect(measured.locator(".counted")).to_contain_text("2 segments")
    await expect(measured).to_contain_text("“ makes this Unicode")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await measured.locator("[data-find]").click()
    assert await text.evaluate("text => [text.selectionStart, text.selectionEnd]") == [0, 1]
    await _press_while_it_is_measured_again(page, measured.locator("[data-find]"))
    assert await text.evaluate("text => [text.selectionStart, text.selectionEnd]") == [0, 1]
    await measured.locator("[data-plain]").click()
    await expect(measured.locator(".counted")).to_contain_text("1 segment")
    await expect(text).to_have_value('"' + "x" * 100)
    assert complaints == []
