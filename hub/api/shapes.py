"""What every body over the JSON API is made of: fields with examples, pages, and text that can be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.database.purity import UNHOLDABLE

_DEEPEST = 50  # of lists and objects in one another: writing them down as JSON takes a call for each
_VALUES, _VALUES_DEEP = 32_768, 8  # bytes and depth of the values that a template is filled with
EXAMPLE_ID = "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Line = Annotated[str, Field(max_length=500)]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError) as e:  # zoneinfo's own error is a KeyError
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Warsaw") from e


Zone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]


def _small(values: dict[str, Any]) -> dict[str, Any]:
    """They are kept with every message: what a text needs, and no more."""
    if len(json.dumps(values, ensure_ascii=False, default=str).encode("utf-8", "replace")) > _VALUES:
        raise ValueError(f"They take more than {_VALUES:,} bytes as JSON")
    if _depth(values) > _VALUES_DEEP:
        raise ValueError(f"Nothing may be nested more than {_VALUES_DEEP} deep")
    return values


def _depth(data: Any) -> int:
    """Of a value that `Body` has let pass, which bounds the recursion."""
    within = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else None
    return 0 if within is None else 1 + max(map(_depth, within), default=0)


Variables = Annotated[dict[str, Any], AfterValidator(_small)]


class Body(BaseModel):
    """What a program sends: unknown fields are errors, and so is text that PostgreSQL cannot keep."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, data: Any) -> Any:
        if fault := _spoiled(data):
            raise ValueError(fault)
        return data


def _spoiled(data: Any) -> str:
    """Why it cannot be kept; empty when it can. Walks without recursion: the depth is the sender's choice."""
    waiting = [(data, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str) and UNHOLDABLE.search(one):
            return "Text must not hold U+0000 or half a surrogate pair"
        within = [*one.keys(), *one.values()] if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        if within and depth >= _DEEPEST:
            return f"Nothing may be nested more than {_DEEPEST} deep"
        waiting += [(part, depth + 1) for part in within]
    return ""


class Out(BaseModel):
    """What a program is shown of something that has these attributes."""

    @classmethod
    def of(cls, something: object, **beside: object) -> Self:
        """`beside`: fields that the thing itself lacks, or tells in another way."""
        own = {name: getattr(something, name) for name in cls.model_fields if name not in beside}
        return cls.model_validate(own | beside, from_attributes=True)


class Page(BaseModel, Generic[T]):
    """`next` goes into the query of the following page; null on the last one."""

    items: list[T]
    next: str | None = None
