"""Pictures of numbers as SVG, drawn on the server: where each point lies. Their tables stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.campaigns.over_time import Stretch

WIDTH, HEIGHT = 600, 150
SERIES = ("left", "delivered", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class Chart:
    """`series`: a name and its points as SVG writes them. `top`: the number at the upper edge."""

    width: int
    height: int
    top: int
    series: tuple[tuple[str, str], ...]


def lines(stretches: Sequence[Stretch]) -> Chart:
    """What had happened by the end of each stretch: lines that only rise. Those that never left zero are left out."""
    sums = {name: _running([getattr(one, name) for one in stretches]) for name in SERIES}
    top = max((numbers[-1] for numbers in sums.values() if numbers), default=0)
    drawn = tuple((name, _points(numbers, top)) for name, numbers in sums.items() if numbers and numbers[-1])
    return Chart(WIDTH, HEIGHT, top, drawn)


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
