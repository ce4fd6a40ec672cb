"""What the composer offers for a mail, teams and one's own account, as a browser without scripts shows them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from hub import clock
from hub.conversations import canned, signatures
from hub.models import AttachmentRow, Interaction, Staff
from hub.models.vocabulary import Direction, Role
from hub.staff import passwords, teams
from tests.web.conftest import PASSWORD


@pytest.fixture
async def support(world: Any) -> int:
    """A team with the agent, the mailbox and a signature."""
    async with world.hub.database.unit() as session:
        team = (await teams.create(session, "Support", now=clock.now())).id or 0
        await teams.set_members(session, team, [world.staff[Role.AGENT]], now=clock.now())
        await teams.set_channels(session, team, ["mail"], now=clock.now())
        words = "{{ name }} <b>\n{{ company }}"
        await signatures.save_of_team(session, team, words, now=clock.now(), by=world.staff[Role.ADMIN])
    return team


async def _sent(world: Any) -> list[Interaction]:
    query = select(Interaction).where(col(Interaction.direction) == Direction.OUT, col(Interaction.origin) == "agent")
    async with world.hub.database.unit() as session:
        return list(await session.exec(query.order_by(col(Interaction.id))))


async def test_the_composer_shows_to_whom_a_mail_goes_and_what_will_stand_below_it(
    world: Any, signed_in: Any, support: int
) -> None:
    async with world.hub.database.unit() as session:
        query = select(Interaction).where(col(Interaction.message_id) == "<a1@nowak.example>")
        question = (await session.exec(query)).one()
        question.reply_to, question.copied = "office@nowak.example", ["ben@nowak.example"]
    desk = await signed_in(Role.AGENT)
    form = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one("form.composer")
    assert [option["value"] for option in form.select("[name=recipient] option")] == [
        "office@nowak.example",
        "ana@nowak.example",
    ]
    assert "asked for answers here" in form.select_one("[name=recipient] option").text
    assert "ben@nowak.example" in form.select_one(".copied").text
    assert form.select_one("[name=mailbox]") is None
    assert form.select_one(".below .quoted").text == "Olga Agent <b>Meadow & Sons"
    assert [box["name"] for box in form.select(".below [checked]")] == ["signed", "quoting"]


async def test_what_is_ticked_goes_out_and_the_desk_shows_the_agents_words_alone(
    world: Any, signed_in: Any, support: int
) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/conversations/{world.conversations['invoice']}/reply"
    fields = {"kind": "email", "text": "It is put right.", "below": "1", "recipient": "ana@nowak.example"}
    for more in ({"signed": "1", "quoting": "1"}, {"signed": "1"}, {}):
        assert (await desk.send(path, **fields, **more, form_token=uuid4())).status_code == 303
    both, signed, neither = await _sent(world)
    assert both.closing.startswith("\n\n-- \nOlga Agent <b>\nMeadow & Sons\n\nW dniu ")
    assert (signed.closing, neither.closing) == ("\n\n-- \nOlga Agent <b>\nMeadow & Sons", "")
    seen = await desk.see(f"/inbox/all/{world.conversations['invoice']}")
    assert [one.text for one in seen.select(".bubble.out .text")] == ["It is put right."] * 3
    assert [one.text for one in seen.select(".bubble.out .quoted")][1:] == ["-- Olga Agent <b>Meadow & Sons"]


async def test_a_mailbox_that_is_not_ones_own_is_refused_and_nothing_typed_is_lost(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    for path in (
        f"/conversations/{world.conversations['invoice']}/reply",
        f"/customers/{world.customers['ana']}/write",
    ):
        fields = {"kind": "email", "text": "Half a day's work", "mailbox": "boss", "form_token": uuid4()}
        answer = await desk.send(path, **fields)
        assert (answer.status_code, await _sent(world)) == (422, [])
        assert ">Half a day&#39;s work</textarea>" in answer.text
        assert "do not leave by" in answer.text


async def test_a_picture_that_the_text_names_is_sent_inline_without_scripts_too(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    data = {"csrf": desk.csrf, "kind": "email", "text": "See [image: plan.png]", "form_token": str(uuid4())}
    files = [("files", ("plan.png", b"\x89PNG", "image/png")), ("files", ("bill.pdf", b"%PDF", "application/pdf"))]
    path = f"/conversations/{world.conversations['invoice']}/reply"
    assert (await desk.client.post(path, data=data, files=files)).status_code == 303
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(AttachmentRow).order_by(col(AttachmentRow.name).desc()))).all()
    assert [(row.name, row.inline) for row in rows[:1]] == [("plan.png", True)]
    bubble = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one(".bubble.out")
    assert {name for name in ("plan.png", "bill.pdf") if name in bubble.select_one(".files").text} == {
        "plan.png",
        "bill.pdf",
    }


# ---- teams -----------------------------------------------------------------------------------


async def test_a_lead_makes_a_team_and_gives_it_people_a_mailbox_and_a_signature(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    assert (await desk.send("/teams", name="Support")).status_code == 303
    form = (await desk.see("/teams")).select_one("form:has([name=members])")
    fields = {"name": "Help", "members": (str(world.staff[Role.AGENT]),), "channels": ("mail", "nonsense")}
    assert (await desk.send(form["action"], **fields, signature="{{ team }}")).status_code == 303
    async with world.hub.database.unit() as session:
        (team,) = await teams.listing(session)
        words = canned.Wording("its-own", "", "x", team.id)
        await canned.create(session, words, by=world.staff[Role.ADMIN], now=clock.now())
    people = frozenset({world.staff[Role.AGENT]})
    assert team == teams.Group(team.id, "Help", "{{ team }}", people, ("mail",))
    asked = await desk.send(f"/teams/{team.id}/delete")
    assert (asked.status_code, "/its-own" in asked.text) == (200, True)
    assert (await desk.send(f"/teams/{team.id}/delete", confirmed="1")).status_code == 303
    assert "No team yet" in (await desk.see("/teams")).text


async def test_a_signature_with_a_mistake_comes_back_with_the_reason_and_changes_nothing(
    world: Any, signed_in: Any, support: int
) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.send(f"/teams/{support}", name="Other", signature="Hi {{ nmae }}")
    assert answer.status_code == 422
    assert "“nmae” is not known. Did you mean “name”?" in answer.text
    assert ">Hi {{ nmae }}</textarea>" in answer.text
    async with world.hub.database.unit() as session:
        (team,) = await teams.listing(session)
    assert (team.name, len(team.members)) == ("Support", 1)


async def test_an_agent_does_not_arrange_teams(world: Any, signed_in: Any, support: int) -> None:
    desk = await signed_in(Role.AGENT)
    assert (await desk.send("/teams", name="Mine")).status_code == 403
    assert (await desk.send(f"/teams/{support}", name="Mine")).status_code == 403
    assert (await desk.send(f"/teams/{support}/delete")).status_code == 403


# ---- one's own account -------------------------------------------------------------------------


async def test_everybody_writes_their_own_signature(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert (await desk.send("/account/signature", signature="Olga, {{ company }}\n")).status_code == 303
    assert (await desk.see("/account")).select_one("#my-signature").text == "Olga, {{ company }}"
    assert (await desk.send("/account/signature", signature="{% set x = 1 %}")).status_code == 422
    form = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one("form.composer")
    assert form.select_one(".below .quoted").text == "Olga, Meadow & Sons"


async def test_ones_password_is_changed_by_who_knows_it_and_other_browsers_are_signed_out(
    world: Any, signed_in: Any
) -> None:
    desk, elsewhere = await signed_in(Role.AGENT), await signed_in(Role.AGENT)
    new = "a much better one 77"
    wrong = await desk.send("/account/password", current="nonsense", fresh=new, again=new)
    assert (wrong.status_code, "current password is not right" in wrong.text) == (422, True)
    other = await desk.send("/account/password", current=PASSWORD, fresh=new, again=f"{new}!")
    assert (other.status_code, "not the same" in other.text) == (422, True)
    weak = await desk.send("/account/password", current=PASSWORD, fresh="short", again="short")
    assert (weak.status_code, "too short" in weak.text) == (422, True)
    assert (await desk.send("/account/password", current=PASSWORD, fresh=new, again=new)).status_code == 303
    await desk.see("/account")
    assert (await elsewhere.client.get("/account")).headers["location"].startswith("/sign-in")
    async with world.hub.database.unit() as session:
        staff = await session.get(Staff, world.staff[Role.AGENT])
        assert staff is not None
    assert await passwords.holds(staff.password_hash, new)


async def test_guessing_the_current_password_costs_time(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    tries = [await desk.send("/account/password", current="x", fresh=PASSWORD, again=PASSWORD) for _ in range(6)]
    assert "Too many failed tries" in tries[-1].text
    assert "Too many failed tries" not in tries[0].text
