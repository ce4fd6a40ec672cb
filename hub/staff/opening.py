"""Business hours: when a team works, and how much working time lies between two moments. Pure; knows no rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

DAY = 24 * 60  # minutes
_FAR = timedelta(days=1500)  # beyond this nobody looks for working time any more
_SECOND = timedelta(seconds=1)

Span = tuple[int, int]  # minutes after midnight by the wall clock: from, until (not included)


@dataclass(frozen=True, slots=True)
class Opening:
    """Open whenever the wall clock of `zone` stands in one of the day's spans, unless the day is closed.

    `week`: Monday first, each day's spans in order and apart. Closed are the public holidays of `country` (ISO 3166
    alpha-2, with `subdivision` its regional ones too; empty: none) and the days in `closed`.
    """

    zone: str = "UTC"
    week: tuple[tuple[Span, ...], ...] = (((0, DAY),),) * 7
    country: str = ""
    subdivision: str = ""
    closed: frozenset[date] = field(default_factory=frozenset)


ALWAYS = Opening()


def is_open(opening: Opening, at: datetime) -> bool:
    """Does anybody work at this moment?"""
    local = at.astimezone(ZoneInfo(opening.zone))
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in _of_day(opening, local.date()))


def working_time(opening: Opening, start: datetime, end: datetime) -> timedelta:
    """How much of the time between two moments is working time; nothing when `end` is not after `start`."""
    total = timedelta()
    for opens, closes in spans(opening, start, end):
        total += closes - opens
    return total


def after(opening: Opening, start: datetime, work: timedelta) -> datetime | None:
    """The moment at which so much working time has passed since `start`; None when hours hold too little for years."""
    left = work
    if left <= timedelta():
        return start
    for opens, closes in spans(opening, start, start + _FAR):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def spans(opening: Opening, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of working time between two moments, in order, in UTC.

    A time that the clock skips in spring is no working time, one that it shows twice in autumn is so twice.
    """
    zone = ZoneInfo(opening.zone)
    for begin, until, offset in _pieces(zone, start.astimezone(UTC), end.astimezone(UTC)):
        wall = begin + offset  # read as the wall clock, whatever its label says
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        for first, last in _of_day(opening, wall.date()):
            opens = max(midnight + timedelta(minutes=first) - offset, begin)
            closes = min(midnight + timedelta(minutes=last) - offset, until)
            if opens < closes:
                yield opens, closes


def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """By the `holidays` package; of a country or region it does not know, none."""
    return _holidays(country, subdivision, year) if country else frozenset()


@lru_cache(maxsize=512)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=[year]))
    except NotImplementedError:  # how the package says that it does not know the country or the region
        return frozenset()


def _of_day(opening: Opening, day: date) -> tuple[Span, ...]:
    if day in opening.closed or day in public_holidays(opening.country, opening.subdivision, day.year):
        return ()
    return opening.week[day.weekday()]


def _pieces(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time between two moments (UTC) in pieces, each of one day by the wall clock and with one offset."""
    begin = start
    while begin < end:
        offset = _offset(zone, begin)
        wall = begin + offset
        next_day = datetime.combine(wall.date(), time(), UTC) + timedelta(days=1) - offset
        until = min(next_day, end)
        if _offset(zone, until - _SECOND) != offset:
            until = _change(zone, begin, until)
        yield begin, until, offset
        begin = until


def _change(zone: ZoneInfo, before: datetime, behind: datetime) -> datetime:
    """The moment between two at which the offset is first another one than at `before`; whole seconds."""
    offset = _offset(zone, before)
    low, high = int(before.timestamp()), int(behind.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, datetime.fromtimestamp(middle, UTC)) == offset else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
