"""What customers bought: written once for each number of each source, told, added up and scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import finding, rfm
from hub.customers.finding import NotOne, Whom
from hub.customers.rfm import Bought, Formula, Score
from hub.models import Purchase, RfmFormula
from hub.settings import RfmTable

SOURCE = "shop"  # where nothing else is said: by the API and by files alike, so that a number counts once
LONGEST_NUMBER, LONGEST_SOURCE, LONGEST_DESCRIPTION = 100, 50, 500
MOST_AMOUNT = Decimal("999999999.999")
AHEAD = timedelta(hours=1)  # of our clock, a shop's may be


@dataclass(frozen=True, slots=True)
class Told:
    """A purchase as another system tells it: see `Purchase`."""

    whom: Whom
    source: str
    number: str
    at: datetime
    amount: Decimal
    currency: str
    description: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.number

    def row(self, customer_id: UUID) -> dict[str, Any]:
        own = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "whom"}
        return {"customer_id": customer_id, **own}


class Written(StrEnum):
    """What became of one."""

    ADDED = "added"
    KNOWN = "known"  # it was told before, in the same words
    CHANGED = "changed"  # it was told before in other words, which it took the place of
    DIFFERS = "differs"  # the same, but the earlier words stay


@dataclass(frozen=True, slots=True)
class Summary:
    """`sums`: for each currency, of all that was ever bought and not given back; `count`: without what was, wholly."""

    count: int
    sums: dict[str, Decimal]
    last: datetime | None
    score: Score
    formula: Formula


async def use(session: AsyncSession, table: RfmTable) -> None:
    """Score by this from now on."""
    terms = table.model_dump(mode="json")
    row = insert(RfmFormula).values(id=1, terms=terms)
    differs = col(RfmFormula.terms) != row.excluded.terms
    await session.exec(row.on_conflict_do_update(index_elements=["id"], set_={"terms": terms}, where=differs))


async def formula(session: AsyncSession) -> Formula:
    """The one in use."""
    terms = (await session.exec(select(RfmFormula.terms))).first()
    return rfm.USUAL if terms is None else Formula.read(terms)


async def record(session: AsyncSession, told: Sequence[Told], *, update: bool = False) -> list[Written | NotOne]:
    """Write them down for customers who are known, each number of a source once: what became of each.

    `update`: what was told otherwise before is changed.
    """
    owners = await finding.owners(session, [one.whom for one in told])
    owned = [(one, owner) for one, owner in zip(told, owners, strict=True) if isinstance(owner, UUID)]
    fresh, times = await _insert(session, owned), Counter(one.key for one, _owner in owned)
    known = await _known(session, {key for key, many in times.items() if key not in fresh or many > 1})
    return [
        _settled(one, owner, fresh, known, update=update) if isinstance(owner, UUID) else owner
        for one, owner in zip(told, owners, strict=True)
    ]


async def of(session: AsyncSession, customer_id: UUID, *, before: int | None = None, limit: int) -> list[Purchase]:
    """The latest first; `before`: older than this one."""
    query = select(Purchase).where(col(Purchase.customer_id) == customer_id)
    place = tuple_(col(Purchase.at), col(Purchase.id))
    if before is not None:
        last = await session.get(Purchase, before)
        query = query.where(place < (last.at, last.id)) if last else query.where(col(Purchase.id) < before)
    return list(await session.exec(query.order_by(col(Purchase.at).desc(), col(Purchase.id).desc()).limit(limit)))


async def summary(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Summary:
    """Everything of one customer added up, and its score."""
    columns: Any = (Purchase.currency, func.count(), func.sum(left()), func.max(Purchase.at))
    mine = col(Purchase.customer_id) == customer_id
    query: Any = (
        select(*columns).where(mine, stands()).group_by(col(Purchase.currency)).order_by(col(Purchase.currency))
    )
    rows, by = (await session.exec(query)).all(), await formula(session)
    return Summary(
        count=sum(count for _currency, count, _sum, _last in rows),
        sums={currency: total for currency, _count, total, _last in rows},
        last=max((last for *_others, last in rows), default=None),
        score=await score(session, customer_id, by, now=now),
        formula=by,
    )


async def score(session: AsyncSession, customer_id: UUID, by: Formula, *, now: datetime) -> Score:
    """Now, by this formula."""
    columns: Any = (Purchase.at, left(), Purchase.currency)
    query: Any = select(*columns).where(
        col(Purchase.customer_id) == customer_id, col(Purchase.at).between(by.since(now), now), stands()
    )
    return rfm.score([Bought(*row) for row in await session.exec(query)], by, now=now)


def left() -> ColumnElement[Any]:
    """What a purchase is worth: without its refunds."""
    return col(Purchase.amount) - col(Purchase.refunded)


def stands() -> ColumnElement[bool]:
    """Of purchases: not all of it was given back. One for nothing stands."""
    return or_(col(Purchase.refunded) == 0, left() > 0)


async def _insert(session: AsyncSession, owned: Sequence[tuple[Told, UUID]]) -> set[tuple[str, str]]:
    """Those that nobody had told of. In one order, so that two imports at once wait for each other."""
    if not owned:
        return set()
    rows = insert(Purchase).values([one.row(owner) for one, owner in sorted(owned, key=lambda pair: pair[0].key)])
    fresh = await session.exec(rows.on_conflict_do_nothing().returning(col(Purchase.source), col(Purchase.number)))
    return {(source, number) for source, number in fresh}


async def _known(session: AsyncSession, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Purchase]:
    if not keys:
        return {}
    query = select(Purchase).where(tuple_(col(Purchase.source), col(Purchase.number)).in_(keys))
    rows = await session.exec(query.order_by(col(Purchase.id)).with_for_update())
    return {(row.source, row.number): row for row in rows}


def _settled(
    one: Told, owner: UUID, fresh: set[tuple[str, str]], known: dict[tuple[str, str], Purchase], *, update: bool
) -> Written:
    if one.key in fresh:
        fresh.discard(one.key)  # the second of a number in one go was told before, by the first
        return Written.ADDED
    row, words = known[one.key], one.row(owner)
    if all(getattr(row, name) == value for name, value in words.items()):
        return Written.KNOWN
    if not update or one.amount < row.refunded or (row.refunded and one.currency != row.currency):
        return Written.DIFFERS
    for name, value in words.items():
        setattr(row, name, value)
    return Written.CHANGED
