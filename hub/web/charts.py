"""Pictures of numbers as SVG, drawn on the server: where each point lies. Their tables stand beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from hub.campaigns.over_time import Stretch
from hub.reports.shapes import Measure, Table

WIDTH, HEIGHT = 600, 150
SERIES = ("left", "delivered", "opened", "clicked")
_LINES = 4  # across the picture, at most one more
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TIMES = (*(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)), *(n * _HOUR for n in (1, 2, 4, 6, 12)), _DAY)  # seconds


@dataclass(frozen=True, slots=True)
class Scale:
    """`ticks`: the numbers beside the picture, rising, with even steps; nought is one of them."""

    ticks: tuple[float, ...]

    def y(self, number: float) -> float:
        """Downwards, as SVG counts."""
        return HEIGHT * (self.ticks[-1] - number) / (self.ticks[-1] - self.ticks[0])


@dataclass(frozen=True, slots=True)
class Chart:
    """`series`: a name and its points as SVG writes them. `ends`: which rows the words below it stand for."""

    scale: Scale
    series: tuple[tuple[str, str], ...]
    rows: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def step(self) -> float:
        """How wide a row is."""
        return self.width / self.rows

    @property
    def ends(self) -> list[int]:
        """The first row, the middle one and the last, as far as they are several."""
        return sorted({0, self.rows // 2, self.rows - 1}) if self.rows != 2 else [0, 1]


def lines(stretches: Sequence[Stretch]) -> Chart:
    """What had happened by the end of each stretch: lines that only rise. Those that never left zero are left out."""
    sums = {name: _running([getattr(one, name) for one in stretches]) for name in SERIES}
    scale = _scale(0, max((numbers[-1] for numbers in sums.values() if numbers), default=0), Measure.COUNT)
    drawn = tuple((name, _rising(numbers, scale)) for name, numbers in sums.items() if numbers and numbers[-1])
    return Chart(scale, drawn, len(stretches))


def course(table: Table) -> Chart:
    """The drawn columns of a report's table, a point for each row; where there is no number, the line is broken."""
    columns = {name: [_number(value) for value in table.column(name)] for name in table.drawn}
    known = [one for numbers in columns.values() for one in numbers if one is not None] or [0.0]
    scale = _scale(min(known), max(known), dict(table.columns)[table.drawn[0]])
    pieces = ((name, " ".join(piece)) for name, numbers in columns.items() for piece in _pieces(numbers, scale))
    return Chart(scale, tuple(pieces), len(table.rows))


# ---- beside the picture ---------------------------------------------------------------------


def _scale(least: float, most: float, measure: Measure) -> Scale:
    least, most = min(least, 0), max(most, 0)
    step = _step((most - least) / _LINES, measure)
    below, above = math.ceil(-least / step), max(math.ceil(most / step), 1)
    return Scale(tuple(place * step for place in range(-below, above + 1)))


def _step(least: float, measure: Measure) -> float:
    """The next round number: people count in tens, and time by the clock."""
    if measure is Measure.TIME and least <= _DAY:
        return next(one for one in _TIMES if one >= least)
    if measure in (Measure.COUNT, Measure.MONEY, Measure.SCORE):
        least = max(least, 1)
    unit = _DAY if measure is Measure.TIME else 1
    ten: float = 10 ** math.floor(math.log10(max(least / unit, 0.01)))
    return next(n * ten * unit for n in (1, 2, 5, 10) if n * ten * unit >= least * 0.999)


# ---- lines ----------------------------------------------------------------------------------


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _pieces(numbers: Sequence[float | None], scale: Scale) -> Iterator[list[str]]:
    """A single point is a dash as wide as half a row, so that it is seen."""
    step = WIDTH / len(numbers)
    for some, run in groupby(enumerate(numbers), key=lambda one: one[1] is not None):
        places = [((place + 0.5) * step, scale.y(number or 0.0)) for place, number in run]
        if some and len(places) == 1:
            places = [(places[0][0] - step / 4, places[0][1]), (places[0][0] + step / 4, places[0][1])]
        if some:
            yield [f"{x:.1f},{y:.1f}" for x, y in places]


def _running(numbers: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for number in numbers:
        total += number
        sums.append(total)
    return sums


def _rising(numbers: Sequence[int], scale: Scale) -> str:
    step = WIDTH / max(len(numbers), 1)
    places = [(0.0, 0)] + [((place + 1) * step, number) for place, number in enumerate(numbers)]
    return " ".join(f"{x:.1f},{scale.y(number):.1f}" for x, number in places)
