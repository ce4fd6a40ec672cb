"""What the database cannot hold is taken out of whatever comes from outside, before anything else sees it (M6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

UNHOLDABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of characters

T = TypeVar("T")


def storable(event: T) -> T:
    """The same event, every text in it valid UTF-8 without NUL; bytes are left alone."""
    return cast("T", _pure(event))


def _pure(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", value) if UNHOLDABLE.search(value) else value
        case None | int() | bytes():
            return value
        case tuple():
            return tuple(_pure(one) for one in value)
        case Mapping():
            return {_pure(key): _pure(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        before = {field.name: getattr(value, field.name) for field in fields(value)}
        pure = {name: _pure(one) for name, one in before.items()}
        changed = {name: one for name, one in pure.items() if one is not before[name]}
        return replace(value, **changed) if changed else value
    return value
