"""Time as people read it: short and relative when fresh, absolute behind it, always in the reader's zone."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_time, format_timedelta

from hub.web.translations import language


def zone(name: str | None) -> tzinfo:
    """The zone of that IANA name; UTC when there is none or it is not known here."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def short(at: datetime, now: datetime, reader: tzinfo) -> str:
    """`5 min`, `3 hr`, `14:05` is never shown twice: minutes and hours for a day, then the weekday, then the date."""
    age = abs(now - at)
    if age < timedelta(hours=24):
        return format_timedelta(max(age, timedelta(minutes=1)), format="short", threshold=1, locale=language())
    local = at.astimezone(reader)
    if age < timedelta(days=6):
        return format_date(local, "EEE", locale=language())
    same_year = local.year == now.astimezone(reader).year
    return format_date(local, "d MMM" if same_year else "d MMM yyyy", locale=language())


def full(at: datetime, reader: tzinfo) -> str:
    """`Tuesday, 10 March 2026, 13:00`: what a tooltip says."""
    return _full(at.astimezone(reader).replace(second=0, microsecond=0, tzinfo=None), language())


@lru_cache(4096)
def _full(local: datetime, speaking: str) -> str:
    """Kept by the minute: a list has fifty of them, and shows most of them again."""
    return format_datetime(local, "EEEE, d MMMM yyyy, HH:mm", locale=speaking)


def plain(at: datetime, reader: tzinfo) -> str:
    """`10 Mar 2026, 13:00`"""
    return format_datetime(at.astimezone(reader), "d MMM yyyy, HH:mm", locale=language())


def clock(at: datetime, reader: tzinfo) -> str:
    """`13:00`"""
    return format_time(at.astimezone(reader), "HH:mm", locale=language())


def day(at: datetime | date, reader: tzinfo, now: datetime) -> str:
    """`Tuesday, 10 March`, with the year when it is another one."""
    local = at.astimezone(reader).date() if isinstance(at, datetime) else at
    same_year = local.year == now.astimezone(reader).year
    return format_date(local, "EEEE, d MMMM" if same_year else "EEEE, d MMMM yyyy", locale=language())


def span(start: datetime | date, end: datetime | date | None, reader: tzinfo) -> str:
    """`Tuesday, 10 March 2026, 13:00 – 14:30`; a date alone is a whole day, a time without zone stands as it is."""
    if not isinstance(start, datetime):
        return format_date(start, "EEEE, d MMMM yyyy", locale=language())
    begins, ends = _here(start, reader), _here(end, reader) if isinstance(end, datetime) else None
    words = format_datetime(begins, "EEEE, d MMMM yyyy, HH:mm", locale=language())
    if ends is None or ends <= begins:
        return words
    same_day = ends.date() == begins.date()
    return f"{words} – {format_datetime(ends, 'HH:mm' if same_day else 'EEEE, d MMMM, HH:mm', locale=language())}"


def _here(at: datetime, reader: tzinfo) -> datetime:
    return (at.astimezone(reader) if at.tzinfo else at).replace(tzinfo=None)


def month(at: date) -> str:
    """`March 2026`"""
    return format_date(at, "LLLL yyyy", locale=language())


def weekdays() -> list[str]:
    """Monday first, two or three letters each."""
    monday = date(2024, 1, 1)
    return [format_date(monday + timedelta(days=i), "EEEEEE", locale=language()) for i in range(7)]


def weekday_names() -> list[str]:
    """Monday first, in full."""
    monday = date(2024, 1, 1)
    return [format_date(monday + timedelta(days=i), "EEEE", locale=language()) for i in range(7)]


def hour(at: time) -> str:
    return f"{at:%H:%M}"


def length(seconds: int | float | None) -> str:
    """How long a call took: `3:12`."""
    whole = int(seconds or 0)
    return f"{whole // 60}:{whole % 60:02d}"


def read_local(text: str, reader: tzinfo) -> datetime:
    """A datetime-local field (`2026-03-10T13:00`) in the reader's zone. Raises ValueError.

    Also for the first and the last year there is: somebody's zone would lead beyond the calendar.
    """
    parsed = datetime.fromisoformat(text)
    if not MINYEAR < parsed.year < MAXYEAR:
        raise ValueError(f"{text} lies at the end of the calendar")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=reader)
