"""Work in the inbox, as a browser without scripts does it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bs4 import BeautifulSoup
from sqlalchemy import text
from sqlmodel import col, select

from hub import clock
from hub.conversations import inbox, replies
from hub.conversations.replies import Reply
from hub.interactions import history
from hub.models import Audit
from hub.models.vocabulary import Kind, Role, State
from hub.staff import teams


async def test_the_list_shows_who_wrote_what_and_the_views_count(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    seen = await desk.see("/inbox/all")
    assert len(seen.select(".line")) == 4
    assert {view.select_one("span").text: view.select_one(".num").text for view in seen.select(".view")} == {
        "Mine": "1",
        "Unassigned": "3",
        "All open": "4",
        "Mentions": "",
        "Snoozed": "",
        "Late": "",
        "Resolved": "",
        "Save a view": "",
        "mail": "2",
        "sms": "2",
        "voice": "",
    }


async def test_a_reply_goes_out_once_however_often_the_form_is_sent(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    conversation = world.conversations["sms"]
    form = (await desk.see(f"/inbox/all/{conversation}")).select_one("form.composer")
    fields = {"kind": "sms", "text": "Утре в 10.", "form_token": form.select_one("[name=form_token]")["value"]}
    for _ in range(2):
        assert (await desk.send(form["action"], **fields)).status_code == 303
    seen = await desk.see(f"/inbox/all/{conversation}")
    assert [bubble.select_one(".text").text for bubble in seen.select(".bubble.out")] == ["Утре в 10."]
    assert "waiting to leave" in seen.select_one(".bubble.out").text


async def test_an_answer_that_came_meanwhile_is_shown_and_nothing_typed_is_lost(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    conversation = world.conversations["sms"]
    form = (await desk.see(f"/inbox/all/{conversation}")).select_one("form.composer")
    seen = form.select_one("[name=seen]")["value"]
    await _answer(world, "I was first.")
    answer = await desk.send(form["action"], kind="sms", text="Me too.", form_token=uuid4(), seen=seen)
    assert answer.status_code == 422
    assert "I was first." in answer.text
    assert ">Me too.</textarea>" in answer.text


async def _answer(world: Any, text: str) -> None:
    hub = world.hub
    reply = Reply(
        world.conversations["sms"], world.customers["georgi"], Kind.SMS, text, world.staff[Role.AGENT], str(uuid4())
    )
    async with hub.database.unit() as session:
        await replies.answer(session, reply, gate=hub.gate, now=clock.now())


async def test_what_the_gate_holds_back_says_why(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    georgi = world.customers["georgi"]
    await desk.send(f"/customers/{georgi}/flags", flag="do_not_contact", on="1")
    await desk.send(f"/customers/{georgi}/write", kind="sms", text="Hello", form_token=uuid4())
    seen = await desk.see(f"/customers/{georgi}")
    assert "Not sent: The customer does not want to be contacted." in seen.select_one("#notice").text
    bubble = seen.select_one(".bubble.out:has(.why)")
    assert "The customer does not want to be contacted." in bubble.select_one(".why").text
    assert bubble.select(".trace li")


async def test_a_note_that_is_sent_twice_from_one_form_is_one_note_and_other_words_are_another(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    for path in (f"/conversations/{world.conversations['sms']}/reply", f"/customers/{world.customers['ana']}/write"):
        form_token = uuid4()
        sent = [("Careful.", form_token), ("Careful.", form_token), ("Very.", form_token), ("Careful.", uuid4())]
        await asyncio.gather(*(desk.send(path, kind="note", text=said, form_token=of) for said, of in sent))
        async with world.hub.database.unit() as session:
            kept = await session.execute(
                text("select body_text from interaction where body_text in ('Careful.', 'Very.')")
            )
            assert sorted(kept.scalars()) == ["Careful.", "Careful.", "Very."]
            await session.execute(text("delete from interaction where body_text in ('Careful.', 'Very.')"))


async def test_a_private_note_is_a_note_and_never_a_message(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    conversation = world.conversations["sms"]
    await desk.send(f"/conversations/{conversation}/reply", kind="note", text="Careful.", form_token=uuid4())
    async with world.hub.database.unit() as session:
        entries = await history.thread(session, conversation)
    assert [(entry.text, entry.state) for entry in entries][-1] == ("Careful.", State.NOTED)


async def test_resolving_reopening_and_snoozing_move_a_conversation_between_views(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    base = f"/inbox/all/{world.conversations['sms']}"
    found = []
    for step, fields in (("resolve", {}), ("reopen", {}), ("snooze", {"until": "tomorrow"})):
        await desk.send(f"{base}/{step}", **fields)
        seen = await desk.see("/inbox/all")
        wanted = [seen.select_one(f".view[href='/inbox/{name}'] .num") for name in ("all", "snoozed", "resolved")]
        found.append([number.text for number in wanted])
    assert found == [["3", "", "1"], ["4", "", ""], ["3", "1", ""]]


async def test_who_gave_away_settled_and_put_off_a_conversation_stands_in_the_audit_trail(
    world: Any, signed_in: Any
) -> None:
    desk, talk, agent = await signed_in(Role.AGENT), world.conversations["sms"], world.staff[Role.AGENT]
    for step, fields in (
        ("assign", {"assignee": agent}),
        ("assign", {"assignee": ""}),
        ("pending", {}),
        ("resolve", {}),
        ("reopen", {}),
        ("snooze", {"until": "tomorrow"}),
    ):
        assert (await desk.send(f"/inbox/all/{talk}/{step}", **fields)).status_code == 303
    async with world.hub.database.unit() as session:
        told = select(Audit).where(Audit.subject == f"conversation:{talk}", Audit.staff_id == agent)
        rows = (await session.exec(told.order_by(col(Audit.id)))).all()
    states = [("conversation.state", word) for word in ("pending", "resolved", "open", "snoozed")]
    assert [(row.action, row.detail) for row in rows] == [
        ("conversation.assign", f"staff:{agent}"),
        ("conversation.assign", "staff:nobody"),
        *states,
    ]


async def test_a_team_has_a_view_of_its_mailboxes_that_its_people_see(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        for name, channels in (("Support", ["mail"]), ("Sales", [])):
            team = (await teams.create(session, name, now=clock.now())).id or 0
            await teams.set_channels(session, team, channels, now=clock.now())
            if name == "Support":
                support = team
                await teams.set_members(session, team, [world.staff[Role.AGENT]], now=clock.now())
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    seen = await agent.see(f"/inbox/team-{support}")
    assert seen.select_one(".view[aria-current]").text.strip() == "Support2"
    assert [line.select_one(".what").text for line in seen.select(".line")][-1] == "Invoice 118 is wrong"
    assert "Sales" not in seen.select_one("#views").text
    assert "Sales" in (await lead.see("/inbox/all")).select_one("#views").text
    base = f"/inbox/team-{support}/{world.conversations['invoice']}"
    assert (await agent.send(f"{base}/resolve")).headers["location"] == base
    assert "gone" in (await agent.see(f"{base}/line")).select_one(".line")["class"]
    await agent.see("/inbox/team-x", status=404)


async def test_a_conversation_waits_for_the_customer_by_hand_and_stays_in_the_view(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    base = f"/inbox/all/{world.conversations['sms']}"
    await desk.send(f"{base}/pending")
    seen = await desk.see(base)
    assert "waiting for them" in seen.select_one(".thread-head").text
    assert "waiting for them" in seen.select_one(".line[aria-current]").text
    await desk.send(f"{base}/reopen")
    assert "waiting for them" not in (await desk.see(base)).select_one(".thread-head").text


async def test_snoozing_until_a_moment_of_ones_own_is_in_ones_own_zone(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    base = f"/inbox/all/{world.conversations['sms']}"
    year = clock.now().year + 1
    await desk.send(f"{base}/snooze", until="at", at=f"{year}-03-10T13:00")
    assert f"snoozed 10 Mar {year}, 13:00" in (await desk.see(base)).select_one(".thread-head").text
    async with world.hub.database.unit() as session:
        until = (await inbox.conversation(session, world.conversations["sms"])).snoozed_until
    assert until == datetime(year, 3, 10, 12, tzinfo=UTC)


async def test_a_mention_is_found_in_its_view_until_it_is_read(world: Any, signed_in: Any) -> None:
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    conversation = world.conversations["sms"]
    note = {"kind": "note", "text": "@Sofia Lead, may I?", "form_token": uuid4()}
    await agent.send(f"/conversations/{conversation}/reply", **note)
    seen = await lead.see("/inbox/mentions")
    assert (
        seen.select_one(".view[aria-current] .num").text,
        len(seen.select(".line [aria-label='mentions you']")),
    ) == (
        "1",
        1,
    )
    await lead.see(f"/inbox/mentions/{conversation}")
    again = await lead.see("/inbox/mentions")
    assert (again.select_one(".view[aria-current] .num").text, len(again.select(".line"))) == ("", 1)
    picks = await agent.client.get("/mentions/pick?q=so", headers={"HX-Request": "true"})
    assert 'data-text="@Sofia Lead "' in picks.text


async def test_a_view_is_saved_shared_and_deleted(world: Any, signed_in: Any) -> None:
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    wrong = await lead.send("/views", name="SMS", kind="sms", words="kept")
    assert (wrong.status_code, 'value="kept"' in wrong.text) == (422, True)
    made = await lead.send("/views", name="Texts", kind="sms", states=("open", "pending"), share="everybody")
    path = made.headers["location"]
    seen = await agent.see(path)
    assert (seen.select_one(".view[aria-current]").text, len(seen.select(".line"))) == ("Texts", 2)
    base = f"{path}/{world.conversations['sms']}"
    assert (await agent.send(f"{base}/resolve")).headers["location"] == base
    assert "gone" in (await agent.see(f"{base}/line")).select_one(".line")["class"]
    number = path.removeprefix("/inbox/saved-")
    assert (await agent.send(f"/views/{number}/delete")).status_code == 404
    assert (await agent.client.get(f"/views/{number}")).status_code == 403
    form = (await lead.see(f"/views/{number}")).select_one("form:has([name=words])")
    assert [form[name] for name in ("action",)] + [one["value"] for one in form.select("[name=name], [name=kind]")] == [
        *(f"/views/{number}", "sms", "Texts")
    ]
    wished = {"name": "Saturday", "words": "saturday", "states": ("open",), "share": "everybody"}
    assert (await agent.send(f"/views/{number}", **wished)).status_code == 404
    assert (await lead.send(f"/views/{number}", **wished)).status_code == 303
    seen = await agent.see(path)
    assert (seen.select_one(".view[aria-current]").text, len(seen.select(".line"))) == ("Saturday", 1)
    assert (await lead.send(f"/views/{number}/delete")).status_code == 303
    await agent.see(path, status=404)


async def test_each_channel_has_a_view(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    assert {
        line.select_one(".at svg")["aria-label"] for line in (await desk.see("/inbox/channel-sms")).select(".line")
    } == {"SMS"}


async def test_a_snooze_into_the_past_is_refused(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/inbox/all/{world.conversations['sms']}/snooze"
    assert (await desk.send(path, until="2020-01-01T10:00")).status_code == 422


async def test_a_snooze_that_nobody_would_see_again_is_refused_and_so_is_one_without_a_moment(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/inbox/all/{world.conversations['sms']}/snooze"
    slip = await desk.send(path, until="at", at=f"{clock.now().year + 100}-03-10T13:00")
    assert (slip.status_code, "more than two years ahead" in slip.text) == (422, True)
    empty = await desk.send(path, until="at", at="")
    assert (empty.status_code, "It is missing. Fill it in." in empty.text) == (422, True)
    async with world.hub.database.unit() as session:
        assert (await inbox.conversation(session, world.conversations["sms"])).snoozed_until is None


async def test_htmx_gets_the_block_it_will_fill_and_nothing_else(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/inbox/all/{world.conversations['invoice']}"
    for target, first in (("thread", "section"), ("messages", "div"), ("card", "aside"), ("views", "nav")):
        answer = await desk.client.get(path, headers={"HX-Request": "true", "HX-Target": target})
        assert answer.text.strip().startswith(f"<{first}"), target
        assert f'id="{target}"' in answer.text
        assert "<html" not in answer.text


async def test_new_conversations_are_counted_and_those_on_the_screen_are_not(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    lines = [line["data-id"] for line in (await desk.see("/inbox/all")).select(".line")]
    answer = await desk.client.get("/inbox/all", params={"shown": ["-", *lines[2:]]}, headers={"HX-Request": "true"})
    assert "2 new" in answer.text
    answer = await desk.client.get("/inbox/all", params={"shown": ["-", *lines]}, headers={"HX-Request": "true"})
    assert answer.text.strip() == ""


async def test_a_file_goes_out_with_a_mail_and_one_that_is_too_big_is_refused(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/conversations/{world.conversations['invoice']}/reply"
    data = {"csrf": desk.csrf, "kind": "email", "text": "Here it is.", "form_token": str(uuid4()), "subject": "Re: 118"}
    sent = await desk.client.post(path, data=data, files={"files": ("new invoice.pdf", b"%PDF", "application/pdf")})
    assert sent.status_code == 303
    bubble = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one(".bubble.out")
    assert "new invoice.pdf" in bubble.text
    big = {"files": ("big.bin", b"x" * (25 * 1024 * 1024 + 1), "application/octet-stream")}
    refused = await desk.client.post(path, data=data | {"form_token": str(uuid4())}, files=big)
    assert (refused.status_code, "At most ten files, 25 MB together" in refused.text) == (422, True)
    kept = BeautifulSoup(refused.text, "html.parser").select(".composer textarea")
    assert [one.text for one in kept] == ["Here it is."]


async def test_opening_a_conversation_is_written_into_the_audit_trail_and_refreshing_it_is_not(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/inbox/all/{world.conversations['invoice']}"
    await desk.see(path)
    await desk.client.get(path, headers={"HX-Request": "true", "HX-Target": "messages"})
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(Audit).where(Audit.action == "customer.read"))).all()
    assert [(row.staff_id, row.subject) for row in rows] == [
        (world.staff[Role.AGENT], f"customer:{world.customers['ana']}")
    ]


async def test_quoted_text_is_folded_behind_what_is_new(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    bubble = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one(".bubble.in")
    assert "On Monday you wrote" not in bubble.select_one(".text").text
    assert "On Monday you wrote" in bubble.select_one("details .quoted").text


async def test_the_preferred_channel_is_chosen_and_said(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    form = (await desk.see(f"/inbox/all/{world.conversations['invoice']}")).select_one("form.composer")
    assert form.select_one("[name=kind][checked]")["value"] == "sms"
    assert "because the customer prefers it" in form.text


async def test_channels_and_campaigns_that_need_a_person_stand_beside_the_views(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        await session.execute(text("update sender set trouble = 'the password is refused' where channel = 'mail'"))
        await session.execute(text("update campaign set state = 'paused', pause_reason = '3 complained' where id = 1"))
    admin, agent = await signed_in(Role.ADMIN), await signed_in(Role.AGENT)
    shown = {one["href"]: one["title"] for one in (await admin.see("/inbox/all")).select(".view[title]")}
    assert shown == {"/settings#channels": "the password is refused", "/campaigns/1": "3 complained"}
    assert (await agent.see("/inbox/all")).select(".view[title]") == []


async def test_where_nobody_has_written_yet_an_administrator_reads_what_to_begin_with(
    world: Any, signed_in: Any
) -> None:
    admin, agent = await signed_in(Role.ADMIN), await signed_in(Role.AGENT)
    assert (await admin.see("/inbox/all")).select_one(".first-steps") is None
    async with world.hub.database.unit() as session:
        await session.execute(text("truncate conversation cascade"))
    steps = [link["href"] for link in (await admin.see("/inbox/all")).select(".thread .first-steps a")]
    assert (len(steps), (await agent.see("/inbox/all")).select_one(".first-steps")) == (5, None)
    for step in steps:
        assert (await admin.client.get(step)).status_code == 200, step
