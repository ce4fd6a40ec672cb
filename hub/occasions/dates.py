"""Pure rules of the calendar: the day a birthday is kept, when that is where the customer lives, how to say it."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)  # how far the clocks of the world are from UTC
FEBRUARY, MARCH = "february", "march"  # Occasion.leap_day


@dataclass(frozen=True, slots=True)
class Birthday:
    """A day of the year; the year of birth is often not known."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """When a greeting may leave: from `opens` (in) to `closes` (out), both in UTC."""

    opens: datetime
    closes: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.opens <= moment < self.closes


def kept_on(birthday: Birthday, year: int, leap_day: str) -> date | None:
    """The day on which a birthday is kept in `year`: 29 February moves in common years. None: not yet, or never.

    The day of birth itself is no birthday, and a day that no calendar has (31 June) is never kept.
    """
    if birthday.year is not None and year <= birthday.year:
        return None
    if (birthday.month, birthday.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1) if leap_day == MARCH else date(year, 2, 28)
    try:
        return date(year, birthday.month, birthday.day)
    except ValueError:
        return None


def days_kept_on(day: date, leap_day: str) -> tuple[tuple[int, int], ...]:
    """The (month, day) of every birthday that is kept on `day`: two in a common year where 29 February goes to."""
    own = (day.month, day.day)
    moved = kept_on(Birthday(2, 29), day.year, leap_day) == day and own != (2, 29)
    return (own, (2, 29)) if moved else (own,)


def window(day: date, at: time, zone: ZoneInfo, late_days: int) -> Window:
    """From `at` on that day to the end of the last day of grace, by the clocks of `zone`.

    An hour that the clocks skip is taken as much later as they skip; an hour that comes twice, the first time.
    """
    return Window(_instant(day, at, zone), _instant(day + timedelta(days=late_days + 1), time(0), zone))


def possible_days(now: datetime, late_days: int) -> Iterator[date]:
    """Every date on which a greeting that may leave now could lie, wherever the customer lives (UTC−12 to UTC+14)."""
    now = now.astimezone(UTC)
    first, last = (now - _WEST).date() - timedelta(days=late_days), (now + _EAST).date()
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0, tzinfo=None), zone).astimezone(UTC)
