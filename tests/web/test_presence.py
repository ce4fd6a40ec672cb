"""Who is here, who types, and what becomes of the second of two answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from hub.conversations import presence
from hub.interactions import history
from hub.live import Happening
from hub.models.vocabulary import Direction, Role
from hub.web import live
from hub.web.relay import Relay

Opening = Callable[..., Awaitable[Page]]


async def test_what_a_page_says_reaches_every_other_by_notify_and_leaves_nothing_behind(
    world: Any, signed_in: Any
) -> None:
    desk, conversation = await signed_in(Role.AGENT), world.conversations["sms"]
    async with world.hub.live.subscribe("presence") as happenings:
        assert (await happenings.get()).topic == "resync"
        address = f"/conversations/{conversation}/presence"
        assert (await desk.send(address, doing="type", new="1")).status_code == 204
        ids = {"conversation": str(conversation), "staff": str(world.staff[Role.AGENT]), "doing": "type", "asks": "1"}
        assert await happenings.get() == Happening("presence", ids)
    assert (await desk.send(address, doing="dance")).status_code == 422
    marketer = await signed_in(Role.MARKETER)
    assert (await marketer.send(address, doing="look")).status_code == 403


async def test_a_stream_ends_with_its_session_however_much_happens(world: Any) -> None:
    told, relay = list[str](), Relay(world.hub.live)
    async with asyncio.timeout(60):
        async for event in live.stream(world.hub, relay, "signed out", breath=0.5):
            told.append(event)
            async with world.hub.database.unit() as session:
                agent = world.staff[Role.AGENT]
                await presence.tell(session, world.conversations["sms"], agent, presence.Doing.LOOK)
    assert told[0].startswith("retry:")
    assert not any("still here" in event for event in told)


async def test_the_words_name_colleagues_never_oneself_and_nobody_who_is_not_there(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    agent, lead, admin = (world.staff[role] for role in (Role.AGENT, Role.SUPERVISOR, Role.ADMIN))
    address = f"/conversations/{world.conversations['sms']}/presence"
    said = []
    for query in (f"look={lead}&look={admin}&look={agent}", f"look={lead}&type={admin}", f"type={agent}&look=999"):
        answer = await desk.client.get(f"{address}?{query}", headers={"HX-Request": "true"})
        said.append(answer.text)
    assert "Sofia Lead, Ada Min are looking at this too" in said[0]
    assert "Ada Min is typing an answer" in said[1]
    assert said[2].strip() == ""


async def test_of_two_answers_the_second_is_not_sent_and_can_be_kept_or_sent_or_discarded(
    world: Any, signed_in: Any
) -> None:
    first, second = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    path, address = (
        f"/inbox/all/{world.conversations['sms']}",
        f"/conversations/{world.conversations['sms']}/reply",
    )
    seen = (await second.see(path)).select_one("[name=seen]")["value"]
    fields: dict[str, object] = {"kind": "sms", "seen": seen}
    await first.send(address, **fields, text="I was first.", form_token=uuid4())
    refused = await second.send(address, **fields, text="Me too.", form_token=uuid4())
    assert refused.status_code == 422
    assert "I was first." in refused.text.split('class="alert calm first"')[1].split("</form>")[0]
    kept = await second.send(address, **fields, text="Me too.", form_token=uuid4(), choice="draft")
    assert kept.status_code == 303
    form = (await second.see(path)).select_one("form.composer")
    assert form.select_one("textarea").text == "Me too."
    now = form.select_one("[name=seen]")["value"]
    await second.send(address, kind="sms", seen=now, text="Me too.", form_token=uuid4())
    async with world.hub.database.unit() as session:
        entries = await history.thread(session, world.conversations["sms"])
    assert [one.text for one in entries if one.direction is Direction.OUT] == ["I was first.", "Me too."]
    assert (await second.see(path)).select_one("form.composer textarea").text == ""


@pytest.mark.browser
async def test_two_agents_see_each_other_and_the_second_to_send_reads_the_first(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    path = f"/inbox/all/{world.conversations['stranger']}"
    olga = await opening(path)
    await expect(olga.locator("html[data-live]")).to_have_count(1)
    sofia = await opening(path, Role.SUPERVISOR)
    await expect(sofia.locator("#presence")).to_contain_text("Olga Agent is looking")
    await expect(olga.locator("#presence")).to_contain_text("Sofia Lead is looking")
    await sofia.fill(".composer textarea", "We are open.")
    await expect(olga.locator("#presence")).to_contain_text("Sofia Lead is typing")
    assert (await Axe().run(olga)).response["violations"] == []
    await olga.fill(".composer textarea", "Yes, nine to one.")
    await olga.keyboard.press("Control+Enter")
    await expect(olga.locator(".bubble.out .text")).to_have_text("Yes, nine to one.")
    await sofia.keyboard.press("Control+Enter")
    await expect(sofia.locator(".composer .first")).to_contain_text("Yes, nine to one.")
    await expect(sofia.locator(".composer textarea")).to_have_value("We are open.")
    assert (await Axe().run(sofia)).response["violations"] == []
    assert await sofia.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await sofia.get_by_role("button", name="Keep mine as a draft").click()
    await expect(sofia.locator(".composer .drafted")).to_be_visible()
    await sofia.goto("about:blank")
    await expect(olga.locator("#presence p")).to_have_count(0)
    async with world.hub.database.unit() as session:
        entries = await history.thread(session, world.conversations["stranger"])
    assert [one.text for one in entries if one.direction is Direction.OUT] == ["Yes, nine to one."]
    assert [one for one in complaints if "422" not in one] == []  # the browser tells of the answer that was refused
