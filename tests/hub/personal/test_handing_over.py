"""Everything about a person in one archive: every table, every word, every file (G1)."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlmodel import select

from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import Campaign, Interaction, PersonalExport
from hub.models.vocabulary import Direction, Origin, State
from hub.outbound import templates
from hub.personal import erasing, gathering, handing_over, retention, theirs
from hub.personal.archive import Sources
from hub.settings import RetentionTable
from tests.hub.inbound.conftest import Rows
from tests.hub.personal.marked import MARK, blobs, letter, mail, someone
from tests.log_rows import said


async def hand_over(database: Database, reception: Reception, customer: UUID, now: datetime) -> PersonalExport:
    async with database.unit() as session:
        asked = await handing_over.ask(session, customer, staff_id=None, now=now)
    sources = Sources(database, reception.storage, "Meadow & Sons")
    await handing_over.make(sources, asked.id, now=now, days=7)
    async with database.unit() as session:
        return await handing_over.get(session, asked.id, now=now)


async def opened(reception: Reception, row: PersonalExport) -> ZipFile:
    content = b"".join([piece async for piece in handing_over.content(reception.storage, row)])
    assert len(content) == row.size
    return ZipFile(io.BytesIO(content))


async def test_the_archive_holds_every_table_word_and_file_of_the_person(
    database: Database, reception: Reception, now: datetime
) -> None:
    async with database.unit() as session:
        campaign = Campaign(name="Spring offer", created_at=now)
        session.add(campaign)
    person = await someone(database, reception, campaign.id or 0, now)
    row = await hand_over(database, reception, person, now)
    with await opened(reception, row) as archive:
        names = archive.namelist()
        told = {name: json.loads(archive.read(name)) for name in names if name.endswith(".json")}
        page = archive.read("index.html").decode()
        files = [archive.read(name) for name in names if name.startswith("files/")]
    async with database.unit() as session:
        counts = await theirs.count(session, await theirs.person(session, person))
    handed = {name: n for name, n in counts.items() if name in gathering.kinds() and name != "customer_merge"}
    assert {name: len(told[f"{name}.json"]) for name in handed} == handed
    assert len(told["messages.json"]) == counts["interaction"] == row.total - len(files) == 4
    assert [one["campaign"] for one in told["messages.json"] if one["campaign"]] == ["Spring offer"]
    heard = next(one for one in told["messages.json"] if one["direction"] == "in")
    assert all(path in names for path in heard["files"])
    assert len(heard["files"]) == len(files) == 2
    assert letter() in files
    assert (told["suppressions.json"][0]["reason"], told["reads.json"][0]["what"]) == ("STOP", "customer.read")
    assert "What Meadow &amp; Sons knows of you" in page
    assert f"I am {MARK}." in page
    assert "Somebody" not in page + json.dumps(told), "who is somebody else again is no part of it"


async def test_what_was_sent_from_a_template_is_told_as_it_was_read(
    database: Database, reception: Reception, now: datetime
) -> None:
    async with database.unit() as session:
        words = {"pl": {"subject": "Wiosna", "body": "Dzień dobry, {{ name }}"}}
        version = await templates.save(session, "spring", words, now=now)
        ana = (await directory.create(session, NewCustomer("Ana", language="pl"), now=now)).id
        sent = {"template_version_id": version.id, "language": "pl", "variables": {"name": "Ana"}}
        session.add(said(ana, now, **sent, origin=Origin.OCCASION))
    with await opened(reception, await hand_over(database, reception, ana, now)) as archive:
        (word,) = json.loads(archive.read("messages.json"))
        page = archive.read("index.html").decode()
    assert (word["subject"], word["body_text"]) == ("Wiosna", "Dzień dobry, Ana")
    assert 'lang="pl"' in page
    assert "Dzień dobry, Ana" in page


async def test_nothing_that_a_customer_wrote_is_markup_on_the_page_or_leads_out_of_the_archive(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    evil = letter(words="<script>x</script>").replace(b'filename="<script>x</script>.csv"', b'filename="../../x.sh"')
    await mail(database, reception, evil, uid=1, now=now)
    (word,) = await rows(Interaction)
    with await opened(reception, await hand_over(database, reception, word.customer_id, now)) as archive:
        assert "<script>x" not in archive.read("index.html").decode()
        paths = archive.namelist()
    assert [one for one in paths if ".." in one or one.startswith("/")] == []
    assert any(one.endswith("/x.sh") for one in paths)


async def test_an_archive_is_gone_after_its_days_and_so_are_its_pieces(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    async with database.unit() as session:
        ana = (await directory.create(session, NewCustomer("Ana"), now=now)).id
    row = await hand_over(database, reception, ana, now)
    assert blobs(tmp_path / "blobs") == set(row.parts)
    later = now + timedelta(days=7)
    async with database.unit() as session:
        with pytest.raises(handing_over.NoSuchExport):
            await handing_over.get(session, row.id, now=later)
    await retention.let_go(database, reception.storage, RetentionTable(), now=later)
    assert (await rows(PersonalExport), blobs(tmp_path / "blobs")) == ([], set())


async def test_an_archive_goes_with_the_person(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    async with database.unit() as session:
        ana = (await directory.create(session, NewCustomer("Ana"), now=now)).id
    await hand_over(database, reception, ana, now)
    async with database.unit() as session:
        erasure = await erasing.ask(session, ana, name="Ana", staff_id=None, now=now)
    await erasing.carry_out(database, reception.storage, erasure.id, clock=lambda: now)
    assert (await rows(PersonalExport), blobs(tmp_path / "blobs")) == ([], set())


async def test_one_whose_customer_was_erased_while_it_was_made_leaves_nothing(
    database: Database, reception: Reception, now: datetime, tmp_path: Path
) -> None:
    sources = Sources(database, reception.storage, "Meadow & Sons")
    await handing_over.make(sources, UUID(int=7), now=now, days=7)
    assert blobs(tmp_path / "blobs") == set()


async def test_progress_is_told_and_a_crash_begins_it_anew(
    database: Database, reception: Reception, now: datetime
) -> None:
    async with database.unit() as session:
        ana = (await directory.create(session, NewCustomer("Ana"), now=now)).id
        plain = {"direction": Direction.IN, "origin": Origin.CUSTOMER, "state": State.RECEIVED}
        session.add_all([said(ana, now, **plain, body_text="x" * 200) for _ in range(450)])
        asked = await handing_over.ask(session, ana, staff_id=None, now=now)
    sources = Sources(database, reception.storage, "Meadow & Sons")
    async with database.unit() as session:
        half = (await session.exec(select(PersonalExport))).one()
        half.done = 200
    await handing_over.make(sources, asked.id, now=now, days=7)
    async with database.unit() as session:
        row = await handing_over.get(session, asked.id, now=now)
    assert (row.done, row.total, row.ready_at) == (450, 450, now)
