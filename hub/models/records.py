"""Rows of a table as they come from the driver, in the columns' own types: for reading many of them a moment.

An ORM's object for each costs five times as much. They are to be read only, and no session knows them.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Column
from sqlmodel import SQLModel

from hub.models.columns import Word

T = TypeVar("T", bound=SQLModel)
_Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Records(Generic[T]):
    """`select` names the table and its columns; what comes back for that is read by `read`."""

    select: str
    _make: Callable[[Iterable[Any]], Any]
    _reads: tuple[tuple[int, _Read], ...]

    def read(self, rows: Iterable[Iterable[Any]]) -> list[T]:
        """What looks like the table's rows. KeyError for a word that is not in its list: it is never guessed."""
        if not self._reads:
            return list(map(self._make, rows))
        return [self._one(row) for row in rows]

    def _one(self, row: Iterable[Any]) -> T:
        values = list(row)
        for place, read in self._reads:
            if values[place] is not None:
                values[place] = read(values[place])
        return cast("T", self._make(values))


@cache
def records(model: type[T]) -> Records[T]:
    """How to read rows of this table."""
    columns = [column for column in model.__table__.columns if not column.computed]  # type: ignore[attr-defined]
    names = [column.name for column in columns]
    made: Any = namedtuple(model.__name__, names)  # type: ignore[misc]
    reads = ((place, read) for place, column in enumerate(columns) if (read := _reading(column)) is not None)
    select = f"select {', '.join(names)} from {model.__tablename__}"  # noqa: S608 - the table's own words
    return Records(select, made._make, tuple(reads))


def _reading(column: Column[Any]) -> _Read | None:
    """None for what the driver knows by itself: all but our words, on a session's connection."""
    return {word.value: word for word in column.type.words}.__getitem__ if isinstance(column.type, Word) else None
