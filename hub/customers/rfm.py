"""How good a customer is by what they bought: recency, frequency, money. Pure; its twin in SQL is in segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hub.settings import RfmTable

_NONE = Decimal(0)


class MostOf(StrEnum):
    """What the most points for money are of."""

    PURCHASE = "purchase"  # each of them
    ALL = "all"  # their sum


@dataclass(frozen=True, slots=True)
class Formula:
    """What [rfm] says. `recency`: days since the last purchase and its points, from the fewest days on."""

    recency: tuple[tuple[int, Decimal], ...]
    days: int
    frequency_points: Decimal
    money_share: Decimal
    money_most: Decimal
    money_most_of: MostOf
    currency: str
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, table: RfmTable) -> Formula:
        return cls(
            recency=tuple((one.days, one.points) for one in table.recency),
            days=table.days,
            frequency_points=table.frequency_points,
            money_share=table.money_share,
            money_most=table.money_most,
            money_most_of=MostOf(table.money_most_of),
            currency=table.currency,
            rates=dict(table.rates),
        )

    @classmethod
    def read(cls, terms: Any) -> Formula:
        """From what `plain` gave."""
        return cls.of(RfmTable.model_validate(terms))

    def since(self, now: datetime) -> datetime:
        """Purchases before this moment are worth nothing."""
        return now - timedelta(days=max(self.days, *(days for days, _points in self.recency), 0))

    def worth(self, amount: Decimal, currency: str) -> Decimal:
        """In the formula's own currency; one of which nothing is said counts as it is."""
        return amount * self.rates.get(currency, Decimal(1))


USUAL = Formula.of(RfmTable())


@dataclass(frozen=True, slots=True)
class Bought:
    """As much of a purchase as a score asks for."""

    at: datetime
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Score:
    """`counted`: how many purchases frequency and money are of; `last`: the latest that is worth points."""

    recency: Decimal = _NONE
    frequency: Decimal = _NONE
    money: Decimal = _NONE
    counted: int = 0
    last: datetime | None = None

    @property
    def total(self) -> Decimal:
        return self.recency + self.frequency + self.money


def score(purchases: Iterable[Bought], formula: Formula, *, now: datetime) -> Score:
    """Of purchases in any order. What is yet to come counts when it has."""
    past = [one for one in purchases if formula.since(now) <= one.at <= now]
    counted = [one for one in past if one.at >= now - timedelta(days=formula.days)]
    last = max((one.at for one in past), default=None)
    return Score(
        recency=_recency(last, formula, now),
        frequency=len(counted) * formula.frequency_points,
        money=_money(counted, formula),
        counted=len(counted),
        last=last,
    )


def _recency(last: datetime | None, formula: Formula, now: datetime) -> Decimal:
    if last is None:
        return _NONE
    return next((points for days, points in formula.recency if last >= now - timedelta(days=days)), _NONE)


def _money(counted: Iterable[Bought], formula: Formula) -> Decimal:
    points = (formula.worth(one.amount, one.currency) * formula.money_share for one in counted)
    if formula.money_most_of is MostOf.ALL:
        return min(sum(points, _NONE), formula.money_most)
    return sum((min(one, formula.money_most) for one in points), _NONE)
