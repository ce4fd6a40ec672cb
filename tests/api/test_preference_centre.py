"""/p/{token}: customers decide what they get; looking changes nothing, every yes and no is kept (G3, G4)."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright
from sqlmodel import col, select

from channels.message import Kind
from hub import clock
from hub.api.public import preference_page
from hub.api.public.preference_words import WORDS
from hub.bootstrap import Hub
from hub.campaigns.previews import HARMLESS
from hub.customers import consent, directory, preferences, topics
from hub.customers.consent import Statement
from hub.models import Audit, ChannelPreference, Consent, Customer, Interaction
from hub.models.vocabulary import Origin, Purpose, Withheld
from hub.outbound import planning, preference_links, unsubscribe_links
from hub.outbound.asking import Request, Words

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


def _path(hub: Hub, customer: Customer, *, now: datetime | None = None) -> str:
    """The link as it stands in a mail, below the public address."""
    link = preference_links.address(hub.gate, customer.id, now=now or clock.now())
    return link.removeprefix(hub.settings.hub.public_url)


def _form(page: str) -> dict[str, str]:
    """What a browser would send of the page, untouched."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    fields |= dict(re.findall(r'<input id="[^"]+" name="([^"]+)"[^>]*value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', page):
        fields[name] = re.findall(r'<option value="([^"]*)" selected>', options)[0]
    return {**fields, "do": "save"}


async def _say(hub: Hub, customer: Customer, purpose: Purpose | None, channel: Kind | None, granted: bool) -> None:
    async with hub.database.unit() as session:
        said = Statement(customer.id, purpose, channel, granted=granted, source="shop")
        await consent.record(session, said, now=clock.now())


async def _ledger(hub: Hub) -> list[Consent]:
    async with hub.database.unit() as session:
        return list(await session.exec(select(Consent).order_by(col(Consent.id))))


async def _rankings(hub: Hub) -> dict[Purpose, list[str]]:
    async with hub.database.unit() as session:
        return {row.purpose: row.channels for row in await session.exec(select(ChannelPreference))}


async def _card(hub: Hub, customer: Customer) -> Customer:
    async with hub.database.unit() as session:
        return await directory.get(session, customer.id)


