"""Macros: written by those who may, run whole or not at all, found by keyboard, told in the log, taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from sqlmodel import col, func, select

from hub import clock
from hub.conversations import canned, inbox, macros, tasks
from hub.conversations.macros import Steps, Wording
from hub.models import Interaction
from hub.models.vocabulary import ConversationState, Direction, Role
from hub.staff import accounts, teams

Opening = Callable[..., Awaitable[Page]]


async def _macro(world: Any, steps: Steps, name: str = "Refund", **scope: int) -> int:
    async with world.hub.database.unit() as session:
        by = world.staff[Role.SUPERVISOR]
        wording = Wording(name, steps, **scope)
        return (await macros.create(session, wording, by=by, assigns=True, now=clock.now())).id


async def _canned(world: Any, text: str, team: int | None = None) -> int:
    async with world.hub.database.unit() as session:
        wording = canned.Wording("refund", "", text, team)
        return (await canned.create(session, wording, by=world.staff[Role.ADMIN], now=clock.now())).id


async def _line(world: Any, talk: Any) -> inbox.Line:
    async with world.hub.database.unit() as session:
        return await inbox.conversation(session, talk)


async def _said(world: Any, talk: Any) -> int:
    async with world.hub.database.unit() as session:
        rows = select(func.count()).where(col(Interaction.conversation_id) == talk)
        return int((await session.exec(rows)).one())


async def test_all_steps_are_done_and_the_log_names_the_macro(world: Any, signed_in: Any) -> None:
    answer = await _canned(world, "Dear {{ customer.first_name or 'customer' }}, it is on its way.")
    steps = Steps(answer, "Paid to {{ customer.name }}", ("refund",), (), "me", "Look at it", 3, "snoozed", 24)
    number, talk = await _macro(world, steps), world.conversations["stranger"]
    desk, token = await signed_in(Role.AGENT), uuid4()
    path = f"/conversations/{talk}/macros/{number}"
    for _ in range(2):  # a double click is one run
        assert (await desk.send(path, form_token=token)).status_code == 303
    line = await _line(world, talk)
    assert (line.state, line.assignee_id, line.labels) == (
        *(ConversationState.SNOOZED, world.staff[Role.AGENT]),
        ("refund",),
    )
    seen = await desk.see(f"/inbox/all/{talk}")
    assert [one.text for one in seen.select(".bubble:not(.in) .text")] == [
        *("Dear customer, it is on its way.", "Macro: Refund", "Paid to +48601999888")
    ]
    async with world.hub.database.unit() as session:
        (task,) = [one for one in await tasks.listing(session) if one.conversation_id == talk]
    assert (task.title, task.assignee_id) == ("Look at it", world.staff[Role.AGENT])


async def test_its_answer_is_taken_back_and_the_conversation_is_as_it_was(world: Any, signed_in: Any) -> None:
    number = await _macro(world, Steps(await _canned(world, "Done."), assign="me", state="resolved"))
    desk, talk = await signed_in(Role.AGENT), world.conversations["stranger"]
    await desk.send(f"/conversations/{talk}/macros/{number}")
    assert (await _line(world, talk)).state is ConversationState.RESOLVED
    undo = (await desk.see(f"/inbox/all/{talk}")).select_one("form[action$=take-back]")["action"]
    assert (await desk.send(undo)).status_code == 303
    after = await _line(world, talk)
    assert (after.state, after.assignee_id) == (ConversationState.OPEN, None)


async def test_when_one_step_cannot_be_done_none_is(world: Any, signed_in: Any) -> None:
    talk, leaver = world.conversations["invoice"], world.staff[Role.MARKETER]
    number = await _macro(world, Steps(await _canned(world, "Hello"), "A note", ("x",), assign=f"staff-{leaver}"))
    async with world.hub.database.unit() as session:
        await accounts.deactivate(session, leaver, now=clock.now())
    before, said = await _line(world, talk), await _said(world, talk)
    desk = await signed_in(Role.AGENT)
    refused = await desk.send(f"/conversations/{talk}/macros/{number}")
    assert "has%20no%20account" in refused.headers["set-cookie"]
    assert (await _line(world, talk), await _said(world, talk)) == (before, said)


async def test_a_draft_of_ones_own_stays_where_it_lies(world: Any, signed_in: Any) -> None:
    number, talk = await _macro(world, Steps(await _canned(world, "Hello"))), world.conversations["stranger"]
    desk = await signed_in(Role.AGENT)
    draft = {"kind": "sms", "text": "Half a word", "form_token": uuid4(), "choice": "draft"}
    await desk.send(f"/conversations/{talk}/reply", **draft)
    await desk.send(f"/conversations/{talk}/macros/{number}")
    assert (await desk.see(f"/inbox/all/{talk}")).select_one(".composer textarea").text == "Half a word"


async def test_who_may_write_and_run_which_macro(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        own, other = [(await teams.create(session, name, now=clock.now())).id or 0 for name in ("Own", "Other")]
        await teams.set_members(session, own, [world.staff[Role.AGENT]], now=clock.now())
    agent, talk = await signed_in(Role.AGENT), world.conversations["sms"]
    fields = {"name": "Mine", "state": "pending"}
    tries = {
        scope: (await agent.send("/macros", scope=scope, **fields)).status_code
        for scope in ("own", str(own), str(other), "everybody")
    }
    assert tries == {"own": 303, str(own): 303, str(other): 403, "everybody": 403}
    theirs = await _macro(world, Steps(state="pending"), staff_id=world.staff[Role.SUPERVISOR])
    assert (await agent.send(f"/conversations/{talk}/macros/{theirs}")).status_code == 404
    assert (await agent.send(f"/macros/{theirs}/delete")).status_code == 403
    gives = await agent.send("/macros", name="Gives", scope="own", assign=f"staff-{world.staff[Role.ADMIN]}")
    assert (gives.status_code, "not give them to others" in gives.text) == (422, True)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "", "state": "open"}, "needs a name"),
        ({"name": "x"}, "does nothing"),
        ({"name": "x", "state": "snoozed"}, "how many hours"),
        ({"name": "x", "note": "{{ custmer.name }}"}, "custmer"),
        ({"name": "x", "answer": "99"}, "not there any more"),
        ({"name": "x", "assign": "team-99"}, "there no more"),
        ({"name": "x", "add": "y" * 61}, "longer than 60"),
    ],
)
async def test_what_cannot_be_kept_comes_back_with_the_reason(
    fields: dict[str, str], why: str, world: Any, signed_in: Any
) -> None:
    answer = await (await signed_in(Role.SUPERVISOR)).send("/macros", scope="everybody", **fields)
    assert (answer.status_code, why in answer.text) == (422, True)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_m_and_a_few_letters_run_a_macro(
    width: int, dark: bool, world: Any, opening: Opening, complaints: list[str]
) -> None:
    await _macro(world, Steps(note="Paid back", add=("refund",), state="resolved"))
    page = await opening("/macros", Role.SUPERVISOR, width=width, dark=dark)
    await page.click("section[id^=macro-] summary")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    talk = world.conversations["stranger"]
    page = await opening(f"/inbox/all/{talk}", width=width, dark=dark)
    await page.keyboard.press("m")
    await expect(page.locator("#palette [role=option]")).to_have_count(1)
    await page.keyboard.type("ref")
    await expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Refund")
    await page.keyboard.press("Enter")
    await expect(page.locator("#notice")).to_contain_text("Done: Refund")
    await expect(page.locator(".bubble.note .text").last).to_have_text("Paid back")
    assert complaints == []
    async with world.hub.database.unit() as session:
        rows = select(Interaction.body_text).where(
            col(Interaction.conversation_id) == talk, col(Interaction.direction) == Direction.NOTE
        )
        assert (await session.exec(rows.order_by(col(Interaction.id)))).all() == ["Macro: Refund", "Paid back"]


async def test_two_macros_of_one_name_for_the_same_people_are_refused_in_words(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    first = {"name": "Settle it", "scope": "everybody", "state": "resolved"}
    made = await desk.send("/macros", **first)
    assert made.status_code == 303
    for again in (first, first | {"name": " settle  IT "}):
        refused = await desk.send("/macros", **again)
        assert (refused.status_code, "already. Give this one another name" in refused.text) == (422, True)
    long = await desk.send("/macros", **first | {"name": "m" * 61})
    assert (long.status_code, "longer than 60 letters" in long.text) == (422, True)
    assert (await desk.send("/macros", **first | {"scope": "own"})).status_code == 303
    number = made.headers["location"].rpartition("-")[2]
    assert (await desk.send(f"/macros/{number}", **first | {"state": "open"})).status_code == 303
