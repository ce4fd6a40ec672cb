"""When a person may be written to, by the clock on their own wall. Pure; daylight saving is where it bites (S6, S7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

_MINUTE = timedelta(minutes=1)
_DAYS_AHEAD = 3  # a window that does not open within them never does


@dataclass(frozen=True, slots=True)
class Window:
    """Quiet from `quiet_from` until `quiet_until` on the wall of every one of `zones`; equal times: never quiet."""

    zones: tuple[str, ...]
    quiet_from: time
    quiet_until: time


def opens(window: Window, at: datetime) -> datetime | None:
    """The first instant from `at` on when no zone of the window is quiet; None when there is none within three days.

    An end of quiet in an hour that spring skips counts from the skip; one in an hour that autumn repeats, at its first.
    """
    at = at.astimezone(UTC)
    if not _quiet(window, at):
        return at
    ends = (instant for zone in window.zones for instant in _ends(ZoneInfo(zone), window.quiet_until, at))
    later = sorted(instant for instant in ends if instant > at)
    return next((instant for instant in later if not _quiet(window, instant)), None)


@lru_cache(maxsize=10_000)
def zones_of_number(number: str) -> tuple[str, ...]:
    """Every zone a telephone number's prefix may lie in; empty when it says nothing."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in number_zones.time_zones_for_number(parsed) if is_zone(zone))


@lru_cache(maxsize=1_000)
def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _quiet(window: Window, at: datetime) -> bool:
    walls = (at.astimezone(ZoneInfo(zone)).time() for zone in window.zones)
    return any(_within(wall, window.quiet_from, window.quiet_until) for wall in walls)


def _within(wall: time, start: time, end: time) -> bool:
    """Quiet hours may run over midnight."""
    return start <= wall < end if start <= end else wall >= start or wall < end


def _ends(zone: ZoneInfo, until: time, at: datetime) -> Iterable[datetime]:
    today = at.astimezone(zone).date()
    for day in range(-1, _DAYS_AHEAD + 1):
        wall = datetime.combine(today + timedelta(days=day), until, zone)
        yield from _instants(wall, zone)


def _instants(wall: datetime, zone: ZoneInfo) -> Sequence[datetime]:
    """When the wall shows this: once, twice (autumn), or at the end of the hour that spring leaves out."""
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return (first, second)
    minutes = (second + n * _MINUTE for n in range(int((first - second) / _MINUTE) + 1))
    return [next(m for m in minutes if m.astimezone(zone).replace(tzinfo=None) >= wall.replace(tzinfo=None))]
