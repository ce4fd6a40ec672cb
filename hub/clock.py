"""The time, and identifiers ordered by it. Decisions take `now` as an argument; only edges call `now()`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def uuid7(at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562 5.7) whose first 48 bits are the milliseconds of `at`: ids sort by when things happened."""
    return UUID(int=_head(at) | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


def first_uuid7(at: datetime) -> UUID:
    """The smallest identifier that `uuid7` can give for `at`: the lower bound of a range."""
    return UUID(int=_head(at))


def moment(identifier: UUID) -> datetime:
    """When an identifier made by `uuid7` says it happened, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def _head(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000)) << 80
