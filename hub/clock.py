"""The time, and identifiers ordered by it. Decisions take `now` as an argument; only edges call `now()`."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def uuid7(at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562 5.7) whose first 48 bits are the milliseconds of `at`: ids sort by when things happened.

    Several of one millisecond sort by when they were asked for (a counter, 6.2 method 1), up to 4,096 per process.
    """
    head, chance = _head(at), int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=head | 0x7 << 76 | _count.within(head) << 64 | 0b10 << 62 | chance)


def first_uuid7(at: datetime) -> UUID:
    """The smallest identifier that `uuid7` can give for `at`: the lower bound of a range."""
    return UUID(int=_head(at))


def moment(identifier: UUID) -> datetime:
    """When an identifier made by `uuid7` says it happened, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


class _Count:
    """What was handed out in the latest milliseconds: a message and the answer to it keep their order."""

    def __init__(self, remembered: int = 256) -> None:
        self._numbers: dict[int, int] = {}
        self._remembered = remembered

    def within(self, head: int) -> int:
        """12 bits, growing with every call for the same `head`."""
        last = self._numbers.pop(head, None)
        number = min((secrets.randbits(8) if last is None else last) + 1, 0xFFF)
        self._numbers[head] = number
        if len(self._numbers) > self._remembered:
            del self._numbers[next(iter(self._numbers))]
        return number


_count = _Count()


def _head(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000)) << 80
