"""Undo and send later on the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from sqlmodel import select

from channels.message import Address, Auto, Inbound, Kind
from hub import clock
from hub.models import AttachmentRow, HeldReply, Outbox, Staff
from hub.models.vocabulary import Role
from tests.web.conftest import hear

Opening = Callable[..., Awaitable[Page]]


async def _reply(desk: Any, world: Any, where: str = "invoice", **fields: object) -> None:
    given = {"kind": "email", "text": "Put right.", "form_token": uuid4()} | fields
    answer = await desk.send(f"/conversations/{world.conversations[where]}/reply", **given)
    assert answer.status_code == 303, answer.text[-500:]


async def _outbox(world: Any) -> list[Outbox]:
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(HeldReply.interaction_id))).all()
        return [one for one in await session.exec(select(Outbox)) if one.interaction_id in rows]


async def test_after_sending_there_is_an_undo_that_brings_the_words_and_files_back(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/inbox/mine/{world.conversations['invoice']}"
    data = {"csrf": desk.csrf, "kind": "email", "text": "Here.", "form_token": str(uuid4()), "subject": "Re: 118"}
    data |= {"view": "mine", "resolve": "1"}
    address = f"/conversations/{world.conversations['invoice']}/reply"
    await desk.client.post(address, data=data, files={"files": ("bill.pdf", b"%PDF", "application/pdf")})
    (waiting,) = await _outbox(world)
    assert timedelta(seconds=3) < waiting.due_at - clock.now() + timedelta(seconds=60) < timedelta(seconds=66)
    bar = (await desk.see(path)).select_one("#notice form")
    assert (bar["data-seconds"], bar.select_one("[name=view]")["value"]) == ("5", "mine")
    back = await desk.send(bar["action"], view="mine")
    assert back.headers["location"] == path
    seen = await desk.see(path)
    assert "Taken back. Your words are in the composer." in seen.select_one("#notice").text
    assert (seen.select_one(".composer textarea").text, seen.select(".bubble.out")) == ("Here.", [])
    assert seen.select_one(".composer [name=subject]")["value"] == "Re: 118"
    assert await _outbox(world) == []
    await desk.send(address, **{**data, "form_token": uuid4(), "kept": seen.select_one("[name=kept]")["value"]})
    (sent,) = await _outbox(world)
    async with world.hub.database.unit() as session:
        names = await session.exec(
            select(AttachmentRow.name).where(AttachmentRow.interaction_id == sent.interaction_id)
        )
        assert names.all() == ["bill.pdf"]
    assert (await desk.see(path)).select(".composer .drafted") == []


async def test_who_wants_no_undo_has_none_and_who_wants_more_time_has_it(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert (await desk.send("/account/undo", seconds="90")).status_code == 422
    assert (await desk.send("/account/undo", seconds="30")).status_code == 303
    async with world.hub.database.unit() as session:
        assert (await session.get(Staff, world.staff[Role.AGENT])).undo_seconds == 30
    await desk.send("/account/undo", seconds="0")
    await _reply(desk, world)
    seen = await desk.see(f"/inbox/all/{world.conversations['invoice']}")
    assert (await _outbox(world), seen.select("#notice form"), seen.select(".held")) == ([], [], [])


async def test_a_planned_message_tells_its_hour_and_is_cancelled_with_a_button(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/inbox/all/{world.conversations['invoice']}"
    year = clock.now().year + 1
    await _reply(desk, world, later="at", later_at=f"{year}-03-10T13:00", unless_answered="1")
    bubble = (await desk.see(path)).select_one(".bubble.out")
    assert f"Leaves on 10 Mar {year}, 13:00 · unless the customer answers first" in " ".join(bubble.text.split())
    now, cancel = (form["action"] for form in reversed(bubble.select(".held form")))
    await desk.send(cancel)
    assert (await desk.see(path)).select_one(".composer textarea").text == "Put right."
    assert (await desk.send(now)).status_code == 303
    assert "It has left already." in (await desk.see(path)).select_one("#notice").text


async def test_send_now_makes_a_planned_message_due(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.AGENT), f"/inbox/all/{world.conversations['invoice']}"
    await _reply(desk, world, later="week")
    (planned,) = await _outbox(world)
    await desk.send((await desk.see(path)).select(".held form")[1]["action"])
    assert (await desk.see(path)).select(".bubble.out .held") == []
    async with world.hub.database.unit() as session:
        row = await session.get(Outbox, planned.id)
    assert row is not None
    assert row.due_at <= clock.now()


@pytest.mark.parametrize(
    "when",
    [
        {"later": "at", "later_at": "2020-01-01T10:00"},
        {"later": "at", "later_at": "9999-12-31T23:59"},
        {"later": "nonsense"},
    ],
)
async def test_an_hour_that_is_past_or_none_is_refused(when: dict[str, str], world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    fields = {"kind": "email", "text": "x", "form_token": uuid4()} | when
    answer = await desk.send(f"/conversations/{world.conversations['invoice']}/reply", **fields)
    assert (answer.status_code, await _outbox(world)) == (422, [])


@pytest.mark.parametrize(("auto", "there"), [(None, 0), (Auto.AUTO_REPLY, 1)], ids=["a person", "a machine"])
async def test_a_persons_answer_comes_first_and_a_machines_does_not_count(
    auto: Auto | None, there: int, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    await _reply(desk, world, later="week", unless_answered="1")
    mail = world.hub.channels["mail"]
    ana = Address(Kind.EMAIL, "ana@nowak.example", "Ana Nowak")
    event = Inbound(
        kind=Kind.EMAIL,
        provider_id="<a2@x>",
        message_id="<a2@x>",
        in_reply_to=("<a1@nowak.example>",),
        sender=ana,
        recipients=(mail.address,),
        text="Away",
        auto=auto,
    )
    await hear(world, "mail", event, "again")
    assert len(await _outbox(world)) == there


async def test_the_texts_of_a_draft_go_when_it_is_discarded(world: Any, signed_in: Any) -> None:
    desk, ana = await signed_in(Role.AGENT), world.customers["ana"]
    kept = {"kind": "email", "text": "Half a", "form_token": uuid4(), "choice": "draft"}
    await desk.send(f"/customers/{ana}/write", **kept)
    seen = await desk.see(f"/customers/{ana}")
    assert (seen.select_one(".composer textarea").text, await _outbox(world)) == ("Half a", [])
    await desk.send(f"/customers/{ana}/write", **{**kept, "choice": "discard", "text": ""})
    assert (await desk.see(f"/customers/{ana}")).select_one(".composer textarea").text == ""


@pytest.mark.browser
async def test_undo_puts_the_words_back_and_what_is_changed_in_them_survives_a_reload(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}")
    async with world.hub.database.unit() as session:
        (await session.get(Staff, world.staff[Role.AGENT])).undo_seconds = 60
    text = page.locator(".composer textarea")
    await text.fill("Yes, nine to one.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".bubble.out .text")).to_have_text("Yes, nine to one.")
    assert (await Axe().run(page)).response["violations"] == []
    await page.locator("#notice").get_by_role("button", name="Undo").click()
    await expect(text).to_have_value("Yes, nine to one.")
    await expect(page.locator(".bubble.out")).to_have_count(0)
    await text.fill("Yes, nine to two.")
    await page.reload()
    await expect(text).to_have_value("Yes, nine to two.")
    await page.keyboard.press("r")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".bubble.out .text")).to_have_text("Yes, nine to two.")
    await expect(text).to_have_value("")
    assert [row.attempts for row in await _outbox(world)] == [0]
    assert complaints == []


@pytest.mark.browser
async def test_a_planned_message_is_stopped_before_the_agents_eyes_when_the_customer_writes(
    world: Any, opening: Opening, complaints: list[str]
) -> None:
    page = await opening(f"/inbox/all/{world.conversations['stranger']}", width=390, dark=True)
    await expect(page.locator("html[data-live]")).to_have_count(1)
    await page.fill(".composer textarea", "Any news?")
    await page.click(".composer .later summary")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator(".composer").get_by_role("button", name="Tomorrow morning").click()
    await expect(page.locator(".bubble.out .held")).to_contain_text("unless the customer answers first")
    sms = Address(Kind.SMS, "+48601999888"), (Address(Kind.SMS, "+48732230001"),)
    await hear(world, "sms", Inbound(Kind.SMS, "SM9", *sms, "Settled, thanks"), "again")
    await expect(page.locator(".bubble.out .why")).to_contain_text("the customer wrote or called before it left")
    assert (await Axe().run(page)).response["violations"] == []
    await page.get_by_role("button", name="Take the words into the composer").click()
    await expect(page.locator(".composer textarea")).to_have_value("Any news?")
    assert complaints == []
