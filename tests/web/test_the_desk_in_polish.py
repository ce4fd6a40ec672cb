"""The desk in Polish: its words, dates, numbers and plural forms, its refusals, and how one comes to it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup, Comment, Doctype
from playwright.async_api import Page, expect

from channels.message import Address, Inbound, Kind
from hub import clock
from hub.models.vocabulary import Role
from hub.staff import accounts
from hub.web import translations
from hub.web.environment import environment
from tests.flows.browsing import listening, told
from tests.web.conftest import hear
from tests.web.test_roles_on_pages import PAGES, names

Opening = Callable[..., Awaitable[Page]]
LOCALE = Path(__file__).parents[2] / "hub" / "locale"
MONTHS = "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia"
# Words that every English sentence has and no Polish one.
ENGLISH = re.compile(
    r"\b(the|and|of|with|is|are|this|that|your|you|not|from|has|have|for|when|here|nothing)\b", re.IGNORECASE
)
SAID = ("title", "aria-label", "placeholder", "alt")
# What people and programs said and how things are called: nobody translates that.
TEMPLATES = '[name*=template] option:not([value=""]), [name=variant] option:not([value=""])'
THEIRS = (
    "script, style, code, pre, option[lang], .text, .quoted, .subject, .what, .preview, .label, .breaks, .sample, "
    f'.said, textarea, #shelf td, [name=copied] option:not([value=""]), {TEMPLATES}'
)
# Words of the world; names of things.
GIVEN = re.compile(r"Invoice 118|about the invoice|from:|^English$|^Guests$|^you@|You may write to me|^Spring offer$")


async def test_no_page_has_an_english_word_left_for_who_reads_polish(world: Any, signed_in: Any) -> None:
    await _speak(world, Role.ADMIN)
    desk, found = await signed_in(Role.ADMIN), dict[str, list[str]]()
    untranslated = _untranslated()
    for path in (one.format(**names(world)) for one in PAGES if not re.search(r"\.csv|preview|/frame", one)):
        seen = await desk.see(path)
        if words := _english(seen, untranslated):
            found[path] = words
    assert found == {}


@pytest.mark.browser
async def test_an_agent_changes_the_language_and_works_a_day_in_polish(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening("/account")
    base = page.url.removesuffix("/account")
    async with world.hub.database.unit() as session:
        await accounts.set_undo_seconds(session, world.staff[Role.AGENT], 60, now=clock.now())
    await page.select_option("#desk-language", label="Polski")
    await page.click("#language button")
    await expect(page.locator("h1")).to_have_text("Twoje konto")
    await expect(page.locator("html")).to_have_attribute("lang", "pl")
    untranslated = _untranslated()
    invoice, ana = world.conversations["invoice"], world.customers["ana"]

    await page.goto(f"{base}/inbox/all/{invoice}")
    await expect(page.locator("#messages .day").first).to_have_text(re.compile(rf", \d+ ({MONTHS})$"))
    await page.fill(".composer textarea", "Sprawdzamy to.")
    await page.click("[data-send]")
    await expect(page.locator("#notice")).to_contain_text("W drodze.Cofnij")
    await _all_polish(page, untranslated)
    await listening(page)
    await page.click("[data-key=snooze] summary")
    await page.click("[data-key=snooze] button[value=hour]")
    await expect(page.locator("#thread-head")).to_contain_text("odłożona")
    await expect(told(page)).to_contain_text("Odłożono do")
    await _all_polish(page, untranslated)

    await page.goto(f"{base}/tasks")
    await page.fill("#title", "Oddzwonić")
    await page.fill("#due_at", "2126-03-10T13:00")
    await page.click("main button.btn-primary")
    await expect(page.locator("#todo")).to_contain_text("10 mar 2126, 13:00")
    await _all_polish(page, untranslated)
    for path in (f"/customers/{ana}", "/calls/now", "/calls/missed", "/search?q=Ana", "/tasks/calendar", "/canned"):
        await page.goto(base + path)
        await _all_polish(page, untranslated)

    await page.goto(f"{base}/account")
    await page.fill("#my-phone", "12")
    await page.click("#telephone button")
    await expect(page.locator("#telephone [role=alert]")).to_be_visible()
    await _all_polish(page, untranslated)
    await page.select_option("#desk-language", label="English")
    await page.click("#language button")
    await expect(page.locator("h1")).to_have_text("Your account")
    assert [one for one in complaints if "422" not in one] == []  # the browser tells of the number that was refused


@pytest.mark.browser
async def test_what_comes_is_counted_in_polish_forms(world: Any, opening: Opening, complaints: list[str]) -> None:
    await _speak(world, Role.AGENT)
    page = await opening("/inbox/all")
    await expect(page.locator("html[data-live]")).to_have_count(1)
    for number, said in ((1, "1 nowa"), (2, "2 nowe"), (3, "3 nowe"), (4, "4 nowe"), (5, "5 nowych")):
        await hear(world, "sms", _sms(number), f"new-{number}")
        await expect(page.locator(".news")).to_have_text(said)
    await page.goto(page.url.replace("/inbox/all", f"/inbox/all/{world.conversations['new-5']}"))
    text, counted = page.locator(".composer textarea"), page.locator(".measure .counted")
    for number, said in ((1, "1 segment"), (2, "2 segmenty"), (5, "5 segmentów")):
        await text.fill("x" * (150 * number if number > 1 else 100))
        await expect(counted).to_contain_text(said)
    assert complaints == []


async def test_refusals_are_told_in_polish(world: Any, signed_in: Any) -> None:
    for role in (Role.AGENT, Role.SUPERVISOR):
        await _speak(world, role)
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    me = world.staff[Role.SUPERVISOR]
    ana = world.customers["ana"]
    refused = [
        await lead.send("/hand-over", giver=me, receiver=me),
        await lead.send("/service-levels", name="", first="60"),
        await lead.send("/service-levels", name="Złoty", first="godzina"),
        await lead.send("/labels", name=""),
        await lead.send("/canned", shortcut="", text=""),
        await agent.send("/account/phone", phone="12"),
        await agent.send("/account/undo", seconds="90"),
        await agent.send("/account/password", current="x", fresh="y", again="z"),
        await agent.send(f"/customers/{ana}/addresses", kind="email", value="nobody"),
        await agent.send("/settings/tokens", name="x"),
        await agent.client.get("/inbox/nowhere"),
        await agent.client.get("/teams"),
    ]
    for answer in refused:
        assert 400 <= answer.status_code < 500, answer.url
        seen = BeautifulSoup(answer.text, "html.parser")
        told = " ".join(one.text for one in seen.select("[role=alert], main h1, main p"))
        assert told.strip(), answer.url
        assert not ENGLISH.search(told), (answer.url, told)


def test_numbers_have_the_readers_sign_between_whole_and_parts() -> None:
    filters, said = environment().filters, {}
    for language in ("en", "pl", "bg", "ru"):
        translations.speak(language)
        said[language] = [
            filters["money"](Decimal("1234.5")),
            filters["money"](Decimal("0.0125")),
            filters["money"](Decimal("0.5")),
            filters["bytes"](1_572_864),
            filters["plain_number"](0.25),
            filters["plain_number"](1_000_000.0),
        ]
    translations.speak("en")
    assert said["en"] == ["1234.50", "0.0125", "0.50", "1.5 MB", "0.25", "1000000"]
    comma = ["1234,50", "0,0125", "0,50", "1,5 MB", "0,25", "1000000"]
    assert [said[one] for one in ("pl", "bg", "ru")] == [comma] * 3


async def _speak(world: Any, role: Role) -> None:
    async with world.hub.database.unit() as session:
        staff = world.staff[role]
        await accounts.change(session, staff, {"language": "pl"}, now=clock.now(), by=staff)


def _sms(number: int) -> Inbound:
    sender, ours = Address(Kind.SMS, f"+4860155500{number}"), Address(Kind.SMS, "+48732230001")
    return Inbound(Kind.SMS, f"SMnew{number}", sender, (ours,), f"Dzień dobry {number}")


def _untranslated() -> set[str]:
    """The desk's sentences in English, those that are the same in Polish apart."""
    with (LOCALE / "pl" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="pl")
    polish = {one for message in catalogue for one in _forms(message.string)}
    return {one for message in catalogue if message.id for one in _forms(message.id)} - polish


def _forms(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ())


def _interface(seen: BeautifulSoup) -> Iterator[str]:
    """What the page says by itself: its texts, and those that only a pointer or a screen reader finds."""
    for theirs in seen.select(THEIRS):
        theirs.decompose()
    for part in seen.find_all(string=True):
        said = " ".join(part.split())
        if said and not isinstance(part, Comment | Doctype):
            yield said
    for name in SAID:
        yield from (str(part[name]) for part in seen.select(f"[{name}]"))


async def _all_polish(page: Page, untranslated: set[str]) -> None:
    assert _english(BeautifulSoup(await page.content(), "html.parser"), untranslated) == [], page.url


def _english(seen: BeautifulSoup, untranslated: set[str]) -> list[str]:
    said = [one for one in _interface(seen) if not GIVEN.search(one)]
    return [one for one in said if one in untranslated or ENGLISH.search(one)]
