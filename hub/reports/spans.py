"""The days that a report is about, by the clock of whoever reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.sentences import Sentence

LONGEST = 1100  # days
PRESETS = ("7", "30", "90", "month", "last-month")
_BY_WEEKS = 92  # longer ones are drawn week by week


class SpanProblem(ValueError):
    """These are no days that a report can be about. Says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the midnight before `first` to the midnight after `last`, where the clocks of `zone` show it (IANA)."""

    first: date
    last: date
    zone: str = "UTC"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def dates(self) -> str:
        """For the name of a file: `2026-03-02-2026-03-08`, or the only day."""
        return f"{self.first}-{self.last}" if self.days > 1 else str(self.first)

    @property
    def since(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """Not included."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def before(self) -> Span:
        """As many days, just before: what this is compared with."""
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.zone)

    @property
    def step(self) -> int:
        """So many days make one point of a picture."""
        return 1 if self.days <= _BY_WEEKS else 7

    @property
    def points(self) -> list[date]:
        """The first day of each."""
        return [self.first + timedelta(days=place) for place in range(0, self.days, self.step)]


def preset(name: str, now: datetime, zone: str) -> Span:
    """The last 7, 30 or 90 days with today, this month so far, or the month before. Raises SpanProblem."""
    today = now.astimezone(ZoneInfo(zone)).date()
    if name == "month":
        return Span(today.replace(day=1), today, zone)
    if name == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        return Span(last.replace(day=1), last, zone)
    if name not in PRESETS:
        raise SpanProblem(Sentence("There is no such range of days. Choose one of the list"))
    return Span(today - timedelta(days=int(name) - 1), today, zone)


def own(first: str, last: str, zone: str) -> Span:
    """Two days as forms send them: `2026-03-01`. Raises SpanProblem."""
    try:
        found = Span(date.fromisoformat(first), date.fromisoformat(last), zone)
    except ValueError as e:
        raise SpanProblem(Sentence("Say from which day until which, such as 2026-03-01 and 2026-03-31")) from e
    if found.last < found.first:
        raise SpanProblem(Sentence("The last day lies before the first. Exchange the two"))
    if found.days > LONGEST:
        raise SpanProblem(Sentence("A report goes over at most %(most)s days. Choose fewer", {"most": LONGEST}))
    if not found.first.year >= 1970 or found.last.year >= MAXYEAR - 1:
        raise SpanProblem(Sentence("Say from which day until which, such as 2026-03-01 and 2026-03-31"))
    return found


def _midnight(day: date, zone: str) -> datetime:
    """The first moment of a day; where clocks skip midnight, the one at which they do."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
