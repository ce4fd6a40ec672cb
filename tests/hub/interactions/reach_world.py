"""Customers of whom the truth is known: how likely they answer by each channel at each hour. Seeded, no database."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from channels.message import Kind
from hub.interactions import reaching
from hub.interactions.reaching import General, Sent, Tally

USUAL = (Kind.EMAIL, Kind.SMS, Kind.VOICE)
DAY = range(8, 21)  # when anything is sent
PEOPLE = 600


@dataclass(frozen=True, slots=True)
class Person:
    rates: Mapping[Kind, float]
    prime: int  # from this hour on, for two hours
    lift: float  # what is answered then, against the other hours

    def answers(self, kind: Kind, hour: int) -> float:
        return min(self.rates[kind] * (self.lift if hour in (self.prime, self.prime + 1) else 1.0), 0.95)

    def by_day(self, kind: Kind) -> float:
        """At any hour of the day, as the plain practice has it."""
        return sum(self.answers(kind, hour) for hour in DAY) / len(DAY)


def differing(chance: random.Random) -> Person:
    """Everybody has channels and hours of their own; in general SMS is answered somewhat more than mail."""
    means = {Kind.EMAIL: 0.2, Kind.SMS: 0.3, Kind.VOICE: 0.25}
    rates = {kind: chance.betavariate(3 * mean, 3 * (1 - mean)) for kind, mean in means.items()}
    return Person(rates, chance.choice(DAY[:-1]), 2.5)


def alike(chance: random.Random) -> Person:
    """Nothing to learn: every channel and hour is as good as every other."""
    return Person(dict.fromkeys(USUAL, 0.25), 8, 1.0)


def mail_is_best(_chance: random.Random) -> Person:
    """Nothing to gain: for everybody the usual first channel is answered somewhat more, at any hour."""
    return Person({Kind.EMAIL: 0.3, Kind.SMS: 0.2, Kind.VOICE: 0.2}, 8, 1.0)


def past(person: Person, chance: random.Random, messages: int) -> list[Sent]:
    """What was sent to them in half a year, by any channel at any hour of the day, as conversations have it."""
    return [_sent(person, chance) for _n in range(messages)]


def _sent(person: Person, chance: random.Random) -> Sent:
    kind, hour = chance.choice(USUAL), chance.choice(DAY)
    answered = chance.random() < person.answers(kind, hour)
    return Sent(kind, hour, chance.uniform(3, 180), arrived=True, answered=answered)


def everybody(pasts: Sequence[Sequence[Sent]]) -> General:
    found: dict[tuple[Kind, int], Tally] = defaultdict(Tally)
    for one in (one for sent in pasts for one in sent):
        found[one.kind, one.hour] += Tally(one.weight, one.weight * one.answered)
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers expected to 100 messages: by the usual order, the learnt channel, at the learnt hour too, at best."""

    plain: float
    channel: float
    channel_and_hour: float
    best: float


def compare(kind_of: Callable[[random.Random], Person], messages: int, seed: int) -> Outcome:
    chance = random.Random(seed)
    people = [kind_of(chance) for _n in range(PEOPLE)]
    pasts = [past(one, chance, messages) for one in people]
    general = everybody(pasts)
    firsts = [reaching.suggest(sent, general, USUAL).channels[0] for sent in pasts]
    pairs = list(zip(people, firsts, strict=True))
    return Outcome(
        plain=_mean(person.by_day(USUAL[0]) for person in people),
        channel=_mean(person.by_day(first.kind) for person, first in pairs),
        channel_and_hour=_mean(_timed(person, first) for person, first in pairs),
        best=_mean(max(person.answers(kind, hour) for kind in USUAL for hour in DAY) for person in people),
    )


def _timed(person: Person, first: reaching.Reached) -> float:
    if first.hours is None:
        return person.by_day(first.kind)
    hours = [hour for hour in (first.hours.begins, first.hours.begins + 1) if hour in DAY]
    return sum(person.answers(first.kind, hour) for hour in hours) / len(hours)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return round(100 * sum(found) / len(found), 1)
