"""What somebody typed and cannot be comes back with the field, the cause, the remedy and everything else they typed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from bs4 import BeautifulSoup
from playwright.async_api import expect

from hub import clock
from hub.conversations import tasks
from hub.models.vocabulary import Role
from hub.staff import accounts
from hub.web import mending
from tests.web.conftest import PASSWORD, Opening

LONG = "x" * 1601


def read(answer: httpx.Response) -> Any:
    return BeautifulSoup(answer.text, "html.parser")


def trouble(answer: httpx.Response) -> str:
    return " ".join(" ".join(one.text for one in read(answer).select("[role=alert]")).split())


async def test_an_sms_that_no_carrier_takes_is_refused_with_its_length_and_comes_back_as_typed(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    ana = world.customers["ana"]
    for path in (f"/conversations/{world.conversations['invoice']}/reply", f"/customers/{ana}/write"):
        answer = await desk.send(path, kind="sms", form_token=uuid4(), text=LONG)
        assert answer.status_code == 422
        assert "has 1601 characters and an SMS takes at most 1600" in trouble(answer)
        assert "Shorten it by 1" in trouble(answer)
        assert LONG in read(answer).select_one(".composer textarea").text
    assert (await desk.send(path, kind="sms", form_token=uuid4(), text=LONG[1:])).status_code == 303


async def test_nothing_typed_is_asked_for_and_the_form_stays(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    path = f"/conversations/{world.conversations['invoice']}/reply"
    for kind in ("sms", "email", "note"):
        answer = await desk.send(path, kind=kind, form_token=uuid4(), text="  ", subject="Kept")
        assert (answer.status_code, "Write something first" in trouble(answer)) == (422, True), kind
    kept = await desk.send(path, kind="email", form_token=uuid4(), text=" ", subject="Kept")
    assert read(kept).select_one("[name=subject]")["value"] == "Kept"


async def test_a_task_comes_back_as_it_was_typed_with_what_is_wrong(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    whose = str(world.staff[Role.ADMIN])
    for path in ("/tasks", f"/tasks/{world.task}"):
        for typed, said in (
            ({"title": "Send the offer", "due_at": "0001-01-01T10:00"}, "no day and hour"),
            ({"title": "Send the offer", "due_at": "3000-01-01T10:00"}, "Choose one from 1971 to 2900"),
            ({"title": "y" * (tasks.LONGEST + 1), "due_at": "2031-01-01T10:00"}, "501 letters and takes at most 500"),
        ):
            answer = await desk.send(path, remind="30", assignee=whose, **typed)
            assert (answer.status_code, said in trouble(answer)) == (422, True), (path, typed)
            form = read(answer).select_one(f"form[action='{path}']")
            assert form.select_one("[name=title]")["value"] == typed["title"]
            assert form.select_one("[name=due_at]")["value"] == typed["due_at"]
            assert form.select_one("[name=remind] [selected]")["value"] == "30"
            assert form.select_one("[name=assignee] [selected]")["value"] == whose


async def test_a_wrong_label_and_wrong_seconds_come_back_where_they_were_typed(world: Any, signed_in: Any) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    label = await lead.send("/labels", name="z" * 300, description="Kept")
    assert (label.status_code, "longer than" in trouble(label), 'value="Kept"' in label.text) == (422, True, True)
    for seconds in ("-3", "90", "two", "9" * 50):
        answer = await lead.send("/account/undo", seconds=seconds)
        section = read(answer).select_one("#undo")
        assert (answer.status_code, "0 to 60" in section.text) == (422, True), seconds
        assert section.select_one("[name=seconds]")["value"] == seconds
    async with world.hub.database.unit() as session:
        assert (await accounts.get(session, world.staff[Role.SUPERVISOR])).undo_seconds is None


@pytest.mark.parametrize(
    ("path", "typed", "field", "said"),
    [
        ("/satisfaction", {"delay_minutes": "abc", "again_days": "30"}, "delay_minutes", "“abc” is not a whole number"),
        ("/satisfaction", {"again_days": "9999999"}, "again_days", "Write 100000 or less"),
        ("/occasions/birthday", {"at_hour": "25:00"}, "at_hour", "“25:00” is no hour of the day"),
        ("/occasions/birthday", {"at_hour": "10:00", "late_days": "-1"}, "late_days", "Write 0 or more"),
        ("/occasions/birthday", {}, "at_hour", "Fill it in"),
        ("/outcomes", {"name": "o" * 201}, "name", "201 characters are too many. Write at most 200"),
        ("/macros", {"name": "Twice", "task": "x", "task_days": "soon"}, "task_days", "“soon” is not a whole number"),
        ("/service-levels", {"name": "VIP", "first": "1" * 10}, "first", "10 characters are too many. Write at most 9"),
        ("/hours", {"subdivision": "Bavaria, Germany"}, "subdivision", "16 characters are too many. Write at most 10"),
        ("/settings/tokens", {"name": "t" * 201}, "name", "201 characters are too many. Write at most 200"),
    ],
)
async def test_any_form_names_the_field_the_cause_and_the_remedy_and_keeps_what_was_typed(
    path: str, typed: dict[str, str], field: str, said: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.send(path, **typed)
    assert answer.status_code == 422
    assert f"{mending.FIELDS[field]}: " in trouble(answer)
    assert said in trouble(answer)
    form = read(answer).select_one(f"main form[action='{path}']")
    assert {one["name"]: one.get("value", one.text) for one in form.select("[name]") if one["name"] != "csrf"} == {
        field: "",
        **typed,
    }
    wrong = form.select_one("[aria-invalid=true]")
    assert (wrong["name"], said in form.find(id=wrong["aria-describedby"]).text) == (field, True)


@pytest.mark.parametrize(
    ("path", "field", "most", "others"),
    [
        ("/teams", "name", 100, {}),
        ("/canned", "title", 100, {"shortcut": "long", "text": "Kept"}),
        ("/service-levels", "name", 100, {"first": "60"}),
        ("/views", "name", 60, {"states": "open"}),
        ("/labels", "description", 200, {"name": "Kept", "colour": "blue"}),
        ("/macros", "note", 5000, {"name": "Kept"}),
        ("/macros", "task", 200, {"name": "Kept"}),
        ("/settings/people", "name", 200, {"email": "kept@meadow.example", "role": "agent", "password": PASSWORD}),
    ],
)
async def test_what_is_too_long_is_refused_in_its_place_and_never_cut(
    path: str, field: str, most: int, others: dict[str, str], world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.ADMIN)
    answer = await desk.send(path, **{**others, field: "n" * (most + 1)})
    assert (answer.status_code, f"has {most + 1} characters and takes at most {most}" in trouble(answer)) == (422, True)
    form = next(one for one in read(answer).select(f"main form[action='{path}']") if one.select_one(f"[name={field}]"))
    kept = form.select_one(f"[name={field}]")
    assert kept.get("value", kept.text) == "n" * (most + 1)
    assert (await desk.send(path, **{**others, field: "n" * most})).status_code == 303


async def test_a_telephone_that_is_none_stays_where_it_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    path = f"/settings/people/{world.staff[Role.MARKETER]}"
    answer = await desk.send(path, phone="12")
    assert (answer.status_code, "“12” is not a telephone number" in trouble(answer)) == (422, True)
    field = read(answer).select_one(f"form[action='{path}'] [name=phone]")
    assert (field["value"], field["aria-invalid"]) == ("12", "true")


async def test_a_person_an_appointment_and_a_webhook_come_back_as_they_were_chosen(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    person = await desk.send("/settings/people", name="", email="new@meadow.example", role="supervisor", language="pl")
    chosen = {one["value"] for one in read(person).select("form[action='/settings/people'] option[selected]")}
    assert chosen == {"supervisor", "pl"}
    booking = {"title": "Kept", "place": "Main St", "starts_at": "2020-01-01T10:00", "remind": ("2h", "7d")}
    booked = await desk.send("/appointments", customer=world.customers["ana"], **booking)
    assert "Choose a later one" in trouble(booked)
    form = read(booked).select_one("form[action='/appointments']")
    assert {name: form.select_one(f"[name={name}]")["value"] for name in ("title", "place", "starts_at")} == {
        name: booking[name] for name in ("title", "place", "starts_at")
    }
    assert [one["value"] for one in form.select("[name=remind][checked]")] == ["2h", "7d"]
    await desk.send("/settings/webhooks", url="https://hooks.example/a", events="message.received")
    path = read(await desk.client.get("/settings/webhooks")).select_one("section[id^=webhook-] form")["action"]
    changed = await desk.send(path, url="ftp://hooks.example/b", events="call.missed")
    assert changed.status_code == 422
    form = read(changed).select_one(f"form[action='{path}']")
    assert form.select_one("[name=url]")["value"] == "ftp://hooks.example/b"
    assert [one["value"] for one in form.select("[name=events][checked]")] == ["call.missed"]


async def test_a_mended_form_is_taken_and_the_way_back_leads_to_where_it_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    data = {"csrf": desk.csrf, "delay_minutes": "abc", "again_days": "31", "scale": "nps"}
    for referer, back in (("http://127.0.0.1:8000/satisfaction?a=1", "/satisfaction?a=1"), ("http://evil/x", "/")):
        answer = await desk.client.post("/satisfaction", data=data, headers={"referer": referer})
        assert read(answer).select_one(".page-head a.btn")["href"] == back
    form = read(answer).select_one("main form[action='/satisfaction']")
    fields = {one["name"]: one.get("value", one.text) for one in form.select("[name]")}
    assert (await desk.client.post("/satisfaction", data=fields | {"delay_minutes": "5"})).status_code == 303
    kept = await desk.see("/satisfaction")
    assert [kept.select_one(f"[name={n}]")["value"] for n in ("delay_minutes", "again_days")] == ["5", "31"]


async def test_a_piece_of_a_page_is_told_in_a_sentence_and_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.ADMIN], {"language": "pl"}, now=clock.now())
    data = {"csrf": desk.csrf, "delay_minutes": "<b>abc"}
    answer = await desk.client.post("/satisfaction", data=data, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["x-notice"], answer.headers["hx-reswap"]) == (422, "1", "none")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "„<b>abc” nie jest liczbą całkowitą" in answer.text


async def test_what_was_never_on_a_form_is_refused_and_no_password_goes_back(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    flag = await desk.send(f"/customers/{world.customers['ana']}/flags", flag="rich", on="1")
    assert (flag.status_code, "is not offered here" in trouble(flag)) == (422, True)
    assert read(flag).select_one("main form") is None
    secret = {"email": "new@meadow.example", "name": "New", "password": "a very secret password", "role": "king"}
    answer = await desk.send("/settings/people", **secret)
    assert (answer.status_code, secret["password"] in answer.text) == (422, False)


@pytest.mark.browser
async def test_a_browser_says_which_page_of_ours_a_form_stood_on_and_tells_nobody_else(
    world: Any, opening: Opening
) -> None:
    page = await opening("/customers?q=ana")
    path = f"/inbox/all/{world.conversations['sms']}/snooze"
    await page.evaluate(
        """path => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: path });
          const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
          for (const [name, value] of Object.entries({ csrf, until: "at", at: "1999-01-01T00:00" }))
            form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
          document.body.append(form);
          form.submit();
        }""",
        path,
    )
    back = page.locator(".page-head a.btn")
    await expect(back).to_have_attribute("href", "/customers?q=ana")
    answer = await page.request.get(page.url.replace(path, "/account"))
    assert answer.headers["referrer-policy"] == "same-origin"
