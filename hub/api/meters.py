"""How often strangers may do something that costs us: counted in this process, for as many keys as fit.

A bucket that fills again (GCRA): a burst at once, then so many a second. Nothing here is exact over processes, nor
has to be: sign-in and rates of senders are, elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

KEYS = 20_000  # the one that was used longest ago is forgotten, as if it had never come


@dataclass(slots=True)
class Meter:
    """`burst` at once for a key, then one every `every` seconds."""

    burst: int
    every: float
    _free: OrderedDict[str, float] = field(default_factory=OrderedDict)  # when the bucket of a key is full again

    def take(self, key: str, now: float) -> bool:
        """Use one up; False when there is none. `now` in seconds of any clock that only goes forward."""
        if self.is_empty(key, now):
            return False
        self._free[key] = max(self._free.pop(key, now), now) + self.every
        if len(self._free) > KEYS:
            self._free.popitem(last=False)
        return True

    def is_empty(self, key: str, now: float) -> bool:
        """Is there none left for the key?"""
        return self._free.get(key, now) - now > (self.burst - 1) * self.every


@dataclass(slots=True)
class Meters:
    """One of each, for one application."""

    guesses: Meter = field(default_factory=lambda: Meter(60, 10.0))  # short links that lead nowhere, by network
    touches: Meter = field(default_factory=lambda: Meter(100, 60.0))  # opens and clicks of one message
    answers: Meter = field(default_factory=lambda: Meter(20, 60.0))  # said by one link about satisfaction
    wishes: Meter = field(default_factory=lambda: Meter(20, 60.0))  # changes of one customer in the preference centre
    joins: Meter = field(default_factory=lambda: Meter(10, 60.0))  # sign-up forms sent, by network
    events: Meter = field(default_factory=lambda: Meter(500, 0.2))  # what is told of one customer
