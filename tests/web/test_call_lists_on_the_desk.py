"""Call lists on the desk: made by a marketer, worked through by agents, seen in numbers."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup
from playwright.async_api import Route, expect
from sqlmodel import select

from hub import clock, live
from hub.call_lists import results
from hub.conversations import call_outcomes
from hub.customers import consent, directory
from hub.models import CallListPerson, Interaction
from hub.models.vocabulary import CallResult, CallTurn, Kind, Role
from hub.outbound import templates
from hub.segments import lists
from hub.staff import accounts, teams

SCRIPT = "Good day, {{ customer.given_name }}!\nThis is {{ company }} <b>."
FORM = {"name": "Spring calls", "template": "spring-call", "purpose": "reminders", "again_hours": "24", "attempts": "3"}


@pytest.fixture
async def form(world: Any) -> dict[str, object]:
    """As a marketer fills it in: Ana and Georgi, at any hour of theirs."""
    async with world.hub.database.unit() as session:
        now = clock.now()
        await templates.save(session, "spring-call", {"en": {"voice": SCRIPT}}, now=now)
        await lists.add(session, world.list, [world.customers["georgi"]], staff_id=None, now=now)
        for key in ("ana", "georgi"):
            customer = await directory.get(session, world.customers[key])
            customer.quiet_from = customer.quiet_until = time(0)
    return {**FORM, "whom": f"segment:{world.list}", "held_minutes": "30"}


async def _rows(world: Any, made: str) -> list[CallListPerson]:
    async with world.hub.database.unit() as session:
        query = select(CallListPerson).where(CallListPerson.call_list_id == int(made.rpartition("/")[2]))
        return list(await session.exec(query.order_by(CallListPerson.id)))  # type: ignore[arg-type]


async def test_a_marketer_makes_one_and_what_is_wrong_comes_back_as_it_was_typed(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    desk = await signed_in(Role.MARKETER)
    for wrong, told in (
        ({"attempts": "many"}, "“many” is not a whole number"),
        ({"hours_from": "09:00"}, "Write both hours, or none."),
        ({"template": "campaign-spring"}, "has no words for calls"),
        ({"whom": "everybody"}, "Choose who is called."),
        ({"purpose": "fun"}, "Say why we call."),
    ):
        answer = await desk.send("/call-lists/new", **form | wrong)
        assert (answer.status_code, told in answer.text, 'value="Spring calls"' in answer.text) == (422, True, True)
    made = (await desk.send("/call-lists/new", **form)).headers["location"]
    assert [row.customer_id for row in await _rows(world, made)] == [world.customers["ana"], world.customers["georgi"]]
    seen = await desk.see(f"{made}?shown=never_called")
    assert [one.text for one in seen.select("#listed tbody a")] == ["Ana Nowak", "Георги Петров"]
    for act, state in (("pause", "paused"), ("resume", "being called"), ("close", "closed")):
        await desk.send(f"{made}/state", to=act)
        assert state in (await desk.see(made)).select_one(".page-head .state").text
    assert "is%20closed" in str((await desk.send(f"{made}/state", to="resume")).headers["set-cookie"])


async def test_from_a_campaign_those_by_telephone_are_offered(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see(f"/call-lists/new?campaign={world.campaigns['draft']}")
    assert seen.select_one("#whom option[selected]").text == "Autumn offer"
    assert seen.select_one("[name=by_telephone]").has_attr("checked")


async def test_an_agent_works_through_it_and_each_call_stands_in_the_log(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    desk = await signed_in(Role.AGENT)
    assert (await desk.send(f"{made}/next")).headers["location"] == f"{made}/work"
    seen = await desk.see(f"{made}/work")
    assert seen.select_one(".said-aloud").text == "Good day, Ana!\nThis is Meadow & Sons <b>."
    assert seen.select_one('a[href="tel:+48601123456"]') is not None
    ana, georgi = await _rows(world, made)
    path = f"{made}/people/{ana.id}/outcome"
    empty = await desk.send(path, note="typed")
    assert (empty.status_code, "choose an outcome" in empty.text, ">typed</textarea>" in empty.text) == (
        422,
        True,
        True,
    )
    assert (await desk.send(path, result="call_back", call_back="")).status_code == 422
    told = await desk.send(path, result="reached", disposition="1", note="Comes on Monday", minutes="4", then="next")
    assert told.headers["location"] == f"{made}/work"
    assert (await _rows(world, made))[1].turn is CallTurn.HELD
    twice = await desk.send(path, result="no_calls")
    assert "any more" in str(twice.headers["set-cookie"]).replace("%20", " ")
    await desk.send(f"{made}/people/{georgi.id}/outcome", result="not_reached", then="stop")
    ana, georgi = await _rows(world, made)
    assert (ana.turn, ana.result, ana.outcome) == (CallTurn.DONE, CallResult.REACHED, "Settled")
    assert (georgi.turn, georgi.due_at - clock.now() > timedelta(hours=23)) == (CallTurn.WAITING, True)
    async with world.hub.database.unit() as session:
        said = await session.get(Interaction, ana.interaction_id)
    assert (said.body_text, said.call["outcome"], said.call["seconds"]) == ("Comes on Monday", "Settled", 240)
    page = await desk.see(f"/customers/{world.customers['ana']}")
    assert "Comes on Monday" in page.text


async def test_nobody_says_what_came_of_a_person_whom_a_colleague_has(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    await agent.send(f"{made}/next")
    ana = (await _rows(world, made))[0]
    await lead.send(f"{made}/people/{ana.id}/outcome", result="no_calls")
    await lead.send(f"{made}/people/{ana.id}/release")
    assert (await _rows(world, made))[0].staff_id == world.staff[Role.AGENT]
    await lead.send(f"{made}/next")
    assert [row.staff_id for row in await _rows(world, made)] == [world.staff[Role.AGENT], world.staff[Role.SUPERVISOR]]
    await agent.send(f"{made}/people/{ana.id}/release")
    assert (await _rows(world, made))[0].turn is CallTurn.WAITING


async def test_the_gate_s_no_at_the_moment_of_the_call_leaves_them_out(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    desk = await signed_in(Role.AGENT)
    await desk.send(f"{made}/next")
    ana = (await _rows(world, made))[0]
    async with world.hub.database.unit() as session:
        (await directory.get(session, ana.customer_id)).do_not_contact = True
    await desk.send(f"{made}/people/{ana.id}/call", number="+48601123456")
    ana = (await _rows(world, made))[0]
    assert (ana.turn, ana.reason) == (CallTurn.LEFT_OUT, "do_not_contact")


async def test_what_came_of_a_call_is_never_translated_by_chance(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    """“Open” is a word of the desk; as the name of an outcome it is the company's own."""
    lead = await signed_in(Role.SUPERVISOR)
    made = (await lead.send("/call-lists/new", **form)).headers["location"]
    async with world.hub.database.unit() as session:
        by, now = world.staff[Role.SUPERVISOR], clock.now()
        opened = await call_outcomes.add(session, "Open", by=by, now=now)
        asked = await call_outcomes.add(session, "Asked", titles={"pl": "Chce ofertę"}, by=by, now=now)
        await accounts.change(session, by, {"language": "pl"}, now=now)
    for person, outcome in zip(await _rows(world, made), (opened, asked), strict=True):
        await lead.send(f"{made}/next")
        await lead.send(f"{made}/people/{person.id}/outcome", result="reached", disposition=outcome.id, minutes="1")
    seen = await lead.see(f"{made}?shown=reached")
    table = seen.select_one("#call-list .halves > div table")
    assert {one.text for one in table.select("td:first-child")} == {"Open", "Chce ofertę"}
    assert {one.text for one in seen.select("#listed td:nth-child(3)")} == {"Open", "Chce ofertę"}
    sheet = (await lead.client.get(f"{made}/people.csv?shown=reached")).text
    assert [word in sheet for word in ("Open", "Chce ofertę", "Otwórz")] == [True, True, False]


