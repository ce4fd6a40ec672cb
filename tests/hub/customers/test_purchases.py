"""Purchases: told by files and programs, counted once, for customers who are known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import delete, select

from hub.customers import directory, merging, purchases, refunds
from hub.customers.directory import NewCustomer
from hub.customers.finding import NotOne, Whom
from hub.customers.importing_purchases import LAYOUT, Terms, understand, write
from hub.customers.purchase_cells import amount
from hub.customers.purchases import Told, Written
from hub.customers.refunds import NotRefundable
from hub.customers.sheets import Line, Unusable, lines
from hub.database.engine import Database
from hub.models import Purchase, Refund
from hub.models.vocabulary import Outcome
from hub.personal.theirs import tables

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TERMS = Terms(source="shop", currency="EUR", zone="Europe/Warsaw", country="PL", update=False)
ANA = Whom(email="ana@example.org")


@pytest.fixture
async def ana(database: Database) -> UUID:
    async with database.unit() as session:
        new = NewCustomer("Ana", emails=("ana@example.org",), phones=("+48601123456",), external_id="C-1")
        return (await directory.create(session, new, now=NOW)).id


def order(number: str, whom: Whom = ANA, *, days: int = 1, total: str = "10", source: str = "shop") -> Told:
    return Told(whom, source, number, NOW - timedelta(days=days), Decimal(total), "EUR")


async def _record(database: Database, *told: Told, update: bool = False) -> list[object]:
    async with database.unit() as session:
        return [*await purchases.record(session, told, update=update)]


async def _numbers(database: Database, customer: UUID) -> list[tuple[str, str, Decimal]]:
    async with database.unit() as session:
        return [(one.source, one.number, one.amount) for one in await purchases.of(session, customer, limit=9)]


async def test_a_number_counts_once_in_its_source_however_often_it_is_told(database: Database, ana: UUID) -> None:
    both = order("1"), order("1", Whom(external_id="C-1", phone="+48601123456"))
    assert await _record(database, *both, order("1", source="till")) == [Written.ADDED, Written.KNOWN, Written.ADDED]
    assert await _record(database, order("1")) == [Written.KNOWN]
    assert sorted(await _numbers(database, ana)) == [("shop", "1", Decimal(10)), ("till", "1", Decimal(10))]


async def test_what_is_told_otherwise_stays_until_it_is_to_be_changed(database: Database, ana: UUID) -> None:
    await _record(database, order("1"))
    assert await _record(database, order("1", total="12")) == [Written.DIFFERS]
    assert await _numbers(database, ana) == [("shop", "1", Decimal(10))]
    assert await _record(database, order("1", total="12"), update=True) == [Written.CHANGED]
    assert await _numbers(database, ana) == [("shop", "1", Decimal(12))]


async def test_of_nobody_and_of_two_people_nothing_is_written(database: Database, ana: UUID) -> None:
    async with database.unit() as session:
        await directory.create(session, NewCustomer("Eva", emails=("eva@example.org",)), now=NOW)
    whoms = Whom(email="nobody@example.org"), Whom(email="eva@example.org", external_id="C-1"), ANA
    nobody, two, written = await _record(database, *(order(str(n), whom) for n, whom in enumerate(whoms)))
    assert isinstance(nobody, NotOne)
    assert isinstance(two, NotOne)
    assert (str(nobody)[:39], "2 different customers" in str(two)) == ("no customer has nobody@example.org. Add", True)
    assert written is Written.ADDED


async def test_whoever_became_part_of_another_is_found_by_their_old_number(database: Database, ana: UUID) -> None:
    async with database.unit() as session:
        eva = await directory.create(session, NewCustomer("Eva", external_id="C-2"), now=NOW)
        await purchases.record(session, [order("1", Whom(id=eva.id))])
    async with database.unit() as session:
        await merging.merge(session, ana, eva.id, staff_id=None, now=NOW)
    whoms = Whom(external_id="C-2"), Whom(id=eva.id)
    assert await _record(database, *(order(str(n), whom) for n, whom in enumerate(whoms, 2))) == [Written.ADDED] * 2
    assert {number for _source, number, _amount in await _numbers(database, ana)} == {"1", "2", "3"}


async def test_purchases_are_told_the_latest_first_page_by_page_and_added_up(database: Database, ana: UUID) -> None:
    await _record(database, *(order(str(n), days=n // 2) for n in range(5)))
    async with database.unit() as session:
        first = await purchases.of(session, ana, limit=3)
        rest = await purchases.of(session, ana, before=first[-1].id, limit=3)
        found = await purchases.summary(session, ana, now=NOW)
    assert [one.number for one in [*first, *rest]] == ["1", "0", "3", "2", "4"]
    assert (found.count, found.sums, found.last) == (5, {"EUR": Decimal(50)}, NOW)
    assert (found.score.total, found.score.counted) == (Decimal(24 + 20 + 5), 5)


def refund(number: str, of: str, total: str, *, source: str = "shop", currency: str = "") -> refunds.Told:
    return refunds.Told(source, number, of, NOW, Decimal(total), currency)


async def _refund(database: Database, *told: refunds.Told, update: bool = False) -> list[str]:
    """What became of each: the word, or the beginning of the refusal."""
    async with database.unit() as session:
        became = await refunds.record(session, told, update=update)
    return [str(one)[:40] if isinstance(one, NotRefundable) else one.value for one in became]


async def test_a_refund_counts_once_and_takes_back_what_it_is_of(database: Database, ana: UUID) -> None:
    await _record(database, order("1", total="100"), order("2", days=40, total="30"))
    part, rest = refund("r1", "1", "60"), refund("r2", "1", "40")
    assert await _refund(database, part, part) == ["added", "known"]
    async with database.unit() as session:
        one = await purchases.summary(session, ana, now=NOW)
    assert (one.count, one.sums, one.score.total) == (2, {"EUR": Decimal(70)}, Decimal(24 + 8 + 7))
    assert await _refund(database, rest) == ["added"]
    async with database.unit() as session:
        two = await purchases.summary(session, ana, now=NOW)
        shown = await purchases.of(session, ana, limit=9)
    assert (two.count, two.sums, two.last) == (1, {"EUR": Decimal(30)}, NOW - timedelta(days=40))
    assert (two.score.counted, two.score.total) == (1, Decimal(24 + 4 + 3))
    assert [(row.number, row.amount, row.refunded) for row in shown] == [
        ("1", Decimal(100), Decimal(100)),
        ("2", Decimal(30), Decimal(0)),
    ]


async def test_no_more_is_given_back_than_was_paid_nor_for_what_nobody_bought(database: Database, ana: UUID) -> None:
    await _record(database, order("1", total="10"))
    told = [
        refund("r1", "1", "8"),
        refund("r2", "1", "3"),
        refund("r3", "9", "1"),
        refund("r4", "1", "1", source="till"),
    ]
    said = await _refund(database, *told, refund("r5", "1", "1", currency="PLN"))
    assert said == [
        "added",
        "3 are more than the 2.000 that are left ",
        "There is no purchase “9” of “shop” to be",
        "There is no purchase “1” of “till” to be",
        "The purchase “1” was paid in EUR and can",
    ]
    assert await _refund(database, refund("r1", "1", "10")) == ["differs"]
    assert await _refund(database, refund("r1", "1", "10"), update=True) == ["changed"]
    assert await _record(database, order("1", total="5"), update=True) == [Written.DIFFERS], "less than was given back"


async def test_refunds_at_once_give_back_no_more_than_was_paid(database: Database, ana: UUID) -> None:
    await _record(database, order("1", total="10"))
    said = await asyncio.gather(*(_refund(database, refund(f"r{n}", "1", "4")) for n in range(4)))
    assert sorted(one == ["added"] for one in said) == [False, False, True, True]


async def test_who_is_erased_leaves_no_refund(database: Database, ana: UUID) -> None:
    await _record(database, order("1"))
    await _refund(database, refund("r1", "1", "1"))
    async with database.unit() as session:
        assert "refund" in tables()
        await session.exec(delete(Purchase))
        assert (await session.exec(select(Refund))).all() == []


GIVEN_BACK = """number;at;amount;email;refund of
r1;2026-03-02;-4,50;;7
7;2026-03-01;12,50;ana@example.org;
r2;2026-03-02;4;;8
r3;2026-03-02;0;;7
"""


async def test_a_file_may_hold_purchases_and_refunds_in_any_order(
    database: Database, ana: UUID, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(GIVEN_BACK)
    rows = list(lines(tmp_path / "orders.csv", {}, LAYOUT))
    for first in (Outcome.ADDED, Outcome.KNOWN):
        async with database.unit() as session:
            results = await write(session, rows, TERMS, now=NOW)
        assert [one.outcome for one in results] == [first, first, Outcome.REJECTED, Outcome.REJECTED]
    assert [str(one.reason)[:30] for one in results[2:]] == [
        "There is no purchase “8” of “s",
        "The row gives nothing back. Co",
    ]
    async with database.unit() as session:
        (row,) = await purchases.of(session, ana, limit=9)
    assert (row.amount, row.refunded) == (Decimal("12.5"), Decimal("4.5"))


SHEET = """Order number;Date;Total;E-mail;Item;Shipping
7;2026-03-01;12,50;Ana@Example.org;Chair;DHL
8;01.03.2026 14:05;1 234,50;ana@example.org;;DHL
9;2026-03-01;1,234;ana@example.org;;
10;2026-03-01;5;nobody@example.org;;
11;2027-03-01;5;ana@example.org;;
;2026-03-01;5;ana@example.org;;
12;2026-03-01;-5;ana@example.org;;
13;2026-03-01
"""


async def test_a_file_is_read_row_by_row_and_nothing_of_it_is_lost(
    database: Database, ana: UUID, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(SHEET)
    rows = list(lines(tmp_path / "orders.csv", {}, LAYOUT))
    async with database.unit() as session:
        results = await write(session, rows, TERMS, now=NOW)
    assert [one.outcome for one in results] == [Outcome.ADDED] * 2 + [Outcome.REJECTED] * 6
    assert [(one.line.number, str(one.reason).partition(". ")[0]) for one in results[2:]] == [
        (4, "The amount “1,234” can be read in two ways"),
        (5, "no customer has nobody@example.org"),
        (6, "The date “2027-03-01” is yet to come"),
        (7, "The row has no number"),
        (8, "The amount “-5” is not a number of zero or more"),
        (9, "The row has 2 cells where the header has 6"),
    ]
    assert all(". " in str(one.reason) for one in results[2:]), "each says what to do"
    async with database.unit() as session:
        again = await write(session, rows, TERMS, now=NOW)
        found = await purchases.of(session, ana, limit=9)
    assert [one.outcome for one in again[:2]] == [Outcome.KNOWN] * 2
    assert [(one.number, one.at, one.amount, one.description) for one in found] == [
        ("8", datetime(2026, 3, 1, 13, 5, tzinfo=UTC), Decimal("1234.5"), ""),
        ("7", datetime(2026, 2, 28, 23, tzinfo=UTC), Decimal("12.5"), "Chair"),
    ]


def test_a_file_without_what_a_purchase_needs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("order,total\n1,2\n")
    with pytest.raises(Unusable, match="its number, its date"):
        list(lines(tmp_path / "odd.csv", {}, LAYOUT))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("12.5", "12.5"),
        ("12,50", "12.5"),
        ("1 234,50", "1234.5"),
        ("1\u00a0234.50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1,234,567", "1234567"),
        ("1.234.567,125", "1234567.125"),
        ("0.125", "0.125"),
        ("1234.125", "1234.125"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "free", "-1", "1,234", "1.234", "1,23,4", "12,34.5", "1e5", "٣", "9" * 13, "1.2345"]
)
def test_what_is_no_amount_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount "):
        amount(text)


@given(st.decimals(0, 999_999_999, places=2))
def test_an_amount_with_two_decimals_is_never_read_as_another(value: Decimal) -> None:
    assert {amount(f"{value}"), amount(f"{value:,}"), amount(str(value).replace(".", ","))} == {value}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"at": "31.02.2026"}, "is not one"),
        ({"at": "0001-01-01T00:00+23:59"}, "cannot be right"),
        ({"currency": "euro"}, "three letters"),
        ({"description": "x" * 501}, "501 characters and takes at most 500"),
        ({"email": "nobody"}, "not a mail address"),
        ({"email": ""}, "does not say whose it is"),
    ],
)
def test_a_broken_cell_is_refused_in_words(cells: dict[str, str], words: str) -> None:
    good = {"number": "1", "at": "2026-03-01", "amount": "5", "email": "ana@example.org"}
    with pytest.raises(ValueError, match=words):
        understand(Line(2, good | cells), TERMS, now=NOW)
