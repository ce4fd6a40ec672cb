"""A person is erased: a word of theirs in every column of every table is found nowhere afterwards (G2)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.customers import directory, import_runs, imports, merging, uploaded
from hub.customers.directory import NewCustomer
from hub.customers.import_kinds import Usual
from hub.customers.importing import Duplicates, Terms, understand, write
from hub.customers.imports import Said
from hub.customers.merging import CannotMerge
from hub.customers.sheets import Line
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import (
    AttachmentRow,
    CampaignRecipient,
    Consent,
    CurrentCall,
    Customer,
    DraftRow,
    ErasedAddress,
    Erasure,
    FileImport,
    Interaction,
    MailCopy,
    RawMessage,
    ReceiptRow,
    Staff,
    Suppression,
)
from hub.models.vocabulary import Brought, ErasureState, Role, State
from hub.outbound import templates
from hub.personal import certificate, erasing, theirs
from hub.reports.health import doctor
from hub.segments import import_lists
from hub.staff import audit
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import sms
from tests.hub.personal.marked import ADDRESS, MARK, PHONE, blobs, left, letter, mail, someone, stain
from tests.log_rows import heard, said


@pytest.fixture
async def campaign(database: Database, now: datetime) -> int:
    async with database.unit() as session:
        version = await templates.save(session, "spring", {"en": {"subject": "Spring", "body": "Hello"}}, now=now)
        return (await lifecycle.create(session, Plan("Spring", version.id), staff_id=None, now=now)).id or 0


async def ask(database: Database, person: UUID, now: datetime, name: str = f"{MARK} Kowalska") -> UUID:
    async with database.unit() as session:
        return (await erasing.ask(session, person, name=name, staff_id=None, now=now)).id


async def erase(database: Database, reception: Reception, person: UUID, now: datetime, name: str = MARK) -> Erasure:
    erasure = await ask(database, person, now, name)
    await erasing.carry_out(database, reception.storage, erasure, clock=lambda: now)
    async with database.unit() as session:
        return await erasing.get(session, erasure)


async def test_a_word_in_every_column_of_every_table_is_found_nowhere_afterwards(
    database: Database, reception: Reception, campaign: int, now: datetime, tmp_path: Path
) -> None:
    person = await someone(database, reception, campaign, now)
    async with database.unit() as session:
        tables = await stain(session, person)
    new = "a table that is new needs a row in tests.hub.personal.marked"
    assert tables == set(theirs.tables()) - {"current_call"}, new
    await _uploaded(database, reception, now, f"{MARK};name\n{ADDRESS.upper()};{MARK}\n".encode("utf-16"))
    async with database.unit() as session:
        assert await left(session, MARK, PHONE[1:])
        await session.execute(text("update campaign set fed = 1, audience = 1 where id = :id"), {"id": campaign})
    done = await erase(database, reception, person, now)
    async with database.unit() as session:
        assert await left(session, MARK, PHONE[1:]) == {}
        assert await left(session, str(person)) == {"public.audit": 3, "public.erasure": 1}
        assert await audit.verify(session) is None
        assert [one for one in await doctor(session, now=now) if one.check != "schedule that stands still"] == []
    assert blobs(tmp_path / "blobs") == set()
    assert (done.state, done.files, done.pending) == (ErasureState.DONE, 3, [])
    assert {"customer", "interaction", "attachment", "consent", "raw_message", "pgqueuer"} <= set(done.rows)


async def _uploaded(database: Database, reception: Reception, now: datetime, content: bytes) -> UUID:
    """A colleague has uploaded a file of customers, and not imported it."""
    sheet = await uploaded.store(reception.storage, Brought.CUSTOMERS, "people.csv", content)
    async with database.unit() as session:
        return (await uploaded.add(session, sheet, staff_id=None, now=now)).id


@pytest.mark.parametrize(
    ("row", "goes"),
    [
        ("Ana,ANA@nowak.example,", True),
        ("Ana,,601 777-888", True),
        ("Ana,,C-7", True),
        ("Ana,bana@nowak.examples,C-77", True),  # an address in another one: rather once too often
        ("Eva,eva@nowak.example,C-77", False),
    ],
)
async def test_an_upload_that_nobody_has_imported_goes_where_it_names_them(
    row: str, goes: bool, database: Database, reception: Reception, now: datetime, tmp_path: Path
) -> None:
    new = NewCustomer("Ana", emails=("ana@nowak.example",), phones=(PHONE,), external_id="C-7")
    async with database.unit() as session:
        person = (await directory.create(session, new, now=now)).id
    waiting = await _uploaded(database, reception, now, f"Name,Email,Other\n{row}\n".encode())
    await erase(database, reception, person, now, "Ana")
    async with database.unit() as session:
        assert (await session.get(FileImport, waiting) is None) == goes
    assert (blobs(tmp_path / "blobs") == set()) == goes


async def test_an_import_under_way_that_names_them_is_waited_for(
    database: Database, reception: Reception, now: datetime, tmp_path: Path
) -> None:
    async with database.unit() as session:
        person = (await directory.create(session, NewCustomer("Ana", emails=("ana@nowak.example",)), now=now)).id
    mine = await _uploaded(database, reception, now, b"Name,Email\nAna,ana@nowak.example\n")
    other = await _uploaded(database, reception, now, b"Name,Email\nEva,eva@nowak.example\n")
    for one in (mine, other):
        async with database.unit() as session:
            await imports.choose(session, one, Said(["name", "email"], "fair"))
            await imports.begin(session, one, now=now)
    waits = await erase(database, reception, person, now, "Ana")
    assert (waits.state, waits.waits_for) == (ErasureState.ASKED, 1)
    await import_runs.carry_out(
        database,
        reception.storage,
        mine,
        Usual("PLN", "Europe/Warsaw", "PL", "en"),
        put=import_lists.put,
        clock=lambda: now,
    )
    await erasing.carry_out(database, reception.storage, waits.id, clock=lambda: now)
    async with database.unit() as session:
        done = await session.get_one(Erasure, waits.id)
        assert [one.name for one in await session.exec(select(Customer).where(Customer.name != ""))] == []
    assert (done.state, done.waits_for) == (ErasureState.DONE, 0)


async def test_what_a_campaign_counted_stays_counted(
    database: Database, reception: Reception, campaign: int, now: datetime
) -> None:
    person = await someone(database, reception, campaign, now)
    done = await erase(database, reception, person, now, f"{MARK} Kowalska")
    async with database.unit() as session:
        (row,) = await session.exec(select(Interaction))
        (seat,) = await session.exec(select(CampaignRecipient))
    assert (row.campaign_id, row.state, row.recipient, row.customer_id.int) == (campaign, State.SENT, "", 0)
    assert seat.interaction_id == row.id
    assert seat.customer_id != person
    assert done.remains["campaign_messages"] == 1


async def _meet(database: Database, now: datetime, *emails: str) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, NewCustomer("Ana Nowak", emails=emails), now=now)).id


async def test_who_comes_back_by_an_import_has_said_no_before(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    person = await _meet(database, now, ADDRESS)
    await erase(database, reception, person, now, "Ana Nowak")
    assert [one.hash for one in await rows(ErasedAddress)] != [ADDRESS.encode()]
    line = Line(2, {"name": "Ana", "email": ADDRESS, "consent": "marketing"}, ())
    async with database.unit() as session:
        row = understand(line, country="PL", language="en")
        done = await write(session, line, row, Terms(Duplicates.UPDATE, "import", "PL", "en"), now=now)
    assert done.outcome == "added"
    (word,) = await rows(Consent)
    assert (word.granted, word.purpose, word.source) == (False, None, "erased before")
    assert await rows(ErasedAddress) == []
    assert word.customer_id != person


async def test_what_was_suppressed_is_suppressed_again_when_the_address_comes_back(
    database: Database, reception: Reception, bring: Bring, rows: Rows, now: datetime
) -> None:
    await bring(sms("STOP", sender=PHONE))
    (person,) = await rows(Customer)
    await erase(database, reception, person.id, now, person.name)
    assert await rows(Suppression) == []
    await bring(sms("Are you open?", sid="SM2", sender=PHONE), at=now + timedelta(days=1))
    (stranger,), (bar,) = await rows(Customer), await rows(Suppression)
    assert stranger.id != person.id
    assert (stranger.provisional, stranger.name) == (True, PHONE)
    assert (bar.kind, bar.value, bar.reason) == ("sms", PHONE, "STOP")


async def test_a_message_that_is_leaving_is_waited_for(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    person = await _meet(database, now, ADDRESS)
    async with database.unit() as session:
        session.add(said(person, now, state=State.SENDING, recipient=ADDRESS))
    waits = await erase(database, reception, person, now, "Ana Nowak")
    assert (waits.state, waits.waits_for, len(await rows(Interaction))) == (ErasureState.ASKED, 1, 1)
    async with database.unit() as session:
        assert await erasing.unfinished(session) == [waits.id]
        await session.execute(text("update interaction set state = 'sent', state_rank = 4"))
    done = await erase(database, reception, person, now, "Ana Nowak")
    assert (done.id, done.state, done.waits_for, await rows(Interaction)) == (waits.id, ErasureState.DONE, 0, [])


async def test_a_call_that_is_not_over_is_waited_for(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    person = await _meet(database, now, ADDRESS)
    async with database.unit() as session:
        talking = heard(person, now)
        session.add(talking)
        await session.flush()
        session.add(CurrentCall(interaction_id=talking.id, at=now))
    assert (await erase(database, reception, person, now, "Ana Nowak")).waits_for == 1


async def test_nobody_reads_any_more_that_they_got_copies_of_mails_to_others(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    person, other = await _meet(database, now, ADDRESS), await _meet(database, now, "other@example.org")
    typed = {"kind": "email", "text": "x", "files": [], "cc": f"Eva <eva@x.example>, M <{ADDRESS}>", "bcc": ADDRESS}
    async with database.unit() as session:
        mail_ = said(other, now, recipient="other@example.org")
        staff = Staff(email="a@x.test", name="A", role=Role.AGENT, password_hash="", created_at=now)
        session.add_all((mail_, staff))
        await session.flush()
        for place, address in enumerate((ADDRESS, "eva@x.example")):
            session.add(MailCopy(interaction_id=mail_.id, address=address, place=place, at=now))
        session.add(ReceiptRow(interaction_id=mail_.id, at=now, progress="failed", leg=ADDRESS, detail=MARK))
        session.add(DraftRow(staff_id=staff.id or 0, customer_id=other, typed=typed, at=now))
    done = await erase(database, reception, person, now, "Ana Nowak")
    async with database.unit() as session:
        assert await left(session, ADDRESS, MARK) == {}
    assert done.rows["mail_copy"] == 1
    assert [one.address for one in await rows(MailCopy)] == ["eva@x.example"]
    (draft,) = await rows(DraftRow)
    assert (draft.typed["cc"], draft.typed["bcc"]) == ("Eva <eva@x.example>", "")


async def test_who_is_being_erased_is_merged_with_nobody(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    ana, again = await _meet(database, now, ADDRESS), await _meet(database, now, "again@example.org")
    await ask(database, ana, now, "Ana Nowak")
    for winner, loser in ((ana, again), (again, ana)):
        async with database.unit() as session:
            with pytest.raises(CannotMerge):
                await merging.merge(session, winner, loser, staff_id=None, now=now)
    await erase(database, reception, ana, now, "Ana Nowak")
    assert [one.id for one in await rows(Customer)] == [again]


async def test_nothing_happens_where_another_name_is_typed(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    person = await _meet(database, now, ADDRESS)
    with pytest.raises(erasing.WrongName):
        await ask(database, person, now, "Ana")
    assert await rows(Erasure) == []
    assert (await erase(database, reception, person, now, " ana  NOWAK ")).state is ErasureState.DONE


async def test_what_others_wrote_stays_theirs_and_names_the_erased_one_nowhere(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    person = await _meet(database, now, ADDRESS)
    other = "bea@example.org"
    await mail(database, reception, letter(sender=other, cc=f"{ADDRESS}, carl@x.org", words="Bea"), uid=1, now=now)
    done = await erase(database, reception, person, now, "Ana Nowak")
    (word,), (kept,) = await rows(Interaction), await rows(RawMessage)
    assert (word.sender, word.copied, "I am Bea" in word.body_text) == (other, ["carl@x.org"], True)
    assert (kept.sha256, kept.key) == ("", "INBOX:7:1")
    assert done.remains["others"] == 1
    assert not any(ADDRESS.encode() in file.read_bytes() for file in (tmp_path / "blobs").rglob("*") if file.is_file())
    async with database.unit() as session:
        assert await left(session, ADDRESS) == {}


async def test_a_file_that_somebody_else_sent_as_well_stays_for_them(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    await mail(database, reception, letter(words="Price"), uid=1, now=now)
    await mail(database, reception, letter(sender="bea@example.org", words="Price"), uid=2, now=now)
    ana = next(one for one in await rows(Customer) if one.name == "Price Kowalska")
    done = await erase(database, reception, ana.id, now, "Price Kowalska")
    (word,) = await rows(Interaction)
    (file,) = await rows(AttachmentRow)
    assert (word.sender, file.sha256 in blobs(tmp_path / "blobs")) == ("bea@example.org", True)
    assert (done.files, done.shared_files) == (1, 1)


async def test_a_parked_mail_that_names_the_address_goes_and_others_stay(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    person = await _meet(database, now, ADDRESS)
    nobody = replace(reception, channels={})
    for uid, sender in ((1, ADDRESS), (2, "bea@example.org")):
        one = letter(sender=sender, words="x", number=uid)
        for hours in range(5):
            await mail(database, nobody, one, uid=uid, now=now + timedelta(hours=hours))
    assert [one.state for one in await rows(RawMessage)] == ["parked", "parked"]
    await erase(database, reception, person, now, "Ana Nowak")
    assert [one.sha256 != "" for one in await rows(RawMessage)] == [False, True]
    assert len(blobs(tmp_path / "blobs")) == 1


class _Dies(Exception):
    """A worker that is killed between two steps."""


async def test_a_worker_that_dies_in_the_middle_leaves_what_the_next_one_ends(
    database: Database, reception: Reception, campaign: int, now: datetime, tmp_path: Path
) -> None:
    person = await someone(database, reception, campaign, now)
    erasure = await ask(database, person, now)
    times = iter([now, now])

    def clock() -> datetime:
        try:
            return next(times)
        except StopIteration as e:
            raise _Dies from e

    with pytest.raises(_Dies):
        await erasing.carry_out(database, reception.storage, erasure, clock=clock)
    async with database.unit() as session:
        row = await erasing.get(session, erasure)
        assert (row.state, len(row.pending)) == (ErasureState.FILES, 2)
    await erasing.carry_out(database, reception.storage, erasure, clock=lambda: now)
    async with database.unit() as session:
        assert (await erasing.get(session, erasure)).state is ErasureState.DONE
        assert await left(session, MARK) == {}
    assert blobs(tmp_path / "blobs") == set()


async def test_the_certificate_says_what_went_and_its_digest_stands_in_the_trail(
    database: Database, reception: Reception, now: datetime
) -> None:
    person = await _meet(database, now, ADDRESS)
    done = await erase(database, reception, person, now, "Ana Nowak")
    told = certificate.of(done)
    assert told == {
        "certificate": str(done.id),
        "customer": str(person),
        "asked_at": now.isoformat(),
        "asked_by": "",
        "done_at": now.isoformat(),
        "rows": {"customer": 1, "identity": 1},
        "files": 0,
        "remains": {
            "hashes": 1, "campaign_messages": 0, "audit_rows": 1, "shared_files": 0, "others": 0, "settings": 0,
        },
        "digest": done.digest,
    }  # fmt: skip
    content = {name: value for name, value in told.items() if name != "digest"}
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    assert done.digest == hashlib.sha256(plain).hexdigest()
    async with database.unit() as session:
        (last,) = await audit.latest(session, audit.Wanted(action="customer.erased"))
    assert last.detail == done.digest


async def test_a_detail_that_somebody_changes_shows_and_one_that_was_taken_out_does_not(
    database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        for detail in ("one", "two"):
            await audit.write(session, "x", staff_id=None, subject="customer:1", detail=detail, now=now)
    async with database.unit() as session:
        await session.execute(text("select set_config('hub.erasing', 'on', true)"))
        assert await audit.blank(session, "detail = 'one'") == 1
        assert await audit.verify(session) is None
        await session.execute(text("update audit set detail = 'three' where detail = 'two'"))
        assert await audit.verify(session) == 2
