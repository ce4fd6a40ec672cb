"""What a benchmark prints: one figure, its rounds, and the line that programs and people read."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NOTHING = "-"
Run = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A median over interleaved rounds. `ratio` is against `against`, measured in the same rounds of the same run."""

    name: str
    unit: str
    value: float | None = None
    against: str = NOTHING
    ratio: float | None = None
    goal: float | None = None  # the ratio that is wanted, or the value where there is nothing to compare with
    least: float | None = None  # the value that is wanted, whatever the ratio
    most: float | None = None  # the value that must not be exceeded
    rounds: tuple[float, ...] = ()
    other_rounds: tuple[float, ...] = ()
    why_not: str = ""  # set when it could not be measured here

    @property
    def verdict(self) -> str:
        reached = self.value if self.ratio is None else self.ratio
        pairs = ((reached, self.goal), (self.value, self.least), (self.most, self.value))
        wanted = [
            pair for pair, goal in zip(pairs, (self.goal, self.least, self.most), strict=True) if goal is not None
        ]
        held = [more >= less for more, less in wanted if more is not None and less is not None]
        if not held:
            return NOTHING
        return "ok" if all(held) else "short"

    @property
    def line(self) -> str:
        """bench, NAME, VALUE, UNIT, RATIO, AGAINST, GOAL, ok|short; tabs between, `-` where there is nothing.

        GOAL is a ratio, or `>=3000`, `<=50` for the value itself.
        """
        value = NOTHING if self.value is None else f"{self.value:.0f}"
        ratio = NOTHING if self.ratio is None else f"{self.ratio:.3f}"
        goals = (("", self.goal), (">=", self.least), ("<=", self.most))
        goal = " ".join(f"{sign}{one:g}" for sign, one in goals if one is not None) or NOTHING
        return "\t".join(("bench", self.name, value, self.unit, ratio, self.against, goal, self.verdict))


def say(words: str) -> None:
    """Progress, for whoever waits."""
    print(words, file=sys.stderr, flush=True)


def compare(name: str, unit: str, against: str, ours: Run, theirs: Run, *, rounds: int = 5) -> Figure:
    """Ours and theirs in turn, so that a busy machine slows both; `Run` gives how many a second."""
    mine, other = [], []
    for number in range(1, rounds + 1):
        other.append(theirs())
        mine.append(ours())
        say(f"{name}: round {number} of {rounds}: {mine[-1]:.0f} {unit}, {against} {other[-1]:.0f}")
    return measured(name, unit, against, mine, other)


def measured(name: str, unit: str, against: str, mine: Sequence[float], other: Sequence[float]) -> Figure:
    """The ratio is the median of the rounds' own ratios: what disturbed one round disturbed both of its halves."""
    ratios = [m / o for m, o in zip(mine, other, strict=True)]
    return Figure(
        name=name,
        unit=unit,
        value=statistics.median(mine),
        against=against,
        ratio=statistics.median(ratios),
        rounds=tuple(mine),
        other_rounds=tuple(other),
    )


def unavailable(name: str, unit: str, against: str, why: str) -> Figure:
    """A figure that this machine cannot give."""
    say(f"{name}: not measured: {why}")
    return Figure(name=name, unit=unit, against=against, why_not=why)
