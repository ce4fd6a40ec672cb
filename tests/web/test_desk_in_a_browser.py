"""The desk in Chromium: live, by keyboard, without a violation of the policy or of accessibility."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from channels.message import Address, Inbound, Kind
from hub import clock, live
from hub.bootstrap import Hub
from hub.inbound import receive
from hub.models import Conversation
from hub.models.vocabulary import Role

pytestmark = pytest.mark.browser

Opening = Callable[..., Awaitable[Page]]


async def _hear(hub: Hub, sid: str, sender: str, text: str) -> None:
    recipient = Address(Kind.SMS, "+48732230001")
    event = Inbound(Kind.SMS, sid, Address(Kind.SMS, sender), (recipient,), text)
    async with hub.database.unit() as session:
        await receive.receive(session, hub.channels["sms"], event, hub.reception, now=clock.now())


async def _listening(page: Page) -> None:
    """The stream of changes is open, so nothing that happens now is missed."""
    await expect(page.locator("html[data-live]")).to_have_count(1)


async def test_a_new_conversation_announces_itself_and_moves_nothing(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening("/inbox/all")
    await _listening(page)
    before = await page.locator(".line .who").all_inner_texts()
    await _hear(world.hub, "SM77", "+48601555555", "Good morning")
    await expect(page.locator(".news")).to_have_text("1 new")
    assert await page.locator(".line .who").all_inner_texts() == before
    await page.click(".news")
    await expect(page.locator(".line .what").first).to_have_text("Good morning")
    assert complaints == []


async def test_an_agent_answers_by_keyboard_and_a_colleague_sees_it_at_once(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    agent = await opening("/inbox/all")
    colleague = await opening(f"/inbox/all/{world.conversations['stranger']}", Role.SUPERVISOR)
    await _listening(colleague)
    await agent.keyboard.press("j")
    await agent.keyboard.press("j")
    await agent.keyboard.press("Enter")
    await expect(agent.locator(".thread-head h2")).to_have_text("+48601999888")
    await agent.keyboard.press("r")
    await agent.keyboard.type("Yes, nine to one.")
    await agent.keyboard.press("Control+Enter")
    await expect(agent.locator(".bubble.out .text")).to_have_text("Yes, nine to one.")
    await expect(agent.locator(".composer textarea")).to_have_value("")
    await expect(colleague.locator(".bubble.out .text")).to_have_text("Yes, nine to one.")
    assert complaints == []


async def test_a_word_that_comes_while_its_thread_is_being_fetched_shows_with_it(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await page.goto(page.url.rpartition("/")[0])
    await _listening(page)
    place = f"live:conversation-{world.conversations['stranger']}"
    await page.evaluate(
        "place => { window.told = new Promise(told => document.body.addEventListener(place, told, {once: true})) }",
        place,
    )

    async def late(route: Route) -> None:
        made_before = await route.fetch()
        await _hear(world.hub, "SM78", "+48601999888", "One more thing")
        await page.evaluate("window.told.then(() => new Promise(quiet => setTimeout(quiet, 500)))")
        await route.fulfill(response=made_before)

    await page.route(f"**/inbox/all/{world.conversations['stranger']}", late, times=1)
    await page.click(f"#line-{world.conversations['stranger']}")
    await expect(page.locator("#thread .bubble.in .text").last).to_have_text("One more thing")


async def test_what_comes_into_an_open_conversation_is_read_and_its_flag_shows_at_once(
    world: Any, opening: Opening
) -> None:
    talk = world.conversations["stranger"]
    page = await opening(f"/inbox/all/{talk}")
    await _listening(page)
    await expect(page.locator("#thread-head [data-unread]")).to_have_count(0)
    for number, words in (("SM79", "Hello again"), ("SM80", "And again")):
        async with page.expect_response(lambda answer: answer.url.endswith(f"{talk}/read")):
            await _hear(world.hub, number, "+48601999888", words)
            await expect(page.locator("#thread .bubble.in .text").last).to_have_text(words)
    await expect(page.locator("#thread-head [data-unread]")).to_have_count(0)
    async with world.hub.database.unit() as session:
        conversation = await session.get(Conversation, talk)
        assert conversation is not None
        assert conversation.unread is False
        conversation.flag = "voicemail"
        await live.publish(session, "conversation", id=talk, customer=conversation.customer_id)
    await expect(page.locator("#thread .alert.flag")).to_have_text("voicemail")


async def _flag(world: Any, talk: UUID, flag: str) -> None:
    """Something about the conversation is news."""
    async with world.hub.database.unit() as session:
        conversation = await session.get(Conversation, talk)
        assert conversation is not None
        conversation.flag = flag
        await live.publish(session, "conversation", id=talk, customer=conversation.customer_id)


async def test_a_menu_stays_open_when_an_answer_of_several_pieces_puts_it_in_anew(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await _listening(page)
    unfolded = asyncio.Event()

    async def late(route: Route) -> None:
        await unfolded.wait()
        await route.continue_()

    await page.route("**/assign", late)
    await page.locator("#settle").evaluate("button => { button.id = 'old'; }")
    await page.select_option("[data-key=assign]", label="Me")
    await page.click("[data-key=snooze] summary")
    unfolded.set()
    await expect(page.locator("#old")).to_have_count(0)
    await expect(page.locator("[data-key=assign] option:checked")).to_have_text("Me")
    await expect(page.locator("[data-key=snooze][open]")).to_have_count(1)
    await page.click("[data-key=snooze] button[value=hour]")
    await expect(page.locator("#thread-head")).to_contain_text("snoozed")
    await expect(page.locator("[data-key=snooze][open]")).to_have_count(0)


async def test_what_is_done_in_a_menu_closes_it_though_another_answer_puts_it_in_anew(
    world: Any, opening: Opening
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await _listening(page)
    may_come = {"assign": asyncio.Event(), "snooze": asyncio.Event()}

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await may_come[route.request.url.rpartition("/")[2]].wait()
        await route.fulfill(response=answer)

    for act in may_come:
        await page.route(f"**/{act}", late)
    async with page.expect_response("**/assign") as assigned, page.expect_response("**/snooze") as snoozed:
        await page.select_option("[data-key=assign]", label="Me")
        await page.click("[data-key=snooze] summary")
        await page.click("[data-key=snooze] button[value=hour]")
        may_come["assign"].set()
        await (await assigned.value).finished()
        await expect(page.locator("[data-key=snooze][open]")).to_have_count(0)
        may_come["snooze"].set()
    await (await snoozed.value).finished()
    await expect(page.locator("#thread-head")).to_contain_text("snoozed")
    await expect(page.locator("[data-key=snooze][open]")).to_have_count(0)


async def test_what_is_pressed_is_not_taken_away_by_news_that_come_meanwhile(world: Any, opening: Opening) -> None:
    talk = world.conversations["stranger"]
    page = await opening(f"/inbox/all/{talk}")
    await _listening(page)
    for pressed, flag in ((".thread-head h2", "voicemail"), ("#settle", "possible thread")):
        await page.hover(pressed)
        await page.mouse.down()
        await page.locator("#settle").evaluate("button => { button.id = 'old'; }")
        async with page.expect_response(lambda answer: answer.url.endswith(f"/inbox/all/{talk}")) as head:
            await _flag(world, talk, flag)
        await (await head.value).finished()
        await expect(page.locator("#old")).to_have_count(1)
        await page.mouse.up()
        await expect(page.locator("#old")).to_have_count(0)
        seen = "resolved" if pressed == "#settle" else flag
        await expect(page.locator("#thread")).to_contain_text(seen)


async def test_what_has_just_been_put_in_anew_can_be_pressed_at_once(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await page.evaluate("""() => {
      window.same = true;
      const button = () => document.querySelector("#settle");
      const again = () => { if (/Reopen/.test(button().textContent)) button().click(); };
      document.body.addEventListener("htmx:afterSwap", () => queueMicrotask(again));
    }""")
    async with page.expect_response("**/reopen") as answer:
        await page.click("#settle")
    await (await answer.value).finished()
    await expect(page.locator("#settle")).to_contain_text("Resolve")
    assert await page.evaluate("window.same")


async def test_what_was_typed_survives_a_reload_and_goes_when_it_is_sent(world: Any, opening: Opening) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await page.fill(".composer textarea", "Half a sentence")
    await page.reload()
    await expect(page.locator(".composer textarea")).to_have_value("Half a sentence")
    await page.click("[data-send]")
    await expect(page.locator(".bubble.out .text")).to_have_text("Half a sentence")
    await page.reload()
    await expect(page.locator(".composer textarea")).to_have_value("")


async def test_an_answer_sent_before_the_page_is_ready_does_not_come_back_as_a_draft(
    world: Any, opening: Opening
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await page.locator("form.composer").evaluate("form => form.replaceWith(form.cloneNode(true))")
    await page.fill(".composer textarea", "Sent at once")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".bubble.out .text")).to_have_text("Sent at once")
    await expect(page.locator(".composer textarea")).to_have_value("")


async def test_on_a_telephone_one_pane_shows_at_a_time(world: Any, opening: Opening) -> None:
    page = await opening("/inbox/all", width=390)
    await expect(page.locator("#list")).to_be_visible()
    await expect(page.locator("#thread")).to_be_hidden()
    await page.click(".line >> nth=1")
    await expect(page.locator("#thread .composer")).to_be_visible()
    await expect(page.locator("#list")).to_be_hidden()
    name = page.locator(".thread-head h2 a")
    assert await name.evaluate("it => it.scrollWidth <= it.clientWidth"), "who it is about is cut"
    await page.click("a.back")
    await expect(page.locator("#list")).to_be_visible()


async def test_the_question_mark_shows_every_key(opening: Opening, world: Any) -> None:
    page = await opening("/customers")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Next, previous in the list")
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await expect(page).to_have_url(re.compile(".*/inbox/mine$"))


async def test_a_list_put_in_anew_beneath_a_dialog_has_the_focus_again_when_it_closes(
    world: Any, opening: Opening
) -> None:
    page, dialog_is_open = await opening("/inbox/all"), asyncio.Event()

    async def late(route: Route) -> None:
        await dialog_is_open.wait()
        await route.continue_()

    await page.fill("[type=search]", "invoice")
    await expect(page.locator(".line")).to_have_count(1)
    await page.route("**/inbox/all?q=", late)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(page.locator(".line:focus")).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    dialog_is_open.set()
    await expect(page.locator(".line")).to_have_count(4)
    await page.keyboard.press("Escape")
    await expect(page.locator(f"#line-{world.conversations['invoice']}:focus-visible")).to_have_count(1)


async def test_the_focus_stays_on_a_button_though_news_put_it_in_anew_before_its_own_answer_comes(
    world: Any, opening: Opening
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    await _listening(page)

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await expect(page.locator("#thread-head")).to_contain_text("resolved")
        await route.fulfill(response=answer)

    await page.route("**/resolve", late)
    await page.focus("#settle")
    async with page.expect_response("**/resolve"):
        await page.keyboard.press("Enter")
    await expect(page.locator("#settle:focus-visible")).to_have_text("Reopen")


async def test_a_region_stands_in_for_a_button_until_news_bring_it_back(world: Any, opening: Opening) -> None:
    talk = world.conversations["stranger"]
    page = await opening(f"/inbox/all/{talk}")
    await _listening(page)
    unfinished = '<header class="thread-head" id="thread-head">being made</header>'
    await page.route("**/resolve", lambda route: route.fulfill(body=unfinished))
    await page.focus("#settle")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread-head:focus")).to_have_text("being made")
    await page.evaluate(f"htmx.ajax('GET', '/inbox/all/{talk}', {{target: '#thread-head', swap: 'outerHTML'}})")
    await expect(page.locator("#settle:focus-visible")).to_have_text("Resolve")


async def test_hostile_words_run_nothing(world: Any, opening: Opening, complaints: list[str]) -> None:
    page = await opening(f"/inbox/all/{world.conversations['xss']}", Role.ADMIN)
    await expect(page.locator(".bubble .subject")).to_contain_text("<script>alert(1)</script>")
    await page.goto(f"{page.url.split('/inbox')[0]}/inbox/all/{world.conversations['invoice']}")
    await page.click("text=As it was designed")
    await expect(page.frame_locator("iframe").locator("h1")).to_have_text("Offer")
    assert complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_no_page_has_an_accessibility_violation_or_is_wider_than_the_window(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening("/tasks", Role.ADMIN, width=width, dark=dark)
    base = page.url.removesuffix("/tasks")
    paths = [
        "/inbox/all",
        f"/inbox/all/{world.conversations['invoice']}",
        "/customers",
        "/customers/new",
        f"/customers/{world.customers['ana']}",
        "/campaigns",
        "/campaigns/new",
        f"/campaigns/{world.campaigns['draft']}",
        f"/campaigns/{world.campaigns['draft']}/people?reason=no_consent",
        f"/campaigns/{world.campaigns['draft']}/preview?customer={world.customers['ana']}",
        f"/campaigns/{world.campaigns['running']}?shown=withheld",
        f"/campaigns/{world.campaigns['running']}/over-time",
        "/campaigns?archived=1",
        "/uncertain",
        f"/appointments?customer={world.customers['ana']}",
        "/tasks",
        "/settings",
        "/hours",
        "/service-levels",
        "/satisfaction",
    ]
    found: dict[str, list[str]] = {}
    for path in paths:
        await page.goto(base + path)
        results = await Axe().run(page)
        found[path] = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in results.response["violations"]]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[path].append("wider than the window")
    assert {path: problems for path, problems in found.items() if problems} == {}
    assert complaints == []
