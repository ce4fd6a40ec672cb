"""How long a message is tried again, and how often, when it could not leave or nobody knows whether it did."""

from __future__ import annotations

import random
from datetime import timedelta

GIVE_UP = timedelta(hours=48)
EVIDENCE = timedelta(minutes=15)  # how long receipts have to settle an unknown outcome before service mail goes again
TROUBLE_REST = timedelta(seconds=60)  # of a sender whose settings are wrong
SENDS = 3  # of one mail whose fate stays unknown
MAY_BE_DOUBLE = "may be double"  # the flag of what was sent again without anybody knowing whether it had left
_BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))


def back_off(attempts: int) -> timedelta:
    """Full jitter: anything up to 1, 5, 15 minutes, 1, 3, 6 hours, so that many do not come back together."""
    step = _BACK_OFF[min(attempts, len(_BACK_OFF)) - 1]
    return step * random.random()  # noqa: S311 - spreads load, hides nothing
