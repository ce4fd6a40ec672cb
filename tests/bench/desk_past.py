"""Two years of a desk, decided before a row is written: who wrote how often, when, in which conversation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

DAYS, STAFF, OPEN = 730, 20, 10_000
_DAY = 86_400_000  # milliseconds, as all moments here
_SOME = 1 << 62


@dataclass(slots=True)
class Talk:
    """One conversation; `ats` are the moments of its messages, oldest first."""

    number: int
    customer: int
    language: str
    kind: str
    ats: Sequence[int]
    state: str = "resolved"
    assignee: int | None = None

    @property
    def id(self) -> UUID:
        return identifier(self.ats[0], self.number)


@dataclass(frozen=True, slots=True)
class Past:
    """`said`: (moment, place in `talks`, which message of it), oldest first; a campaign's is of no conversation."""

    customers: int
    languages: Sequence[str]  # of each customer
    talks: Sequence[Talk] = field(repr=False)
    said: Sequence[tuple[int, int, int]] = field(repr=False)


def past(count: int, now: int, chance: random.Random) -> Past:
    """About `count` messages, nine of ten in conversations, one a campaign's. `now` in milliseconds."""
    customers = max(count // 10, 100)
    languages = chance.choices(("en", "pl", "bg", "ru"), (40, 30, 15, 15), k=customers)
    talks = _talks(count * 9 // 10, now, languages, chance)
    said = [(at, place, turn) for place, talk in enumerate(talks) for turn, at in enumerate(talk.ats)]
    said += [(now - int(chance.random() * DAYS * _DAY), -1, 0) for _ in range(count - len(said))]
    return Past(customers, languages, talks, sorted(said))


def identifier(at: int, number: int) -> UUID:
    """A UUIDv7 of that moment, the same in every run."""
    return UUID(int=at << 80 | 0x7 << 76 | (number & 0xFFF) << 64 | 0b10 << 62 | number * 0x9E3779B97F4A7C15 % _SOME)


def _talks(messages: int, now: int, languages: Sequence[str], chance: random.Random) -> list[Talk]:
    """Most have a few messages, some a hundred. Most customers come once, the first ones hundreds of times."""
    talks: list[Talk] = []
    left = messages
    while left > 0:
        length = min(left, 1 + int(chance.paretovariate(1.6) * 3.3), 150)
        customer = int(len(languages) * chance.random() ** 2)
        kind = chance.choices(("email", "sms", "voice"), (66, 32, 2))[0]
        talks.append(Talk(len(talks), customer, languages[customer], kind, _moments(length, now, chance)))
        left -= length
    _stand(talks, chance)
    return talks


def _moments(length: int, now: int, chance: random.Random) -> list[int]:
    at = now - int(chance.random() * DAYS * _DAY)
    moments = [at]
    for _ in range(length - 1):
        at = min(now, at + int(chance.expovariate(1 / (_DAY / 3))))
        moments.append(at)
    return moments


def _stand(talks: list[Talk], chance: random.Random) -> None:
    """The latest are open, and a few that everybody forgot. A third of the open ones are nobody's."""
    latest = sorted(talks, key=lambda talk: talk.ats[-1], reverse=True)
    still = latest[: OPEN * 9 // 10]
    still += chance.sample(latest[len(still) :], min(OPEN // 10, len(latest) - len(still)))
    for talk in talks:
        talk.assignee = min(STAFF, 1 + int(chance.expovariate(1 / 3)))  # the last ones are new here
    for talk in still:
        talk.state = chance.choices(("open", "pending", "snoozed"), (85, 10, 5))[0]
        talk.assignee = None if chance.random() < 1 / 3 else 1 + chance.randrange(STAFF)
