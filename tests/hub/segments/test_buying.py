"""Segments by purchases and scores: what SQL says is what Python says."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from hub.customers import purchases, rfm
from hub.customers.rfm import Bought, Formula
from hub.database.engine import Database
from hub.models import Customer, Purchase
from hub.segments import asking
from hub.settings import RfmTable
from tests.hub.segments.people import customer

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = (0, 1, 90, 91, 92, 183, 184, 274, 275, 364, 365, 366, 1000)


def _purchase(who: Customer, number: int, one: Bought) -> Purchase:
    return Purchase(
        customer_id=who.id,
        source="shop",
        number=f"{who.name}-{number}",
        at=one.at,
        amount=one.amount,
        currency=one.currency,
    )


async def _meant(database: Database, field: str, op: str, value: object) -> list[str]:
    async with database.unit() as session:
        where = await asking.where(session, [{"field": field, "op": op, "value": value}], now=NOW)
        return sorted((await session.exec(select(Customer.name).where(where))).all())


@pytest.fixture
async def shoppers(database: Database) -> Database:
    """Ada: 100 today and 20 two hundred days ago; Boris: 1000 two years ago; Cyd: nothing yet, 5 tomorrow."""
    bought = {
        "Ada": [(0, "100"), (200, "20")],
        "Boris": [(730, "1000")],
        "Cyd": [(-1, "5")],
    }
    async with database.unit() as session:
        for name, several in bought.items():
            who = customer(name, NOW)
            session.add(who)
            await session.flush()
            for number, (days, amount) in enumerate(several):
                one = Bought(NOW - timedelta(days=days), Decimal(amount), "EUR")
                session.add(_purchase(who, number, one))
    return database


EVERYBODY = ["Ada", "Boris", "Cyd"]


ASKED: Sequence[tuple[str, str, object, list[str]]] = [
    ("purchases", "ge", 1, ["Ada", "Boris"]),
    ("purchases", "eq", 0, ["Cyd"]),
    ("purchases", "ne", 1, ["Ada", "Cyd"]),
    ("purchases", "lt", 2, ["Boris", "Cyd"]),
    ("purchases_year", "le", 0, ["Boris", "Cyd"]),
    ("purchases", "ge", 0, EVERYBODY),
    ("spent", "gt", 120, ["Boris"]),
    ("spent", "ge", 120, ["Ada", "Boris"]),
    ("spent", "le", 119.99, ["Cyd"]),
    ("spent_year", "gt", 0, ["Ada"]),
    ("purchase_days", "lt", 1, ["Ada"]),
    ("purchase_days", "gt", 365, ["Boris", "Cyd"]),
    ("purchase_days", "exists", False, ["Cyd"]),
    ("rfm", "ge", 43, ["Ada"]),  # 24 + 2 × 4 + 9 + 2
    ("rfm", "gt", 43, []),
    ("rfm", "lt", 43, ["Boris", "Cyd"]),
    ("rfm", "le", 0, ["Boris", "Cyd"]),
    ("rfm_recency", "ge", 24, ["Ada"]),
    ("rfm_frequency", "ge", 8, ["Ada"]),
    ("rfm_money", "ge", 11, ["Ada"]),
    ("rfm_money", "gt", 10.5, ["Ada"]),
]


@pytest.mark.parametrize(("field", "op", "value", "meant"), ASKED)
async def test_purchases_and_scores_are_asked_for(
    field: str, op: str, value: object, meant: list[str], shoppers: Database
) -> None:
    assert await _meant(shoppers, field, op, value) == meant


async def test_conditions_of_purchases_mean_together_whom_each_of_them_means(shoppers: Database) -> None:
    """They are asked in one grouping: of three as of each by itself, and of those whom they do not mean."""
    conditions = {(field, op, str(value)): {"field": field, "op": op, "value": value} for field, op, value, _ in ASKED}
    alone = {(field, op, str(value)): set(meant) for field, op, value, meant in ASKED}
    async with shoppers.unit() as session:
        for three in itertools.islice(itertools.combinations(conditions, 3), 0, None, 7):
            several = [conditions[one] for one in three]
            both = set.intersection(*(alone[one] for one in three))
            for raw, meant in ((several, both), ({"not": {"all": several}}, set(EVERYBODY) - both)):
                where = await asking.where(session, raw, now=NOW)
                assert set(await session.exec(select(Customer.name).where(where))) == meant, three


async def test_whom_a_condition_does_not_mean_its_opposite_means(shoppers: Database) -> None:
    for field, value in (("purchases", 2), ("spent", 50.5), ("rfm", 20), ("rfm_money", 9)):
        more, less = await _meant(shoppers, field, "ge", value), await _meant(shoppers, field, "lt", value)
        assert sorted(more + less) == EVERYBODY
        async with shoppers.unit() as session:
            opposite = {"not": {"field": field, "op": "ge", "value": value}}
            where = await asking.where(session, opposite, now=NOW)
            assert sorted((await session.exec(select(Customer.name).where(where))).all()) == less


TABLES: Mapping[str, dict[str, Any]] = {
    "usual": {},
    "sum": {"money_most_of": "all", "money_most": 30, "rates": {"PLN": "0.23"}},
    "own": {"recency": [{"days": 10, "points": 50}], "days": 90, "money_share": "0.015", "frequency_points": "1.5"},
    "none": {"recency": [], "days": 1},
}
BOUGHT = st.builds(
    Bought,
    at=st.builds(
        lambda days, seconds: NOW - timedelta(days=days, seconds=seconds),
        st.sampled_from(DAYS),
        st.sampled_from([-1, 0, 1]),
    ),
    amount=st.decimals(0, 999_999_999, places=3),
    currency=st.sampled_from(["EUR", "PLN", "BGN"]),
)


@pytest.mark.parametrize("name", TABLES)
async def test_the_database_scores_as_the_formula_does(name: str, database: Database) -> None:
    """Of any purchases, by any formula: everybody has at least their own score, and nobody more."""
    table = RfmTable.model_validate(TABLES[name])
    who, loop = customer("Ada", NOW), asyncio.get_running_loop()
    async with database.unit() as session:
        session.add(who)
        await purchases.use(session, table)

    async def scores(bought: list[Bought]) -> None:
        async with database.unit() as session:
            await session.exec(delete(Purchase))
            session.add_all([_given_back(_purchase(who, number, one)) for number, one in enumerate(bought)])
            wholly = _purchase(who, 99, Bought(NOW, Decimal(7), "EUR"))
            wholly.refunded = wholly.amount
            session.add(wholly)
        reckoned = rfm.score(bought, Formula.of(table), now=NOW)
        parts = {"rfm": reckoned.total, "rfm_recency": reckoned.recency, "rfm_frequency": reckoned.frequency}
        async with database.unit() as session:
            assert await purchases.score(session, who.id, Formula.of(table), now=NOW) == reckoned
        for field, points in {**parts, "rfm_money": reckoned.money}.items():
            async with database.unit() as session:
                found = await _between(session, field, points)
            assert found == ["Ada"], (field, points)

    @settings(max_examples=25, deadline=None)
    @given(bought=st.lists(BOUGHT, max_size=6))
    def agrees(bought: list[Bought]) -> None:
        asyncio.run_coroutine_threadsafe(scores(bought), loop).result(60)

    await asyncio.to_thread(agrees)


def _given_back(purchase: Purchase) -> Purchase:
    """It was dearer before something was given back."""
    if 0 < purchase.amount < 999_999_000:
        purchase.refunded = Decimal("5.125")
        purchase.amount += purchase.refunded
    return purchase


async def _between(session: Any, field: str, points: Decimal) -> list[str]:
    """Who has these points: a condition takes a number as JSON has it, so up to the sixth decimal."""
    near = Decimal("0.000001")
    bounds = [("ge", max(points - near, Decimal(0))), ("le", points + near)]
    raw = [{"field": field, "op": op, "value": float(value)} for op, value in bounds]
    where = await asking.where(session, raw, now=NOW)
    return list((await session.exec(select(Customer.name).where(where))).all())
