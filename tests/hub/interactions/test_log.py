"""The log: written, read page by page, and divided by month."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from channels.message import Attachment
from hub.clock import uuid7
from hub.conversations import notes
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import history, partitions, record
from hub.models import Interaction, Staff
from hub.models.vocabulary import Direction, Kind, Origin, Role, State
from hub.storage import open_storage


@pytest.fixture
async def customer(database: Database, now: datetime) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, directory.NewCustomer("Ana"), now=now)).id


def word(customer: UUID, at: datetime, **more: Any) -> Interaction:
    given: dict[str, Any] = {"kind": Kind.SMS, "origin": Origin.CUSTOMER, "direction": Direction.IN, **more}
    return Interaction(id=uuid7(at), at=at, customer_id=customer, state=State.RECEIVED, state_at=at, **given)


async def test_the_timeline_is_newest_first_and_goes_on_where_a_page_ended(
    database: Database, customer: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        for n in range(5):
            await record.add(session, word(customer, now + timedelta(minutes=n), body_text=str(n)))
        first = await history.timeline(session, customer, limit=3)
        rest = await history.timeline(session, customer, before=first[-1].id, limit=3)
    assert [e.text for e in first + rest] == ["4", "3", "2", "1", "0"]


async def test_the_timeline_can_be_narrowed_to_kinds_and_notes(
    database: Database, customer: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        staff = Staff(email="m@x.test", name="Magda", role=Role.AGENT, password_hash="", created_at=now)
        session.add(staff)
        await session.flush()
        await record.add(session, word(customer, now))
        await record.add(session, word(customer, now, kind=Kind.EMAIL))
        await notes.add(session, customer, None, "likes tea", staff_id=staff.id or 0, now=now)
        found = await history.timeline(session, customer, kinds=("email", "note"))
        everything = await history.timeline(session, customer)
    assert {(e.kind, e.staff_name) for e in found} == {(Kind.EMAIL, ""), (None, "Magda")}
    assert len(everything) == 3


async def test_an_entry_has_its_files_and_a_file_leads_back_to_its_customer(
    database: Database, customer: UUID, now: datetime, tmp_path: Path
) -> None:
    storage = open_storage(str(tmp_path))
    file = Attachment("photo.jpg", "image/jpeg", b"not really")
    await storage.put(file.content)
    async with database.unit() as session:
        one = await record.add(session, word(customer, now, body_html="<p>hi</p>"))
        await record.attach(session, one, [file])
        await record.attach(session, one, [file])
        entry = await history.entry(session, one)
        found = await history.file(session, entry.attachments[0].id)
    assert [(f.name, f.size) for f in entry.attachments] == [("photo.jpg", 10)]
    assert found == (entry.attachments[0], customer)
    assert entry.has_html
    assert await storage.get(entry.attachments[0].sha256) == b"not really"


async def test_an_entry_that_is_not_there_is_not_found(database: Database) -> None:
    async with database.unit() as session:
        with pytest.raises(history.NoSuchEntry):
            await history.entry(session, UUID(int=5))
        with pytest.raises(history.NoSuchEntry):
            await history.html(session, UUID(int=5))


async def test_every_month_is_made_once_and_rows_lie_in_theirs(
    database: Database, customer: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        made = await partitions.ensure_months(session, now)
        again = await partitions.ensure_months(session, now)
        for at in (now, now.replace(month=4), now.replace(year=2020)):
            await record.add(session, word(customer, at))
        found = await session.execute(text("select tableoid::regclass::text from interaction order by id"))
        lie = list(found.scalars())
    assert (made, again) == (
        ["interaction_2026_03", "interaction_2026_04", "interaction_2026_05", "interaction_2026_06"],
        [],
    )
    assert lie == ["interaction_default", "interaction_2026_03", "interaction_2026_04"]


async def test_a_month_that_already_has_rows_elsewhere_is_left_alone(
    database: Database, customer: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        await record.add(session, word(customer, now))
        assert await partitions.ensure_months(session, now, ahead=1) == ["interaction_2026_04"]


async def test_december_is_followed_by_january(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        made = await partitions.ensure_months(session, now.replace(month=12), ahead=1)
    assert made == ["interaction_2026_12", "interaction_2027_01"]
