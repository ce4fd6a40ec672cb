"""Telephone numbers that misbehave, known by their last four digits. Every other number answers and receives all.

======  ===============================================================================================
0001    a text to it ends undelivered with 30005 (no such telephone)
0002    a text or call to it is refused at once with 21211 (not a number)
0003    a text to it is refused at once with 21610 (its owner wrote STOP)
0004    the first try of a text or call to it is answered 429 with Retry-After: 1; the second works
0005    a text or call to it is accepted, but the connection breaks before the answer
0006    the callbacks for a text to it come twice and out of order
0007    the callbacks for a text to it come only on demand: Carrier.release
0008    a text or call to it is answered with HTTP 500, code 20500; nothing is sent
0009    a text to it ends undelivered with 30003 (telephone off)
0011    called, it is busy
0012    called, it rings without an answer
0013    called, an answering machine takes it and records what it is told
0014    called, it answers and presses 1 at every question
0015    called, it answers and presses 2 at every question
0016    called, it answers and presses 9 at every question
0017    called, it answers, presses nothing, and talks for seven seconds when it is recorded
0018    called, the call fails: the network cannot connect it
======  ===============================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trick(StrEnum):
    NO_SUCH_TELEPHONE = "0001"
    NOT_A_NUMBER = "0002"
    OPTED_OUT = "0003"
    TOO_FAST_ONCE = "0004"
    BROKEN_CONNECTION = "0005"
    TWICE_AND_OUT_OF_ORDER = "0006"
    LATE = "0007"
    BROKEN_SERVER = "0008"
    TELEPHONE_OFF = "0009"
    BUSY = "0011"
    NO_ANSWER = "0012"
    MACHINE = "0013"
    PRESSES_1 = "0014"
    PRESSES_2 = "0015"
    PRESSES_9 = "0016"
    TALKS = "0017"
    CALL_FAILS = "0018"


@dataclass(frozen=True, slots=True)
class Magic:
    """One line of the table above: `ending` is the number's last four digits."""

    ending: str
    what: str


def table() -> tuple[Magic, ...]:
    """The table above as data, for the documentation and the page."""
    lines = (line.split(maxsplit=1) for line in (__doc__ or "").splitlines() if line[:4].isdecimal())
    return tuple(Magic(ending, what.strip()) for ending, what in lines)


def trick(number: str) -> Trick | None:
    return _BY_ENDING.get(number[-4:])


_BY_ENDING = {one.value: one for one in Trick}
