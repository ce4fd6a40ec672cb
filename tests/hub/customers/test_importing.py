"""Customers from a CSV file: what is understood, what is refused and why, and what an import may never do."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from channels.message import Address, Kind
from hub.customers import consent, directory, identities
from hub.customers.customer_cells import birthday
from hub.customers.exporting import HEADER as HEADER_OF_EXPORT
from hub.customers.exporting import csv_text, pages
from hub.customers.importing import Duplicates, Terms, bring, understand, write
from hub.customers.results import Result
from hub.customers.sheets import CUSTOMERS, Line, Unusable, lines, usual
from hub.database.engine import Database
from hub.models.vocabulary import AddressKind, Outcome, Purpose

HEADER = "Full name,E-mail,Email 2,Phone,Birthday,Consent,Colour\n"
ANA = "Ana Nowak,Ana@Example.pl,a.nowak@work.example,601 123 456,--02-29,marketing:email,red\n"


def test_a_row_is_understood_by_the_usual_names_of_its_columns(tmp_path: Path) -> None:
    (line,) = lines(_file(tmp_path, HEADER + ANA), {})
    row = understand(line, country="PL", language="pl")
    assert row.customer == directory.NewCustomer(
        name="Ana Nowak",
        language="pl",
        emails=("ana@example.pl", "a.nowak@work.example"),
        phones=("+48601123456",),
        birthday=(None, 2, 29),
        attributes={"Colour": "red"},
    )
    assert row.grants == ((Purpose.MARKETING, Kind.EMAIL),)


@pytest.mark.parametrize(("written", "kept"), [("Orthodox", "orthodox"), ("bg", "BG"), ("none", "none"), ("", None)])
def test_whose_feasts_somebody_keeps_is_read(written: str, kept: str | None) -> None:
    row = understand(Line(2, {"name": "Ana", "culture": written}), country="PL", language="pl")
    assert row.customer.culture == kept


def test_semicolons_tabs_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    for text in ("name;email\nАна;a@b.example\n", "\ufeffname\temail\nАна\ta@b.example\n"):
        (line,) = lines(_file(tmp_path, text), {})
        assert dict(line.cells) == {"name": "Ана", "email": "a@b.example"}


@pytest.mark.parametrize("name", ["_" * 100_000 + "x", "1" * 100_000 + "x", " 1" * 50_000 + "x"])
def test_a_monstrous_name_of_a_column_is_read_as_fast_as_others(name: str, tmp_path: Path) -> None:
    started = time.process_time()
    (line,) = lines(_file(tmp_path, f"Name,{name}\nAna,red\n"), {})
    assert dict(line.cells) == {"name": "Ana", f"attributes.{name.strip()}": "red"}
    assert time.process_time() - started < 3


def test_an_own_mapping_goes_first_and_can_leave_columns_out(tmp_path: Path) -> None:
    (line,) = lines(_file(tmp_path, "Kunde,Ort\nAna,Sofia\n"), {"Kunde": "name", "Ort": "-"})
    assert dict(line.cells) == {"name": "Ana"}


@pytest.mark.parametrize(
    ("content", "mapping", "words"),
    [
        (b"", {}, "has no header row"),
        (b"a,b\n1,2\n", {}, "no column is a name, an email or a phone"),
        (b"name\nx\n", {"nmae": "name"}, "has no column 'nmae'"),
        (b"name\nx\n", {"name": "nick"}, "'nick' is not a field"),
        (b"PK\x03\x04\x00\x00", {}, "not a text file"),
        ("name\nŻółć\n".encode("cp1250"), {}, "Save the sheet as CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes, mapping: dict[str, str], words: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(Unusable, match=words):
        list(lines(file, mapping))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"email": "not-an-address"}, "is not a mail address"),
        ({"phone": "12"}, "wrong number of digits|not a telephone number"),
        ({"name": "A", "birthday": "31.02.1990"}, "is not a date"),
        ({"name": "A", "birthday": "yesterday"}, "Write it as 1984-02-29"),
        ({"name": "A", "language": "xx"}, "is not one of bg, en, pl, ru"),
        ({"name": "A", "timezone": "Sofia"}, "not an IANA zone"),
        ({"name": "A", "consent": "everything"}, "Write a purpose"),
        ({"name": "A", "vip": "maybe"}, "neither yes nor no"),
        ({"name": "A", "culture": "pagan"}, "neither a two-letter code"),
        ({"name": ""}, "neither a name nor an address"),
    ],
)
def test_a_broken_row_is_refused_in_words(cells: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        understand(Line(2, cells), country="PL", language="en")


def test_a_rejected_row_keeps_the_cells_as_they_stood(tmp_path: Path) -> None:
    short, good = lines(_file(tmp_path, HEADER + "only,two\n" + ANA), {})
    assert (short.number, short.original) == (2, ["only", "two"])
    with pytest.raises(ValueError, match="has 2 cells where the header has"):
        understand(short, country="PL", language="en")
    assert good.number == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1984-02-29", (1984, 2, 29)),
        ("29.02.1984", (1984, 2, 29)),
        ("29/02/1984", (1984, 2, 29)),
        ("--02-29", (None, 2, 29)),
        ("29.02.", (None, 2, 29)),
        ("", None),
    ],
)
def test_birthdays_are_read_with_and_without_their_year(
    text: str, expected: tuple[int | None, int, int] | None
) -> None:
    assert birthday(text) == expected


async def test_a_known_address_is_skipped_updated_or_rejected_as_asked(database: Database, now: datetime) -> None:
    assert (
        await _write(database, {"name": "Ana", "email": "a@b.example"}, Duplicates.SKIP, now)
    ).outcome is Outcome.ADDED
    again = {"name": "Ana Nowak", "email": "a@b.example", "phone": "+48601123456"}
    assert (await _write(database, again, Duplicates.SKIP, now)).outcome is Outcome.KNOWN
    assert (await _write(database, again, Duplicates.REJECT, now)).outcome is Outcome.REJECTED
    assert (await _write(database, again, Duplicates.UPDATE, now)).outcome is Outcome.CHANGED
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.PHONE, "+48601123456")
        assert ana is not None
        assert ana.name == "Ana Nowak"
        assert {i.value for i in await identities.of(session, ana.id)} == {"a@b.example", "+48601123456"}


async def test_a_row_that_two_customers_share_is_rejected(database: Database, now: datetime) -> None:
    await _write(database, {"name": "Ana", "email": "a@b.example"}, Duplicates.SKIP, now)
    await _write(database, {"name": "Eva", "email": "e@b.example"}, Duplicates.SKIP, now)
    result = await _write(database, {"name": "?", "email": "a@b.example; e@b.example"}, Duplicates.UPDATE, now)
    assert (result.outcome, str(result.reason)) == (
        Outcome.REJECTED,
        "Its addresses belong to 2 different customers. Merge them first, or divide the row",
    )


async def test_g3_a_yes_to_everything_turns_no_no_to_one_channel(database: Database, now: datetime) -> None:
    row = {"name": "Ana", "email": "a@b.example", "consent": "marketing"}
    await _write(database, {"name": "Ana", "email": "a@b.example"}, Duplicates.SKIP, now)
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.EMAIL, "a@b.example")
        assert ana is not None
        refusal = consent.Statement(ana.id, Purpose.MARKETING, Kind.EMAIL, False, source="one-click")
        await consent.record(session, refusal, now=now)
    for outcome in (Outcome.CHANGED, Outcome.KNOWN):
        assert (await _write(database, row, Duplicates.UPDATE, now)).outcome is outcome
    async with database.unit() as session:
        ledger = await consent.ledger(session, ana.id)
    said = {kind: consent.standing(ledger, Purpose.MARKETING, kind) for kind in Kind}
    assert {kind: word is not None and word.granted for kind, word in said.items()} == {
        Kind.EMAIL: False,
        Kind.SMS: True,
        Kind.VOICE: True,
    }


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"name": "Ana", "family_name": "Nowak"}, "Ana Nowak"),
        ({"name": "Ana Nowak", "family_name": "Nowak"}, "Ana Nowak"),
        ({"given_name": "Ana", "family_name": "Nowak"}, "Ana Nowak"),
        ({"family_name": "Nowak"}, "Nowak"),
        ({"given_name": "Ana", "email": "a@b.example"}, "Ana"),
        ({"email": "a@b.example"}, "a@b.example"),
    ],
)
def test_a_name_stands_in_one_column_or_in_two(cells: dict[str, str], name: str) -> None:
    assert understand(Line(2, cells), country="PL", language="en").customer.name == name


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("First name,Surname,E-mail address,Date of birth,Mobile 2", "given_name family_name email birthday phone"),
        ("Imię i nazwisko,Adres e-mail,Numer telefonu,Etykiety,Zgoda", "name email phone labels consent"),
        ("Име,Фамилия,Имейл,Мобилен телефон,Рожден ден,Език", "given_name family_name email phone birthday language"),
        ("ФИО,Электронная почта,Телефон,Дата рождения,Код клиента", "name email phone birthday external_id"),
        ("first_name,Shoe size", "given_name attributes.Shoe size"),
    ],
)
def test_columns_are_recognised_in_the_desks_languages(header: str, fields: str) -> None:
    found = [usual(name, CUSTOMERS) for name in header.split(",")]
    assert " ".join(found) == fields


async def test_of_a_rejected_row_nothing_stays(database: Database, now: datetime) -> None:
    """Its name is too long, which is known when its consents are understood and it is about to be written."""
    lines = [Line(2, {"name": "x" * 201, "email": "a@b.example"}), Line(3, {"name": "Ana", "email": "a@b.example"})]
    async with database.unit() as session:
        long, short = await bring(session, lines, Terms(Duplicates.SKIP, "t", "PL", "en"), now=now)
        assert (long.outcome, "at most 200" in str(long.reason), short.outcome) == (
            Outcome.REJECTED,
            True,
            Outcome.ADDED,
        )


async def test_who_wrote_before_anybody_knew_them_is_no_stranger_any_more(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        met = await directory.resolve(session, Address(Kind.EMAIL, "a@b.example"), now=now)
        assert met.customer.provisional
    for policy, stranger in ((Duplicates.SKIP, True), (Duplicates.UPDATE, False)):
        await _write(database, {"name": "Ana", "email": "a@b.example"}, policy, now)
        async with database.unit() as session:
            assert (await directory.get(session, met.customer.id)).provisional is stranger


async def test_g3_an_import_never_turns_a_no_into_a_yes(database: Database, now: datetime) -> None:
    row = {"name": "Ana", "email": "a@b.example", "consent": "marketing"}
    await _write(database, {"name": "Ana", "email": "a@b.example"}, Duplicates.SKIP, now)
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.EMAIL, "a@b.example")
        assert ana is not None
        refusal = consent.Statement(ana.id, Purpose.MARKETING, None, False, source="told an agent")
        await consent.record(session, refusal, now=now)
    await _write(database, row, Duplicates.UPDATE, now)
    async with database.unit() as session:
        standing = consent.standing(await consent.ledger(session, ana.id), Purpose.MARKETING, Kind.EMAIL)
        assert standing is not None
        assert not standing.granted


@pytest.mark.parametrize("sign", ["=", "＝"])
async def test_what_is_exported_can_be_imported_and_runs_as_no_formula(
    sign: str, database: Database, now: datetime, tmp_path: Path
) -> None:
    """In Poland, Bulgaria and Russia spreadsheets part cells at semicolons; in Japan wide signs are signs too."""
    name = f"{sign}cmd|' /C calc'!A0;{sign}cmd|' /C calc'!A1; -"
    await _write(database, {"name": name, "phone": "+48601123456"}, Duplicates.SKIP, now)
    rows = [row async for page in pages(database) for row in page]
    text = csv_text([HEADER_OF_EXPORT, *rows])
    assert f"'{sign}cmd|' /C calc'!A0;'{sign}cmd|' /C calc'!A1; -" in text
    assert "'+48601123456" in text
    (line,) = lines(_file(tmp_path, text), {})
    assert (line.cells["name"], line.cells["phone"]) == (name, "+48601123456")


async def test_an_export_comes_in_pages_between_which_no_transaction_is_open(database: Database, now: datetime) -> None:
    for name in ("Ana", "Eva", "Jan"):
        await _write(database, {"name": name, "email": f"{name}@example.pl"}, Duplicates.SKIP, now)
    seen = []
    async for page in pages(database, size=2):
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        seen.append([row[HEADER_OF_EXPORT.index("name")] for row in page])
    assert seen == [["Ana", "Eva"], ["Jan"]]


async def _write(database: Database, cells: dict[str, str], policy: Duplicates, now: datetime) -> Result:
    line = Line(2, cells)
    async with database.unit() as session:
        row = understand(line, country="PL", language="en")
        return await write(session, line, row, Terms(policy, "t", "PL", "en"), now=now)


def _file(folder: Path, text: str) -> Path:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8")
    return file


async def test_an_update_brings_every_field_of_its_row_and_empties_none(database: Database, now: datetime) -> None:
    first = {"name": "Ana", "email": "ana@example.pl", "labels": "garden", "attributes.Shoe": "38", "language": "pl"}
    await _write(database, first, Duplicates.SKIP, now)
    more = {"email": "ana@example.pl", "birthday": "--02-29", "labels": "vip", "vip": "yes", "attributes.Colour": "red"}
    result = await _write(database, {**more, "country": "BG"}, Duplicates.UPDATE, now)
    assert (result.outcome, str(result.reason)) == (Outcome.CHANGED, "This is Ana")
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.EMAIL, "ana@example.pl")
    assert ana is not None
    assert (ana.name, ana.birth_month, ana.birth_day, ana.vip, ana.country) == ("Ana", 2, 29, True, "BG")
    assert (ana.labels, ana.attributes) == (["garden", "vip"], {"Shoe": "38", "Colour": "red"})
    assert ana.language == "pl"
