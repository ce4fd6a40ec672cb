"""Purchases asked for in several places of a segment are added up once, and mean whom each means by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import merging, parting, purchases, refunds
from hub.customers.finding import Whom
from hub.database.engine import Database
from hub.models import Customer, Purchase
from hub.personal import rows as persons
from hub.personal import theirs
from hub.segments import asking, compiling, tree
from hub.segments.compiling import Terms
from tests.hub.segments.people import customer

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = (-1, 0, 30, 91, 92, 200, 274, 364, 365, 366, 800)


def _is(field: str, op: str, value: object) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


BOUGHT = [
    *(_is("rfm", op, points) for op in ("ge", "lt", "le") for points in (0, 13, 20, 43)),
    *(_is("rfm_money", op, 9) for op in ("ge", "lt")),
    *(_is("purchases", op, many) for op in ("ge", "lt", "eq", "ne") for many in (0, 1, 2)),
    *(_is("purchases_year", op, 1) for op in ("ge", "lt", "eq")),
    *(_is(field, op, 100) for field in ("spent", "spent_year") for op in ("gt", "le")),
    *(_is("purchase_days", op, days) for op in ("lt", "gt") for days in (1, 100, 365)),
    *(_is("purchase_days", "exists", some) for some in (True, False)),
]
OTHERS = [
    *(_is("language", op, "pl") for op in ("eq", "ne")),
    _is("language", "exists", False),
    _is("label", "eq", "gold"),
    _is("attributes.seats", "lt", 3),  # not known of some
    _is("wrote_days", "lt", 90),
    _is("has_channel", "eq", "email"),
    _is("satisfaction", "gt", 50),
]


async def _town(database: Database, chance: Random) -> None:
    made = [
        customer(
            f"No. {n}",
            NOW - timedelta(days=900),
            external_id=str(n),
            language=chance.choice(["pl", "bg", None]),
            labels=chance.choice([[], ["gold"]]),
            attributes=chance.choice([{}, {"seats": chance.randint(0, 5)}]),
        )
        for n in range(16)
    ]
    async with database.unit() as session:
        session.add_all(made)


async def _shopping(database: Database, chance: Random) -> None:
    """Purchases, some of which are told again otherwise, and refunds, some of all of it."""
    amount = [Decimal(n) for n in ("0", "5", "90", "90.001", "120")]
    async with database.unit() as session:
        known = list((await session.exec(select(Customer.external_id).where(col(Customer.external_id) != ""))).all())
        told = [
            purchases.Told(
                Whom(external_id=str(chance.choice(known))),
                "shop",
                str(chance.randint(0, 30)),
                NOW - timedelta(days=chance.choice(DAYS), seconds=chance.choice([-1, 0, 1])),
                chance.choice(amount),
                "EUR",
            )
            for _ in range(12)
        ]
        await purchases.record(session, told, update=True)
        bought = (await session.exec(select(Purchase))).all()
        back = [
            refunds.Told("shop", f"back {chance.randint(0, 99)}", one.number, NOW, given)
            for one in chance.sample(bought, 3)
            if (given := chance.choice([one.amount - one.refunded, Decimal(5)])) > 0
        ]
        await refunds.record(session, back, update=True)


async def _two_are_one(database: Database, chance: Random) -> None:
    async with database.unit() as session:
        winner, loser = chance.sample(list(await session.exec(select(Customer.id).order_by(col(Customer.id)))), 2)
        merged = await merging.merge(session, winner, loser, staff_id=None, now=NOW)
    if chance.random() < 0.5:
        await _shopping(database, chance)
        async with database.unit() as session:
            await parting.part(session, merged.id, staff_id=None, now=NOW)


async def _somebody_is_erased(database: Database, chance: Random) -> None:
    async with database.unit() as session:
        them = list(await session.exec(select(Customer.id).order_by(col(Customer.id))))
        whose = await theirs.person(session, chance.choice(them))
        await persons.lock(session, whose)
        await persons.delete(session, whose, now=NOW)


def _any_tree(chance: Random, depth: int = 0) -> Any:
    if depth == 3 or (depth and chance.random() < 0.4):
        return chance.choice(BOUGHT if chance.random() < 0.6 else OTHERS)
    if depth and chance.random() < 0.25:
        return {"not": _any_tree(chance, depth + 1)}
    return {chance.choice(["any", "all"]): [_any_tree(chance, depth + 1) for _ in range(chance.randint(0, 3))]}


async def _meant(session: AsyncSession, raw: Any) -> set[UUID]:
    return set(await session.exec(select(Customer.id).where(await asking.where(session, raw, now=NOW))))


async def _one_by_one(session: AsyncSession, raw: Any, everybody: set[UUID]) -> set[UUID]:
    """Each condition by itself, joined by hand."""
    if "field" in raw:
        return await _meant(session, raw)
    if "not" in raw:
        return everybody - await _one_by_one(session, raw["not"], everybody)
    (word, inner), *_ = raw.items()
    parts = [await _one_by_one(session, one, everybody) for one in inner]
    return set.intersection(everybody, *parts) if word == "all" else set[UUID]().union(*parts)


@pytest.mark.parametrize("seed", range(6))
async def test_a_segment_means_whom_its_conditions_mean_one_by_one(database: Database, seed: int) -> None:
    """Whatever was bought, given back, merged, taken back and erased."""
    chance = Random(seed)
    await _town(database, chance)
    for _ in range(3):
        await _shopping(database, chance)
        await chance.choice([_two_are_one, _two_are_one, _somebody_is_erased])(database, chance)
        async with database.unit() as session:
            everybody = set(await session.exec(select(Customer.id)))
            for _ in range(15):
                raw = _any_tree(chance)
                meant = await _one_by_one(session, raw, everybody)
                assert await _meant(session, raw) == meant, raw
                assert await asking.count(session, raw, now=NOW) == len(meant)


@pytest.mark.parametrize(
    ("raw", "groupings"),
    [
        ({"any": [_is("rfm", "ge", 20), _is("purchases", "eq", 0)]}, 1),
        ([{"any": [_is("spent", "gt", 20), OTHERS[0]]}, {"not": {"all": [_is("rfm", "ge", 3), BOUGHT[0]]}}], 1),
        ([_is("rfm", "ge", 20), _is("spent", "gt", 1), OTHERS[0]], 1),
        ([OTHERS[0]], 0),
    ],
)
def test_purchases_are_read_once(raw: Any, groupings: int) -> None:
    """However many conditions ask for them, wherever they stand."""
    counted = select(func.count()).select_from(compiling.whom(tree.read(raw), Terms(NOW)).subquery())
    assert len(re.findall(r"\b(?:FROM|JOIN) purchase\b", str(counted))) == groupings


async def test_only_those_who_may_be_meant_are_looked_at(database: Database) -> None:
    """What a customer's own row tells is weakened to what is needed for the whole, and never to less."""
    chance = Random(0)
    await _town(database, chance)
    await _shopping(database, chance)
    async with database.unit() as session:
        for _ in range(60):
            raw = _any_tree(chance)
            perhaps = tree.weakened(tree.read(raw), lambda one: one.name in ("language", "label"))
            assert {one.name for one in tree.leaves(perhaps)} <= {"language", "label"}
            assert await _meant(session, raw) <= await _meant(session, tree.plain(perhaps)), raw
