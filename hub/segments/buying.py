"""What customers bought and how it is scored, as predicates over `customer`. `hub.customers.rfm` says it in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, bindparam, case, cast, exists, false, true
from sqlmodel import col, func, select

from hub.customers import purchases
from hub.customers.rfm import Formula, MostOf
from hub.models import Customer, Purchase
from hub.segments.comparing import Where, compare, holds_of_nothing
from hub.segments.conditions import Condition
from hub.segments.fields import Op

_YEAR = timedelta(days=365)
_AT = col(Purchase.at)
_MANY: ColumnElement[Any] = func.count(col(Purchase.customer_id))  # 0 where customers are joined who bought nothing
SCORES = ("rfm", "rfm_recency", "rfm_frequency", "rfm_money")
COUNTS = ("purchases", "purchases_year")
SUMS = (*COUNTS, "spent", "spent_year")
FIELDS = frozenset({"purchase_days", *SUMS, *SCORES})
NEED_FORMULA = frozenset({"spent", "spent_year", *SCORES})


def where(condition: Condition, formula: Formula, now: datetime) -> Where:
    """Of a customer who bought nothing sums and scores are 0."""
    return _last(condition, now) if condition.name == "purchase_days" else together([condition], formula, now)


def together(conditions: Sequence[Condition], formula: Formula, now: datetime) -> Where:
    """All of them hold. One grouping for all conditions and for everybody, which the database joins; not a question for
    each customer.

    Whoever bought nothing is in no group: where nothing meets the conditions, groups that do not are asked for.
    """
    asked = [_asked(one, formula, now) for one in conditions]
    held, among_nobody = and_(*(one.held for one in asked)), all(one.of_nothing for one in asked)
    query = select(col(Purchase.customer_id)).where(*counted(conditions, formula, now))
    groups = query.group_by(col(Purchase.customer_id)).having(~held if among_nobody else held).subquery()
    found = exists().where(groups.c.customer_id == Customer.id)
    return ~found if among_nobody else found


def of_group(condition: Condition, formula: Formula, now: datetime) -> Where:
    """Of the purchases of one customer that `counted` lets in, which others have grouped; or of none: never unknown."""
    return _asked(condition, formula, now).held


def counted(conditions: Sequence[Condition], formula: Formula, now: datetime) -> list[Where]:
    """Of purchases: those that can make a difference to one of these."""
    bounds = [_asked(one, formula, now).since for one in conditions]
    latest = [now >= _AT, purchases.stands()]
    return latest if None in bounds else [*latest, min(bounds) <= _AT]  # type: ignore[type-var]


@dataclass(frozen=True, slots=True)
class _Asked:
    """`held`: of a group of purchases, of which those before `since` change nothing. `of_nothing`: is it true of none?

    `since` None: all of them count.
    """

    held: Where
    of_nothing: bool
    since: datetime | None = None


def _asked(condition: Condition, formula: Formula, now: datetime) -> _Asked:
    if condition.name == "purchase_days":
        return _lately(condition, now)
    since = now - _YEAR if condition.name.endswith("_year") else None
    if condition.name in SCORES:
        reckoned, since = _scores(formula, now)[condition.name], formula.since(now)
    else:
        reckoned = _MANY if condition.name in COUNTS else func.sum(_worth(formula))
        reckoned = func.coalesce(reckoned if since is None else reckoned.filter(since <= _AT), 0)
    value = condition.value if condition.name in COUNTS else Decimal(str(condition.value))
    return _Asked(compare(reckoned, replace(condition, value=value)), holds_of_nothing(condition), since)


def _lately(condition: Condition, now: datetime) -> _Asked:
    last: ColumnElement[Any] = func.max(_AT)
    if condition.op is Op.EXISTS:
        return _Asked(last.is_not(None) if condition.value else last.is_(None), not condition.value)
    since = now - timedelta(days=condition.value)
    if condition.op is Op.LT:
        return _Asked(func.coalesce(last >= since, false()), of_nothing=False, since=since)
    return _Asked(func.coalesce(last < since, true()), of_nothing=True, since=since)


def _last(condition: Condition, now: datetime) -> Where:
    """Less than N days ago; or more than N days ago, which includes never."""
    some = exists().where(col(Purchase.customer_id) == Customer.id, now >= _AT, purchases.stands())
    if condition.op is Op.EXISTS:
        return some if condition.value else ~some
    recent = some.where(now - timedelta(days=condition.value) <= _AT)
    return recent if condition.op is Op.LT else ~recent


def _scores(formula: Formula, now: datetime) -> Mapping[str, ColumnElement[Any]]:
    counted = now - timedelta(days=formula.days) <= _AT
    recency, money = _recency(formula, now), _money(formula, counted)
    frequency: ColumnElement[Any] = _MANY.filter(counted) * _number(formula.frequency_points)
    whole = {"rfm_recency": recency, "rfm_frequency": frequency, "rfm_money": money}
    return whole | {"rfm": recency + frequency + money}


def _recency(formula: Formula, now: datetime) -> ColumnElement[Any]:
    last: ColumnElement[Any] = func.max(_AT)
    steps = [(last >= now - timedelta(days=days), _number(points)) for days, points in formula.recency]
    return case(*steps, else_=_number(Decimal(0))) if steps else _number(Decimal(0))


def _money(formula: Formula, counted: Where) -> ColumnElement[Any]:
    points, most = _worth(formula) * _number(formula.money_share), _number(formula.money_most)
    if formula.money_most_of is MostOf.ALL:
        return func.least(func.coalesce(func.sum(points).filter(counted), 0), most)
    return func.coalesce(func.sum(func.least(points, most)).filter(counted), 0)


def _worth(formula: Formula) -> ColumnElement[Any]:
    amount: ColumnElement[Any] = cast(purchases.left(), Numeric)
    if not formula.rates:
        return amount
    rates = [(col(Purchase.currency) == currency, _number(rate)) for currency, rate in formula.rates.items()]
    worth: ColumnElement[Any] = amount * case(*rates, else_=_number(Decimal(1)))
    return worth


def _number(value: Decimal) -> ColumnElement[Any]:
    return bindparam(None, value, type_=Numeric())
