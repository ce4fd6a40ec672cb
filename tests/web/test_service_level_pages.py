"""Service levels: arranged by supervisors, counted down in the inbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import select

from hub import clock
from hub.conversations import keeping, policies
from hub.conversations.policies import Policy
from hub.models import Conversation, Task
from hub.models.vocabulary import Role
from hub.staff import teams

FIELDS = {"name": "Gold", "position": "1", "first": "60", "next": "240", "warn": "15", "label": "gold"}


async def test_a_supervisor_arranges_service_levels(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    lead = empty.staff[Role.SUPERVISOR]
    assert (await desk.send("/service-levels", **FIELDS, escalate=f"person-{lead}")).status_code == 303
    seen = await desk.see("/service-levels")
    (panel,) = seen.select("section[id^=policy-]")
    number = panel["id"].removeprefix("policy-")
    assert panel.select_one("input[name=first]")["value"] == "60"
    assert panel.select_one("select[name=escalate] option[selected]").text == "Sofia Lead"
    await desk.send("/service-levels", **FIELDS | {"name": "Silver", "policy": number, "resolution": "480"})
    async with empty.hub.database.unit() as session:
        (kept,) = await policies.listing(session)
    assert (kept.name, kept.resolution, kept.escalate_to) == ("Silver", 480, None)
    assert (await desk.send(f"/service-levels/{number}/delete")).status_code == 303
    async with empty.hub.database.unit() as session:
        assert await policies.listing(session) == []


async def test_what_is_refused_says_why_and_keeps_what_was_typed(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.send("/service-levels", **FIELDS | {"first": "an hour"})
    assert (answer.status_code, "is not a whole number" in answer.text) == (422, True)
    assert 'value="an hour"' in answer.text


async def test_the_inbox_counts_down_and_has_a_view_of_what_is_late(world: Any, signed_in: Any) -> None:
    """Breached a minute from now: what is seen and what is done then."""
    invoice, desk = world.conversations["invoice"], await signed_in(Role.AGENT)
    lead = world.staff[Role.SUPERVISOR]
    async with world.hub.database.unit() as session:
        await policies.save(session, Policy("Gold", first=60, escalate_to=lead), now=clock.now(), by=None)
        await keeping.reckon_anew(session, now=clock.now())
    seen = await desk.see(f"/inbox/all/{invoice}")
    assert "SLA" in seen.select_one(f"#line-{invoice} .badge-quiet").text
    assert "First answer" in seen.select_one("#thread-head .promises").text
    assert (await desk.see("/inbox/late")).select(".line") == []
    async with world.hub.database.unit() as session:
        await policies.save(session, Policy("Strict", 0, first=1), now=clock.now(), by=None)
        await keeping.reckon_anew(session, now=clock.now())
        await _let_time_pass(session)
    late = await desk.see("/inbox/late")
    assert f"line-{invoice}" in {one["id"] for one in late.select(".line")}
    assert "SLA late" in late.select_one(f"#line-{invoice}").text
    one = await desk.see(f"/inbox/late/{invoice}/line")
    assert "gone" not in one.select_one(".line")["class"]


async def test_with_its_team_a_service_level_goes_and_what_it_promised(world: Any, signed_in: Any) -> None:
    invoice, desk = world.conversations["invoice"], await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        team = (await teams.create(session, "Desk", now=clock.now())).id or 0
        await policies.save(session, Policy("Gold", first=60, team_id=team), now=clock.now(), by=None)
        await keeping.reckon_anew(session, now=clock.now())
    due = []
    ended = f"/teams/{team}/delete"
    for address, form in ((f"/teams/{team}", {"name": "Desk", "channels": "mail"}), (ended, {"confirmed": "1"})):
        assert (await desk.send(address, **form)).status_code == 303
        async with world.hub.database.unit() as session:
            await keeping.reckon_anew(session, now=clock.now())
        async with world.hub.database.unit() as session:
            due.append((await session.get(Conversation, invoice)).due_at is not None)
    assert due == [True, False]


async def test_a_broken_promise_gives_a_task_to_whom_the_policy_names(world: Any, signed_in: Any) -> None:
    lead = world.staff[Role.SUPERVISOR]
    async with world.hub.database.unit() as session:
        await policies.save(session, Policy("Gold", first=60, escalate_to=lead), now=clock.now(), by=None)
        await keeping.reckon_anew(session, now=clock.now())
        await keeping.watch(session, now=clock.now() + timedelta(hours=2))
        titles = [task.title for task in await session.exec(select(Task).where(Task.assignee_id == lead))]
    assert "Late: Ana Nowak waits for the first answer" in titles
    seen = await (await signed_in(Role.SUPERVISOR)).see("/tasks")
    assert "Late: Ana Nowak waits for the first answer" in seen.text


async def _let_time_pass(session: Any) -> None:
    """As if everything had been promised for two minutes earlier."""
    await session.execute(text("update conversation set due_at = due_at - interval '2 minutes'"))
