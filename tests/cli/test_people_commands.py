"""`hub customers` and `hub users`: who is written to, and who writes."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

from sqlalchemy import text
from sqlmodel import col, select

from hub.customers import directory
from hub.database.engine import Database
from hub.models import Customer, Erasure, Staff
from hub.models.vocabulary import Purpose, State
from hub.personal import certificate
from hub.segments import lists, saved
from hub.segments.saved import Draft
from hub.staff import passwords
from tests.log_rows import said

SHEET = """name,email,phone,language,birthday,consent
Ana Nowak,ana@nowak.example,601 123 456,pl,1984-02-29,marketing:email
Георги,georgi@petrov.example,+359888123456,bg,,
Broken,not an address,,en,,
"=HYPERLINK(""x"")",evil@mail.example,,en,31.02.1990,
"""
GOOD, BAD = 2, 2


async def test_an_import_is_tried_done_and_taken_out_again(quick: Any, database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(SHEET, encoding="utf-8")

    tried = await quick.hub("customers", "import", "people.csv", "--dry-run", "--json")
    assert (tried.code, tried.json["added"], tried.json["rejected"], tried.json["dry_run"]) == (1, GOOD, BAD, True)
    assert await _names(database) == []

    done = await quick.hub("customers", "import", "people.csv")
    assert done.code == 1
    assert f"{GOOD} added" in done.words
    assert "people.rejected.csv" in done.words
    assert await _names(database) == ["Ana Nowak", "Георги"]
    rejected = list(csv.DictReader((tmp_path / "people.rejected.csv").open(encoding="utf-8")))
    assert [(row["line"], row["name"]) for row in rejected] == [("4", "Broken"), ("5", '\'=HYPERLINK("x")')]
    assert "not an address" in rejected[0]["reason"]
    assert "31.02.1990" in rejected[1]["reason"]

    mended = (tmp_path / "people.rejected.csv").read_text().replace("not an address", "b@roken.example")
    (tmp_path / "mended.csv").write_text(mended.replace("31.02.1990", "28.02.1990"))
    again = await quick.hub("customers", "import", "mended.csv", "--json")
    assert (again.code, again.json["added"], again.json["rejected_file"]) == (0, BAD, None)

    out = await quick.hub("customers", "export")
    rows = {row["name"]: row for row in csv.DictReader(out.out.splitlines())}
    assert (out.code, len(rows)) == (0, GOOD + BAD)
    assert (rows["Ana Nowak"]["phone"], rows["Ana Nowak"]["birthday"]) == ("'+48601123456", "1984-02-29")


async def test_an_import_puts_everybody_on_a_list(quick: Any, database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(SHEET, encoding="utf-8")
    (tmp_path / "more.csv").write_text(f"{SHEET.splitlines()[0]}\nEwa,ewa@lis.example,,,,\n{SHEET.splitlines()[1]}\n")
    command = ("customers", "import", "people.csv", "--list", "Guests of the fair")
    await quick.hub(*command, "--dry-run")
    async with database.unit() as session:
        assert await lists.offered(session) == []
    await quick.hub(*command)
    assert (await quick.hub("customers", "import", "more.csv", "--list", " guests of the FAIR")).code == 0
    async with database.unit() as session:
        (made,) = await lists.offered(session)
        on_it = {one.name for one in await lists.members(session, made.id or 0, limit=9)}
        await saved.create(session, Draft("A segment", {"any": []}), staff_id=None, now=datetime.now(UTC))
    assert (made.name, on_it) == ("Guests of the fair", {"Ana Nowak", "Георги", "Ewa"})
    other = await quick.hub("customers", "import", "more.csv", "--list", "A segment")
    assert (other.code, "There is a segment" in other.err) == (1, True)


async def test_everything_about_one_person_is_written_into_a_file_that_is_not_there_yet(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(SHEET, encoding="utf-8")
    await quick.hub("customers", "import", "people.csv")
    async with database.unit() as session:
        ana = (await session.exec(select(Customer.id).where(Customer.name == "Ana Nowak"))).one()
    done = await quick.hub("customers", "hand-over", str(ana), "ana.zip")
    assert (done.code, "ana.zip" in done.words) == (0, True)
    with ZipFile(tmp_path / "ana.zip") as archive:
        assert "ana@nowak.example" in archive.read("identity.json").decode()
    again = await quick.hub("customers", "hand-over", str(ana), "ana.zip")
    nobody = await quick.hub("customers", "hand-over", str(UUID(int=7)), "other.zip")
    assert (again.code, nobody.code, (tmp_path / "other.zip").exists()) == (1, 1, False)
    assert "There is no customer" in nobody.err


async def test_a_person_is_looked_at_erased_by_their_name_and_certified(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(SHEET, encoding="utf-8")
    await quick.hub("customers", "import", "people.csv")
    async with database.unit() as session:
        ana = str((await session.exec(select(Customer.id).where(Customer.name == "Ana Nowak"))).one())
    erase = ("customers", "erase", ana)
    looked = await quick.hub(*erase, "--dry-run", "--json")
    assert (looked.code, looked.json["name"], looked.json["rows"]["identity"]) == (0, "Ana Nowak", 2)
    (tmp_path / "there.json").write_text("mine")
    refused = [
        await quick.hub(*erase),
        await quick.hub(*erase, typed="Ana\n"),
        await quick.hub(*erase, "there.json", "--yes"),
        await quick.hub(*erase, "nowhere/it.json", "--yes"),
        await quick.hub("customers", "erase", str(UUID(int=7)), "--yes"),
    ]
    assert [one.code for one in refused] == [1] * 5
    assert "That is not the customer's name" in refused[1].err
    assert (await _names(database), (tmp_path / "there.json").read_text()) == (["Ana Nowak", "Георги"], "mine")
    assert list(tmp_path.glob("erasure-*")) == []

    done = await quick.hub(*erase, typed="ana  nowak\n")
    assert (done.code, "identity" in done.err, f"erasure-{ana}.json" in done.words) == (0, True, True)
    assert await _names(database) == ["Георги"]
    kept = json.loads((tmp_path / f"erasure-{ana}.json").read_text())
    async with database.unit() as session:
        (row,) = (await session.exec(select(Erasure))).all()
    assert (kept, kept["customer"], kept["rows"]["identity"]) == (certificate.of(row), ana, 2)
    again = await quick.hub(*erase, "again.json", "--json")
    assert (again.code, again.json["certificate"], json.loads((tmp_path / "again.json").read_text())) == (0, kept, kept)


async def test_who_has_a_message_under_way_is_erased_when_that_is_over(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    async with database.unit() as session:
        ana = (await directory.create(session, directory.NewCustomer("Ana", emails=("ana@x.example",)), now=now)).id
        session.add(said(ana, now, purpose=Purpose.SERVICE, state=State.SENDING))
    waits = await quick.hub("customers", "erase", str(ana), "a.json", "--yes", "--json")
    assert (waits.code, waits.json["state"], waits.json["waits_for"], waits.json["file"]) == (1, "asked", 1, None)
    assert not (tmp_path / "a.json").exists()
    async with database.unit() as session:
        await session.execute(text("update interaction set state = 'sent', state_rank = 4"))
    done = await quick.hub("customers", "erase", str(ana), "a.json", "--yes", "--json")
    assert (done.code, done.json["state"], done.json["file"]) == (0, "done", "a.json")


async def test_what_is_not_kept_for_ever_is_looked_at_before_it_goes(quick: Any, database: Database) -> None:
    now = datetime.now(UTC)
    async with database.unit() as session:
        await directory.stranger(session, "Somebody", now=now - timedelta(days=40))
    with_days = {"HUB_RETENTION__STRANGERS": "30"}
    looked = await quick.hub("retention", "--dry-run", "--json", **with_days)
    assert looked.json["dry_run"] is True
    assert looked.json["classes"]["strangers"]["count"] == 1
    assert looked.json["classes"]["raw_mail"] == {"days": None, "count": 0, "oldest": None}
    assert await _names(database) == ["Somebody"]
    done = await quick.hub("retention", **with_days)
    assert (done.code, "strangers" in done.out) == (0, True)
    assert await _names(database) == []


async def test_a_file_that_is_no_list_of_people_is_refused_in_a_sentence(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("colour,size\nred,4\n")
    ran = await quick.hub("customers", "import", "odd.csv")
    assert ran.code == 1
    assert "no column is a name, an email or a phone" in ran.err
    missing = await quick.hub("customers", "import", "nowhere.csv")
    assert (missing.code, "nowhere.csv" in missing.err) == (2, True)


async def test_staff_are_added_listed_and_not_with_a_weak_password(quick: Any, database: Database) -> None:
    who = ("users", "add", "ana@company.example", "--name", "Ana", "--role", "admin", "--phone", "+48601123456")
    weak = await quick.hub(*who, "--password", "short")
    assert (weak.code, "at least 10 characters" in weak.err) == (1, True)
    async with database.unit() as session:
        assert (await session.exec(select(Staff))).all() == []

    added = await quick.hub(*who, HUB_PASSWORD="correct horse battery")
    assert added.code == 0
    assert "Ana (admin) may sign in as ana@company.example" in added.words
    async with database.unit() as session:
        (staff,) = (await session.exec(select(Staff))).all()
    assert (staff.role, staff.phone, "correct" in staff.password_hash) == ("admin", "+48601123456", False)

    twice = await quick.hub(*who, HUB_PASSWORD="correct horse battery")
    assert (twice.code, "Traceback" in twice.err) == (1, False)
    listed = await quick.hub("users", "list", "--json")
    assert [(one["email"], one["active"]) for one in listed.json] == [("ana@company.example", True)]


async def test_a_forgotten_password_is_replaced_and_a_strangers_is_not(quick: Any, database: Database) -> None:
    await quick.hub("users", "add", "ana@company.example", "--name", "Ana", HUB_PASSWORD="correct horse battery")
    changed = await quick.hub("users", "password", "ana@company.example", HUB_PASSWORD="another long secret")
    assert (changed.code, "has a new password" in changed.words) == (0, True)
    async with database.unit() as session:
        (staff,) = (await session.exec(select(Staff))).all()
    assert await passwords.holds(staff.password_hash, "another long secret")
    nobody = await quick.hub("users", "password", "eva@company.example", HUB_PASSWORD="another long secret")
    assert (nobody.code, "nobody signs in as eva@company.example" in nobody.err) == (1, True)


async def _names(database: Database) -> list[str]:
    async with database.unit() as session:
        return list(await session.exec(select(Customer.name).order_by(col(Customer.name))))
