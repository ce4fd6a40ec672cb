"""What is older than the operator allows goes, by class; what is younger, or known, stays (G5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.customers import directory, uploaded
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.models import (
    AttachmentRow,
    Audit,
    Customer,
    ErasedAddress,
    FileImport,
    GoingFile,
    Interaction,
    RawMessage,
    RejectedRow,
    WebhookDelivery,
    WebhookEndpoint,
)
from hub.models.vocabulary import Brought, Kind
from hub.personal import files, retention
from hub.personal.retention import Found
from hub.settings import RetentionTable
from hub.staff import audit
from tests.hub.inbound.conftest import Rows
from tests.hub.personal.marked import blobs, letter, mail
from tests.log_rows import heard

_NEVER: dict[str, None] = dict.fromkeys(("raw_mail", "parked_mail", "recordings", "strangers", "audit"))


async def keep(database: Database, reception: Reception, now: datetime, **days: int) -> dict[str, int]:
    return await retention.let_go(database, reception.storage, RetentionTable(**(_NEVER | days)), now=now)  # type: ignore[arg-type]


async def test_nothing_of_what_people_said_goes_unless_a_number_is_set(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await mail(database, reception, letter(), uid=1, now=now)
    gone = await keep(database, reception, now + timedelta(days=10_000))
    assert set(gone.values()) == {0}
    assert len(await rows(Interaction)) == 1


@pytest.mark.parametrize(("age", "goes"), [(9, False), (11, True)])
async def test_originals_of_mails_go_after_their_days_and_what_they_said_stays(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path, age: int, goes: bool
) -> None:
    await mail(database, reception, letter(), uid=1, now=now - timedelta(days=age))
    async with database.unit() as session:
        found = await retention.look(session, RetentionTable(raw_mail=10), now=now)
    oldest = now - timedelta(days=age) if goes else None
    assert found["raw_mail"] == Found(10, int(goes), oldest)
    assert (await keep(database, reception, now, raw_mail=10))["raw_mail"] == int(goes)
    ((raw,), (word,)) = await rows(RawMessage), await rows(Interaction)
    assert (raw.sha256 == "", bool(word.body_text), raw.key) == (goes, True, "INBOX:7:1")
    assert len(blobs(tmp_path / "blobs")) == (1 if goes else 2)


async def test_recordings_go_and_the_call_stays(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    digest = await reception.storage.put(b"RIFF spoken")
    async with database.unit() as session:
        ana = (await directory.create(session, NewCustomer("Ana"), now=now)).id
        for days in (1, 30):
            call = heard(ana, now - timedelta(days=days), kind=Kind.VOICE)
            session.add(call)
            await session.flush()
            plain: dict[str, Any] = {"name": "r.wav", "media_type": "audio/x-wav", "size": 11}
            session.add(AttachmentRow(interaction_id=call.id, sha256=digest, **plain))
    assert (await keep(database, reception, now, recordings=10))["recordings"] == 1
    assert len(await rows(AttachmentRow)) == 1
    assert blobs(tmp_path / "blobs") == {digest}, "the younger call has the same bytes"
    assert (await keep(database, reception, now + timedelta(days=10), recordings=10))["recordings"] == 1
    assert (len(await rows(Interaction)), blobs(tmp_path / "blobs")) == (2, set())


async def test_strangers_go_as_a_whole_and_whoever_somebody_looked_at_stays(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path
) -> None:
    senders = ["old@x.example", "known@x.example", "open@x.example", "young@x.example"]
    for uid, sender in enumerate(senders, 1):
        at = now - timedelta(days=5 if sender.startswith("young") else 50)
        await mail(database, reception, letter(sender=sender, number=uid, words=sender[:4]), uid=uid, now=at)
    async with database.unit() as session:
        await session.execute(text("update customer set provisional = false where name like 'know%'"))
        settled = "update conversation set state = 'resolved' where customer_id in"
        await session.execute(text(f"{settled} (select id from customer where name not like 'open%')"))
    assert (await keep(database, reception, now, strangers=30))["strangers"] == 1
    assert sorted(one.name for one in await rows(Customer)) == ["know Kowalska", "open Kowalska", "youn Kowalska"]
    assert (await rows(ErasedAddress), await rows(GoingFile), len(blobs(tmp_path / "blobs"))) == ([], [], 6)


async def test_the_oldest_rows_of_the_trail_go_and_the_chain_still_holds(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    for days in (400, 300, 20, 500):
        async with database.unit() as session:
            await audit.write(session, "x", staff_id=None, detail=str(days), now=now - timedelta(days=days))
    for _ in range(2):
        await keep(database, reception, now, audit=100)
        async with database.unit() as session:
            assert await audit.verify(session) is None
        assert [row.detail for row in await rows(Audit)] == ["20", "500"], "what stands behind a younger row stays"
    async with database.unit() as session:
        await session.execute(text("select set_config('hub.erasing', 'on', true)"))
        await session.execute(text("delete from audit where detail = '20'"))
        assert await audit.verify(session) is not None, "what is taken out of the middle shows"


async def test_what_other_programs_were_told_goes_after_thirty_days(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        endpoint = WebhookEndpoint(url="https://x.example", events=[], secret=b"s", created_at=now)
        session.add(endpoint)
        await session.flush()
        for days in (29, 31):
            at = now - timedelta(days=days)
            told: dict[str, Any] = {"event": "x", "at": at, "data": {}, "next_at": at, "endpoint_id": endpoint.id or 0}
            session.add(WebhookDelivery(message_id=str(days), **told))
    assert (await keep(database, reception, now))["webhook_log"] == 1
    assert [one.message_id for one in await rows(WebhookDelivery)] == ["29"]


async def test_a_crash_between_row_and_file_leaves_the_file_known(
    database: Database, reception: Reception, rows: Rows, tmp_path: Path
) -> None:
    digest = await reception.storage.put(b"x")
    async with database.unit() as session:
        await files.let_go(session, [digest, ""])
    assert [one.digest for one in await rows(GoingFile)] == [digest]
    assert await files.sweep(database, reception.storage) == 1
    assert (await rows(GoingFile), blobs(tmp_path / "blobs")) == ([], set())


async def test_who_writes_meanwhile_is_no_stranger_to_be_forgotten(
    database: Database, reception: Reception, now: datetime
) -> None:
    async with database.unit() as session:
        nobody = await directory.stranger(session, "Somebody", now=now - timedelta(days=50))
        session.add(heard(nobody.id, now))
    assert (await keep(database, reception, now, strangers=30))["strangers"] == 0
    async with database.unit() as session:
        assert (await directory.get(session, UUID(str(nobody.id)))).name == "Somebody"


@pytest.mark.parametrize(("age", "goes"), [(29, False), (31, True)])
async def test_imports_go_with_their_rejected_rows(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path, age: int, goes: bool
) -> None:
    sheet = await uploaded.store(reception.storage, Brought.PURCHASES, "orders.csv", b"Order,Date\n1,2026-03-01\n")
    async with database.unit() as session:
        made = await uploaded.add(session, sheet, staff_id=None, now=now - timedelta(days=age))
        made.begun_at = made.asked_at
        session.add(RejectedRow(import_id=made.id, line=2, words="no", cells=["1"]))
    assert (await keep(database, reception, now))["imports"] == int(goes)
    assert len(await rows(FileImport)) == len(await rows(RejectedRow)) == int(not goes)
    assert len(blobs(tmp_path / "blobs")) == int(not goes)


@pytest.mark.parametrize(("hours", "goes"), [(23, False), (25, True)])
async def test_a_file_that_nobody_imports_goes_after_a_day(
    database: Database, reception: Reception, rows: Rows, now: datetime, tmp_path: Path, hours: int, goes: bool
) -> None:
    sheet = await uploaded.store(reception.storage, Brought.CUSTOMERS, "people.csv", b"Name\nAna\n")
    async with database.unit() as session:
        await uploaded.add(session, sheet, staff_id=None, now=now - timedelta(hours=hours))
    assert (await keep(database, reception, now))["uploads"] == int(goes)
    assert (len(await rows(FileImport)), len(blobs(tmp_path / "blobs"))) == (int(not goes), int(not goes))
