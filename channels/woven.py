"""Texts that still know what they are made of: words that many texts have in common, and values that are one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Self


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Fixed words with gaps between them. It is the same object in every text that it stands in."""

    fixed: tuple[str, ...]  # one more than there are gaps
    spread: Callable[[tuple[Any, ...]], tuple[Any, ...]]  # values in the order of the gaps: one may fill several
    repeats: int  # how many gaps one value fills at most
    letters: int  # of the fixed words
    form: str  # the words with `%s` in the gaps
    utf8: bytes  # the same with `%b`

    @classmethod
    def of(cls, fixed: Sequence[str], gaps: Sequence[int]) -> Self:
        """`gaps` says which of the values each gap takes."""
        in_order = list(gaps) == list(range(len(gaps)))
        form = "%s".join(words.replace("%", "%%") for words in fixed)
        repeats = max(Counter(gaps).values(), default=1)
        utf8 = b"%b".join(words.replace("%", "%%").encode() for words in fixed)
        return cls(tuple(fixed), tuple if in_order else _picker(gaps), repeats, sum(map(len, fixed)), form, utf8)

    def filled(self, values: tuple[str, ...]) -> str:
        """The words with these values in their gaps."""
        return self.form % self.spread(values)


def _picker(gaps: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(gaps) == 1:
        return lambda values: (values[gaps[0]],)
    return itemgetter(*gaps)


class Woven:
    """A text as its stretches and the values in each: whatever has to be done to it is done to fixed words once."""

    __slots__ = ("stretches",)

    def __init__(self, stretches: Sequence[tuple[Stretch, tuple[str, ...]]]) -> None:
        self.stretches = stretches

    def __str__(self) -> str:
        return "".join([stretch.filled(values) for stretch, values in self.stretches])

    def __bool__(self) -> bool:
        for stretch, values in self.stretches:  # noqa: SIM110 - a generator takes three times as long
            if stretch.letters or any(values):
                return True
        return False

    def encode(self) -> bytes:
        """In UTF-8."""
        encoded = [(stretch, tuple(map(str.encode, values))) for stretch, values in self.stretches]
        return b"".join([stretch.utf8 % stretch.spread(values) for stretch, values in encoded])