async def test_looking_shows_what_holds_and_changes_nothing(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    await _say(hub, ana, Purpose.MARKETING, Kind.SMS, True)
    looked = await client.get(_path(hub, ana))
    scanned = await client.head(_path(hub, ana))
    assert (looked.status_code, scanned.status_code) == (200, 200)
    assert '<html lang="pl">' in looked.text
    assert "Meadow &amp; &lt;Sons&gt;" in looked.text
    shown = _form(looked.text)
    assert (shown["marketing.email"], shown["marketing.sms"], shown["greetings.sms"]) == ("no", "1", "no")
    assert [shown[f"service.{kind}"] for kind in ("email", "sms", "voice")] == ["1", "2", "3"]
    assert len(await _ledger(hub)) == 1
    assert await _rankings(hub) == {}


async def test_of_addresses_it_shows_as_much_as_their_owner_needs_and_no_name(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    page = (await client.get(_path(hub, ana))).text
    assert "a•••@e•••.org" in page
    assert "•••456" in page
    assert [word for word in ("ana@example.org", "601123456", "example", "Kowalska") if word in page] == []


def test_an_address_of_any_shape_is_masked() -> None:
    shapes = ("a@b", "@", "x@localhost", "+4860", "ana@mail.example.org")
    assert [preference_page.masked(one) for one in shapes] == [
        "a•••@•••.b",
        "•••@•••.",
        "x•••@•••.localhost",
        "•••860",
        "a•••@m•••.org",
    ]


async def test_sms_is_ranked_first_and_every_yes_and_no_is_written_as_the_page_said_it(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path = _path(hub, ana)
    form = _form((await client.get(path)).text)
    form |= {"marketing.sms": "1", "marketing.email": "2", "service.voice": "no"}
    answer = await client.post(path, data=form)
    assert answer.status_code == 200
    assert "Zapisano." in answer.text
    assert [
        (r.purpose, r.channel, r.granted, r.wording, r.wording_version, r.source, r.evidence)
        for r in await _ledger(hub)
    ] == [
        (
            *(Purpose.SERVICE, Kind.VOICE, False, "Zamówienia i pytania · Telefon: nie"),
            *("preferences/1/pl", "preference centre", "203.0.113.9"),
        ),
        (
            *(Purpose.MARKETING, Kind.EMAIL, True, "Nowości i oferty · E-mail: tak"),
            *("preferences/1/pl", "preference centre", "203.0.113.9"),
        ),
        (
            *(Purpose.MARKETING, Kind.SMS, True, "Nowości i oferty · SMS: tak"),
            *("preferences/1/pl", "preference centre", "203.0.113.9"),
        ),
    ]
    assert await _rankings(hub) == {Purpose.MARKETING: ["sms", "email", "voice"]}
    shown = _form(answer.text)
    assert (shown["marketing.sms"], shown["marketing.email"], shown["service.voice"]) == ("1", "2", "no")
    request = Request(ana.id, Purpose.MARKETING, Origin.AUTOMATION, Words("Spring", subject="Spring"))
    async with hub.database.unit() as session:
        (plan,) = await planning.plans(session, [request], gate=hub.gate, now=clock.now())
    assert plan.decision.kind is Kind.SMS


async def test_saving_what_was_shown_changes_nothing_and_says_so(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path = _path(hub, ana)
    answer = await client.post(path, data=_form((await client.get(path)).text))
    assert "nic nie zmieniono" in answer.text
    assert await _ledger(hub) == []
    assert await _rankings(hub) == {}


async def test_a_page_that_was_open_for_days_overturns_nothing_that_was_said_meanwhile(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path = _path(hub, ana)
    await _say(hub, ana, Purpose.MARKETING, None, True)
    form = _form((await client.get(path)).text)
    await _say(hub, ana, None, Kind.SMS, False)
    await client.post(path, data={**form, "greetings.email": "1"})
    rows = await _ledger(hub)
    assert [(r.purpose, r.channel, r.granted) for r in rows[2:]] == [(Purpose.GREETINGS, Kind.EMAIL, True)]
    latest = consent.standing(rows, Purpose.MARKETING, Kind.SMS)
    assert latest is not None
    assert not latest.granted


async def test_a_no_to_what_was_never_asked_is_kept_too_when_it_was_chosen(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    """Chosen, taken back: the last word is a no, which no import turns round (G3)."""
    path = _path(hub, ana)
    for choice in ("1", "no"):
        form = _form((await client.get(path)).text)
        await client.post(path, data={**form, "marketing.email": choice})
    assert [r.granted for r in await _ledger(hub)] == [True, False]


async def test_pause_quiet_hours_and_language_are_the_customer_s(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path, zone = _path(hub, ana), ZoneInfo(hub.settings.hub.timezone)
    first = clock.now().astimezone(zone).date() + timedelta(days=3)
    last = first + timedelta(days=6)
    form = _form((await client.get(path)).text)
    form |= {"pause_from": f"{first}", "pause_until": f"{last}", "quiet_from": "20:15", "quiet_until": "09:00"}
    answer = await client.post(path, data={**form, "language": "bg"})
    card = await _card(hub, ana)
    assert (card.paused_from, card.paused_until) == (_midnight(first, zone), _midnight(last + timedelta(days=1), zone))
    assert (card.quiet_from, card.quiet_until, card.language) == (time(20, 15), time(9), "bg")
    assert '<html lang="bg">' in answer.text
    assert "Запазено." in answer.text
    shown = _form(answer.text)
    assert [shown[name] for name in ("pause_from", "pause_until", "quiet_from", "language")] == [
        f"{first}",
        f"{last}",
        "20:15",
        "bg",
    ]
    async with hub.database.unit() as session:
        (row,) = await session.exec(select(Audit).where(col(Audit.action) == "customer.wishes"))
    assert (row.staff_id, row.subject, row.ip) == (None, f"customer:{ana.id}", "203.0.113.9")
    assert row.detail == "language, paused_from, paused_until, quiet_from, quiet_until"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pause_from": "soon"}, "to nie data"),
        ({"pause_from": "2190-01-02", "pause_until": "2190-01-01"}, "zanim się zacznie"),
        ({"pause_until": "2020-01-01"}, "już by się skończyła"),
        ({"pause_until": "9999-12-31"}, "to nie data"),
        ({"quiet_from": "25:00", "quiet_until": "08:00"}, "to nie godzina"),
        ({"quiet_from": "21:00"}, "mają początek i koniec"),
        ({"quiet_from": "21:00", "quiet_until": "21:00"}, "zaczynają się i kończą o tej samej"),
    ],
)
async def test_wrong_input_is_told_keeps_what_was_typed_and_changes_nothing(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, wrong: dict[str, str], told: str
) -> None:
    path = _path(hub, ana)
    form = _form((await client.get(path)).text) | {"marketing.sms": "1"} | wrong
    answer = await client.post(path, data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert {name: _form(answer.text)[name] for name in wrong} == wrong
    assert _form(answer.text)["marketing.sms"] == "1"
    assert await _ledger(hub) == []


async def test_stopping_everything_is_one_refusal_of_all_but_answers(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    """G4."""
    path = _path(hub, ana)
    for purpose in Purpose:
        await _say(hub, ana, purpose, None, True)
    for _ in range(2):
        answer = await client.post(path, data={"do": "leave"})
        assert answer.status_code == 200
        assert WORDS["pl"].left in answer.text
    (row,) = (await _ledger(hub))[len(Purpose) :]
    assert (row.purpose, row.channel, row.granted, row.source) == (None, None, False, "preference centre")
    assert row.wording == WORDS["pl"].stopped_all
    asked = [Request(ana.id, purpose, Origin.AUTOMATION, Words("x", subject="x")) for purpose in Purpose]
    async with hub.database.unit() as session:
        plans = await planning.plans(session, asked, gate=hub.gate, now=clock.now())
    assert {plan.decision.reason for plan in plans} == {Withheld.OPTED_OUT}
    shown = _form(answer.text)
    assert {value for name, value in shown.items() if re.fullmatch(r"\w+\.(email|sms|voice)", name)} == {"no"}


async def test_a_number_that_sent_stop_is_opened_by_its_owner_alone(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        await consent.suppress(
            session, Kind.SMS, "+48601123456", purpose=None, reason="STOP", source="x", now=clock.now()
        )
    page = (await client.get(_path(hub, ana))).text
    assert "START na numer +48732230001" in page
    assert "marketing.sms" not in _form(page)
    await client.post(_path(hub, ana), data={**_form(page), "marketing.voice": "1"})
    assert [(r.channel, r.granted) for r in await _ledger(hub)] == [(Kind.VOICE, True)]


async def test_a_channel_that_a_colleague_left_out_comes_back_when_it_is_chosen(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        await preferences.rank(session, ana.id, Purpose.REMINDERS, [Kind.SMS], now=clock.now())
    form = _form((await client.get(_path(hub, ana))).text)
    assert (form["reminders.email"], form["reminders.sms"]) == ("no", "1")
    await client.post(_path(hub, ana), data={**form, "reminders.email": "2"})
    assert await _rankings(hub) == {Purpose.REMINDERS: ["sms", "email"]}


async def test_a_link_holds_for_90_days_and_an_old_one_says_how_to_get_another(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    now = clock.now()
    newest_dead, oldest_good = now - timedelta(days=92), now - timedelta(days=89)
    assert (await client.get(_path(hub, ana, now=oldest_good))).status_code == 200
    path = _path(hub, ana, now=newest_dead)
    for answer in (await client.get(path), await client.post(path, data={"do": "leave"})):
        assert answer.status_code == 410
        assert "najnowszej wiadomości" in answer.text
    assert await _ledger(hub) == []


async def test_forged_links_and_links_for_other_things_open_nothing(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    token = _path(hub, ana).removeprefix("/p/")
    forged = [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(0, 35, 5)]
    longer = [f"{token[:-1]}{letter}" for letter in "0123456789abcdef" if not token.endswith(letter)]
    others = [
        hub.signer.link_token("click", ana.id, token[-5:]) + token[-5:],
        hub.signer.message_token(ana.id),
        unsubscribe_links.address(hub.gate, ana.id, Purpose.MARKETING, Kind.EMAIL).rpartition("/")[2],
        *("x", "a" * 5000, "%00", "%ff", "<script>"),
    ]
    for one in (*forged, *longer, *others):
        assert ((await client.get(f"/p/{one}")).status_code, one) == (404, one)
        assert (await client.post(f"/p/{one}", data={"do": "leave"})).status_code == 404
    assert await _ledger(hub) == []


async def test_a_preference_link_unsubscribes_nobody_by_one_click(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    answer = await client.post(_path(hub, ana), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 400
    assert await _ledger(hub) == []


async def test_bodies_that_are_no_form_change_nothing(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    for body in (b"", b"do=save&" * 1000, b"do=leave" + b"x" * 30_000, b"\xff\x00", b'{"do": "leave"}'):
        answer = await client.post(_path(hub, ana), content=body)
        assert (body[:20], answer.status_code) == (body[:20], 400)
    answer = await client.post(_path(hub, ana), data={"do": "save", "language": "xx\x00", "marketing.sms": "1"})
    assert answer.status_code == 200
    assert await _ledger(hub) == []
    assert (await _card(hub, ana)).language == "pl"


async def test_the_link_of_a_test_message_changes_nothing(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    for answer in (await client.get(f"/p/{HARMLESS}"), await client.post(f"/p/{HARMLESS}", data={"do": "leave"})):
        assert answer.status_code == 200
        assert "test message" in answer.text


async def test_changes_have_a_measure(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    path = _path(hub, ana)
    codes = [(await client.post(path, data={"do": "save"})).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]


async def test_the_page_to_leave_by_leads_there_for_a_day(client: httpx.AsyncClient, hub: Hub, ana: Customer) -> None:
    leave = unsubscribe_links.address(hub.gate, ana.id, Purpose.MARKETING, Kind.EMAIL)
    leave = leave.removeprefix(hub.settings.hub.public_url)
    for page in (await client.get(leave), await client.post(leave, data={"unsubscribe": "yes"})):
        (link,) = re.findall(r'<a href="([^"]+)"', page.text)
        token = link.removeprefix(f"{hub.settings.hub.public_url}/p/")
        assert (await client.get(f"/p/{token}")).status_code == 200
        soon = preference_links.read(hub.signer, token, now=clock.now() + timedelta(days=2))
        assert soon is not None
        assert soon.is_over


async def test_the_page_needs_no_script_no_cookie_and_nothing_from_elsewhere(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    answer = await client.get(_path(hub, ana))
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "<script" not in answer.text
    assert re.findall(r'(?:href|src)="([^"]*)"', answer.text) == ["/api/plain.css", "/brand/0054a6.svg"]
    assert not answer.cookies


@pytest.fixture
async def chromium(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[object]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        await opened.close()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_axe_finds_nothing_on_the_page_and_it_fits_the_screen(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, chromium: object, width: int, scheme: str
) -> None:
    path = _path(hub, ana)
    form = {**_form((await client.get(path)).text), "quiet_from": "21:00"}
    shown = [(await client.get(path)).text, (await client.post(path, data=form)).text]
    css = (await client.get("/api/plain.css")).text
    context = await chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[attr-defined]
    page = await context.new_page()
    for html in shown:
        await page.set_content(html.replace('<link rel="stylesheet" href="/api/plain.css">', f"<style>{css}</style>"))
        ran = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        assert [(v["id"], v["nodes"][0]["html"][:150]) for v in ran.response["violations"]] == []
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")


async def test_topics_are_chosen_one_by_one_and_the_gate_keeps_to_it(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    async with hub.database.unit() as session:
        await topics.add(session, "garden", {"pl": "Ogród"})
        await topics.add(session, "news", {"en": "News"})
    path, reasons = _path(hub, ana), []
    assert "topic.garden" not in _form((await client.get(path)).text)
    await _say(hub, ana, Purpose.MARKETING, Kind.EMAIL, True)
    for choice in ("no", "1"):
        form = _form((await client.get(path)).text)
        assert form["topic.news"] == "1"
        shown = _form((await client.post(path, data={**form, "topic.garden": choice})).text)
        assert shown["topic.garden"] == choice
        asked = [
            Request(ana.id, Purpose.MARKETING, Origin.AUTOMATION, Words("x", subject="x"), topic=topic)
            for topic in ("garden", "news", "")
        ]
        async with hub.database.unit() as session:
            plans = await planning.plans(session, asked, gate=hub.gate, now=clock.now())
        reasons.append([plan.decision.reason for plan in plans])
    assert reasons == [[Withheld.TOPIC_UNWANTED, None, None], [None, None, None]]
    rows = [(r.channel, r.topic, r.granted, r.wording) for r in (await _ledger(hub))[1:]]
    assert rows == [
        (None, "garden", False, "Nowości i oferty · Ogród: nie"),
        (Kind.EMAIL, "garden", True, "Nowości i oferty · Ogród: tak"),
    ]


async def test_who_has_an_old_link_gets_a_new_one_to_their_own_address_once_a_day(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    old = _path(hub, ana, now=clock.now() - timedelta(days=100))
    page = await client.get(old)
    assert (page.status_code, 'value="renew"' in page.text) == (410, True)
    answers = [await client.post(old, data={"do": "renew", "email": "thief@evil.example"}) for _ in range(2)]
    assert [(one.status_code, "nowym odnośnikiem" in one.text) for one in answers] == [(200, True)] * 2
    assert answers[0].text == answers[1].text
    async with hub.database.unit() as session:
        (row,) = await session.exec(select(Interaction))
    assert (row.recipient, row.kind, row.purpose) == ("ana@example.org", Kind.EMAIL, Purpose.SERVICE)
    assert f"{hub.settings.hub.public_url}{_path(hub, ana)}" in row.body_text
    assert (await client.post(old, data={"do": "save"})).status_code == 410
    assert (await client.post(old[:-6] + "00000", data={"do": "renew"})).status_code == 404


async def test_of_two_ways_on_one_place_the_one_that_was_moved_has_it_and_the_page_says_so(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    path = _path(hub, ana)
    form = _form((await client.get(path)).text)
    answer = await client.post(path, data=form | {"service.sms": "1", "reminders.email": "2"})
    assert await _rankings(hub) == {
        Purpose.SERVICE: ["sms", "email", "voice"],
        Purpose.REMINDERS: ["sms", "email", "voice"],
    }
    assert "Zamówienia i pytania: SMS, E-mail, Telefon, w tej kolejności." in answer.text
    again = await client.post(path, data=_form(answer.text))
    assert "w tej kolejności" not in again.text


@pytest.mark.parametrize("language", ["en", "pl", "bg", "ru"])
async def test_two_ways_that_were_moved_to_one_place_are_refused_in_words(
    client: httpx.AsyncClient, hub: Hub, ana: Customer, language: str
) -> None:
    async with hub.database.unit() as session:
        await directory.change(session, ana.id, {"language": language}, now=clock.now())
    path, said = _path(hub, ana), WORDS[language]
    form = _form((await client.get(path)).text) | {"marketing.sms": "1", "marketing.voice": "1"}
    answer = await client.post(path, data=form)
    ways = f"{said.channels[Kind.SMS]}, {said.channels[Kind.VOICE]}"
    told = said.same_place.format(purpose=said.purposes[Purpose.MARKETING], place=said.places[0], ways=ways)
    assert (answer.status_code, told in answer.text) == (422, True)
    assert _form(answer.text)["marketing.voice"] == "1", "what was chosen stays"
    assert (await _ledger(hub), await _rankings(hub)) == ([], {})
