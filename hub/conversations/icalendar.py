"""Tasks and appointments as iCalendar (RFC 5545), for the calendar programs of those who have to see to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vDuration, vText, vUri

from hub.models.vocabulary import AppointmentState

PAST, AHEAD = timedelta(days=60), timedelta(days=400)  # what a feed holds
AGAIN = timedelta(minutes=15)  # how often programs are asked to look (RFC 7986 5.7)
_STATUS = {
    AppointmentState.PLANNED: "TENTATIVE",
    AppointmentState.CONFIRMED: "CONFIRMED",
    AppointmentState.TO_MOVE: "TENTATIVE",
    AppointmentState.CANCELLED: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`uid` names it for ever; `about` is what stands below the title, empty for a reader who may not know.

    `alarm`: so long before `at` the reader's program tells them; None: it does not.
    """

    uid: str
    title: str
    at: datetime
    changed_at: datetime
    url: str
    about: str = ""
    place: str = ""
    alarm: timedelta | None = None
    state: AppointmentState | None = None
    until: datetime | None = None


def written(name: str, entries: Iterable[Entry]) -> bytes:
    """A whole calendar: lines folded at 75 octets, text escaped, moments in UTC."""
    calendar = Calendar()
    calendar.add("prodid", "-//Contact Hub//Tasks//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", vText(_plain(name)))
    calendar.add("x-wr-calname", vText(_plain(name)))
    calendar.add("refresh-interval", vDuration(AGAIN), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(AGAIN))
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.at.astimezone(UTC))
    if entry.until is not None:
        event.add("dtend", entry.until.astimezone(UTC))
    event.add("summary", _plain(entry.title))
    event.add("description", _plain("\n".join(one for one in (entry.about, entry.url) if one)))
    event.add("url", vUri(entry.url))
    event.add("transp", "TRANSPARENT" if entry.state is None else "OPAQUE")
    if entry.place:
        event.add("location", _plain(entry.place))
    if entry.state is not None:
        event.add("status", _STATUS[entry.state])
    if entry.alarm is not None:
        event.add_component(_alarm(entry.alarm, entry.title))
    return event


def _alarm(before: timedelta, title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -before)
    alarm.add("description", _plain(title))
    return alarm


def _plain(text: str) -> str:
    """Without what no text value may hold (RFC 5545 3.1: controls); a carriage return would begin a line of its own."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in joined if c in "\n\t" or c.isprintable())
