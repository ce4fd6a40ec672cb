"""The channel and the hour at which a customer answers, learnt from what they did with what was sent. Pure.

Beta posteriors: what customers in general do weighs as much as `STRENGTH` messages (decision 0053).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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
class Count:
    """Messages as people count them, and as they weigh."""

    tried: int = 0
    arrived: int = 0
    answered: int = 0
    weighed: Tally = field(default_factory=Tally)

    def __add__(self, other: Count) -> Count:
        both = (self.tried + other.tried, self.arrived + other.arrived, self.answered + other.answered)
        return Count(*both, self.weighed + other.weighed)


Past = Mapping[tuple[Kind, int], Count]  # by channel and hour of the day, of one customer


@dataclass(frozen=True, slots=True)
class Prior:
    """What customers in general do on a channel: how often they answer, and by hour how much more than in general."""

    rate: float
    shapes: tuple[float, ...]


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

    def hours(self, kind: Kind | None) -> Hours | None:
        """When they answer on this channel; None: no hour stands out."""
        return next((one.hours for one in self.channels if one.kind is kind), None)

    @property
    def says_something(self) -> bool:
        """Whether it departs from the usual order, or an hour stands out."""
        return self.learnt or any(one.hours for one in self.channels)

    @property
    def known(self) -> bool:
        """Whether anything was ever sent whose answer could come."""
        return any(one.tried for one in self.channels)


def suggest(sent: Iterable[Sent], general: General, usual: Sequence[Kind]) -> Suggestion:
    """The usual order, in which a channel goes before another where it is surely answered more."""
    return weigh(_counted(sent), priors(general, usual), usual)


def weigh(past: Past, known: Mapping[Kind, Prior], usual: Sequence[Kind]) -> Suggestion:
    """The same of messages that are counted already; `known`: see `priors`."""
    order: list[Reached] = []
    for kind in usual:
        one = _reached(kind, past, known[kind])
        order.insert(_place(one, order), one)
    return Suggestion(tuple(order), tuple(usual))


def priors(general: General, kinds: Iterable[Kind]) -> dict[Kind, Prior]:
    """Reckoned once for however many customers."""
    return {kind: Prior(general_rate(kind, general), _shapes(kind, general)) for kind in kinds}


def _place(one: Reached, order: Sequence[Reached]) -> int:
    place = len(order)
    while place and _goes_before(one, order[place - 1]):
        place -= 1
    return place


def _goes_before(one: Reached, other: Reached) -> bool:
    """Never by what people in general do alone: that is what the usual order is for."""
    return bool(one.tried or other.tried) and one.rate.surely_above(other.rate)


def _reached(kind: Kind, past: Past, prior: Prior) -> Reached:
    by_hour = {hour: count for (channel, hour), count in past.items() if channel is kind}
    whole = sum(by_hour.values(), Count())
    rate = _posterior(whole.weighed, prior.rate)
    hours = _best_hours(by_hour, whole.weighed, prior, rate.mean) if whole.answered >= _LEAST else None
    return Reached(kind, whole.tried, whole.arrived, whole.answered, rate, prior.rate, hours)


def general_rate(kind: Kind, general: General) -> float:
    """How often customers in general answer by this channel."""
    whole = sum((tally for (channel, _hour), tally in general.items() if channel is kind), Tally())
    return (whole.answered + _VAGUE[0]) / (whole.tried + _VAGUE[1])


def _posterior(tally: Tally, prior: float) -> Rate:
    return Rate(STRENGTH * prior + tally.answered, STRENGTH * (1 - prior) + max(tally.tried - tally.answered, 0.0))


def _best_hours(by_hour: Mapping[int, Count], day: Tally, prior: Prior, mean: float) -> Hours | None:
    """The best of those with answers of their own, where it is surely better than the rest of their day."""
    found = list[tuple[float, Hours]]()
    answered = [hour for hour, count in by_hour.items() if count.answered]
    for begins in {(hour - n) % 24 for hour in answered for n in range(SPAN)}:
        within = sum((by_hour[hour] for hour in _span(begins) if hour in by_hour), Count())
        if within.answered < _LEAST:
            continue
        then = _posterior(within.weighed, min(mean * prior.shapes[begins], 0.95))
        rest = Tally(day.tried - within.weighed.tried, max(day.answered - within.weighed.answered, 0.0))
        if then.surely_above(_posterior(rest, mean)):
            found.append((then.mean, Hours(begins, within.tried, within.answered)))
    return max(found, key=lambda pair: (pair[0], -pair[1].begins))[1] if found else None


def _shapes(kind: Kind, general: General) -> tuple[float, ...]:
    """For each hour, how much more is answered of what goes out then than in general: 1 where nothing is known."""
    usual = general_rate(kind, general)
    spans = [sum((general.get((kind, hour), Tally()) for hour in _span(begins)), Tally()) for begins in range(24)]
    return tuple((one.answered + _SMOOTH * usual) / (one.tried + _SMOOTH) / usual for one in spans)


def _span(begins: int) -> tuple[int, ...]:
    return tuple((begins + n) % 24 for n in range(SPAN))


def _counted(sent: Iterable[Sent]) -> Past:
    found: dict[tuple[Kind, int], Count] = {}
    for one in sent:
        weighed = Tally(one.weight, one.weight * one.answered)
        place = (one.kind, one.hour)
        found[place] = found.get(place, Count()) + Count(1, one.arrived, one.answered, weighed)
    return found
