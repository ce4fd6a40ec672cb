"""Calls at the desk: the card that comes up, taking, noting, wrapping up; what was missed; what is logged by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from channels.message import Address, CallEvent, Direction, Kind, Media, Progress, Recording
from hub import clock
from hub.conversations import call_outcomes, current_calls, tasks
from hub.inbound import receive
from hub.interactions import history
from hub.models import Conversation, HandledCall, Interaction, Staff
from hub.models.vocabulary import Role, State
from hub.staff import accounts
from hub.web import translations

ANA = Address(Kind.VOICE, "+48601123456")
PHONE = "+48601000001"  # Olga's
BAR = {"hx-request": "true", "hx-target": "calls"}


async def told(world: Any, event: CallEvent) -> None:
    async with world.hub.database.unit() as session:
        voice, reception = world.hub.channels["voice"], world.hub.reception
        if event.asks:
            await receive.answer(session, voice, event, reception, now=clock.now())
        else:
            await receive.receive(session, voice, event, reception, now=clock.now())


def event(world: Any, sid: str = "CA1", **more: Any) -> CallEvent:
    return CallEvent(sid, Direction.IN, ANA, world.hub.channels["voice"].address, **more)


async def call_of(world: Any, sid: str = "CA1") -> UUID:
    async with world.hub.database.unit() as session:
        found = await receive.receive(
            session, world.hub.channels["voice"], event(world, sid), world.hub.reception, now=clock.now()
        )
    assert found is not None
    return found


@pytest.fixture
async def taken(world: Any) -> UUID:
    """Ana, who rings in the world already, is talked to by Olga."""
    pressed = event(world, leg_id="CA2", asks=True, step="screened", digits="1", progress=Progress.ANSWERED)
    await told(world, replace(pressed, recipient=Address(Kind.VOICE, PHONE)))
    return await call_of(world)


@pytest.fixture
async def over(world: Any, taken: UUID) -> UUID:
    await told(world, event(world, progress=Progress.DELIVERED, seconds=65))
    return taken


@pytest.fixture
async def missed(world: Any) -> UUID:
    await told(world, event(world, progress=Progress.DELIVERED, seconds=5))
    return await call_of(world)


async def test_a_call_comes_up_as_a_card_for_whom_it_rings_and_for_nobody_else(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    card = (await desk.client.get("/calls/bar", headers=BAR)).text
    assert "Ana Nowak" in card
    assert "+48 601 123 456" in card
    assert "Invoice 118 is wrong" in card
    assert "Take the call" in card
    other = await signed_in(Role.SUPERVISOR)
    assert "Ana Nowak" not in (await other.client.get("/calls/bar", headers=BAR)).text
    assert "Ana Nowak" in (await other.see("/calls/now")).text


async def test_a_page_that_asks_what_came_of_a_call_is_not_asked_twice(world: Any, over: UUID, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    bar = f"/calls/bar?settled_here={over}"
    assert "Wrap up" in (await desk.client.get("/calls/bar", headers=BAR)).text
    assert "Wrap up" not in (await desk.client.get(bar, headers=BAR)).text


async def test_who_talks_notes_as_they_type_and_wraps_up_when_it_is_over(
    world: Any, taken: UUID, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    assert "Wrap up" not in (await desk.client.get("/calls/bar", headers=BAR)).text
    answer = await desk.client.post(
        f"/calls/{taken}/note", data={"csrf": desk.csrf, "note": "40 too much"}, headers={"hx-request": "true"}
    )
    assert answer.status_code == 204
    await told(world, event(world, progress=Progress.DELIVERED, seconds=65))
    seen = await desk.see("/calls/now")
    form = seen.select_one(f'form[action="/calls/{taken}/wrap-up"]')
    assert form is not None
    assert form.select_one("textarea").text == "40 too much"
    assert all(one.has_attr("required") for one in form.select("[name=outcome]"))
    refused = await desk.send(f"/calls/{taken}/wrap-up", note="40 too much")
    assert "choose" in (await desk.see(refused.headers["location"])).select_one("#notice").text
    outcome = form.select_one("[name=outcome]")["value"]
    await desk.send(f"/calls/{taken}/wrap-up", note="40 zł too much", outcome=outcome, resolve="1")
    async with world.hub.database.unit() as session:
        assert await current_calls.busy(session) == frozenset()
        entry = await history.entry(session, taken)
        assert entry.conversation_id is not None
        thread = await history.thread(session, entry.conversation_id)
    assert [one.text for one in thread if one.kind is None] == ["40 zł too much"]
    page = await desk.see(f"/inbox/all/{entry.conversation_id}")
    assert "Settled" in page.select_one(f"#m-{taken}").text
    assert "Reopen" in page.select_one("#thread-head").text


async def test_supervisors_see_whose_calls_are_not_wrapped_up_and_may_do_it_for_them(
    world: Any, over: UUID, signed_in: Any
) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    seen = await lead.see("/calls/now")
    assert "Olga Agent" in seen.select_one("#calls-now").text
    outcome = seen.select_one("[name=outcome]")["value"]
    assert (await lead.send(f"/calls/{over}/wrap-up", outcome=outcome)).status_code == 303
    assert f"/calls/{over}/wrap-up" not in str(await lead.see("/calls/now"))


async def test_a_call_whose_end_nobody_told_is_over_by_a_supervisors_word(
    world: Any, taken: UUID, signed_in: Any
) -> None:
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    path = f"/calls/{taken}/over"
    assert (await agent.see("/calls/now")).select_one(f'form[action="{path}"]') is not None
    assert (await lead.see("/calls/now")).select_one(f'form[action="{path}"]') is not None
    assert (await lead.send(path)).status_code == 303
    seen = await agent.see("/calls/now")
    assert seen.select_one(f'form[action="{path}"]') is None
    outcome = seen.select_one(f'form[action="/calls/{taken}/wrap-up"] [name=outcome]')["value"]
    await agent.send(f"/calls/{taken}/wrap-up", outcome=outcome, note="Done")
    late = {"csrf": agent.csrf, "note": "Do"}
    answer = await agent.client.post(f"/calls/{taken}/note", data=late, headers={"hx-request": "true"})
    assert answer.status_code == 409


async def test_a_colleagues_call_is_neither_noted_nor_wrapped_up_by_another_agent(
    world: Any, over: UUID, signed_in: Any
) -> None:
    async with world.hub.database.unit() as session:
        row = await session.get(HandledCall, over)
        row.staff_id = world.staff[Role.ADMIN]
    desk = await signed_in(Role.AGENT)
    assert (await desk.send(f"/calls/{over}/note", note="x")).status_code == 404
    assert (await desk.send(f"/calls/{over}/wrap-up", outcome="1")).status_code == 404
    assert "Ada Min" not in (await desk.see("/calls/now")).text


async def test_without_a_telephone_nobody_takes_calls_and_one_s_own_number_is_written_down_in_the_account(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.send(f"/calls/{await call_of(world)}/take")
    assert "no telephone number" in (await desk.see(answer.headers["location"])).select_one("#notice").text
    refused = await desk.send("/account/phone", phone="call me")
    assert refused.status_code == 422
    assert 'value="call me"' in refused.text
    own = await desk.send("/account/phone", phone="+48 732 230 002")
    assert own.status_code == 422
    assert "own number" in own.text
    assert (await desk.send("/account/phone", phone="+48 601 000 077")).status_code == 303
    async with world.hub.database.unit() as session:
        assert (await session.get(Staff, world.staff[Role.SUPERVISOR])).phone == "+48601000077"


async def test_a_missed_call_waits_to_be_called_back_and_can_be_marked_as_done(
    world: Any, missed: UUID, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    row = (await desk.see("/calls/missed")).select_one(f"#call-{missed}")
    assert "Call back" in row.text
    number = row.select_one("form.dial [name=number]")["value"]
    answer = await desk.send(f"/customers/{world.customers['ana']}/call", number=number)
    assert answer.status_code == 303
    async with world.hub.database.unit() as session:
        assert await current_calls.busy(session) == {world.staff[Role.AGENT]}
    assert (await desk.see("/calls/missed?q=601+123")).select_one(f"#call-{missed}") is not None
    assert (await desk.see("/calls/missed?q=nobody")).select_one(f"#call-{missed}") is None
    await desk.send(f"/calls/{missed}/done")
    assert (await desk.see("/calls/missed")).select_one(f"#call-{missed}") is None
    assert "marked as done" in (await desk.see("/calls/missed?done=1")).select_one(f"#call-{missed}").text


async def test_a_voicemail_is_played_in_the_list_from_the_hub(world: Any, signed_in: Any) -> None:
    nobody = Address(Kind.VOICE, "")
    left = Recording("RE1", Media("https://api.twilio.com/RE1.wav", "audio/x-wav"), 9)
    await told(world, replace(event(world, step="voicemail", recording=left), sender=nobody, recipient=nobody))
    await told(world, replace(event(world, step="voicemail", transcript="Call me"), sender=nobody, recipient=nobody))
    await told(world, event(world, progress=Progress.DELIVERED))
    desk = await signed_in(Role.AGENT)
    row = (await desk.see("/calls/voicemail")).select_one(".call-line")
    assert "Call me" in row.text
    assert "on its way" in row.text
    assert (await desk.see("/calls/missed")).select_one(".call-line") is None


async def test_whoever_must_not_be_contacted_is_not_called(world: Any, missed: UUID, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana = f"/customers/{world.customers['ana']}"
    await desk.send(f"{ana}/flags", flag="do_not_contact", on="1")
    answer = await desk.send(f"{ana}/call", number=ANA.value)
    assert "does not want to be contacted" in (await desk.see(answer.headers["location"])).select_one("#notice").text
    answer = await desk.send(f"{ana}/call", number="+48601999888")
    assert "no number of this customer" in (await desk.see(answer.headers["location"])).select_one("#notice").text


async def test_a_visit_is_logged_by_hand_and_stands_on_the_timeline(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana = f"/customers/{world.customers['ana']}"
    assert (await desk.see(f"{ana}/log")).select_one("form [name=outcome]") is not None
    fields = {"what": "visit", "way": "in", "minutes": "45", "note": "Looked at the house", "outcome": "1"}
    tomorrow = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    refused = await desk.send(f"{ana}/log", at=tomorrow, **fields)
    assert refused.status_code == 422
    assert "Looked at the house" in refused.text
    assert (await desk.send(f"{ana}/log", **fields)).status_code == 303
    timeline = (await desk.see(ana)).select_one("#timeline").text
    for words in ("Visit", "45:00", "logged by hand", "Looked at the house", "Settled"):
        assert words in timeline, words


async def test_a_call_is_logged_in_its_own_customers_conversation_only(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana, invoice, sms = world.customers["ana"], world.conversations["invoice"], world.conversations["sms"]
    fields = {"what": "call", "way": "out", "minutes": "3", "note": "Told her"}
    for other in (sms, "zzz"):
        assert (await desk.send(f"/customers/{ana}/log", conversation=other, **fields)).status_code == 422
    answer = await desk.send(f"/customers/{ana}/log", conversation=invoice, **fields)
    assert answer.headers["location"] == f"/inbox/all/{invoice}"
    assert "Told her" in (await desk.see(answer.headers["location"])).select_one("#messages").text


async def test_the_outcomes_are_a_supervisors(world: Any, signed_in: Any) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    assert (await lead.send("/outcomes", name="Sold")).status_code == 303
    again = await lead.send("/outcomes", name="sold")
    assert again.status_code == 422
    assert "already" in again.text
    seen = await lead.see("/outcomes")
    path = next(f["action"] for f in seen.select("form") if f.select_one('[name=name][value="Sold"]'))
    assert (await lead.send(f"{path}/move", way="up")).status_code == 303
    assert (await lead.send(path, name="Sold it")).status_code == 303
    agent = await signed_in(Role.AGENT)
    assert "Sold it" not in (await agent.see(f"/customers/{world.customers['ana']}/log")).text


async def test_every_call_of_the_world_is_shown_where_it_stands(world: Any, taken: UUID, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        row = await session.get(Interaction, taken)
    assert row.state is State.TALKING
    bubble = (await desk.see(f"/inbox/all/{row.conversation_id}")).select_one(f"#m-{taken}")
    assert "talking" in bubble.text


async def test_an_empty_form_is_not_logged_and_says_what_is_needed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/customers/{world.customers['ana']}/log"
    for odd, said in (
        ({}, "nothing to log yet"),
        ({"note": "  ", "minutes": "0"}, "nothing to log yet"),
        ({"note": "x", "minutes": "abc"}, "how many minutes it took"),
        ({"note": "x", "minutes": "9" * 30}, "how many minutes it took"),
        ({"note": "x", "at": "0001-01-01T00:00"}, "no day and hour"),
    ):
        answer = await desk.send(path, what="call", way="out", **odd)
        assert (answer.status_code, said in answer.text) == (422, True), odd
    assert 'value="0001-01-01T00:00"' in answer.text


async def test_done_is_taken_back_and_the_call_waits_again(world: Any, missed: UUID, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        where = (await history.entry(session, missed)).conversation_id
        before = (await session.get(Conversation, where)).flag
    await desk.send(f"/calls/{missed}/done")
    seen = await desk.see("/calls/missed")
    undo = seen.select_one("#notice form")
    assert (undo["action"], seen.select_one(f"#call-{missed}")) == (f"/calls/{missed}/undone", None)
    answer = await desk.send(undo["action"], view=undo.select_one("[name=view]")["value"])
    assert answer.headers["location"] == "/calls/missed"
    assert (await desk.see("/calls/missed")).select_one(f"#call-{missed}") is not None
    async with world.hub.database.unit() as session:
        assert (await session.get(Conversation, where)).flag == before != ""
    assert (await desk.send(f"/calls/{world.customers['ana']}/undone")).status_code == 404


async def test_what_was_logged_is_taken_back_by_whoever_logged_it_and_the_missed_call_waits_again(
    world: Any, missed: UUID, signed_in: Any
) -> None:
    desk, other = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    ana = f"/customers/{world.customers['ana']}"
    await desk.send(f"{ana}/log", what="call", way="out", note="Told her by mistake")
    undo = (await desk.see(ana)).select_one("#notice form")["action"]
    assert (await desk.see("/calls/missed")).select_one(f"#call-{missed}") is None
    await other.send(undo)
    assert "Told her by mistake" in (await desk.see(ana)).select_one("#timeline").text
    assert (await desk.send(undo)).headers["location"] == ana
    assert "Told her by mistake" not in (await desk.see(ana)).select_one("#timeline").text
    assert (await desk.see("/calls/missed")).select_one(f"#call-{missed}") is not None
    await desk.send(undo)
    assert "no such entry of yours" in (await desk.see("/inbox/all")).select_one("#notice").text


async def test_a_call_to_be_made_again_is_a_task_of_its_taker_for_the_moment_that_was_chosen(
    world: Any, over: UUID, signed_in: Any
) -> None:
    desk, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    form = (await desk.see("/calls/now")).select_one(f'form[action="/calls/{over}/wrap-up"]')
    again = form.select_one("[data-calls-back]")
    assert "Call back later" in again.parent.text
    assert "Makes a task: Call back Ana Nowak" in form.select_one(".call-back").text
    assert form.select_one("[name=call_back] [selected]")["value"] in ("hour", "tomorrow", "monday")
    path, wanted = f"/calls/{over}/wrap-up", {"outcome": again["value"], "call_back": "at"}
    refused = await desk.send(path, **wanted, call_back_at="2020-01-01T10:00", note="Kept")
    assert (refused.status_code, "has passed. Choose a moment to come" in refused.text) == (422, True)
    year = clock.now().year + 1
    answer = await lead.send(path, **wanted, call_back_at=f"{year}-05-06T10:30")
    assert f"There is a task to call back on 6 May {year}" in (
        (await lead.see(answer.headers["location"])).select_one("#notice").text
    )
    async with world.hub.database.unit() as session:
        entry = await history.entry(session, over)
        (made, _other) = await tasks.listing(session, assignee_id=world.staff[Role.AGENT])  # an undated one stands last
    assert (made.title, made.customer_id, made.conversation_id) == (
        "Call back Ana Nowak",
        world.customers["ana"],
        entry.conversation_id,
    )
    assert made.due_at == datetime(year, 5, 6, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(("outcome", "call_back"), [("Settled", "tomorrow"), ("Call back later", "")])
async def test_without_an_outcome_that_calls_back_or_without_a_moment_there_is_no_task(
    outcome: str, call_back: str, world: Any, over: UUID, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    form = (await desk.see("/calls/now")).select_one(f'form[action="/calls/{over}/wrap-up"]')
    chosen = next(one for one in form.select("[name=outcome]") if outcome in one.parent.text)
    await desk.send(f"/calls/{over}/wrap-up", outcome=chosen["value"], call_back=call_back)
    async with world.hub.database.unit() as session:
        assert [one.title for one in await tasks.listing(session)] == ["Call back about the invoice"]
        assert await current_calls.busy(session) == frozenset()


async def test_the_outcomes_of_a_new_hub_are_in_the_readers_language_and_stay_so_when_they_are_saved(
    world: Any, signed_in: Any
) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.SUPERVISOR], {"language": "pl"}, now=clock.now())
    seen = await lead.see("/outcomes")
    word = translations.catalogue("pl").gettext("Settled")
    form = next(one for one in seen.select("form.grow") if one.select_one("[name=name]")["value"] == word)
    assert "Settled" not in seen.text
    assert (await lead.send(form["action"], name=word, active="1", calls_back="1")).status_code == 303
    refused = await lead.send("/outcomes", name=word)
    assert (refused.status_code, f"„{word}”" in refused.text) == (422, True)
    async with world.hub.database.unit() as session:
        known = {one.name: one.calls_back for one in await call_outcomes.listing(session)}
    assert (known["Settled"], word in known) == (True, False)


async def test_an_outcome_of_the_company_s_own_has_a_name_for_each_reader(world: Any, signed_in: Any) -> None:
    lead, agent = await signed_in(Role.SUPERVISOR), await signed_in(Role.AGENT)
    too_long = await lead.send("/outcomes", name="Open", **{"title.pl": "z" * 61})
    field = BeautifulSoup(too_long.text, "html.parser").select_one("[name='title.pl'][value^=zz]")
    assert (too_long.status_code, field is None) == (422, False)
    await lead.send("/outcomes", name="Open", **{"title.pl": "Chce ofertę"})
    path = f"/customers/{world.customers['ana']}"
    for language, word, other in (("pl", "Chce ofertę", "Open"), ("en", "Open", "Chce ofertę")):
        async with world.hub.database.unit() as session:
            await accounts.change(session, world.staff[Role.AGENT], {"language": language}, now=clock.now())
        offered = {one.text: one["value"] for one in (await agent.see(f"{path}/log")).select("#log-outcome option")}
        assert (word in offered, other in offered) == (True, False)
        await agent.send(f"{path}/log", what="call", way="out", outcome=offered[word], note="Rang")
        assert word in {one.text for one in (await agent.see(path)).select(".bubble .badge-quiet")}


async def test_a_voicemail_becomes_a_task_that_says_who_is_to_be_called(
    world: Any, missed: UUID, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    async with world.hub.database.unit() as session:
        where = (await history.entry(session, missed)).conversation_id
    filled = await desk.see(f"/tasks?conversation={where}")
    assert filled.select_one("#title")["value"] == "Call back Ana Nowak"
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.AGENT], {"language": "pl"}, now=clock.now())
    seen = await desk.see(f"/inbox/all/{where}")
    assert "nieodebrane połączenie" in seen.select_one(".alert.calm").text
    assert "Nieodebrane połączenie" in seen.select_one("#rows").text
