"""The page on which one plays the customer: real mail, texts and calls behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import aiosmtplib
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup
from playwright.async_api import async_playwright

from channels.sandbox import mail_letters
from channels.sandbox.exchange import Dialling
from channels.sandbox.mail import Account
from channels.sandbox.mail_letters import Enclosure
from channels.sandbox.resources import CompanyNumber
from channels.sandbox.telephone import Held
from channels.sandbox.world import SandboxSettings, World

COMPANY, PERSON, ANA = "+48220000000", "+48601234567", "ana@mail.example"
HELP = "help@company.example"
TWIML = "<Response><Gather numDigits='1' timeout='60' action='/hub/done'><Say>Press 1</Say></Gather></Response>"


@pytest.fixture
async def hub() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """A company that answers every call with one question, and keeps what is posted to it."""
    posted: list[dict[str, str]] = []

    async def receive(request: web.Request) -> web.Response:
        posted.append({"at": request.path, **{k: str(v) for k, v in (await request.post()).items()}})
        text = TWIML if request.path == "/hub/voice" else "<Response/>"
        return web.Response(text=text, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/hub/{name}", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hub", posted
    await runner.cleanup()


@pytest.fixture
async def world(hub: tuple[str, list[dict[str, str]]]) -> AsyncIterator[World]:
    number = CompanyNumber(COMPANY, f"{hub[0]}/sms", f"{hub[0]}/voice")
    made = World(
        SandboxSettings("AC" + "0" * 32, "token", {HELP: Account("help", "secret")}, numbers=(number,), pace=0.0)
    )
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def browser(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    origin = world.page_url.rstrip("/")
    async with aiohttp.ClientSession(origin, headers={"Origin": origin}) as session:
        yield session


async def page(browser: aiohttp.ClientSession, **query: str) -> BeautifulSoup:
    async with browser.get("/", params=query) as answer:
        assert answer.status == 200
        return BeautifulSoup(await answer.text(), "html.parser")


async def post(browser: aiohttp.ClientSession, path: str, **form: str) -> int:
    async with browser.post(path, data=form, allow_redirects=False) as answer:
        return answer.status


async def test_the_people_introduced_are_offered_by_name_and_who_was_met_last_comes_first(
    world: World, browser: aiohttp.ClientSession
) -> None:
    world.introduce({ANA: "Ana <b>", PERSON: "Piotr"} | {f"p{n}@mail.example": f"Person {n}" for n in range(20)})
    fresh = await page(browser)
    links = [a.get_text() for a in fresh.select(".people a")]
    assert (links[:2], len(links)) == ([f"Ana <b> {ANA}", f"Piotr {PERSON}"], 12)
    assert len(fresh.select("#people option")) == 22
    assert await post(browser, "/text", person="+48601000111", to=COMPANY, body="hello") == 303
    met = [a.get_text() for a in (await page(browser)).select(".people a")]
    assert met[:2] == ["+48601000111", f"Ana <b> {ANA}"]


async def test_only_numbers_that_take_calls_are_offered_for_a_call() -> None:
    takes_texts, takes_calls = CompanyNumber("+48220000001", sms_url="x"), CompanyNumber("+48220000002", voice_url="y")
    world = World(SandboxSettings("AC" + "0" * 32, "token", numbers=(takes_texts, takes_calls)))
    await world.start()
    try:
        async with aiohttp.ClientSession(world.page_url) as session:
            shown = await page(session, person=PERSON)
    finally:
        await world.stop()
    offered = {one: [o.get_text() for o in shown.select(f"#{one} option")] for one in ("sms-to", "call-to")}
    assert offered == {"sms-to": [takes_texts.number], "call-to": [takes_calls.number]}


async def test_a_text_from_the_page_reaches_the_company_and_the_answer_is_shown(
    world: World, browser: aiohttp.ClientSession, hub: Any
) -> None:
    assert await post(browser, "/text", person=PERSON, to=COMPANY, body="Is it <b>open</b>?") == 303
    await world.carrier.settled()
    assert [(p["From"], p["Body"]) for p in hub[1]] == [(PERSON, "Is it <b>open</b>?")]
    shown = await page(browser, person="+48 601 234 567")
    assert [a.select_one(".body").get_text() for a in shown.select("article")] == ["Is it <b>open</b>?"]  # type: ignore[union-attr]


async def test_a_call_from_the_page_is_played_key_by_key(
    world: World, browser: aiohttp.ClientSession, hub: Any
) -> None:
    assert await post(browser, "/dial", person=PERSON, to=COMPANY) == 303
    (call,) = world.carrier.calls(PERSON)
    await world.carrier.until(lambda: any(h.verb == "say" for h in call.heard))
    shown = await page(browser, person=PERSON)
    assert [h.get_text() for h in shown.select(".call h3")] == [f"Call to {COMPANY} · listening"]
    keys = shown.select("button.key")
    assert [key.get_text() for key in keys] == list("123456789*0#")
    assert await post(browser, f"/calls/{call.sid}/press", person=PERSON, key="7") == 303
    await world.carrier.settled()
    assert [p["Digits"] for p in hub[1] if p["at"] == "/hub/done"] == ["7"]
    assert await post(browser, f"/calls/{call.sid}/press", person=PERSON, key="7") == 409


async def test_the_page_answers_a_call_that_the_company_makes(
    world: World, browser: aiohttp.ClientSession, hub: Any
) -> None:
    assert await post(browser, "/hold", person=PERSON, held="yes") == 303
    call = world.carrier.exchange.place(Dialling(COMPANY, PERSON, "", TWIML, "", frozenset(), 30, ""))
    await world.carrier.until(lambda: call.status == "ringing")
    assert {b.get_text() for b in (await page(browser, person=PERSON)).select(".acts button")} == {"Answer", "Decline"}
    assert await post(browser, f"/calls/{call.sid}/take", person=PERSON) == 303
    await world.carrier.until(lambda: call.status == "in-progress")
    assert await post(browser, f"/calls/{call.sid}/hangup", person=PERSON) == 303
    await world.carrier.settled()
    assert (call.status, isinstance(call.telephone, Held)) == ("completed", True)


async def _send(world: World, mail: bytes) -> None:
    """From the company to Ana, as the hub does."""
    await aiosmtplib.send(
        mail,
        sender=HELP,
        recipients=[ANA],
        hostname="127.0.0.1",
        port=world.mail.smtp_port,
        username="help",
        password="secret",
        start_tls=False,
    )


async def test_mail_is_written_read_and_answered_in_its_thread(world: World, browser: aiohttp.ClientSession) -> None:
    mail = (
        f"From: {HELP}\r\nTo: {ANA}\r\nReply-To: help+token@company.example\r\nMessage-ID: <1@company.example>\r\n"
        "Subject: <script>alert(1)</script>\r\n\r\nYour parcel\r\n"
    )
    await _send(world, mail.encode())
    shown = await page(browser, person=ANA)
    assert [h.get_text() for h in shown.select("article h3")] == ["<script>alert(1)</script>"]
    answering = await page(browser, person=ANA, answer="<1@company.example>")
    assert answering.select_one("#to option").get_text() == "help+token@company.example"  # type: ignore[union-attr]
    status = await post(
        browser,
        "/mail",
        person=ANA,
        to="help+token@company.example",
        answered="<1@company.example>",
        subject="Re: it",
        text="Thanks",
    )
    assert status == 303
    assert await post(browser, "/mail", person=ANA, to="stranger@else.example", subject="x", text="x") == 400


async def test_a_mail_whose_reply_address_is_folded_is_answered(world: World, browser: aiohttp.ClientSession) -> None:
    mail = (
        f"From: {HELP}\r\nTo: {ANA}\r\nReply-To: Company & Sons\r\n <help+token@company.example>\r\n"
        "Message-ID: <2@company.example>\r\nSubject: Tulips for you\r\n and roses\r\n\r\nCome in\r\n"
    )
    await _send(world, mail.encode())
    answering: Any = await page(browser, person=ANA, answer="<2@company.example>")
    assert answering.select_one("#subject")["value"] == "Re: Tulips for you and roses"
    form = {"to": " ".join(answering.select_one("#to option").text.split()), "answered": "<2@company.example>"}
    assert await post(browser, "/mail", person=ANA, subject="Re: Tulips", text="Yes", **form) == 303


async def test_the_page_hears_of_what_happens(world: World, browser: aiohttp.ClientSession) -> None:
    async with browser.get("/events", params={"person": PERSON}) as stream:
        assert await stream.content.readuntil(b"\n\n") == b": hello\n\n"
        world.carrier.text("+48609999999", "somebody else")
        world.carrier.text(PERSON, "me")
        assert await stream.content.readuntil(b"\n\n") == b"event: changed\ndata: -\n\n"
    async with browser.get("/live", params={"person": PERSON}) as live:
        html = await live.text()
    assert "me</p>" in html
    assert "somebody else" not in html
    assert "<html" not in html


async def test_another_sites_page_can_do_nothing(world: World, browser: aiohttp.ClientSession) -> None:
    form = {"person": PERSON, "to": COMPANY, "body": "x"}
    for origin in ("https://evil.example", "null", "http://localhost:1", ""):
        async with browser.post("/text", data=form, headers={"Origin": origin}) as answer:
            assert answer.status == 403
    async with browser.post(
        "/text", data=form, headers={"Host": "evil.example", "Origin": "http://evil.example"}
    ) as no:
        assert no.status == 421
    assert world.carrier.messages.all == {}


@pytest.mark.parametrize(("path", "form"), [
    ("/text", {"person": "nobody", "to": COMPANY}), ("/text", {"person": PERSON, "to": "+48999"}),
    ("/dial", {"person": "", "to": COMPANY}), ("/mail", {"person": "a@b@c", "to": HELP}),
])  # fmt: skip
async def test_nonsense_is_refused(browser: aiohttp.ClientSession, path: str, form: dict[str, str]) -> None:
    assert await post(browser, path, **form) == 400


async def test_whoever_is_no_person_is_told_why(browser: aiohttp.ClientSession) -> None:
    shown = await page(browser, person="<img src=x>")
    assert "is not a telephone number" in shown.select_one("[role=alert]").get_text()  # type: ignore[union-attr]
    assert shown.select("img") == []


async def test_every_answer_allows_only_our_own_script_and_style(browser: aiohttp.ClientSession) -> None:
    for path in ("/", "/page.css", "/page.js", f"/live?person={PERSON[1:]}"):
        async with browser.get(path.replace("person=", "person=%2B")) as answer:
            assert answer.status == 200, path
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    html = str(await page(browser, person=PERSON))
    assert not re.search(r"\son\w+=|\sstyle=|https?://", html)


async def test_every_field_has_its_label(browser: aiohttp.ClientSession) -> None:
    for person in ("", PERSON, ANA):
        shown = await page(browser, **({"person": person} if person else {}))
        labelled = {label["for"] for label in shown.select("label")}
        fields = shown.select("input:not([type=hidden]), select, textarea")
        assert {field["id"] for field in fields} == labelled
        assert len({tag["id"] for tag in shown.select("[id]")}) == len(shown.select("[id]"))


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
async def test_the_page_is_usable_by_everybody_at_every_width(world: World) -> None:
    world.carrier.text(PERSON, "Hello " + "x" * 200)
    call = world.carrier.dial_by_hand(PERSON)
    await world.carrier.until(lambda: any(h.verb == "say" for h in call.heard))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((390, "dark"), (1440, "light")):
            await _try_the_page(world, await chromium.new_page(viewport={"width": width, "height": 800}), scheme)
        await chromium.close()


async def _try_the_page(world: World, shown: Any, scheme: str) -> None:
    """Send a text without the page being loaded anew, then look for what is wrong with it."""
    complaints: list[str] = []
    shown.on("console", lambda message: complaints.append(message.text))
    await shown.emulate_media(color_scheme=scheme)
    await shown.goto(f"{world.page_url}?person=%2B{PERSON[1:]}")
    await shown.fill("#body", f"from a {scheme} page")
    await shown.click("form[action='/text'] button")
    await shown.wait_for_selector(f"article >> text=from a {scheme} page")
    found = await Axe().run(shown)
    wide = await shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert [v["id"] for v in found.response["violations"]] == []
    assert (wide, complaints) == (0, [])


async def test_a_mails_addresses_are_links_and_its_files_are_given_out_to_be_saved(
    world: World, browser: aiohttp.ClientSession
) -> None:
    files = (Enclosure("табл <1>.csv", "text/html", b"<b>1</b>"),)
    text = "See http://hub.example/p/1?a=1&b=2 <b>now</b>"
    raw = mail_letters.written(HELP, ANA, "Report", text, html="", in_reply_to="", enclosures=files)
    await _send(world, raw)
    article = (await page(browser, person=ANA)).select_one("article")
    assert article is not None
    link, file, _answer = article.select("a")
    assert (link["href"], file.get_text()) == ("http://hub.example/p/1?a=1&b=2", "табл <1>.csv")
    assert article.select_one("b") is None
    async with browser.get(str(file["href"])) as answer:
        assert (await answer.read(), answer.content_type) == (b"<b>1</b>", "application/octet-stream")
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    for wrong in ({"number": "1"}, {"number": "x"}, {"letter": "none"}, {"person": "else@mail.example"}):
        query = {"person": ANA, "letter": "", "number": "0"} | wrong
        async with browser.get("/file", params=query) as answer:
            assert answer.status == 404, wrong
