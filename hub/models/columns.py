"""Column types that the tables share: words, moments, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from sqlalchemy import DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

W = TypeVar("W", bound=StrEnum)

Moment = DateTime(timezone=True)
Json = JSONB(none_as_null=True)


class Word(TypeDecorator[W], Generic[W]):
    """A member of a StrEnum kept as text; a word that is not in the list fails on reading, it is never guessed."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> W | None:
        return None if value is None else self.words(value)


@cache
def _plain(model: type[SQLModel]) -> Mapping[str, Any]:
    columns = model.__table__.columns  # type: ignore[attr-defined]
    found = {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required() and not columns[name].computed and not columns[name].primary_key
    }
    return MappingProxyType(found)


def defaults(model: type[SQLModel]) -> Mapping[str, Any]:
    """What a row holds where nothing else is said: for many rows that are inserted without an object for each."""
    return _plain(model)
