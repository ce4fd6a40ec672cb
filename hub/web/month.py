"""A month as a calendar shows it: whole weeks in the reader's zone, beginning as their language's people begin them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta, tzinfo
from typing import Any

from babel import Locale

from hub.web import moments
from hub.web.translations import language


@dataclass(frozen=True, slots=True)
class Day:
    """One day and what is on it, in the order of the hours."""

    date: date
    within: bool  # of the month that is shown, not of its neighbours
    entries: tuple[tuple[datetime, Any], ...]


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weekdays: tuple[tuple[str, str], ...]  # short and full, in their order
    weeks: tuple[tuple[Day, ...], ...]

    @property
    def before(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        return f"{self.first + timedelta(days=31):%Y-%m}"

    @property
    def busy(self) -> list[Day]:
        """Days of this month on which there is something: what a narrow screen lists."""
        return [day for week in self.weeks for day in week if day.within and day.entries]


def read(text: str, today: date) -> date:
    """The first day of `2026-03`; of this month where none is asked for, or none that a calendar has.

    Nobody has typed it into a form: this month is a better answer than a complaint.
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return first if MINYEAR + 1 < first.year < MAXYEAR - 1 else today.replace(day=1)


def shown(first: date) -> tuple[date, date]:
    """The first day that is shown and the day behind the last: whole weeks around the month."""
    start = first - timedelta(days=(first.weekday() - _first_weekday()) % 7)
    following = (first + timedelta(days=31)).replace(day=1)
    return start, following + timedelta(days=(_first_weekday() - following.weekday()) % 7)


def edges(first: date, reader: tzinfo) -> tuple[datetime, datetime]:
    """The moments between which things are shown."""
    start, end = shown(first)
    return datetime.combine(start, time(), reader), datetime.combine(end, time(), reader)


def month(first: date, dated: Iterable[tuple[datetime, Any]], reader: tzinfo) -> Month:
    """What is on each day, in the reader's zone: something with its moment, whatever it is."""
    by_day: dict[date, list[tuple[datetime, Any]]] = {}
    for at, what in sorted(dated, key=lambda pair: pair[0]):
        by_day.setdefault(at.astimezone(reader).date(), []).append((at, what))
    start, end = shown(first)
    days = [start + timedelta(days=number) for number in range((end - start).days)]
    made = [Day(one, one.month == first.month, tuple(by_day.get(one, ()))) for one in days]
    weeks = tuple(tuple(made[at : at + 7]) for at in range(0, len(made), 7))
    return Month(first, _weekdays(), weeks)


def _first_weekday() -> int:
    """Monday is 0."""
    return int(Locale.parse(language()).first_week_day)


def _weekdays() -> tuple[tuple[str, str], ...]:
    named = list(zip(moments.weekdays(), moments.weekday_names(), strict=True))
    first = _first_weekday()
    return tuple(named[first:] + named[:first])
