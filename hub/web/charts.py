"""Pictures of numbers as SVG, drawn on the server: where each point lies. Their tables stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from hub.campaigns.over_time import Stretch
from hub.reports.shapes import Table

WIDTH, HEIGHT = 600, 150
SERIES = ("left", "delivered", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class Chart:
    """`series`: a name and its points as SVG writes them. `top`: the number at the upper edge."""

    width: int
    height: int
    top: float
    series: tuple[tuple[str, str], ...]


def lines(stretches: Sequence[Stretch]) -> Chart:
    """What had happened by the end of each stretch: lines that only rise. Those that never left zero are left out."""
    sums = {name: _running([getattr(one, name) for one in stretches]) for name in SERIES}
    top = max((numbers[-1] for numbers in sums.values() if numbers), default=0)
    drawn = tuple((name, _points(numbers, top)) for name, numbers in sums.items() if numbers and numbers[-1])
    return Chart(WIDTH, HEIGHT, top, drawn)


def course(table: Table) -> Chart:
    """The drawn columns of a report's table, a point for each row; where there is no number, the line is broken."""
    columns = {name: [_number(value) for value in table.column(name)] for name in table.drawn}
    top = max((one for numbers in columns.values() for one in numbers if one is not None), default=0.0)
    pieces = ((name, " ".join(piece)) for name, numbers in columns.items() for piece in _pieces(numbers, top or 1.0))
    return Chart(WIDTH, HEIGHT, top, tuple(pieces))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _pieces(numbers: Sequence[float | None], top: float) -> Iterator[list[str]]:
    """A single point is a dash as wide as half a row, so that it is seen."""
    step = WIDTH / len(numbers)
    for some, run in groupby(enumerate(numbers), key=lambda one: one[1] is not None):
        places = [((place + 0.5) * step, HEIGHT - HEIGHT * (number or 0.0) / top) for place, number in run]
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


def _points(numbers: Sequence[int], top: int) -> str:
    step = WIDTH / max(len(numbers), 1)
    places = [(0.0, 0)] + [((place + 1) * step, number) for place, number in enumerate(numbers)]
    return " ".join(f"{x:.1f},{HEIGHT - HEIGHT * number / top:.1f}" for x, number in places)