async def test_an_agent_sees_no_list_of_another_team(world: Any, signed_in: Any, form: dict[str, object]) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    await lead.send("/teams", name="Callers")
    async with world.hub.database.unit() as session:
        (team,) = await teams.listing(session)
    made = (await lead.send("/call-lists/new", **form | {"team": team.id})).headers["location"]
    desk = await signed_in(Role.AGENT)
    assert (await desk.see("/call-lists")).find("a", href=made) is None
    answers = [(await desk.client.get(f"{made}{end}")).status_code for end in ("", "/work")]
    answers.append((await desk.send(f"{made}/next")).status_code)
    assert answers == [404, 404, 404]
    assert (await lead.see("/call-lists")).find("a", href=made) is not None


async def test_the_sheet_of_a_number_is_safe_to_open(world: Any, signed_in: Any) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        (await directory.get(session, world.customers["ana"])).name = "=cmd"
    told = await lead.client.get(f"/call-lists/{world.call_list}/people.csv?shown=never_called")
    assert told.text.splitlines()[1].startswith("'=cmd,Not called yet,0,")
    assert (await lead.client.get(f"/call-lists/{world.call_list}/people.csv?shown=x")).status_code == 404


@pytest.mark.browser
async def test_an_agent_works_through_three_people_by_keyboard(
    world: Any, signed_in: Any, opening: Any, complaints: list[str], form: dict[str, object]
) -> None:
    async with world.hub.database.unit() as session:
        now = clock.now()
        new = directory.NewCustomer("Vera Third", given_name="Vera", language="en", phones=("+48601777777",))
        vera = (await directory.create(session, new, now=now)).id
        await lists.add(session, world.list, [vera], staff_id=None, now=now)
        vera_s = await directory.get(session, vera)
        vera_s.timezone, vera_s.quiet_from, vera_s.quiet_until = "Europe/Warsaw", time(0), time(0)
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    watching = await opening(made, Role.MARKETER)
    await expect(watching.locator("html[data-live]")).to_have_count(1)
    page = await opening(f"{made}/work", Role.AGENT)
    await page.keyboard.press("n")
    for name, keys in (("Ana Nowak", "1"), ("Георги Петров", "2"), ("Vera Third", "15")):
        await expect(page.get_by_role("heading", name=name)).to_be_visible()
        assert (await Axe().run(page)).response["violations"] == []
        for key in keys:
            await page.keyboard.press(key)
            await expect(page.locator(f'[data-press="{key}"]')).to_be_checked()
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Next")).to_be_visible()
    for part in ("reached", "again", "no_calls"):
        await expect(watching.locator(f"#part-{part} td.num").first).to_have_text("1")
    async with world.hub.database.unit() as session:
        (no, *_rest) = await consent.ledger(session, vera)
        figures = await results.figures(session, int(made.rpartition("/")[2]))
    assert (no.channel, no.granted, figures.parts["everybody"]) == (Kind.VOICE, False, 3)
    assert complaints == []


