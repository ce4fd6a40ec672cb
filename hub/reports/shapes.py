"""What a report says, whoever shows it: figures beside those of the days before, and tables. No words of people's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = "int | float | Decimal | str | date | None"


class Measure(StrEnum):
    """What a number is, and so how it is written."""

    COUNT = "count"
    SHARE = "share"  # a part of one
    SCORE = "score"  # points of a hundred, or from -100 to 100
    TIME = "time"  # seconds
    MONEY = "money"
    DAY = "day"
    NAME = "name"  # somebody's or something's own: shown as it is
    WORD = "word"  # one of the hub's words: shown in the reader's language


@dataclass(frozen=True, slots=True)
class Figure:
    """`before`: the same of as many days before. None: there is nothing to reckon it from."""

    name: str
    measure: Measure
    value: Value
    before: Value = None


@dataclass(frozen=True, slots=True)
class Table:
    """`drawn`: the columns that are drawn as lines over the first one."""

    name: str
    columns: tuple[tuple[str, Measure], ...]
    rows: Sequence[tuple[Value, ...]]
    drawn: tuple[str, ...] = ()

    def column(self, name: str) -> list[Value]:
        place = [one for one, _ in self.columns].index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Report:
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]

    @property
    def empty(self) -> bool:
        return not any(one.value for one in self.figures) and not any(table.rows for table in self.tables)


@dataclass(slots=True)
class Tally:
    """Sums under keys, of two times: of the days that are asked about, and of those before."""

    now: dict[object, dict[str, float]] = field(default_factory=dict)
    before: dict[object, dict[str, float]] = field(default_factory=dict)

    def add(self, is_now: bool, key: object, what: str, number: float) -> None:
        counted = (self.now if is_now else self.before).setdefault(key, {})
        counted[what] = counted.get(what, 0) + number

    def total(self, what: str) -> tuple[int, int]:
        return _total(self.now, what), _total(self.before, what)

    def of(self, key: object, what: str) -> tuple[int, int]:
        return int(self.now.get(key, {}).get(what, 0)), int(self.before.get(key, {}).get(what, 0))

    @property
    def keys(self) -> list[object]:
        return sorted({*self.now, *self.before}, key=str)


def share(part: float, whole: float) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


def _total(counted: Mapping[object, Mapping[str, float]], what: str) -> int:
    return int(sum(one.get(what, 0) for one in counted.values()))
