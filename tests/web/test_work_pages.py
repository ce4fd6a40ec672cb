"""Who is available, and how a team's work is given out."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from hub import clock
from hub.conversations import handing_over, surveys
from hub.customers import directory
from hub.models import Survey
from hub.models.vocabulary import Assigning, Role, Scale
from hub.staff import accounts, audit, teams
from hub.web.messages.threads import told


async def test_a_team_gives_out_its_conversations_as_its_page_says(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    agent = empty.staff[Role.AGENT]
    async with empty.hub.database.unit() as session:
        team = (await teams.create(session, "Support", now=clock.now())).id
    fields = {"name": "Support", "members": agent, "assigning": "least_busy"}
    assert (await desk.send(f"/teams/{team}", **fields, capacity="5")).status_code == 303
    async with empty.hub.database.unit() as session:
        (kept,) = await teams.listing(session)
    assert (kept.assigning, kept.capacity) == (Assigning.LEAST_BUSY, 5)
    seen = await desk.see("/teams")
    assert "away" in seen.select_one(f"#team-{team} .ticks").text  # nobody has opened a page as Olga
    await (await signed_in(Role.AGENT)).see("/account")
    assert "away" not in (await desk.see("/teams")).select_one(f"#team-{team} .ticks").text
    answer = await desk.send(f"/teams/{team}", **fields, capacity="many")
    assert (answer.status_code, "is not a whole number" in answer.text) == (422, True)


async def test_everybody_says_whether_they_are_away(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/me", away="1", back="/account")
    assert "Away: no new conversations" in (await desk.see("/account")).select_one("nav .me").text
    async with empty.hub.database.unit() as session:
        assert (await accounts.get(session, empty.staff[Role.AGENT])).away
    await desk.send("/me", away="0", back="/account")
    assert "Available for new conversations" in (await desk.see("/account")).select_one("nav .me").text


async def test_asking_for_satisfaction_is_off_until_a_supervisor_switches_it_on(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    seen = await desk.see("/satisfaction")
    assert seen.select_one("input[name=enabled][checked]") is None
    fields = {"enabled": "true", "scale": "nps", "delay_minutes": "5", "again_days": "60", "low_days": "14"}
    assert (await desk.send("/satisfaction", **fields)).status_code == 303
    async with empty.hub.database.unit() as session:
        rule = await surveys.rule(session)
    assert (rule.enabled, rule.scale, rule.delay_minutes, rule.again_days, rule.low_days) == (True, "nps", 5, 60, 14)
    answer = await desk.send("/satisfaction", **fields | {"again_days": "0"})
    assert (answer.status_code, "nobody is asked twice within one day" in answer.text) == (422, True)


async def test_what_a_customer_said_stands_on_the_card_and_among_the_answers(world: Any, signed_in: Any) -> None:
    now, invoice, ana = clock.now(), world.conversations["invoice"], world.customers["ana"]
    async with world.hub.database.unit() as session:
        asked = Survey(conversation_id=invoice, customer_id=ana, scale=Scale.CSAT, asked_at=now, sent=True)
        session.add(asked)
        await session.flush()
        await surveys.answer(session, asked.id or 0, 2, "<script>slow", now=now)
    desk = await signed_in(Role.SUPERVISOR)
    card = (await desk.see(f"/inbox/all/{invoice}")).select_one("#card").text
    assert "2 of 5" in card
    assert "no offers until" in card
    page = await desk.see("/satisfaction")
    assert "<script>slow" in page.text
    assert "0 % satisfied" in page.text


async def test_everything_of_one_persons_goes_to_another_and_stands_in_the_audit_trail(
    world: Any, signed_in: Any
) -> None:
    agent, lead, ana = world.staff[Role.AGENT], world.staff[Role.SUPERVISOR], world.customers["ana"]
    desk = await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        await directory.change(session, ana, {"owner_id": agent}, now=clock.now())
        before = (await handing_over.loads(session, now=clock.now()))[agent]
    assert (before.customers, before.conversations, before.tasks) == (1, 1, 1)
    await desk.see("/hand-over")
    assert (await desk.send("/hand-over", giver=agent, receiver=lead)).status_code == 303
    async with world.hub.database.unit() as session:
        after = await handing_over.loads(session, now=clock.now())
        (entry,) = [one for one in await audit.latest(session) if one.action == "staff.hand_over"]
        note = [one for one in await told(session, world.conversations["invoice"]) if one.entry.kind is None]
    assert (after.get(agent, handing_over.NOTHING), after[lead]) == (handing_over.NOTHING, before)
    assert (entry.staff_id, entry.subject) == (lead, f"staff:{agent}")
    assert [one.entry.staff_id for one in note] == [agent]  # what was written stays under whoever wrote it


async def test_whoever_is_switched_off_leads_to_the_hand_over_of_what_is_still_theirs(
    world: Any, signed_in: Any
) -> None:
    agent, marketer = world.staff[Role.AGENT], world.staff[Role.MARKETER]
    desk = await signed_in(Role.ADMIN)
    gone = await desk.send(f"/settings/people/{agent}", active="0")
    assert gone.headers["location"] == f"/hand-over?giver={agent}"
    page = await desk.see(gone.headers["location"])
    assert page.select_one("#giver option[selected]")["value"] == str(agent)
    assert "What is still theirs waits for somebody" in page.text
    assert "(switched off)" in page.select_one("#giver option[selected]").text
    wrong = await desk.send("/hand-over", giver=agent, receiver=marketer)
    assert f'<option value="{agent}" selected>' in wrong.text, "what was chosen stays"
    idle = await desk.send(f"/settings/people/{marketer}", active="0")
    assert idle.headers["location"] == "/settings#people", "nothing is theirs"


async def test_nothing_is_handed_to_oneself_or_to_who_answers_nobody(world: Any, signed_in: Any) -> None:
    agent, marketer = world.staff[Role.AGENT], world.staff[Role.MARKETER]
    desk = await signed_in(Role.SUPERVISOR)
    for receiver in (agent, marketer, 4711):
        assert (await desk.send("/hand-over", giver=agent, receiver=receiver)).status_code == 422
    async with world.hub.database.unit() as session:
        assert (await handing_over.loads(session, now=clock.now()))[agent].conversations == 1


@pytest.mark.browser
async def test_a_role_that_is_looked_through_by_keyboard_is_given_to_nobody(world: Any, opening: Any) -> None:
    page = await opening("/settings", Role.ADMIN)
    row = page.locator("#people tr").filter(has=page.get_by_text("agent@meadow.example"))
    choice = row.locator("select[name=role]")
    before = await choice.input_value()
    await choice.select_option("admin")
    await expect(choice).to_have_value("admin")
    await page.reload()
    await expect(choice).to_have_value(before)
    await choice.select_option("supervisor")
    await row.get_by_role("button", name="Save the role of").click()
    await expect(page.get_by_text("Saved.").first).to_be_visible()
    await expect(choice).to_have_value("supervisor")
