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
            return UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case tuple():
            return tuple(_pure(one) for one in value)
        case Mapping():
            return {_pure(key): _pure(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _pure(getattr(value, field.name)) for field in fields(value)})
    return value
