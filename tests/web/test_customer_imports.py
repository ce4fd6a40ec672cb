"""Customers brought in at the desk: a file, what its columns hold, its first rows, its progress, its wrong rows."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from playwright.async_api import FilePayload, expect
from sqlmodel import select

from channels.message import Kind
from hub import clock
from hub.customers import consent, directory, imports, uploaded
from hub.models import Audit, Customer, Suppression
from hub.models.vocabulary import AddressKind, Brought, Purpose, Role
from hub.segments import lists
from hub.staff import accounts
from hub.web.customers.import_words import ABOUT
from tests.web import bringing
from tests.web.conftest import XSS, Opening

PEOPLE = (
    "Imię;Nazwisko;E-mail;Nr telefonu;Urodziny;Zgody;Buty\r\n"
    "Ewa;Lis;ewa@lis.example;601 222 333;29.02.1984;marketing:email;38\r\n"
    "Георги;Петров;georgi@petrov.example;;;marketing;42\r\n"
    "Jan;Zły;not an address;;;;\r\n"
    "=Ola;Kot;ola@kot.example;;31.02.1990;;\r\n"
)
COLUMNS = ("given_name", "family_name", "email", "phone", "birthday", "consent", "attributes.Buty")
SAID: dict[str, Any] = {"column": COLUMNS, "source": "form in the shop", "wording": "Write to me about offers"}


async def _upload(desk: Any, content: str | bytes, name: str = "people.csv") -> Any:
    return await bringing.upload(desk, Brought.CUSTOMERS, content, name)


async def _found(world: Any, address: str) -> Customer | None:
    async with world.hub.database.unit() as session:
        return await directory.find(session, AddressKind.EMAIL, address)


def _held(page: Any) -> list[str]:
    chosen = [one.select_one("option[selected]") for one in page.select("#columns select[name=column]")]
    return [one["value"] if one else "-" for one in chosen]


async def test_a_file_is_brought_in_after_its_first_rows_were_seen(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    path = (await _upload(desk, PEOPLE)).headers["location"]
    blank = await desk.see(path)
    assert _held(blank) == list(COLUMNS), "the headings are Polish"
    assert "Say where the people agreed" in blank.select_one("#tried").text
    assert blank.select_one("button[value=begin]") is None

    assert (await desk.send(path, act="look", **SAID)).status_code == 303
    told = [" ".join(row.text.split()) for row in (await desk.see(path)).select("#tried tbody tr")]
    assert "added" in told[0]
    assert told[1].endswith("known alreadyThis is Георги Петров")
    assert ["is not a mail address" in told[2], "is not a date" in told[3]] == [True, True]
    assert await _found(world, "ewa@lis.example") is None, "nothing is written by looking"

    assert (await desk.send(path, act="begin", **SAID)).status_code == 303
    under_way = await desk.see(path)
    assert "live:import-" in under_way.select_one("#progress")["hx-trigger"]
    await bringing.work(world, path)
    done = await desk.see(path)
    assert not done.select_one("#progress").has_attr("hx-get")
    assert [one.text for one in done.select("#progress .chips .badge-quiet")] == [
        "1 added", "1 known already", "0 changed", "2 not taken",
    ]  # fmt: skip
    assert [one.text for one in done.select("#rejected td.num")] == ["4", "5"]
    ewa = await _found(world, "ewa@lis.example")
    assert ewa is not None
    assert [(one["href"], one.text) for one in done.select("#people a")] == [
        (f"/customers/{ewa.id}", "Ewa Lis"),
        (f"/customers/{world.customers['georgi']}", "Георги Петров"),
    ]
    assert (ewa.name, ewa.given_name, ewa.birth_day, ewa.attributes) == ("Ewa Lis", "Ewa", 29, {"Buty": "38"})
    async with world.hub.database.unit() as session:
        (noted,) = await session.exec(select(Audit).where(Audit.action == "customers.import"))
    assert (noted.staff_id, noted.detail) == (world.staff[Role.SUPERVISOR], "people.csv")


async def test_a_consent_is_kept_with_its_proof_and_no_no_becomes_a_yes(world: Any, signed_in: Any) -> None:
    desk, georgi = await signed_in(Role.SUPERVISOR), world.customers["georgi"]
    async with world.hub.database.unit() as session:
        before = await consent.ledger(session, georgi)
    path = (await _upload(desk, PEOPLE)).headers["location"]
    await desk.send(path, act="begin", update="1", **SAID)
    await bringing.work(world, path)
    ewa = await _found(world, "ewa@lis.example")
    assert ewa is not None
    async with world.hub.database.unit() as session:
        (said,) = await consent.ledger(session, ewa.id)
        ledger = await consent.ledger(session, georgi)
    assert (said.granted, said.purpose, said.channel, said.source, said.wording, said.evidence, said.staff_id) == (
        True, Purpose.MARKETING, Kind.EMAIL, "form in the shop", "Write to me about offers", "people.csv, line 2",
        world.staff[Role.SUPERVISOR],
    )  # fmt: skip
    mail = consent.standing(ledger, Purpose.MARKETING, Kind.EMAIL)
    assert mail is not None
    assert (mail.granted, mail.source) == (False, "one-click")
    assert {(one.channel, one.granted) for one in ledger[: len(ledger) - len(before)]} == {
        (Kind.SMS, True),
        (Kind.VOICE, True),
    }


async def test_everybody_in_the_file_goes_on_the_list_that_was_named_or_chosen(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    said = {"column": tuple("-" if one == "consent" else one for one in COLUMNS)}
    path = (await _upload(desk, PEOPLE)).headers["location"]
    await desk.send(path, act="look", new_list=" Guests of  the fair", **said)
    assert (await desk.see(path)).select_one("#new_list")["value"] == "Guests of the fair"
    async with world.hub.database.unit() as session:
        assert "Guests of the fair" not in [one.name for one in await lists.offered(session)], "looking makes none"
    await desk.send(path, act="begin", new_list="Guests of the fair", **said)
    await bringing.work(world, path)
    link = (await desk.see(path)).select_one("#progress a[href^='/lists/']")
    assert link.text == "Guests of the fair"
    on_it = (await desk.see(link["href"])).select("a[href^='/customers/'][data-step]")
    assert {one.text for one in on_it} == {"Ewa Lis", "Георги Петров"}, "new and known, not who was rejected"

    again, number = (await _upload(desk, "Name,Email\nAna,ana@nowak.example\n")).headers["location"], link["href"][7:]
    await desk.send(again, act="begin", column=("name", "email"), list_id=number)
    await bringing.work(world, again)
    async with world.hub.database.unit() as session:
        found = await lists.members(session, int(number), limit=9)
        noted = list(await session.exec(select(Audit.action, Audit.subject).where(Audit.action == "list.load")))
    assert len(found) == 3
    assert noted == [("list.load", f"segment:{number}")] * 2


async def test_a_list_that_cannot_be_is_refused_and_nothing_is_lost(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        there = await lists.create(session, "Regulars", staff_id=None, now=clock.now())
    path, columns = f"/imports/customers/{world.people['waiting']}", ("name", "email", "-")
    for wrong, words in (
        ({"list_id": str(there.id), "new_list": "Others"}, "not both"),
        ({"new_list": "regulars"}, "There is a segment “regulars” already"),
        ({"new_list": "y" * 101}, "at most 100"),
        ({"list_id": str(world.segment)}, ""),
        ({"list_id": "0"}, ""),
    ):
        for act in ("look", "begin"):
            refused = await desk.send(path, column=columns, act=act, **wrong)
            assert (refused.status_code in (404, 422), words in refused.text) == (True, True), wrong
            assert wrong.get("new_list", "") in refused.text
    async with world.hub.database.unit() as session:
        assert (await imports.get(session, UUID(str(world.people["waiting"])))).begun_at is None


async def test_a_suppressed_address_stays_suppressed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        bar: dict[str, Any] = {"purpose": None, "reason": "hard_bounce", "source": "receipt", "now": clock.now()}
        await consent.suppress(session, Kind.EMAIL, "ewa@lis.example", **bar)
    path = (await _upload(desk, PEOPLE)).headers["location"]
    await desk.send(path, act="begin", **SAID)
    await bringing.work(world, path)
    assert await _found(world, "ewa@lis.example") is not None
    async with world.hub.database.unit() as session:
        assert list(await session.exec(select(Suppression.value))) == ["ewa@lis.example"]


async def test_who_may_record_no_consents_brings_none_in(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await _upload(desk, PEOPLE)).headers["location"]
    page = await desk.see(path)
    assert _held(page)[5] == "-"
    assert page.select_one("option[value=consent], #source") is None
    refused = await desk.send(path, act="begin", **SAID)
    assert (refused.status_code, "Leave the column out, or ask a supervisor" in refused.text) == (422, True)
    without = tuple("-" if one == "consent" else one for one in COLUMNS)
    assert (await desk.send(path, act="begin", column=without)).status_code == 303
    await bringing.work(world, path)
    ewa = await _found(world, "ewa@lis.example")
    assert ewa is not None
    async with world.hub.database.unit() as session:
        assert await consent.ledger(session, ewa.id) == []


async def test_known_people_are_brought_up_to_date_where_that_was_asked_for(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    text = "Name,Email,Shoe\nГеорги Петров,georgi@petrov.example,42\nAna,ana@nowak.example,\n"
    for changed, known in ((1, 1), (0, 2)):
        path = (await _upload(desk, text)).headers["location"]
        columns = ("-", "email", "attributes.Shoe")
        await desk.send(path, act="begin", update="1", column=columns)
        await bringing.work(world, path)
        told = (await desk.see(path)).select_one("#progress").text
        assert (f"{changed} changed" in told, f"{known} known already" in told) == (True, True)
    georgi = await _found(world, "georgi@petrov.example")
    assert georgi is not None
    assert (georgi.name, georgi.attributes) == ("Георги Петров", {"Shoe": "42"})


async def test_the_rejected_rows_are_mended_in_their_own_file(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    path = (await _upload(desk, PEOPLE)).headers["location"]
    await desk.send(path, act="begin", **SAID)
    await bringing.work(world, path)
    kept = await desk.client.get(f"{path}/rejected.csv")
    rows = list(csv.DictReader(io.StringIO(kept.text)))
    assert [(row["line"], row["Imię"], row["Nazwisko"]) for row in rows] == [("4", "Jan", "Zły"), ("5", "'=Ola", "Kot")]
    mended = kept.text.replace("not an address", "jan@zly.example").replace("31.02.1990", "28.02.1990")
    again = (await _upload(desk, mended)).headers["location"]
    assert _held(await desk.see(again)) == ["-", "-", *COLUMNS]
    await desk.send(again, act="begin", **SAID | {"column": ("-", "-", *COLUMNS)})
    await bringing.work(world, again)
    assert "2 added" in (await desk.see(again)).text
    ola = await _found(world, "ola@kot.example")
    assert ola is not None
    assert ola.name == "=Ola Kot"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty. Choose one"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "This is not a text file"),
        (
            "Imię;E-mail\nŻaneta;z@x.example\n".encode("cp1250"),
            "Line 1 is not UTF-8: “Imi\ufffd;E-mail”. Save the sheet",
        ),
        ("Name;E-mail\nJan;j@x.example\nŻaneta;z@x.example\n".encode("cp1250"), "Line 3 is not UTF-8: “\ufffdaneta"),
        (b"\n\n", "The file has no header row"),
        (b"x" * 200_000, "The first line is no header"),
        (b"Name,Email\n", "a header and no rows"),
        (b"Name\n" + b"x" * uploaded.LARGEST, "The file has more than 25 MB"),
    ],
)
async def test_a_broken_file_comes_back_in_words(content: bytes, words: str, world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    refused = await _upload(desk, content)
    assert (refused.status_code, words in refused.text) == (422, True)
    assert "Traceback" not in refused.text


async def test_a_file_above_what_any_form_may_hold_comes_back_in_words_too(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    refused = await _upload(desk, b"Name\n" + b"x" * 30 * 1024 * 1024)
    assert (refused.status_code, "divide a sheet into several" in refused.text) == (413, True)


async def test_columns_of_one_meaning_are_joined_or_told(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await _upload(desk, "Name,Mail,Mail,Nick\nEwa,ewa@lis.example,e@lis.example,E\n")).headers["location"]
    assert _held(await desk.see(path)) == ["name", "email", "email", "attributes.Nick"]
    refused = await desk.send(path, column=("name", "email", "email", "name"), act="begin")
    assert (refused.status_code, "Two columns are said to hold “Name”" in refused.text) == (422, True)
    assert (await desk.send(path, column=("name", "email", "email", "-"), act="begin")).status_code == 303
    await bringing.work(world, path)
    one, other = await _found(world, "ewa@lis.example"), await _found(world, "e@lis.example")
    assert one is not None
    assert one == other


async def test_a_wrong_form_comes_back_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.SUPERVISOR), f"/imports/customers/{world.people['waiting']}"
    columns = ("name", "email", "attributes.Shoe")
    wrong = await desk.send(path, column=columns, source="y" * 201, wording="Yes", update="1")
    assert (wrong.status_code, "y" * 201 in wrong.text, "at most 200" in wrong.text) == (422, True, True)
    assert 'name="update" value="1" checked' in wrong.text
    other = await desk.send(path, column=("family_name", "email", "-"), source="y" * 201)
    assert _held(BeautifulSoup(other.text, "html.parser")) == ["family_name", "email", "-"]
    foreign = await desk.send(path, column=("name", "email", "attributes.Hat"))
    assert (foreign.status_code, "not those of this file" in foreign.text) == (422, True)
    nobody = await desk.send(path, column=("-", "-", "attributes.Shoe"), act="begin")
    assert (nobody.status_code, "Say which columns hold the people" in nobody.text) == (422, True)
    purchases = f"/imports/purchases/{world.people['waiting']}"
    assert (await desk.client.get(purchases)).status_code == 404, "a file is of one kind"


async def test_an_import_is_cancelled_and_what_it_brought_stays(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.MARKETER), f"/imports/customers/{world.people['waiting']}"
    early = await desk.send(f"{path}/cancel")
    assert (early.status_code, "nothing to cancel" in early.text) == (422, True)
    await desk.send(path, column=("name", "email", "-"), act="begin")
    under_way = await desk.see(path)
    assert under_way.select_one(f"form[action='{path}/cancel']") is not None
    removed = await desk.send(f"{path}/remove")
    assert (removed.status_code, "Cancel it, or wait" in removed.text) == (422, True)
    assert (await desk.send(f"{path}/cancel")).status_code == 303
    await bringing.work(world, path)
    stopped = await desk.see(path)
    assert "0 of 2 rows" in stopped.text
    assert stopped.select_one("#progress h2").text == "Cancelled"
    async with world.hub.database.unit() as session:
        found = await imports.get(session, UUID(str(world.people["waiting"])))
    assert (found.cancelled, found.done, found.sha256) == (True, 0, "")
    assert (await desk.send(f"{path}/remove")).headers["location"] == "/imports/customers"
    await desk.see(path, status=404)


async def test_hostile_cells_and_names_do_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    word = XSS.replace('"', "")
    path = (await _upload(desk, f"name,{word}\n{word[:40]},\x01\n", name=f"../{word}.csv")).headers["location"]
    seen = await desk.see(path)
    assert (seen.select("script[src='x'], img[src='x']"), "<script>alert(1)" in seen.text) == ([], True)
    agent = await signed_in(Role.AGENT)
    assert (await _upload(agent, PEOPLE)).status_code == 403


async def test_wrong_rows_are_told_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.MARKETER], {"language": "bg"}, now=clock.now(), by=None)
    told = (await desk.see(f"/imports/customers/{world.people['done']}")).select_one("#rejected").text
    assert "eva#nowak.example" in told
    assert "is not a mail address" not in told


async def test_an_empty_hub_teaches_the_import(empty: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    assert (await desk.see("/customers")).select_one(".empty-state a[href='/imports/customers']") is not None
    assert (await desk.see("/inbox/all")).select_one(".first-steps a[href='/imports/customers']") is not None
    nothing = (await desk.see("/imports/customers")).select_one(".empty-state").text
    assert "nobody's no becomes a yes" in nothing
    assert "/imports/customers" in (await desk.client.get("/palette?q=import", headers={"hx-request": "true"})).text


def test_every_kind_of_file_is_spoken_of() -> None:
    assert set(ABOUT) == set(Brought)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_file_is_brought_in_by_hand_in_a_browser(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    page = await opening("/imports/customers", Role.SUPERVISOR, width=width, dark=dark)
    await bringing.by_hand(page, world, PEOPLE, column="Zgody", holds="-", rows=4)
    await expect(page.locator("#rejected")).to_contain_text("2 rows were not taken")
    await page.locator("#people").get_by_role("link", name="Ewa Lis").click()
    await expect(page.get_by_role("heading", name="Ewa Lis")).to_be_visible()
    assert complaints == []


@pytest.mark.browser
async def test_what_a_file_lacks_can_be_read_to_its_end_on_a_telephone(world: Any, opening: Any) -> None:
    desk_of, path = Role.MARKETER, f"/imports/purchases/{world.purchases['waiting']}"
    page = await opening(path, desk_of, width=390)
    await page.locator("select[name=column]").first.select_option("-")
    await page.get_by_role("button", name="Look at the first rows").click()
    lacks = page.locator("#tried .state", has_text="Say which columns hold")
    await expect(lacks).to_be_visible()
    assert await lacks.evaluate("one => one.lastElementChild.getBoundingClientRect().right <= innerWidth")


@pytest.mark.browser
async def test_a_long_name_of_a_column_stays_on_one_line_of_a_telephone(world: Any, opening: Opening) -> None:
    name = "customer_preferred_language_code"
    page = await opening("/imports/customers", Role.SUPERVISOR, width=390)
    content = f"Email,{name}\na@b.example,pl\n".encode()
    sheet: FilePayload = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("A CSV file in UTF-8").set_input_files(sheet)
    await page.get_by_role("button", name="Upload").click()
    shown = page.locator("#columns strong", has_text=name)
    await expect(shown).to_be_visible()
    assert await shown.evaluate("it => it.getClientRects().length") == 1
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
