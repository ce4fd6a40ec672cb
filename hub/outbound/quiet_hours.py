"""When a person may be written to, by the clock on their own wall. Pure; daylight saving is where it bites (S6, S7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

_MINUTE = timedelta(minutes=1)
_DAYS_AHEAD = 3  # a window that does not open within them never does


@dataclass(frozen=True, slots=True)
class Window:
    """Quiet from `quiet_from` until `quiet_until` on the wall of every one of `zones`; equal times: never quiet.

    `dates` are quiet from midnight to midnight, by the same walls.
    """

    zones: tuple[str, ...]
    quiet_from: time
    quiet_until: time
    dates: frozenset[date] = frozenset()


def opens(window: Window, at: datetime) -> datetime | None:
    """The first instant from `at` on when no zone of the window is quiet; None when there is none within three days
    that are not quiet as a whole.

    An end of quiet in an hour that spring skips counts from the skip; one in an hour that autumn repeats, at its first.
    """
    at = at.astimezone(UTC)
    if not _quiet(window, at):
        return at
    ends = (instant for zone in window.zones for instant in _ends(ZoneInfo(zone), window, at))
    later = sorted(instant for instant in ends if instant > at)
    return next((instant for instant in later if not _quiet(window, instant)), None)


def next_at(hour: time, zone: str, at: datetime) -> datetime:
    """The next instant from `at` on when the wall shows this hour; in an hour that spring skips, when the skip ends."""
    there = ZoneInfo(zone)
    today = at.astimezone(there).date()
    walls = (datetime.combine(today + timedelta(days=n), hour, there) for n in range(-1, 3))
    firsts = (_instants(wall, there)[0] for wall in walls)
    return next(instant for instant in firsts if instant >= at)


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
    walls = (at.astimezone(ZoneInfo(zone)) for zone in window.zones)
    return any(
        wall.date() in window.dates or _within(wall.time(), window.quiet_from, window.quiet_until) for wall in walls
    )


def _within(wall: time, start: time, end: time) -> bool:
    """Quiet hours may run over midnight."""
    return start <= wall < end if start <= end else wall >= start or wall < end


def _ends(zone: ZoneInfo, window: Window, at: datetime) -> Iterable[datetime]:
    """When quiet may end: every day at its hour, and the midnights after quiet dates."""
    today = at.astimezone(zone).date()
    ahead = sorted(day for day in window.dates if day >= today)
    days = [today + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)]
    days += [day + timedelta(days=n) for day in ahead for n in range(1, _DAYS_AHEAD + 1)]
    walls = {datetime.combine(day, window.quiet_until) for day in days}
    walls |= {datetime.combine(day + timedelta(days=1), time()) for day in ahead}
    for wall in walls:
        yield from _instants(wall.replace(tzinfo=zone), zone)


def _instants(wall: datetime, zone: ZoneInfo) -> Sequence[datetime]:
    """When the wall shows this: once, twice (autumn), or at the end of the hour that spring leaves out."""
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return (first, second)
    minutes = (second + n * _MINUTE for n in range(int((first - second) / _MINUTE) + 1))
    return [next(m for m in minutes if m.astimezone(zone).replace(tzinfo=None) >= wall.replace(tzinfo=None))]
