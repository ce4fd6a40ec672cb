"""Months as a calendar on the wall has them: weeks of days, each with a number."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, timedelta

Cell = tuple[date, int] | None
Month = tuple[date, list[list[Cell]]]


def months(first: date, days: int, counts: Mapping[date, int]) -> list[Month]:
    """Every month that has one of so many days from the first on."""
    last = first + timedelta(days=days - 1)
    begins = [first.replace(day=1)]
    while (following := (begins[-1] + timedelta(days=31)).replace(day=1)) <= last:
        begins.append(following)
    return [(begin, _weeks(begin, counts)) for begin in begins]


def _weeks(begin: date, counts: Mapping[date, int]) -> list[list[Cell]]:
    weeks = calendar.Calendar().monthdatescalendar(begin.year, begin.month)
    return [[(day, counts.get(day, 0)) if day.month == begin.month else None for day in week] for week in weeks]