@pytest.mark.browser
async def test_when_to_call_back_shows_with_the_outcome_that_needs_it(
    world: Any, signed_in: Any, opening: Any, form: dict[str, object]
) -> None:
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    page = await opening(f"{made}/work", Role.AGENT, width=390, dark=True)
    await page.get_by_role("button", name="Next").click()
    when = page.get_by_label("When to call back").first
    await expect(when).to_be_hidden()
    await page.get_by_text("Call back later").click()
    await expect(when).to_be_visible()
    await expect(page.get_by_label("I call them myself")).to_be_checked()
    await expect(page.get_by_label("I call them myself")).to_be_visible()
    await expect(page.get_by_label("Another moment")).to_be_hidden()
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Save and stop").click()
    await expect(page.locator("#part-call_back td.num").first).to_have_text("1")
    ana = (await _rows(world, made))[0]
    assert (ana.for_staff_id, ana.due_at > clock.now()) == (world.staff[Role.AGENT], True)


@pytest.mark.browser
async def test_of_several_that_come_at_once_the_last_shows_too(
    world: Any, signed_in: Any, opening: Any, form: dict[str, object]
) -> None:
    """What was told while the list was on its way had happened after it was written, and was never shown."""
    made = (await (await signed_in(Role.MARKETER)).send("/call-lists/new", **form)).headers["location"]
    page, number = await opening(made, Role.MARKETER), made.rpartition("/")[2]
    await expect(page.locator("html[data-live]")).to_have_count(1)
    hear = "name => document.body.addEventListener(name, () => { document.body.dataset.heard += '|'; })"
    await page.evaluate(hear, f"live:call-list-{number}")
    looks = []

    async def publish() -> None:
        async with world.hub.database.unit() as session:
            await live.publish(session, "call-list", id=number)

    async def look(route: Route) -> None:
        looks.append(route)
        if len(looks) == 1:
            await publish()
            await expect(page.locator("body")).to_have_attribute("data-heard", re.compile(r"\|\|$"))
        await route.continue_()

    await page.route(f"**{made}", look)
    async with page.expect_response(lambda answer: answer.url.endswith(made) and len(looks) > 1):
        await publish()


async def test_a_page_of_people_stays_open_when_the_list_refreshes_itself(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    desk = await signed_in(Role.MARKETER)
    made = (await desk.send("/call-lists/new", **form)).headers["location"]
    first = (await _rows(world, made))[0].id
    page = await desk.see(f"{made}?shown=everybody&after={first}")
    assert page.select_one("#call-list")["hx-get"] == f"{made}?shown=everybody&after={first}"
    campaign = f"/campaigns/{world.campaigns['running']}"
    after = world.customers["ana"]
    shown = await desk.see(f"{campaign}?shown=waiting&after={after}")
    assert shown.select_one("#run")["hx-get"] == f"{campaign}?shown=waiting&after={after}"


async def test_a_note_to_somebody_one_has_no_more_is_shown_and_a_chosen_moment_stays(
    world: Any, signed_in: Any, form: dict[str, object]
) -> None:
    lead, desk = await signed_in(Role.MARKETER), await signed_in(Role.AGENT)
    made = (await lead.send("/call-lists/new", **form)).headers["location"]
    await desk.send(f"{made}/next")
    row = next(one for one in await _rows(world, made) if one.turn is CallTurn.HELD)
    here, said = f"{made}/people/{row.id}", {"result": "call_back", "note": "She is <b>away</b> until Friday"}
    moment = f"{clock.now().year + 1}-03-02T10:00"
    later = {"call_back": "at", "call_back_at": moment, "minutes": "many"}
    again = BeautifulSoup((await desk.send(f"{here}/outcome", **said, **later)).text, "html.parser")
    assert again.select_one("select[name=call_back] option[selected]")["value"] == "at"  # type: ignore[index]
    assert again.select_one("[name=call_back_at]")["value"] == moment  # type: ignore[index]
    await desk.send(f"{here}/release")
    lost = BeautifulSoup((await desk.send(f"{here}/outcome", **said)).text, "html.parser")
    assert "She is <b>away</b> until Friday" in lost.select_one("#unkept").get_text()  # type: ignore[union-attr]
