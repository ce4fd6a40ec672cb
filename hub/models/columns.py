"""Column types that the tables share: words, moments, JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

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
