"""Occasions at the desk: switched on, looked at day by day, previewed, left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bs4 import BeautifulSoup

from hub import clock
from hub.models.vocabulary import Role
from hub.occasions import rules
from hub.outbound import templates


async def test_a_feast_is_greeted_once_somebody_has_switched_it_on(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    feasts = await desk.see("/occasions/feasts?country=PL")
    assert "All Saints" in feasts.text
    assert "a day of mourning" in feasts.text
    link = next(a["href"] for a in feasts.select("a.btn-sm") if "feast=christmas-day" in a["href"])
    form = await desk.see(link)
    assert form.select_one("#keepers")["value"] == "PL"
    fields = {
        one["name"]: one.get("value", "") for one in form.select("form.panel input[name]") if one["name"] != "csrf"
    }
    await desk.send("/occasions/rules", **fields, template="christmas")
    seen = await desk.see("/occasions")
    assert "Christmas Day" in seen.select_one("#rules").text
    assert "Change" in (await desk.see("/occasions/feasts?country=PL")).text


async def test_a_day_shows_who_is_greeted_what_they_read_and_leaves_them_out(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    day = clock.now().date() + timedelta(days=9)
    fields = {"kind": "festival", "title": "Our day", "date": f"{day:%m-%d}", "template": "festival", "enabled": "1"}
    saved = await desk.send("/occasions/rules", **fields, at_hour="10:00")
    assert saved.status_code == 303
    assert f"/occasions/days/{day}" in str(await desk.see("/occasions/year"))
    page = await desk.see(f"/occasions/days/{day}")
    (row, *_) = [one for one in page.select(".entry-row") if "Ana Nowak" in one.text and "Our day" in one.text]
    preview = await desk.see(row.select_one("a.btn-sm")["href"])
    assert preview.select_one(".sample, .state.warn") is not None
    hidden = {one["name"]: one["value"] for one in row.select("form input[type=hidden]") if one["name"] != "csrf"}
    await desk.send("/occasions/skip", **hidden)
    (row, *_) = [
        one
        for one in (await desk.see(f"/occasions/days/{day}")).select(".entry-row")
        if "Ana Nowak" in one.text and "Our day" in one.text
    ]
    assert "Somebody of yours left this one out." in row.text
    await desk.send("/occasions/skip", **hidden, back="1")
    assert "left this one out" not in (await desk.see(f"/occasions/days/{day}")).text


async def test_birthdays_get_the_words_that_were_chosen_and_those_that_cannot_be_come_back(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        for name, body in (("ours", "Dear {{ given_name }}"), ("bare", "You are {{ age }}")):
            await templates.save(session, name, {"en": {"subject": "x", "body": body}}, now=clock.now())
    saved = await desk.send("/occasions/birthday", at_hour="09:00", template="ours", enabled="1")
    assert saved.status_code == 303
    wrong = await desk.send("/occasions/birthday", at_hour="11:00", late_days="4", template="bare")
    form: Any = BeautifulSoup(wrong.text, "html.parser").select_one("form[action='/occasions/birthday']")
    assert (wrong.status_code, "which is not known of everybody" in wrong.text) == (422, True)
    assert (form.select_one("#at_hour")["value"], form.select_one("#late_days")["value"]) == ("11:00", "4")
    assert form.select_one("#template [selected]")["value"] == "bare"
    async with world.hub.database.unit() as session:
        rule = await rules.birthday(session)
    assert (rule.template, f"{rule.at_hour:%H:%M}", rule.enabled) == ("ours", "09:00", True)


async def test_what_cannot_be_comes_back_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {"kind": "festival", "title": "Our day", "date": "13-77", "template": "festival"}
    answer = await desk.send("/occasions/rules", **fields, at_hour="10:00")
    assert answer.status_code == 422
    assert "Write the day as month and day" in answer.text
    assert "13-77" in answer.text
    assert (await desk.send("/occasions/rules", **fields, at_hour="25:00")).status_code == 422
