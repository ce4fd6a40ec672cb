"""A column held against the value of a condition."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement

from hub.segments.conditions import Condition
from hub.segments.fields import Op

Where = ColumnElement[bool]


def compare(column: ColumnElement[Any], condition: Condition) -> Where:
    """Unknown where the column is, but for `ne` and `exists`. Values are bound."""
    value = condition.value
    match condition.op:
        case Op.NE:
            return column.is_distinct_from(value)
        case Op.IN:
            return column.in_(value)
        case Op.CONTAINS:
            return column.icontains(value, autoescape=True)
        case Op.EXISTS:
            return column.is_not(None) if value else column.is_(None)
    compared: Where = _SIGNS[condition.op](column, value)
    return compared


def holds_of_nothing(condition: Condition) -> bool:
    """Is it true of 0?"""
    return bool(_SIGNS[condition.op](0, condition.value))


_SIGNS: Mapping[Op, Callable[[Any, Any], Any]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.GT: operator.gt,
    Op.LE: operator.le,
    Op.GE: operator.ge,
}
