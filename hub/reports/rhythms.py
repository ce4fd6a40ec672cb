"""When a report leaves by mail, and which days it is about then. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.models.vocabulary import Rhythm
from hub.reports.spans import Span

MADE_UP = timedelta(days=7)  # after an outage; what is older is left out, but for the latest
_DAY = timedelta(days=1)


def first(rhythm: Rhythm, hour: int, zone: str, now: datetime) -> date:
    """The day of the first issue for somebody who subscribes now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    day = following(rhythm, today - _DAY)
    return day if due_at(day, hour, zone) > now else following(rhythm, day)


def following(rhythm: Rhythm, day: date) -> date:
    """The next day after this one on which there is an issue."""
    if rhythm is Rhythm.DAILY:
        return day + _DAY
    if rhythm is Rhythm.WEEKLY:
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def due_at(day: date, hour: int, zone: str) -> datetime:
    """When the issue of a day leaves at the earliest. An hour that the clock skips comes when it has skipped it."""
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def next_due(rhythm: Rhythm, issue_on: date, hour: int, zone: str, now: datetime) -> date | None:
    """The issue that has to leave now, which is `issue_on` or, after a long outage, a later one. None: not yet."""
    if due_at(issue_on, hour, zone) > now:
        return None
    after = following(rhythm, issue_on)
    while due_at(issue_on, hour, zone) < now - MADE_UP and due_at(after, hour, zone) <= now:
        issue_on, after = after, following(rhythm, after)
    return issue_on


def covered(rhythm: Rhythm, issue_on: date, zone: str) -> Span:
    """The day, the week or the month that ended the night before."""
    last = issue_on - _DAY
    if rhythm is Rhythm.DAILY:
        return Span(last, last, zone)
    if rhythm is Rhythm.WEEKLY:
        return Span(issue_on - timedelta(days=7), last, zone)
    return Span(last.replace(day=1), last, zone)
