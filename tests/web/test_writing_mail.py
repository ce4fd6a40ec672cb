"""What the composer offers for a mail, teams and one's own account, as a browser without scripts shows them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from sqlmodel import col, select

from channels.message import Kind
from hub import clock
from hub.conversations import canned, signatures
from hub.customers import consent, directory
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
        question.reply_to = "office@nowak.example"
        question.copied = ["ben@nowak.example", "office@nowak.example", "eva@nowak.example", "no-reply@x.example"]
    desk = await signed_in(Role.AGENT)
    form = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one("form.composer")
    assert [option["value"] for option in form.select("[name=recipient] option")] == [
        "office@nowak.example",
        "ana@nowak.example",
    ]
    assert "asked for answers here" in form.select_one("[name=recipient] option").text
    assert form.select_one("details.copies[open] [name=cc]")["value"] == "ben@nowak.example, eva@nowak.example"
    assert form.select_one("[name=bcc]")["value"] == ""
    assert "no-reply@x.example" in form.select_one(".copied").text
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


async def test_several_get_an_answer_and_the_thread_says_who(world: Any, signed_in: Any) -> None:
    desk, here = await signed_in(Role.AGENT), world.conversations["invoice"]
    fields = {"kind": "email", "text": "It is put right.", "recipient": "ana@nowak.example", "form_token": uuid4()}
    copies = {"cc": "Ben <ben@x.example>, ana@nowak.example; dead@x.example", "bcc": "eva@x.example"}
    async with world.hub.database.unit() as session:
        await consent.suppress(
            session, Kind.EMAIL, "dead@x.example", purpose=None, reason="asked", source="test", now=clock.now()
        )
    answer = await desk.send(f"/conversations/{here}/reply", **fields, **copies)
    assert answer.status_code == 303
    seen = await desk.see(f"/inbox/all/{here}")
    bubble = seen.select_one(".bubble.out")
    foot = [" ".join(one.text.split()) for one in bubble.select("footer > span")]
    assert foot[1:] == ["to ana@nowak.example", "copy to ben@x.example", "blind copy to eva@x.example"]
    assert "No copy to dead@x.example: Nobody may write to this address." in bubble.select_one(".why").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ben@x.example, nobody", "“nobody” is not a mail address"),
        ("<script>x</script>@x.example", "cannot stand before the @"),
        ("ben@x.example\r\nBcc: victim@x.test", "cannot stand before the @"),
        (", ".join(f"p{n}@x.example" for n in range(21)), "at most 20 people"),
    ],
)
async def test_what_cannot_be_written_to_comes_back_with_all_that_was_typed(
    world: Any, signed_in: Any, typed: str, said: str
) -> None:
    desk = await signed_in(Role.AGENT)
    for path in (
        f"/conversations/{world.conversations['invoice']}/reply",
        f"/customers/{world.customers['ana']}/write",
    ):
        fields = {"kind": "email", "text": "Half a day's work", "cc": typed, "bcc": "eva@x", "form_token": uuid4()}
        answer = await desk.send(path, **fields)
        assert (answer.status_code, await _sent(world)) == (422, [])
        form = BeautifulSoup(answer.text, "html.parser").select_one("form.composer")
        assert form is not None
        assert said in form.select_one("[role=alert]").text  # type: ignore[union-attr]
        again = [str(form.select_one(f"[name={name}]")["value"]) for name in ("cc", "bcc")]  # type: ignore[index]
        assert [one.split() for one in again] == [typed.split(), ["eva@x"]]
        assert form.select_one("textarea[name=text]").text == "Half a day's work"  # type: ignore[union-attr]


async def test_too_many_letters_are_refused_and_not_cut(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    fields = {"kind": "email", "text": "Hi", "cc": "x" * 8001, "form_token": uuid4()}
    answer = await desk.send(f"/conversations/{world.conversations['invoice']}/reply", **fields)
    assert (answer.status_code, await _sent(world)) == (422, [])
    assert "Write at most 8000" in answer.text


async def test_a_draft_keeps_who_was_taken_out_and_who_was_typed(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        question = await session.exec(select(Interaction).where(col(Interaction.message_id) == "<a1@nowak.example>"))
        question.one().copied = ["ben@nowak.example"]
    desk, here = await signed_in(Role.AGENT), world.conversations["invoice"]
    fields = {"kind": "email", "text": "Hi", "choice": "draft", "form_token": uuid4(), "cc": "", "bcc": "half typ"}
    assert (await desk.send(f"/conversations/{here}/reply", **fields)).status_code == 303
    form = (await desk.see(f"/inbox/all/{here}")).select_one("form.composer")
    assert [form.select_one(f"[name={name}]")["value"] for name in ("cc", "bcc")] == ["", "half typ"]


async def test_whoever_got_a_copy_finds_it_in_their_timeline(world: Any, signed_in: Any) -> None:
    desk, here = await signed_in(Role.AGENT), world.conversations["invoice"]
    async with world.hub.database.unit() as session:
        new = directory.NewCustomer("Ben", emails=("ben@x.example",))
        ben = (await directory.create(session, new, now=clock.now())).id
    fields = {"kind": "email", "text": "For both of you.", "form_token": uuid4(), "cc": "ben@x.example"}
    assert (await desk.send(f"/conversations/{here}/reply", **fields)).status_code == 303
    bubble = (await desk.see(f"/customers/{ben}")).select_one("#timeline .bubble.out")
    assert "For both of you." in bubble.text
    badge = bubble.select_one("a.badge-quiet")
    assert badge.text.startswith("copy of a mail to Ana")
    assert badge["href"].startswith(f"/inbox/all/{here}#m-")


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
