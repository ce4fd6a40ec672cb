"""Tasks at the desk: written, changed, taken back, on a calendar and in everybody's own calendar program."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import icalendar as library

from hub import clock
from hub.conversations import due, tasks
from hub.conversations.tasks import NewTask
from hub.models.vocabulary import Role
from hub.staff import accounts
from hub.web import month, translations
from hub.web.calendar import feeds

WARSAW = ZoneInfo("Europe/Warsaw")


async def test_a_task_is_changed_and_every_way_back_is_open(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/tasks/{world.task}"
    moved = {"title": "Write to Ana", "due_at": "2031-04-02T10:30", "remind": "30", "assignee": world.staff[Role.AGENT]}
    assert (await desk.send(path, **moved)).headers["location"] == "/tasks"
    seen = await desk.see(path)
    assert seen.select_one("#title")["value"] == "Write to Ana"
    assert seen.select_one("#due_at")["value"] == "2031-04-02T10:30"
    assert seen.select_one("#remind option[selected]")["value"] == "30"
    await desk.send(f"{path}/delete")
    listed = await desk.see("/tasks")
    assert "Write to Ana" not in listed.select_one("#todo").text
    await desk.see(path, status=404)
    assert listed.select_one("#notice form")["action"] == f"{path}/restore"
    await desk.send(f"{path}/restore")
    await desk.send(f"{path}/done")
    assert (await desk.see("/tasks?state=done")).select_one(f"#task-{world.task}") is not None
    assert (await desk.see("/tasks")).select_one(f"#task-{world.task}") is None
    await desk.send(f"{path}/reopen")
    assert (await desk.see("/tasks")).select_one(f"#task-{world.task}") is not None


async def test_what_cannot_be_is_refused_with_the_reason(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    refused = await desk.send(f"/tasks/{world.task}", title="  ")
    assert refused.status_code == 422
    assert "Say what is to do." in refused.text
    for odd in ({"due_at": "yesterday"}, {"remind": "7"}, {"remind": "x"}):
        assert (await desk.send(f"/tasks/{world.task}", title="x", **odd)).status_code == 422, odd
    for asked in ("12", "9999-12"):
        assert (await desk.see(f"/tasks/calendar?at={asked}")).select_one(".planner .today"), asked


async def test_a_conversation_and_a_customer_become_a_task_with_their_names_filled_in(
    world: Any, signed_in: Any
) -> None:
    desk, talk = await signed_in(Role.AGENT), world.conversations["invoice"]
    thread = await desk.see(f"/inbox/all/{talk}")
    form = (await desk.see(thread.select_one(f"a[href='/tasks?conversation={talk}']")["href"])).select_one("form.panel")
    assert form.select_one("#title")["value"] == "Answer: Invoice 118 is wrong"
    fields = {one["name"]: one.get("value", "") for one in form.select("input[name]") if one["name"] != "csrf"}
    assert (await desk.send("/tasks", **fields)).headers["location"] == f"/inbox/all/{talk}"
    async with world.hub.database.unit() as session:
        made = (await tasks.listing(session, customer_id=world.customers["ana"]))[-1]
    assert (made.title, made.conversation_id) == ("Answer: Invoice 118 is wrong", talk)
    ana = world.customers["ana"]
    card = await desk.see(f"/customers/{ana}")
    filled = await desk.see(card.select_one(f"a[href='/tasks?customer={ana}']")["href"])
    assert filled.select_one("input[name=customer_id]")["value"] == str(ana)
    await desk.see(f"/tasks?conversation={world.customers['ana']}", status=404)


async def test_a_long_list_of_tasks_goes_on_page_by_page(world: Any, signed_in: Any) -> None:
    desk, agent, now = await signed_in(Role.AGENT), world.staff[Role.AGENT], clock.now()
    async with world.hub.database.unit() as session:
        made = [
            await tasks.add(
                session, NewTask(f"Water bed {n}", due_at=now + timedelta(days=n), assignee_id=agent), now=now
            )
            for n in range(1, 131)
        ]
        for task in made[:101]:
            await tasks.done(session, task.id or 0, now=now)
    for listed, in_all in (("/tasks?whose=mine", 29), ("/tasks?state=done", 101), ("/tasks?whose=all", 29)):
        seen, path, pages = [], listed, 0
        while path:
            part = (await desk.see(path)).select_one("#todo")
            seen += [one.text for one in part.select("a[href^='/tasks/']") if "Water" in one.text]
            onward = part.find("a", string="Show more")
            path, pages = onward["href"] if onward else "", pages + 1
        assert (len(seen), len(set(seen)), pages) == (in_all, in_all, 2 if in_all > 100 else 1), listed
    for nonsense in ("x", "~", "~7", "2026-13-01~1"):
        assert (await desk.see(f"/tasks?state=done&after={nonsense}")).select_one("#todo")


async def test_what_a_person_typed_is_no_line_of_ours_in_any_language(world: Any, signed_in: Any) -> None:
    desk, agent, now = await signed_in(Role.AGENT), world.staff[Role.AGENT], clock.now()
    typed = ("Voicemail", "email: no address", "Call back the bank")
    async with world.hub.database.unit() as session:
        await accounts.change(session, agent, {"language": "pl"}, now=now)
        for title in typed:
            await tasks.add(session, NewTask(title, assignee_id=agent, created_by=agent), now=now)
        await tasks.add(session, NewTask("Late: Ana waits for an answer", assignee_id=agent), now=now)
        ours = NewTask(tasks.CALL_BACK % {"name": "Ana"}, world.customers["ana"], assignee_id=agent, created_by=agent)
        await tasks.add(session, ours, now=now)
    listed = [one.text for one in (await desk.see("/tasks")).select("#todo a[href^='/tasks/']")]
    assert set(typed) < set(listed)
    assert not {"Late: Ana waits for an answer", "Call back Ana"} & set(listed)


async def test_the_rail_counts_what_is_late_and_a_reminder_is_shown_once(world: Any, signed_in: Any) -> None:
    desk, now, olga = await signed_in(Role.AGENT), clock.now(), world.staff[Role.AGENT]
    async with world.hub.database.unit() as session:
        await tasks.add(session, NewTask("<b>Ring", due_at=now - timedelta(minutes=1), assignee_id=olga), now=now)
        await due.strike(session, now=now)
    asked = {"hx-request": "true", "hx-target": "tasks-late"}
    first = (await desk.client.get("/tasks/late", headers=asked)).text
    assert "1 is due" in first
    assert "Due now: &lt;b&gt;Ring" in first
    assert "Due now" not in (await desk.client.get("/tasks/late", headers=asked)).text


async def test_the_month_shows_tasks_and_appointments_where_the_reader_is(world: Any, signed_in: Any) -> None:
    desk, now, olga = await signed_in(Role.AGENT), clock.now(), world.staff[Role.AGENT]
    late = datetime(2031, 3, 31, 23, 30, tzinfo=UTC)  # the first of April in Warsaw
    async with world.hub.database.unit() as session:
        await tasks.add(session, NewTask("After midnight", due_at=late, assignee_id=olga), now=now)
    april = await desk.see("/tasks/calendar?at=2031-04")
    cell = april.select_one("td:has(time[datetime='2031-04-01'])")
    assert "01:30 After midnight" in cell.text
    assert "After midnight" not in april.select_one("td:has(time[datetime='2031-03-31'])").text
    assert "After midnight" in april.select_one(".agenda").text
    soon = (now + timedelta(days=2)).astimezone(WARSAW)
    everybody = await desk.see(f"/tasks/calendar?whose=all&at={soon:%Y-%m}")
    assert "Haircut" in everybody.select_one(f"td:has(time[datetime='{soon:%Y-%m-%d}'])").text
    assert len((await desk.see("/tasks/calendar")).select("time[aria-current=date]")) == 1


def test_weeks_begin_as_the_language_has_it_and_cover_the_month() -> None:
    translations.speak("pl")
    for number in range(1, 25):
        first = date(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 1)
        shown = month.month(first, [], WARSAW)
        days = [day for week in shown.weeks for day in week]
        assert {len(week) for week in shown.weeks} == {7}
        assert days[0].date.weekday() == 0
        assert {day.date for day in days if day.within} >= {first, month.read(shown.after, first) - timedelta(days=1)}
        assert sum(day.within for day in days) in range(28, 32)
    assert month.month(first, [], WARSAW).weekdays[0][1] == "poniedziałek"
    translations.speak("en")


async def test_a_calendar_program_reads_its_persons_tasks_and_nobody_elses(
    world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk, now, olga = await signed_in(Role.AGENT), clock.now(), world.staff[Role.AGENT]
    async with world.hub.database.unit() as session:
        mine = NewTask("Mine", world.customers["ana"], due_at=now, assignee_id=olga, remind_minutes=15)
        await tasks.add(session, mine, now=now)
        await tasks.add(session, NewTask("Hers", due_at=now, assignee_id=world.staff[Role.ADMIN]), now=now)
    assert (await desk.see("/account")).select_one("#my-feed") is None
    await desk.send("/account/calendar")
    address = (await desk.see("/account")).select_one("#my-feed")["value"]
    answer = await visitor.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=900"
    calendar: Any = library.Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]) == "Mine"
    assert str(event["DESCRIPTION"]).splitlines()[0] == "Ana Nowak"
    assert "ana@nowak.example" not in answer.text
    again = await visitor.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_address_of_a_calendar_ends_with_a_new_one_or_with_the_role(
    world: Any, signed_in: Any, visitor: httpx.AsyncClient
) -> None:
    desk = await signed_in(Role.AGENT)
    seen = []
    for _ in range(2):
        await desk.send("/account/calendar")
        seen.append((await desk.see("/account")).select_one("#my-feed")["value"])
    assert [(await visitor.get(one)).status_code for one in seen] == [404, 200]
    assert (await visitor.get(seen[1].replace("/calendar/", "/calendar/a"))).status_code == 404
    await desk.send("/account/calendar/end")
    assert (await visitor.get(seen[1])).status_code == 404
    marketer = await signed_in(Role.MARKETER)
    assert (await marketer.see("/account")).select_one("#calendar") is None
    assert (await marketer.send("/account/calendar")).status_code == 403


def test_an_address_may_be_asked_so_often_and_then_waits() -> None:
    pace = feeds.Pace(seconds=10, burst=3, remembered=2)
    assert [pace.wait(1, 100.0) for _ in range(4)] == [0, 0, 0, 10]
    assert pace.wait(2, 100.0) == 0
    assert pace.wait(1, 110.0) == 0
    assert pace.wait(1, 110.0) > 0
