"""Time as people read it: short and relative when fresh, absolute behind it, always in the reader's zone."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_timedelta

from hub import sentences
from hub.sentences import Gap, Sentence
from hub.web.translations import language


def zone(name: str | None) -> tzinfo:
    """The zone of that IANA name; UTC when there is none or it is not known here."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def short(at: datetime, now: datetime, reader: tzinfo) -> str:
    """`5 min`, `3 hr`, `in 3 hr`: minutes and hours for a day, then the weekday, then the date."""
    age, ahead = abs(now - at), at > now
    if age < timedelta(hours=24):
        return _ahead(_rounded(age), language()) if ahead else _age(_rounded(age), language())
    local = at.astimezone(reader)
    if age < timedelta(days=6):
        return _dated(local.date(), "EEE", language())
    same_year = local.year == now.astimezone(reader).year
    return _dated(local.date(), "d MMM" if same_year else "d MMM yyyy", language())


def left(at: datetime, now: datetime, reader: tzinfo) -> str:
    """As `short`, where the words beside it say that it lies ahead: `SLA 14 min`."""
    return short(now - (at - now), now, reader) if now < at < now + timedelta(hours=24) else short(at, now, reader)


def _rounded(age: timedelta) -> int:
    """Seconds of whole minutes, of whole hours from the first on: less than an hour never becomes one, nor a day."""
    seconds = max(age.total_seconds(), 60)
    step, most = (3600, 86_399) if seconds >= 3600 else (60, 3_599)
    return min(round(seconds / step) * step, most)


@lru_cache(4096)
def _age(seconds: int, speaking: str) -> str:
    return format_timedelta(timedelta(seconds=seconds), format="short", threshold=1, locale=speaking)


@lru_cache(4096)
def _ahead(seconds: int, speaking: str) -> str:
    """What lies ahead says so: `3 hr` is over. English alone has a dot then that `3 hr` has not."""
    ahead = timedelta(seconds=seconds)
    said = format_timedelta(ahead, format="short", threshold=1, add_direction=True, locale=speaking)
    return said.removesuffix(".") if speaking == "en" else said


@lru_cache(4096)
def _dated(local: date, pattern: str, speaking: str) -> str:
    return format_date(local, pattern, locale=speaking)


def full(at: datetime, reader: tzinfo) -> str:
    """`Tuesday, 10 March 2026, 13:00`: what a tooltip says."""
    return _told(at, "EEEE, d MMMM yyyy, HH:mm", reader)


def _told(at: datetime, pattern: str, reader: tzinfo) -> str:
    return _by_minute(at.astimezone(reader).replace(second=0, microsecond=0, tzinfo=None), pattern, language())


@lru_cache(8192)
def _by_minute(local: datetime, pattern: str, speaking: str) -> str:
    """A list has fifty of them, and shows most of them again."""
    return format_datetime(local, pattern, locale=speaking)


def plain(at: datetime, reader: tzinfo) -> str:
    """`10 Mar 2026, 13:00`"""
    return _told(at, "d MMM yyyy, HH:mm", reader)


def clock(at: datetime, reader: tzinfo) -> str:
    """`13:00`"""
    return f"{at.astimezone(reader):%H:%M}"


def day(at: datetime | date, reader: tzinfo, now: datetime) -> str:
    """`Tuesday, 10 March`, with the year when it is another one."""
    local = at.astimezone(reader).date() if isinstance(at, datetime) else at
    same_year = local.year == now.astimezone(reader).year
    return _dated(local, "EEEE, d MMMM" if same_year else "EEEE, d MMMM yyyy", language())


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


def birthday(year: int | None, in_month: int | None, on_day: int | None) -> str:
    """`14 May 1988`, `14 May` without the year; "" when it is not known."""
    if not in_month or not on_day:
        return ""
    at = date(year or 2000, in_month, on_day)  # without a year: one that has 29 February
    return format_date(at, "d MMMM yyyy" if year else "d MMMM", locale=language())


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
    """A datetime-local field (`2026-03-10T13:00`) in the reader's zone. Raises ValueError, see `amiss`.

    Also for the first and the last year there is: somebody's zone would lead beyond the calendar.
    """
    if nowhere := _no_such_day(text):
        raise ValueError(nowhere)
    parsed = datetime.fromisoformat(text)
    if not MINYEAR < parsed.year < MAXYEAR:
        raise ValueError(f"{text} lies at the end of the calendar")
    if parsed.tzinfo:
        return parsed
    meant = parsed.replace(tzinfo=reader)
    if meant.astimezone(UTC).astimezone(reader).replace(tzinfo=None) != parsed:
        raise ValueError(_left_out(parsed))
    return meant


def read_hour(text: str) -> time:
    """A time field (`21:30`), of a clock that is named elsewhere. Raises ValueError, also where it names a zone."""
    hour = time.fromisoformat(text)
    if hour.tzinfo is not None:
        raise ValueError(f"{text} has a zone")
    return hour


def amiss(error: ValueError, otherwise: Sentence) -> Sentence:
    """What `read_local` found wrong, with the remedy: a day that its month has not, an hour that its day has not; else
    what the form says of it.
    """
    return sentences.of(error) or otherwise


def _left_out(local: datetime) -> Sentence:
    """In spring the clocks pass over an hour: whoever types a moment of it means another."""
    gaps: dict[str, Gap] = {"hour": f"{local:%H:%M}", "day": format_date(local, "d MMMM yyyy", locale=language())}
    return Sentence("There is no %(hour)s on %(day)s: the clocks are put forward then. Choose another hour.", gaps)


def _no_such_day(text: str) -> Sentence | None:
    """31 February, say: browsers without a calendar of their own let people type it."""
    found = re.match(r"([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})", text)
    if found is None or not MINYEAR < (year := int(found[1])) < MAXYEAR:
        return None
    number, day = int(found[2]), int(found[3])
    days = monthrange(year, number)[1]
    if 1 <= day <= days:
        return None
    gaps: dict[str, Gap] = {"day": day, "month": month(date(year, number, 1)), "days": days}
    return Sentence("There is no day %(day)s in %(month)s: it has %(days)s. Choose another day.", gaps)
