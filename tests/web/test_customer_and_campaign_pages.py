"""Customers, campaigns, occasions, tasks and settings, as a browser without scripts uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from hub import clock
from hub.customers import consent, preferences
from hub.customers.consent import Statement
from hub.models import Staff
from hub.models.vocabulary import Kind, Purpose, Role
from hub.outbound import templates
from hub.texts import shelf
from tests.web.conftest import rows


async def test_what_a_customer_says_on_the_phone_becomes_a_row_with_the_agents_name(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana = world.customers["ana"]
    await desk.send(f"/customers/{ana}/consent", purpose="marketing", channel="", granted="0")
    async with world.hub.database.unit() as session:
        row = (await consent.ledger(session, ana))[0]
    assert (row.granted, row.purpose, row.channel, row.source, row.staff_id) == (
        False,
        Purpose.MARKETING,
        None,
        "told us on the phone",
        world.staff[Role.AGENT],
    )
    assert "refused on" in (await desk.see(f"/customers/{ana}")).text


async def test_who_stopped_everything_is_shown_so_and_reached_by_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana = world.customers["ana"]
    before = " ".join((await desk.see(f"/customers/{ana}")).get_text(" ").split())
    async with world.hub.database.unit() as session:
        everything = Statement(ana, None, None, granted=False, source="preference centre")
        await consent.record(session, everything, now=clock.now())
    after = " ".join((await desk.see(f"/customers/{ana}")).get_text(" ").split())
    refused = ["Service: refused on", "Reminders: refused on", "best reached by"]
    assert [one in before for one in refused] == [False, False, True]
    assert [one in after for one in refused] == [True, True, False]


async def test_one_way_that_was_refused_for_reminders_is_named_and_the_others_are_not(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    ana = world.customers["ana"]
    async with world.hub.database.unit() as session:
        no_sms = Statement(ana, Purpose.REMINDERS, Kind.SMS, granted=False, source="preference centre")
        await consent.record(session, no_sms, now=clock.now())
    said = " ".join((await desk.see(f"/customers/{ana}")).get_text(" ").split())
    assert "Reminders by SMS: refused on" in said
    assert "Reminders by Email" not in said


@pytest.mark.parametrize(
    ("begins", "ends", "shown"),
    [
        (None, None, ""),
        (-1, None, "pause without an end"),
        (2, None, "pause from"),
        (None, 2, "pause until"),
        (-2, 2, "pause until"),
        (2, 4, "pause from"),
        (-4, -2, ""),
    ],
)
async def test_a_pause_is_shown_as_long_as_it_holds_or_lies_ahead(
    world: Any, signed_in: Any, begins: int | None, ends: int | None, shown: str
) -> None:
    desk = await signed_in(Role.AGENT)
    ana, now = world.customers["ana"], clock.now()
    days = [None if one is None else now + timedelta(days=one) for one in (begins, ends)]
    async with world.hub.database.unit() as session:
        await preferences.pause(session, ana, *days, now=now)
    flags: Any = (await desk.see(f"/customers/{ana}")).select(".person .badge-quiet")
    said = [one.get_text(" ", strip=True) for one in flags if "pause" in one.text]
    assert [one[: len(shown)] for one in said] == ([shown] if shown else [])


async def test_a_channel_moves_up_and_down_and_out_of_a_ranking(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    ana, found = world.customers["ana"], []
    for move in ("email:up", "sms:out", "voice:in"):
        await desk.send(f"/customers/{ana}/ranking", purpose="service", move=move)
        async with world.hub.database.unit() as session:
            found.append((await preferences.rankings(session, ana))[Purpose.SERVICE])
    assert found == [(Kind.EMAIL, Kind.SMS), (Kind.EMAIL,), (Kind.EMAIL, Kind.VOICE)]


async def test_a_stranger_becomes_known_by_saving_a_name(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    stranger = world.customers["stranger"]
    assert "made from an unknown sender" in (await desk.see(f"/customers/{stranger}")).text
    await desk.send(f"/customers/{stranger}/details", name="Jan Kowalski", language="pl", birthday="02-29")
    seen: Any = await desk.see(f"/customers/{stranger}")
    assert seen.h1.text == "Jan Kowalski"
    assert "made from an unknown sender" not in seen.text
    assert seen.select_one("#birthday")["value"] == "02-29"


async def test_country_and_feasts_are_chosen_by_name(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    answer = await desk.send("/customers/new", name="Boris", language="bg", country="BG", culture="catholic")
    seen: Any = await desk.see(answer.headers["location"].partition("?")[0])
    chosen = [seen.select_one(f"#{field} option[selected]").text for field in ("country", "culture")]
    assert chosen == ["Bulgaria", "Catholic"]
    where = answer.headers["location"].partition("?")[0]
    await desk.send(f"{where}/details", name="Boris", language="bg", country="DE", culture="")
    seen = await desk.see(where)
    assert (seen.select_one("#country option[selected]").text, seen.select_one("#culture option[selected]")) == (
        "Germany",
        None,
    )
    refused = await desk.send(f"{where}/details", name="Boris", language="bg", country="Germany", culture="")
    assert (refused.status_code, "two-letter country code" in refused.text) == (422, True)


async def test_a_form_that_is_wrong_comes_back_with_everything_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    answer = await desk.send("/customers/new", name="Ana Two", email="ana@nowak.example", phone="", language="pl")
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert "ana@nowak.example belongs to another customer already." in seen.select_one("[role=alert]").text
    assert seen.select_one("#name")["value"] == "Ana Two"


async def test_a_birthday_that_is_none_is_told_as_it_was_typed_and_the_form_stays_open(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.AGENT)
    where = f"/customers/{world.customers['ana']}"
    answer = await desk.send(f"{where}/details", name="Ana N", language="pl", birthday="31-12", labels="club, new")
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    assert seen.select_one("[role=alert]").text.strip() == (
        "Birthday: “31-12” is not a date. Write 1984-02-29, or 02-29 without the year"
    )
    typed = [seen.select_one(f"#{field}")["value"] for field in ("name", "birthday", "labels")]
    assert typed == ["Ana N", "31-12", "club, new"]
    assert seen.select_one("details[open] #birthday")


async def test_an_address_that_is_none_stays_in_its_field(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    where = f"/customers/{world.customers['ana']}"
    answer = await desk.send(f"{where}/addresses", kind="phone", value="twelve")
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    kept = seen.select_one("details[open] form[action$=addresses]")
    assert (kept.select_one("[name=value]")["value"], kept.select_one("[selected]")["value"]) == ("twelve", "phone")


async def test_the_timeline_is_filtered_by_kind(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    seen = await desk.see(f"/customers/{world.customers['ana']}?kinds=voice")
    assert [bubble.select_one("svg")["aria-label"] for bubble in seen.select(".bubble")] == ["Call"]


async def test_customers_are_found_by_a_part_of_their_number(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see("/customers?q=601 123")
    assert [link.text for link in seen.select("tbody a")] == ["Ana Nowak"]


async def test_a_campaign_is_written_reviewed_started_paused_and_cancelled(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {
        "name": "Poles",
        "purpose": "marketing",
        "group": "1",
        "field.1": "language",
        "op.1": "eq",
        "value.1": "pl",
    }
    answer = await desk.send(
        "/campaigns/new",
        **fields,
        **{"text.en.subject": "Hi", "text.en.body": "Dear {{ customer.name }} {{ unsubscribe_url }}"},
    )
    path = answer.headers["location"]
    review = await desk.see(path)
    assert "1 customer in the segment" in review.text
    assert "Dear Ana Nowak" in (await desk.see(f"{path}/preview")).select_one(".sample").text
    states = []
    for step in ("start", "pause", "resume", "cancel"):
        await desk.send(f"{path}/{step}")
        states.append((await desk.see(path)).select_one(".page-head .state").text.strip())
    assert states == ["running", "paused", "running", "cancelled"]


async def test_a_mistake_in_a_template_is_told_before_anything_leaves(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    texts = {"text.en.subject": "Hi", "text.en.body": "Dear {{ customr.name }}"}
    answer = await desk.send("/campaigns/new", name="Typo", **texts)
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    said = "Mail, English, line 1: “customr” is not known. Did you mean “customer”?"
    assert (answer.status_code, seen.select_one("[role=alert]").text.strip()) == (422, said)
    assert seen.select_one("[name='text.en.body']").text.strip() == "Dear {{ customr.name }}"


async def test_a_mistake_is_told_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        (await session.get_one(Staff, world.staff[Role.MARKETER])).language = "pl"
    answer = await desk.send("/campaigns/new", name="Typo", **{"text.pl.sms": "Dzień dobry\n{% if customer.name %}"})
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    assert seen.select_one("[role=alert]").text.strip() == (
        "SMS, polski, wiersz 2: „if”, „for” albo komentarz nie ma końca. Zamknij go tak, jak został otwarty."
    )


async def test_attributes_of_customers_are_left_to_the_dry_run(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    texts = {"text.en.sms": "{{ customer.attributes.nowhere }}"}
    path = (await desk.send("/campaigns/new", name="Tiers", **texts)).headers["location"]
    seen = await desk.see(path)
    assert "SMS, English, line 1: “nowhere” is not known" in seen.select_one("[role=alert]").text
    assert seen.select_one(f"form[action='{path}/start']") is None
    assert "0 get it" in seen.select_one("#dry-run").text
    assert "The template could not be filled in" in seen.select_one("#dry-run").text


async def test_a_campaign_that_was_cancelled_before_it_began_says_so_and_shows_no_zeros(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await desk.send("/campaigns/new", name="Never", **{"text.en.sms": "Hi"})).headers["location"]
    await desk.send(f"{path}/cancel")
    seen = await desk.see(path)
    assert "Cancelled before it began" in seen.select_one(".empty-state").text
    assert seen.select(".figures") == []


async def test_a_campaign_to_nobody_says_so(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {"name": "Nobody", **rows(("language", "eq", "xx"))}
    path = (await desk.send("/campaigns/new", **fields, **{"text.en.sms": "Hi"})).headers["location"]
    assert "Nobody is meant" in (await desk.see(path)).text
    await desk.send(f"{path}/start")
    assert "Nobody is in the segment" in (await desk.see(path)).select_one("#notice").text


async def test_conditions_are_counted_and_a_wrong_one_is_explained(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    good = await desk.send("/segments/count", **rows(("language", "eq", "pl"), ("", "eq", "")))
    bad = await desk.send("/segments/count", **rows(("age", "gt", "old")))
    assert "Means 1 customer." in good.text
    assert "takes a number" in bad.text


async def test_a_campaign_cannot_be_scheduled_into_the_past(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = f"/campaigns/{world.campaigns['draft']}"
    answer = await desk.send(f"{path}/schedule", at="2020-01-01T10:00")
    seen: Any = BeautifulSoup(answer.text, "html.parser")
    assert (answer.status_code, seen.select_one("#at")["value"]) == (422, "2020-01-01T10:00")
    assert "That moment has passed" in seen.select_one("#at-trouble [role=alert]").text
    for at, words in (("soon", "Choose the day and the hour"), ("2031-02-31T10:00", "no day 31 in February 2031")):
        none = await desk.send(f"{path}/schedule", at=at)
        assert (none.status_code, words in none.text, f'value="{at}"' in none.text) == (422, True, True), at
    assert (await desk.see(path)).select_one(".page-head .state").text.strip() == "draft"


async def test_campaigns_and_greetings_are_offered_no_words_of_the_hub_s_own(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        made = await shelf.create(session, "Your invoice", Purpose.SERVICE, staff_id=None, now=clock.now())
        await templates.save(session, made, {"en": {"sms": "Pay"}}, now=clock.now())
    own = {"event-answer", "event-called-off", "appointment-reminder", "satisfaction", "event-invitation", made}
    pages = {
        "/campaigns/new": "#template option",
        f"/campaigns/{world.campaigns['draft']}/steps": "select[name^=variant] option",
        "/occasions": "#template option",
        "/occasions/rules/new?kind=name_day": "#template option",
    }
    for address, options in pages.items():
        offered = {one["value"] for one in (await desk.see(address)).select(options)}
        assert ("spring-offer" in offered, offered & own) == (True, set()), address


async def test_the_numbers_of_a_campaign_open_the_people_behind_them(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    seen = await desk.see(f"/campaigns/{world.campaigns['running']}?shown=withheld")
    number = int(seen.select_one(".figures [aria-current] b").text)
    assert number == len(seen.select("#listed tbody tr")) > 0
    assert "The customer has not agreed to this." in seen.select_one("#listed").text


async def test_the_birthday_rule_is_a_sentence_that_can_be_changed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    await desk.send("/occasions/birthday", at_hour="08:30", late_days="1", leap_day="march", enabled="1")
    seen = await desk.see("/occasions")
    assert "at 08:30 their time" in seen.select_one(".rule").text
    assert "1 March" in seen.select_one(".rule").text
    assert "Ana Nowak" in seen.select_one("#greetings").text


async def test_an_appointment_is_booked_and_one_in_the_past_is_not(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    soon = (clock.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    fields = {"customer": world.customers["ana"], "title": "Fitting", "remind": "24h"}
    booked = await desk.send("/appointments", **fields, starts_at=soon)
    assert booked.status_code == 303
    late = await desk.send("/appointments", **fields, starts_at="2020-01-01T10:00")
    assert late.status_code == 422
    assert "has passed" in late.text
    assert "Fitting" in (await desk.see(booked.headers["location"])).text


async def test_a_task_is_written_down_and_ticked_off(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.AGENT)
    await desk.send("/tasks", title="Ring the printer")
    assert "Ring the printer" in (await desk.see("/tasks")).text
    await desk.send(f"/tasks/{world.task}/done")
    assert "Call back about the invoice" not in (await desk.see("/tasks")).text


async def test_a_whole_rate_is_shown_without_a_fraction(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    figures = [cell.text.strip() for cell in (await desk.see("/settings")).select("td.num")]
    assert {"20", "10"} <= set(figures)
    assert "20.0" not in figures


async def test_an_api_token_is_shown_once(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    shown: Any = BeautifulSoup((await desk.send("/settings/tokens", name="shop")).text, "html.parser")
    token = shown.select_one(".command").text.strip()
    assert token.startswith("hub_")
    again = await desk.see("/settings")
    assert (token in again.text, "made " in again.select_one("#tokens .entry-row").text) == (False, True)


async def test_an_administrator_adds_people_and_the_last_administrator_stays(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    person = {"name": "New One", "email": "new@meadow.example", "role": "agent", "password": "correct horse battery st"}
    assert (await desk.send("/settings/people", **person)).status_code == 303
    assert "New One" in (await desk.see("/settings")).text
    refused = await desk.send(f"/settings/people/{world.staff[Role.ADMIN]}", role="agent")
    assert refused.status_code == 422
    assert "only administrator" in refused.text
