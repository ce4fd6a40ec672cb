"""Customers from a CSV file: what is understood, what is refused and why, and what an import may never do."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from channels.message import Kind
from hub.customers import consent, directory, identities
from hub.customers.exporting import HEADER as HEADER_OF_EXPORT
from hub.customers.exporting import csv_text, pages
from hub.customers.importing import Duplicates, Outcome, Result, birthday, understand, write
from hub.customers.sheets import Line, Unusable, lines
from hub.database.engine import Database
from hub.models.vocabulary import AddressKind, Purpose

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
        ({"name": "A", "birthday": "yesterday"}, "write it as 1984-02-29"),
        ({"name": "A", "language": "xx"}, "is not one of bg, en, pl, ru"),
        ({"name": "A", "timezone": "Sofia"}, "not an IANA zone"),
        ({"name": "A", "consent": "everything"}, "write a purpose"),
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
    assert (await _write(database, again, Duplicates.SKIP, now)).outcome is Outcome.SKIPPED
    assert (await _write(database, again, Duplicates.REJECT, now)).outcome is Outcome.REJECTED
    assert (await _write(database, again, Duplicates.UPDATE, now)).outcome is Outcome.UPDATED
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.PHONE, "+48601123456")
        assert ana is not None
        assert ana.name == "Ana Nowak"
        assert {i.value for i in await identities.of(session, ana.id)} == {"a@b.example", "+48601123456"}


async def test_a_row_that_two_customers_share_is_rejected(database: Database, now: datetime) -> None:
    await _write(database, {"name": "Ana", "email": "a@b.example"}, Duplicates.SKIP, now)
    await _write(database, {"name": "Eva", "email": "e@b.example"}, Duplicates.SKIP, now)
    result = await _write(database, {"name": "?", "email": "a@b.example; e@b.example"}, Duplicates.UPDATE, now)
    assert (result.outcome, result.reason) == (
        Outcome.REJECTED,
        "its addresses belong to 2 different customers; merge them first",
    )


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
    async with database.unit() as session:
        rows = [row async for page in pages(session) for row in page]
    text = csv_text([HEADER_OF_EXPORT, *rows])
    assert f"'{sign}cmd|' /C calc'!A0;'{sign}cmd|' /C calc'!A1; -" in text
    assert "'+48601123456" in text
    (line,) = lines(_file(tmp_path, text), {})
    assert (line.cells["name"], line.cells["phone"]) == (name, "+48601123456")


async def _write(database: Database, cells: dict[str, str], policy: Duplicates, now: datetime) -> Result:
    line = Line(2, cells)
    async with database.unit() as session:
        return await write(session, line, understand(line, country="PL", language="en"), policy, source="t", now=now)


def _file(folder: Path, text: str) -> Path:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8")
    return file


async def test_an_update_brings_every_field_of_its_row_and_empties_none(database: Database, now: datetime) -> None:
    first = {"name": "Ana", "email": "ana@example.pl", "labels": "garden", "attributes.Shoe": "38", "language": "pl"}
    await _write(database, first, Duplicates.SKIP, now)
    more = {"email": "ana@example.pl", "birthday": "--02-29", "labels": "vip", "vip": "yes", "attributes.Colour": "red"}
    result = await _write(database, {**more, "country": "BG"}, Duplicates.UPDATE, now)
    assert (result.outcome, result.reason) == (Outcome.UPDATED, "")
    async with database.unit() as session:
        ana = await directory.find(session, AddressKind.EMAIL, "ana@example.pl")
    assert ana is not None
    assert (ana.name, ana.birth_month, ana.birth_day, ana.vip, ana.country) == ("Ana", 2, 29, True, "BG")
    assert (ana.labels, ana.attributes) == (["garden", "vip"], {"Shoe": "38", "Colour": "red"})
    assert ana.language == "pl"
