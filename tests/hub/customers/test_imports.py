"""Files of purchases from the desk: looked at before anything is written, written once, their wrong rows kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from hub.customers import directory, identities, import_outcomes, import_runs, imports, uploaded
from hub.customers.directory import NewCustomer
from hub.customers.import_kinds import Usual
from hub.customers.imports import ImportProblem, NoSuchImport, Said
from hub.customers.sheets import Unusable
from hub.database.engine import Database
from hub.models import FileImport, GoingFile, Purchase
from hub.models.vocabulary import Brought, Outcome
from hub.segments import import_lists
from hub.storage import Folder

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
USUAL = Usual("EUR", "Europe/Warsaw", "PL", "pl")
HEADER = "Order,No,When,Total,Email,Refund of\n"
GOOD = "1,x,2026-03-01,12.50,ana@example.org,\n"


@pytest.fixture
def storage(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "blobs")


@pytest.fixture
async def ana(database: Database) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, NewCustomer("Ana", emails=("ana@example.org",)), now=NOW)).id


async def brought(database: Database, storage: Folder, text: str, *, begun: bool = False) -> UUID:
    """A file is uploaded, and what its columns hold is said."""
    sheet = await uploaded.store(storage, Brought.PURCHASES, "C:\\shop\\orders.csv", text.encode())
    async with database.unit() as session:
        made = await uploaded.add(session, sheet, staff_id=None, now=NOW)
        assert (made.name, made.fields) == ("orders.csv", ["number", "-", "-", "amount", "email", "refund_of"])
    async with database.unit() as session:
        fields = ["number", "-", "at", "amount", "email", "refund_of"]
        await imports.choose(session, made.id, Said(fields, "till"))
        if begun:
            await imports.begin(session, made.id, now=NOW)
    return made.id


async def carry_out(database: Database, storage: Folder, number: UUID) -> FileImport:
    await import_runs.carry_out(database, storage, number, USUAL, put=import_lists.put, clock=lambda: NOW)
    async with database.unit() as session:
        return await imports.get(session, number)


async def sold(database: Database) -> list[tuple[str, str, str]]:
    async with database.unit() as session:
        rows = await session.exec(select(Purchase).order_by(col(Purchase.id)))
        return [(row.source, row.number, str(row.refunded)) for row in rows]


async def test_the_first_rows_are_tried_and_nothing_of_it_stays(database: Database, storage: Folder, ana: UUID) -> None:
    far = "".join(f"{n},,2026-03-01,5,ana@example.org,\n" for n in range(100, 120))
    text = f"{HEADER}r,,2026-03-05,3,,119\n2,,yesterday,5,ana@example.org,\n{GOOD}{far}"
    number = await brought(database, storage, text)
    async with database.unit() as session:
        found = await imports.get(session, number)
    first, beside = await import_runs.first_rows(storage, found)
    async with database.unit() as session:
        tried = await import_runs.try_out(session, found, (first, beside), USUAL, now=NOW)
    assert [one.outcome for one in tried] == [
        Outcome.ADDED,  # a refund of what stands far below
        Outcome.REJECTED,
        *[Outcome.ADDED] * (import_runs.FIRST - 2),
    ]
    assert [line.cells["number"] for line in beside] == ["119"]
    assert await sold(database) == []


async def test_a_file_is_written_once_and_says_what_became_of_it(
    database: Database, storage: Folder, ana: UUID
) -> None:
    wrong = "2,,2026-03-01,5,nobody@example.org,\n3,,2026-03-01\n"
    text = f"{HEADER}r,,2026-03-05,3,,1\n{wrong}{GOOD}{GOOD}"
    number = await brought(database, storage, text, begun=True)
    done = await carry_out(database, storage, number)
    assert (done.total, done.done, done.added, done.known, done.changed, done.rejected) == (5, 5, 2, 1, 0, 2)
    assert (done.done_at, done.sha256) == (NOW, "")
    assert await sold(database) == [("till", "1", "3.000")]
    async with database.unit() as session:
        (first,) = rows = await import_outcomes.rejected(session, number, limit=1)
        rows += await import_outcomes.rejected(session, number, after=first.id or 0, limit=9)
        going = list(await session.exec(select(GoingFile.digest)))
    assert [(row.line, str(import_outcomes.why(row)).partition(". ")[0], row.cells[0]) for row in rows] == [
        (3, "no customer has nobody@example.org", "2"),
        (4, "The row has 3 cells where the header has 6", "3"),
    ]
    assert len(going) == 1
    assert (await carry_out(database, storage, number)).done == 5


async def test_an_import_that_was_cut_short_goes_on_where_it_stopped(
    database: Database, storage: Folder, ana: UUID
) -> None:
    rows = "".join(f"{n},,2026-03-01,5,ana@example.org,\n" for n in range(450))
    number = await brought(database, storage, HEADER + rows, begun=True)
    moments = iter([NOW])

    def dying() -> datetime:
        """The clock of a worker that is killed in its second batch."""
        return next(moments)

    with pytest.raises((StopIteration, RuntimeError)):
        await import_runs.carry_out(database, storage, number, USUAL, put=import_lists.put, clock=dying)
    async with database.unit() as session:
        half = await imports.get(session, number)
    assert (half.done, half.added, half.done_at) == (200, 200, None)
    done = await carry_out(database, storage, number)
    assert (done.done, done.added, done.known) == (450, 450, 0)


async def test_columns_that_say_too_little_or_too_much_are_told(database: Database, storage: Folder) -> None:
    number = await brought(database, storage, HEADER + GOOD)
    for fields, words in (
        (["number", "-", "-", "amount", "email", "-"], "Say which columns hold the number"),
        (["number", "number", "at", "amount", "email", "-"], "hold “Number of the purchase”"),
    ):
        async with database.unit() as session:
            await imports.choose(session, number, Said(fields, "till"))
            with pytest.raises(ImportProblem, match=words):
                await imports.begin(session, number, now=NOW)
    for fields, source in ((["number"], "till"), (["colour"] * 6, "till"), (["-"] * 6, " "), (["-"] * 6, "x" * 51)):
        async with database.unit() as session:
            with pytest.raises(ImportProblem):
                await imports.choose(session, number, Said(fields, source))


async def test_what_is_under_way_is_neither_changed_nor_removed(database: Database, storage: Folder, ana: UUID) -> None:
    number = await brought(database, storage, HEADER + GOOD, begun=True)
    async with database.unit() as session:
        for doing in (
            imports.begin(session, number, now=NOW),
            imports.choose(session, number, Said(["-"] * 6, "till", update=True)),
            imports.remove(session, number),
        ):
            with pytest.raises(ImportProblem):
                await doing
    await carry_out(database, storage, number)
    async with database.unit() as session:
        await imports.remove(session, number)
    async with database.unit() as session:
        with pytest.raises(NoSuchImport):
            await imports.get(session, number)
    assert len(await sold(database)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x00\x00", "not a text file"),
        (b"Order\xff\n", "is not UTF-8"),
        (b"\n\n", "no header row"),
        (HEADER.encode(), "a header and no rows"),
        ((",".join(map(str, range(101))) + "\n1\n").encode(), "101 columns"),
    ],
)
async def test_what_is_no_sheet_is_refused_before_it_is_kept(
    content: bytes, words: str, storage: Folder, tmp_path: Path
) -> None:
    with pytest.raises(Unusable, match=words):
        await uploaded.store(storage, Brought.PURCHASES, "orders.csv", content)
    assert [file for file in (tmp_path / "blobs").rglob("*") if file.is_file()] == []


async def test_the_latest_import_stands_first(database: Database, storage: Folder) -> None:
    sheet = await uploaded.store(storage, Brought.PURCHASES, "a.csv", (HEADER + GOOD).encode())
    async with database.unit() as session:
        for days in (1, 3, 2):
            await uploaded.add(session, sheet, staff_id=None, now=NOW + timedelta(days=days))
        assert [one.asked_at.day for one in await imports.latest(session, Brought.PURCHASES)] == [13, 12, 11]


async def test_columns_of_the_same_name_are_told_apart_by_their_place(database: Database, storage: Folder) -> None:
    sheet = await uploaded.store(
        storage, Brought.CUSTOMERS, "a.csv", b"Name,Mail,Mail\nAna,old@example.org,ana@example.org\n"
    )
    async with database.unit() as session:
        made = await uploaded.add(session, sheet, staff_id=None, now=NOW)
        await imports.choose(session, made.id, Said(["name", "-", "email"], ""))
        await imports.begin(session, made.id, now=NOW)
    await carry_out(database, storage, made.id)
    async with database.unit() as session:
        (person,) = await import_outcomes.people(session, made.id, limit=9)
        assert [one.value for one in await identities.of(session, person[1])] == ["ana@example.org"]


async def test_who_cancels_stops_a_worker_between_two_batches(database: Database, storage: Folder, ana: UUID) -> None:
    rows = "".join(f"{n},,2026-03-01,5,ana@example.org,\n" for n in range(450))
    number = await brought(database, storage, HEADER + rows, begun=True)
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise InterruptedError
        return NOW

    with pytest.raises(InterruptedError):
        await import_runs.carry_out(database, storage, number, USUAL, put=import_lists.put, clock=clock)
    async with database.unit() as session:
        await imports.cancel(session, number, now=NOW)
    stopped = await carry_out(database, storage, number)
    assert (stopped.done, stopped.cancelled, stopped.done_at, stopped.sha256) == (200, True, NOW, "")
    assert len(await sold(database)) == 200
