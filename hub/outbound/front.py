"""How far down the line of bulk tickets one process has claimed: its next claim begins there and not at the head."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.models.vocabulary import Origin
from hub.outbound.asking import PRIORITY

BULK = PRIORITY[Origin.OCCASION]  # from here on nobody waits for it: a day's cap holds it back
FROM_THE_HEAD = 2.0  # seconds between two looks at the whole line

Place = tuple[int, datetime]  # priority, due_at
HEAD: Place = (BULK, datetime.min.replace(tzinfo=UTC))


@dataclass(slots=True)
class Front:
    """At the head of the line lie the tickets that have gone. While anybody holds an old snapshot (a backup, a long
    report) PostgreSQL cannot clear them away, and who begins at the head looks at each of them again.

    What comes in behind the front (a greeting, one given back, a campaign that goes on) is seen by the next look from
    the head: when the line beyond the front is empty, and every two seconds.
    """

    place: Place = HEAD
    _clock: Callable[[], float] = time.monotonic
    _until: float = 0.0

    def begin(self) -> Place:
        """From where to claim now."""
        if self._clock() >= self._until:
            self.place, self._until = HEAD, self._clock() + FROM_THE_HEAD
        return self.place

    def reached(self, claimed: Iterable[Place]) -> None:
        """These were claimed, people's too, which wait in a line of their own."""
        self.place = max((place for place in claimed if place[0] >= BULK), default=HEAD)
