"""The channel and the hour at which a customer answers, learnt from what they did with what was sent. Pure.

Beta posteriors: what customers in general do weighs as much as `STRENGTH` messages (decision 0053).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from channels.message import Kind
from hub.sentences import Gap, Sentence

HALF_LIFE = 90.0  # days after which a message weighs half
STRENGTH = 4.0  # messages' worth of what customers in general do
SURE = 0.84  # standard deviations between two rates: four times in five the better one is better
SPAN = 2  # hours in a row that are looked at together
_LEAST = 2  # answers of their own, before an hour is named
_VAGUE = (1.0, 4.0)  # answered of tried, before anybody answered anything
_SMOOTH = 10.0  # messages at the general rate that an hour of everybody starts with


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of ours, its time to be answered over. `hour`: on the customer's clock when it was sent."""

    kind: Kind
    hour: int
    days: float  # ago
    arrived: bool
    answered: bool

    @property
    def weight(self) -> float:
        return float(0.5 ** (max(self.days, 0.0) / HALF_LIFE))


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages, weighed by their age."""

    tried: float = 0.0
    answered: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.tried + other.tried, self.answered + other.answered)


General = Mapping[tuple[Kind, int], Tally]  # by channel and hour of the day, of everybody


@dataclass(frozen=True, slots=True)
class Rate:
    """How likely a message is answered: a Beta distribution by its two counts."""

    yes: float
    no: float

    @property
    def mean(self) -> float:
        return self.yes / (self.yes + self.no)

    @property
    def variance(self) -> float:
        both = self.yes + self.no
        return self.yes * self.no / (both * both * (both + 1))

    def surely_above(self, other: Rate) -> bool:
        return self.mean - other.mean > SURE * math.sqrt(self.variance + other.variance)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `begins` for `SPAN` hours, on the customer's clock, with what was sent and answered then."""

    begins: int
    tried: int
    answered: int

    @property
    def ends(self) -> int:
        return (self.begins + SPAN) % 24


@dataclass(frozen=True, slots=True)
class Reached:
    """One channel: its messages as they are counted, the rate reckoned from them. `hours` None: none stands out."""

    kind: Kind
    tried: int
    arrived: int
    answered: int
    rate: Rate
    general: float
    hours: Hours | None

    @property
    def why(self) -> Sentence:
        """In words: what was sent to them, and what they did."""
        if not self.tried:
            return Sentence("nothing was sent; of others %(share)s %% answer", {"share": round(100 * self.general)})
        counts = Sentence("%(answered)s of %(tried)s answered", {"answered": self.answered, "tried": self.tried})
        if self.arrived < self.tried and self.kind is not Kind.VOICE:
            gaps: Mapping[str, Gap] = {"counts": counts, "arrived": self.arrived}
            counts = Sentence("%(counts)s (%(arrived)s known to have arrived)", gaps)
        if self.hours is None:
            return counts
        span: Mapping[str, Gap] = {"counts": counts, "begins": self.hours.begins, "ends": self.hours.ends}
        return Sentence("%(counts)s, best between %(begins)s and %(ends)s o’clock", span)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Channels, best first. Not `learnt`: nothing speaks against the order that is `usual`."""

    channels: tuple[Reached, ...]
    usual: tuple[Kind, ...] = field(default=())

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(one.kind for one in self.channels)

    @property
    def learnt(self) -> bool:
        return self.kinds != self.usual

    @property
    def known(self) -> bool:
        """Whether anything was ever sent whose answer could come."""
        return any(one.tried for one in self.channels)


def suggest(sent: Sequence[Sent], general: General, usual: Sequence[Kind]) -> Suggestion:
    """The usual order, in which a channel goes before another where it is surely answered more."""
    order: list[Reached] = []
    for kind in usual:
        one = _reached(kind, sent, general)
        order.insert(_place(one, order), one)
    return Suggestion(tuple(order), tuple(usual))


def _place(one: Reached, order: Sequence[Reached]) -> int:
    place = len(order)
    while place and _goes_before(one, order[place - 1]):
        place -= 1
    return place


def _goes_before(one: Reached, other: Reached) -> bool:
    """Never by what people in general do alone: that is what the usual order is for."""
    return bool(one.tried or other.tried) and one.rate.surely_above(other.rate)


def _reached(kind: Kind, sent: Sequence[Sent], general: General) -> Reached:
    mine = [one for one in sent if one.kind is kind]
    usual = general_rate(kind, general)
    rate = _posterior(_tally(mine), usual)
    return Reached(
        kind=kind,
        tried=len(mine),
        arrived=sum(one.arrived for one in mine),
        answered=sum(one.answered for one in mine),
        rate=rate,
        general=usual,
        hours=_best_hours(mine, kind, general, rate.mean),
    )


def general_rate(kind: Kind, general: General) -> float:
    """How often customers in general answer by this channel."""
    whole = sum((tally for (channel, _hour), tally in general.items() if channel is kind), Tally())
    return (whole.answered + _VAGUE[0]) / (whole.tried + _VAGUE[1])


def _posterior(tally: Tally, prior: float) -> Rate:
    return Rate(STRENGTH * prior + tally.answered, STRENGTH * (1 - prior) + max(tally.tried - tally.answered, 0.0))


def _best_hours(mine: Sequence[Sent], kind: Kind, general: General, mean: float) -> Hours | None:
    """The best of those with answers of their own, where it is surely better than the rest of their day."""
    shapes, found = _shapes(kind, general), list[tuple[float, Hours]]()
    for begins in range(24):
        within = [one for one in mine if one.hour in _span(begins)]
        if sum(one.answered for one in within) < _LEAST:
            continue
        rest = [one for one in mine if one.hour not in _span(begins)]
        then = _posterior(_tally(within), min(mean * shapes[begins], 0.95))
        if then.surely_above(_posterior(_tally(rest), mean)):
            found.append((then.mean, Hours(begins, len(within), sum(one.answered for one in within))))
    return max(found, key=lambda pair: (pair[0], -pair[1].begins))[1] if found else None


def _shapes(kind: Kind, general: General) -> list[float]:
    """For each hour, how much more is answered of what goes out then than in general: 1 where nothing is known."""
    usual = general_rate(kind, general)
    spans = [sum((general.get((kind, hour), Tally()) for hour in _span(begins)), Tally()) for begins in range(24)]
    return [(one.answered + _SMOOTH * usual) / (one.tried + _SMOOTH) / usual for one in spans]


def _span(begins: int) -> tuple[int, ...]:
    return tuple((begins + n) % 24 for n in range(SPAN))


def _tally(sent: Iterable[Sent]) -> Tally:
    return sum(_weighed(sent), Tally())


def _weighed(sent: Iterable[Sent]) -> Iterator[Tally]:
    return (Tally(one.weight, one.weight * one.answered) for one in sent)
