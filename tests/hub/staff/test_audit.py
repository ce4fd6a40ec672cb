"""The audit trail: append-only, and a chain that shows every change (G6)."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from hub.database.engine import Database
from hub.models import Audit, LabelRow
from hub.staff import audit


async def _write(database: Database, now: datetime, count: int) -> None:
    for number in range(count):
        async with database.unit() as session:
            await audit.write(session, "customer.read", staff_id=None, subject=f"customer:{number}", now=now)


async def _broken(database: Database) -> int | None:
    async with database.unit() as session:
        return await audit.verify(session)


async def _tamper(database: Database, statement: str) -> None:
    """What somebody with the database's password could do: lift the trigger, then change a row."""
    async with database.unit() as session:
        connection = await session.connection()
        await connection.execute(text("alter table audit disable trigger all"))
        await connection.execute(text(statement))
        await connection.execute(text("alter table audit enable trigger all"))


async def test_an_empty_and_an_untouched_trail_hold(database: Database, now: datetime) -> None:
    assert await _broken(database) is None
    await _write(database, now, 5)
    assert await _broken(database) is None


@pytest.mark.parametrize(
    ("statement", "first_broken"),
    [
        ("update audit set subject = 'customer:9' where id = 3", 3),
        ("update audit set at = at + interval '1 microsecond' where id = 2", 2),
        ("update audit set ip = '127.0.0.1' where id = 5", 5),
        ("update audit set action = 'customer.rea', subject = 'd' || subject where id = 4", 4),
        ("update audit set hash = repeat('0', 64) where id = 1", 1),
        ("delete from audit where id = 2", 3),
        ("delete from audit where id = 1", 2),
        (
            "insert into audit (id, at, action, subject, detail, ip, hash)"
            " select 99, at, action, subject, detail, ip, hash from audit where id = 5",
            99,
        ),
    ],
)
async def test_the_first_row_that_was_tampered_with_is_found(
    database: Database, now: datetime, statement: str, first_broken: int
) -> None:
    await _write(database, now, 5)
    await _tamper(database, statement)
    assert await _broken(database) == first_broken


@pytest.mark.parametrize("statement", ["update audit set subject = ''", "delete from audit"])
async def test_the_database_itself_refuses_changes(database: Database, now: datetime, statement: str) -> None:
    await _write(database, now, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.unit() as session:
            await (await session.connection()).execute(text(statement))


async def test_writers_at_the_same_moment_make_one_chain(database: Database, now: datetime) -> None:
    await asyncio.gather(*(_write(database, now, 3) for _ in range(8)))
    assert await _broken(database) is None
    async with database.unit() as session:
        assert len((await session.exec(select(Audit))).all()) == 24


async def test_a_unit_that_fails_leaves_no_gap(database: Database, now: datetime) -> None:
    await _write(database, now, 2)
    with pytest.raises(ZeroDivisionError):
        async with database.unit() as session:
            await audit.write(session, "never.happened", staff_id=None, now=now)
            raise ZeroDivisionError
    await _write(database, now, 2)
    assert await _broken(database) is None


async def test_whoever_audits_first_and_whoever_locks_first_do_not_wait_for_each_other(
    database: Database, now: datetime
) -> None:
    """One audits and goes on to a row, the other has that row and audits then."""
    async with database.unit() as session:
        session.add(LabelRow(name="urgent", colour="red"))
    locked, audited = asyncio.Event(), asyncio.Event()
    row = select(LabelRow).where(LabelRow.name == "urgent").with_for_update()

    async def audits_first() -> None:
        await locked.wait()
        async with database.unit() as session:
            await audit.write(session, "first", staff_id=None, now=now)
            audited.set()
            await session.exec(row)

    async def locks_first() -> None:
        async with database.unit() as session:
            await session.exec(row)
            locked.set()
            await audited.wait()
            await audit.write(session, "second", staff_id=None, now=now)

    await asyncio.gather(audits_first(), locks_first())
    async with database.unit() as session:
        assert [r.action for r in await audit.latest(session)] == ["first", "second"]
    assert await _broken(database) is None


async def test_a_foreign_word_cannot_forge_a_second_line(database: Database, now: datetime) -> None:
    """ASVS 16.4.1: log injection."""
    async with database.unit() as session:
        await audit.write(session, "file.read", staff_id=None, detail="a\r\n\u2028b\x00\ud800", now=now)
    async with database.unit() as session:
        assert [r.detail for r in await audit.latest(session)] == ["a b "]
    assert await _broken(database) is None
