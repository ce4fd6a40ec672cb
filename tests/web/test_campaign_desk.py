"""The campaign desk: the dry run explains, tests are harmless, results add up, life goes its way."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from bs4 import BeautifulSoup
from sqlalchemy import update
from sqlmodel import col, select

from hub import clock
from hub.campaigns import feeding, results
from hub.customers import directory
from hub.interactions import record
from hub.models import Audit, Campaign, Consent, Interaction, Outbox, Reaction
from hub.models.vocabulary import Kind, Origin, Purpose, Role, State, Touch
from hub.staff import throttle
from tests.log_rows import heard, said

TEXTS = {
    "text.en.subject": "Spring, {{ customer.given_name }}",
    "text.en.body": "Dear {{ customer.name }}: {{ unsubscribe_url }}",
    "text.en.html": "<p>Dear {{ customer.name }}</p><p>{{ unsubscribe_url }}</p>",
    "text.en.sms": "Spring — 20 %",
}


async def written(desk: Any, **more: Any) -> str:
    """The path of a new draft to everybody."""
    answer = await desk.send("/campaigns/new", **({"name": "Spring sale", "purpose": "marketing"} | TEXTS | more))
    assert answer.status_code == 303, answer.text[-2000:]
    return str(answer.headers["location"])


def table(page: Any) -> dict[str, int]:
    """The rows of the dry run: what it says, and for how many. At night some of these wait, which is said apart."""
    rows = page.select("#dry-run tbody tr:not(:has(td.inset))")
    return {row.select_one("a").text.strip(): int(row.select_one("td.num").text) for row in rows}


async def test_the_dry_run_says_who_gets_it_how_and_who_does_not_and_why(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    seen = await desk.see(path)
    told = table(seen)
    assert told["by Email"] == 1
    assert told["left out: The customer has not agreed to this."] == 2
    assert sum(told.values()) == 4  # everybody whom the segment means
    for row in seen.select("#dry-run tbody td:not(.inset) > a"):
        listed = await desk.see(row["href"])
        assert len(listed.select(".entry-row")) == told[row.text.strip()]
    left_out = await desk.see(f"{path}/people?reason=opted_out")
    assert "by one-click" in left_out.select_one(".trace").text
    assert left_out.select_one(f"a[href='/customers/{world.customers['georgi']}']") is not None


async def test_a_name_that_is_too_long_is_refused_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send("/campaigns/new", name="s" * 201, purpose="marketing", **TEXTS)
    assert answer.status_code == 422
    assert "The name has 201 characters and takes at most 200. Shorten it" in answer.text
    assert "s" * 201 in answer.text


async def test_the_lists_of_a_dry_run_are_safe_to_open_in_a_spreadsheet(world: Any, signed_in: Any) -> None:
    async with world.hub.database.unit() as session:
        await directory.change(session, world.customers["georgi"], {"name": "=cmd|'/c calc'!A1"}, now=clock.now())
    desk = await signed_in(Role.SUPERVISOR)
    path = await written(desk)
    answer = await desk.client.get(f"{path}/people.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(rows) == 1 + sum(table(await desk.see(path)).values())
    assert [row[0] for row in rows if "calc" in row[0]] == ["'=cmd|'/c calc'!A1"]


async def test_a_preview_shows_each_channel_and_what_makes_an_sms_dear(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    found = await desk.see(f"{path}/preview?q=Nowak")
    link = found.select_one(".chip[href*='customer=']")
    seen = await desk.see(link["href"])
    assert seen.select_one("#said-email strong").text == "Spring, Ana"
    assert "their language has no text" in seen.select_one("#said-email header").text
    assert "1 segment · UCS-2" in seen.select_one("#said-sms").text
    assert "—" in seen.select_one("#said-sms .small .warn").text
    frame = await desk.client.get(seen.select_one("#said-email iframe")["src"])
    assert "Dear Ana Nowak" in frame.text
    assert "sandbox" in seen.select_one("#said-email iframe").attrs
    assert frame.headers["content-security-policy"]


async def test_a_test_goes_to_oneself_is_marked_and_counts_for_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    ana = world.customers["ana"]
    answer = await desk.send(f"{path}/test", customer=ana, kind="email", to="marketer@meadow.example")
    assert answer.status_code == 303
    async with world.hub.database.unit() as session:
        row = (await session.exec(select(Interaction).where(Interaction.origin == Origin.TEST))).one()
        ticket = (await session.exec(select(Outbox).where(col(Outbox.interaction_id) == row.id))).one()
        before = len((await session.exec(select(Consent))).all())
    assert (row.recipient, row.subject, row.campaign_id, row.purpose) == (
        "marketer@meadow.example", "[Test] Spring, Ana", None, Purpose.SERVICE,
    )  # fmt: skip
    assert ticket.priority == 0
    link = row.body_text.split(": ")[1]
    assert link.endswith("/u/test")
    for method in ("GET", "POST"):
        page = await desk.client.request(method, link)
        assert (page.status_code, "It changes nothing" in page.text) == (200, True)
    async with world.hub.database.unit() as session:
        assert len((await session.exec(select(Consent))).all()) == before


async def test_a_test_to_a_customer_or_to_no_address_is_refused_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    ana = world.customers["ana"]
    theirs = await desk.send(f"{path}/test", customer=ana, kind="email", to="georgi@petrov.example")
    broken = await desk.send(f"{path}/test", customer=ana, kind="sms", to="12")
    assert (theirs.status_code, broken.status_code) == (422, 422)
    page: Any = BeautifulSoup(theirs.text, "html.parser")
    assert "is a customer's" in page.select_one("[role=alert]").text
    assert page.select_one("#to-email")["value"] == "georgi@petrov.example"
    async with world.hub.database.unit() as session:
        assert (await session.exec(select(Interaction).where(Interaction.origin == Origin.TEST))).all() == []


async def test_a_paused_campaign_gets_other_words_and_goes_on_where_it_stood(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk)
    number = int(path.rsplit("/", 1)[1])
    await desk.send(f"{path}/start")
    async with world.hub.database.unit() as session:
        while await feeding.feed(session, number, gate=world.hub.gate, now=clock.now()):
            pass
    await desk.send(f"{path}/pause")
    form = await desk.see(f"{path}/edit")
    assert form.select_one("#purpose") is None
    assert form.select_one("#conditions") is None
    other = {
        "name": "Spring sale",
        "text.en.subject": "Summer",
        "text.en.body": "Hello {{ unsubscribe_url }}",
        "text.en.sms": "Summer",
    }
    assert (await desk.send(f"{path}/edit", **other)).status_code == 303
    await desk.send(f"{path}/resume")
    assert (await desk.see(path)).select_one(".page-head .state").text.strip() == "running"
    async with world.hub.database.unit() as session:
        campaign = await session.get(Campaign, number)
        waiting = select(Interaction).where(Interaction.campaign_id == number, Interaction.state == State.QUEUED)
        rows = (await session.exec(waiting)).all()
    assert rows
    assert {row.template_version_id for row in rows} == {campaign.template_version_id}


async def test_a_copy_is_a_draft_and_the_archive_has_what_was_put_there(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    running = f"/campaigns/{world.campaigns['running']}"
    copied = await desk.send(f"{running}/clone")
    assert copied.headers["location"].endswith("/edit")
    form = await desk.see(copied.headers["location"])
    assert form.select_one("#name")["value"] == "Spring offer (copy)"
    await desk.send(f"{running}/cancel")
    await desk.send(f"{running}/archive")
    at_hand = [link.text for link in (await desk.see("/campaigns")).select("tbody a")]
    away = [link.text for link in (await desk.see("/campaigns?archived=1")).select("tbody a")]
    assert "Spring offer" not in at_hand
    assert away == ["Spring offer"]
    assert (await desk.see(running)).select_one(f"form[action='{running}/resume']") is None
    await desk.send(f"{running}/unarchive")
    assert "Spring offer" in (await desk.see("/campaigns")).text


async def test_every_figure_opens_as_many_people_as_it_says_and_the_parts_add_up(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    number = world.campaigns["running"]
    seen = await desk.see(f"/campaigns/{number}")
    for link in seen.select(".figures a"):
        listed = await desk.see(link["href"])
        assert len(listed.select("#listed tbody tr")) == int(link.select_one("b").text), link["href"]
    async with world.hub.database.unit() as session:
        found = await results.figures(session, number)
        rows = (await session.exec(select(Interaction).where(Interaction.campaign_id == number))).all()
    assert sum(found.parts.values()) == found.fed == len(rows)


async def test_whoever_may_not_export_customers_reads_the_lists_page_by_page(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path, running = await written(desk), f"/campaigns/{world.campaigns['running']}"
    for page, sheet in ((f"{path}/people", f"{path}/people.csv"), (f"{running}?shown=all", f"{running}/results.csv")):
        seen = await desk.see(page)
        assert (seen.select("details, #listed tbody tr") != [], seen.select("a[href*='.csv']")) == (True, [])
        assert (await desk.client.get(sheet)).status_code == 403


async def test_every_export_is_in_the_audit_trail(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    path, running = await written(desk), f"/campaigns/{world.campaigns['running']}"
    await desk.client.get(f"{path}/people.csv?kind=email")
    await desk.client.get(f"{running}/results.csv?shown=sent")
    async with world.hub.database.unit() as session:
        rows = (await session.exec(select(Audit).where(col(Audit.action).like("campaign.%.csv")))).all()
    assert {(row.action, row.staff_id, row.detail) for row in rows} == {
        ("campaign.dry-run.csv", world.staff[Role.SUPERVISOR], "email"),
        ("campaign.results.csv", world.staff[Role.SUPERVISOR], "sent"),
    }


async def test_nobody_sends_more_tests_in_a_day_than_are_allowed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path, most = await written(desk), world.hub.settings.campaigns.tests_a_day
    async with world.hub.database.unit() as session:
        for _ in range(most):
            assert await throttle.ration(session, f"test:{world.staff[Role.MARKETER]}", most, now=clock.now())
    answer = await desk.send(
        f"{path}/test", customer=world.customers["ana"], kind="email", to="marketer@meadow.example"
    )
    assert (answer.status_code, f"You have sent {most} tests in a day" in answer.text) == (422, True)


async def test_results_as_csv_have_everybody(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    number = world.campaigns["running"]
    answer = await desk.client.get(f"/campaigns/{number}/results.csv?shown=all")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    async with world.hub.database.unit() as session:
        sent = (await session.exec(select(Interaction).where(Interaction.campaign_id == number))).all()
    assert len(rows) == 1 + len(sent) > 1
    assert (await desk.client.get(f"/campaigns/{number}/results.csv?shown=nonsense")).status_code == 404


async def test_what_people_answered_is_read_by_those_who_may_read_the_inbox(world: Any, signed_in: Any) -> None:
    campaign = world.campaigns["running"]
    async with world.hub.database.unit() as session:
        message = (await session.exec(select(Interaction).where(Interaction.campaign_id == campaign).limit(1))).one()
        message.state, message.kind = State.SENT, Kind.SMS
        session.add(heard(message.customer_id, clock.now(), kind=Kind.SMS, body_text="Yes, two please", reply_text=""))
        session.add(message)
    read = {}
    for role in (Role.MARKETER, Role.SUPERVISOR):
        seen = await (await signed_in(role)).see(f"/campaigns/{campaign}/answers")
        read[role] = ("1 answer" in seen.text, "Yes, two please" in seen.text)
    assert read == {Role.MARKETER: (True, False), Role.SUPERVISOR: (True, True)}


async def test_a_campaign_by_the_learnt_channel_says_who_gets_it_otherwise_and_why(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = await written(desk, learnt="1")
    assert "Nothing is surely known of anybody yet" in (await desk.see(path)).select_one("#dry-run").text
    await _ana_answers_sms(world)
    await desk.send(f"{path}/dry-run")
    seen = await desk.see(path)
    assert table(seen)["by SMS"] == 1
    moved = seen.select_one("#dry-run a[href$='learnt=1']")
    assert moved.find_parent("tr").select_one("td.num").text == "1"
    listed = await desk.see(moved["href"])
    assert "Ana Nowak" in listed.select_one(".entry-row").text
    assert listed.select_one(".trace li").text == "learnt: SMS: 6 of 6 answered"
    shown = await desk.see(f"{path}/preview?customer={world.customers['ana']}")
    assert "gets it by SMS" in shown.text
    copy = (await desk.send(f"{path}/clone")).headers["location"].partition("?")[0]
    assert (await desk.see(copy)).select_one("[name=learnt]").has_attr("checked")


async def test_what_was_ticked_comes_back_with_a_form_that_is_wrong_and_goes_when_it_is_taken_away(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.MARKETER)
    wrong = await desk.send("/campaigns/new", name="", learnt="1", **TEXTS)
    assert wrong.status_code == 422
    form: Any = BeautifulSoup(wrong.text, "html.parser")
    assert form.select_one("[name=learnt]").has_attr("checked")
    path = await written(desk, learnt="1")
    await desk.send(f"{path}/edit", **({"name": "Spring sale", "purpose": "marketing"} | TEXTS))
    assert not (await desk.see(f"{path}/edit")).select_one("[name=learnt]").has_attr("checked")


async def _ana_answers_sms(world: Any) -> None:
    """At any hour of the day, and never a mail."""
    ana, begin = world.customers["ana"], clock.now() - timedelta(days=40)
    async with world.hub.database.unit() as session:
        for n in range(6):
            at = begin + timedelta(days=4 * n, hours=4 * n)
            await record.add(session, said(ana, at, kind=Kind.SMS, state=State.DELIVERED))
            await record.add(session, heard(ana, at + timedelta(minutes=5), kind=Kind.SMS))
            await record.add(session, said(ana, at + timedelta(hours=1)))


async def test_mail_of_which_nobody_reports_the_arrival_is_no_step_of_the_funnel_at_nought(
    world: Any, signed_in: Any
) -> None:
    """0 delivered above 1 clicked would say that none arrived."""
    desk, running = await signed_in(Role.MARKETER), world.campaigns["running"]
    seen = []
    async with world.hub.database.unit() as session:
        mine = col(Interaction.campaign_id) == running
        await session.exec(update(Interaction).where(mine).values(state=State.SENT))
    seen.append(_steps_of_funnel(await desk.see(f"/campaigns/{running}")))
    async with world.hub.database.unit() as session:
        message = (await session.exec(select(Interaction.id).where(mine))).first()
        later = clock.now() + timedelta(hours=1)
        session.add(Reaction(interaction_id=message, campaign_id=running, at=later, touch=Touch.CLICK))
    seen.append(_steps_of_funnel(await desk.see(f"/campaigns/{running}")))
    every = ["Meant", "Sent", "Delivered", "Opened", "Clicked", "Answered"]
    assert seen == [every, [step for step in every if step != "Delivered"]]


def _steps_of_funnel(page: Any) -> list[str]:
    return [row.td.text for row in page.select("table.funnel tbody tr")]
