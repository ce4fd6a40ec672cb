"""Events of a calendar (RFC 5545) as appointments: whoever of the attendees is a customer comes, and is reminded.

An event's UID with its RECURRENCE-ID names it for ever; SEQUENCE says which news is newer; cancelled means called off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub.conversations import appointment_sync
from hub.conversations.appointment_sync import LONGEST_KEY, Outcome, Said
from hub.conversations.appointments import LONGEST, BadAppointment
from hub.customers import directory
from hub.models import Customer
from hub.models.vocabulary import AddressKind
from hub.sentences import Sentence

MAX_BYTES = 2 * 1024 * 1024
MOST_EVENTS = 5_000
MOST_ATTENDEES = 50
_TOLD = 50  # events that are told one by one


class NoCalendar(ValueError):
    """The file is no calendar, or too large. Says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as far as it matters here. `fault`: why it cannot be kept."""

    uid: str
    title: str
    place: str
    starts_at: datetime
    timezone: str
    ends_at: datetime | None
    sequence: int
    cancelled: bool
    attendees: tuple[tuple[AddressKind, str], ...]
    fault: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose appointments they become, and when they are reminded of."""

    source: str
    zone: str
    owner_id: int | None
    remind_before: Sequence[timedelta]


@dataclass
class Report:
    """What became of a calendar: how many of each outcome, and the first of those that could not be kept, with why."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    faults: list[tuple[str, Sentence]] = field(default_factory=list)

    def refuse(self, title: str, why: Sentence) -> None:
        self.counts[Outcome.REJECTED] += 1
        if len(self.faults) < _TOLD:
            self.faults.append((title, why))


def read(content: bytes, zone: str) -> list[Event]:
    """`zone`: by whose clock an event is that names none. Raises NoCalendar."""
    if len(content) > MAX_BYTES:
        raise NoCalendar(Sentence("The calendar is larger than 2 MB. Export fewer days of it"))
    try:
        calendars: list[Any] = list(Calendar.from_ical(content, multiple=True))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as e:
        raise NoCalendar(Sentence("This is no calendar. Choose a file that ends in .ics")) from e
    found = [(one, component) for one in calendars for component in one.walk("VEVENT")]
    if len(found) > MOST_EVENTS:
        raise NoCalendar(Sentence("The calendar has more than 5,000 events. Export fewer days of it"))
    return [_understood(calendar, component, zone) for calendar, component in found]


async def take(session: AsyncSession, events: Sequence[Event], terms: Terms, *, now: datetime) -> Report:
    """Keep what is ahead; each event by itself, so that one that is wrong keeps out no other."""
    report = Report()
    for event in events:
        if event.fault is not None:
            report.refuse(event.title, event.fault)
        elif event.starts_at > now or event.cancelled:
            await _take(session, event, terms, report, now)
    return report


async def _take(session: AsyncSession, event: Event, terms: Terms, report: Report, now: datetime) -> None:
    known = [(value, who) async for value, who in _customers(session, event)]
    if not known:
        report.refuse(event.title, Sentence("None of its attendees is a customer: add one by their mail address"))
    for value, customer in known:
        try:
            async with session.begin_nested():
                _, outcome = await appointment_sync.keep(session, _said(event, value, customer, terms), now=now)
            report.counts[outcome] += 1
        except BadAppointment as e:
            report.refuse(event.title, e.args[0])


def _said(event: Event, attendee: str, customer: Customer, terms: Terms) -> Said:
    return Said(
        source=terms.source,
        key=f"{event.uid} {attendee}",
        customer_id=customer.id,
        title=event.title,
        starts_at=event.starts_at,
        timezone=event.timezone,
        place=event.place,
        ends_at=event.ends_at,
        remind_before=terms.remind_before,
        owner_id=terms.owner_id,
        cancelled=event.cancelled,
        sequence=event.sequence,
    )


async def _customers(session: AsyncSession, event: Event) -> AsyncIterator[tuple[str, Customer]]:
    for kind, value in event.attendees:
        found = await directory.find(session, kind, value)
        if found is not None:
            yield value, found


# ---- one event ------------------------------------------------------------------------------


def _understood(calendar: Any, component: Any, zone: str) -> Event:
    """One that makes no sense, or lies beyond all calendars, keeps out no other."""
    try:
        return _event(calendar, component, zone)
    except (ValueError, OverflowError, TypeError, AttributeError):
        never = datetime.fromtimestamp(0, UTC)
        broken = Sentence("It cannot be read. Export it once more, or write it down here")
        return Event("", "?", "", never, zone, None, 0, False, (), broken)


def _event(calendar: Any, component: Any, zone: str) -> Event:
    starts, title = _moment(component, "DTSTART", zone), _text(component, "SUMMARY")
    uid = _text(component, "UID")
    again = component.get("RECURRENCE-ID")
    named = f"{uid} {again.dt.isoformat()}" if uid and hasattr(again, "dt") else uid
    fault = _fault(component, named, starts)
    at = starts or datetime.fromtimestamp(0, UTC)
    return Event(
        uid=named,
        title=title or named,
        place=_text(component, "LOCATION"),
        starts_at=at,
        timezone=_zone_name(at.tzinfo, zone),
        ends_at=_ends(component, at, zone),
        sequence=_whole(component.get("SEQUENCE")),
        cancelled=_text(component, "STATUS").upper() == "CANCELLED" or _text(calendar, "METHOD").upper() == "CANCEL",
        attendees=tuple(dict.fromkeys(_attendees(component))),
        fault=fault,
    )


def _fault(component: Any, uid: str, starts: datetime | None) -> Sentence | None:
    if not uid or len(uid) > LONGEST_KEY:
        return Sentence("It has no UID, or one of more than 200 characters: no change of it could be followed")
    if starts is None:
        return Sentence("It begins at no hour: only events with an hour become appointments")
    if component.get("RRULE") is not None:
        return Sentence("It recurs: only single events become appointments. Invite the customer to each by itself")
    return None


def _moment(component: Any, name: str, zone: str) -> datetime | None:
    """None for a whole day, and for what is no moment. Without a zone it is by the clock of `zone`."""
    value = getattr(component.get(name), "dt", None)
    if not isinstance(value, datetime):
        return None
    moment = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
    moment.astimezone(UTC)  # raises OverflowError where there is no such moment
    return moment


def _ends(component: Any, starts: datetime, zone: str) -> datetime | None:
    ends = _moment(component, "DTEND", zone)
    lasts = getattr(component.get("DURATION"), "dt", None)
    if ends is None and isinstance(lasts, timedelta):
        ends = starts + lasts
        ends.astimezone(UTC)
    return ends if ends is not None and ends > starts else None


def _zone_name(zone: tzinfo | None, fallback: str) -> str:
    name = getattr(zone, "key", "")
    return name if name and name != "UTC" else fallback


def _text(component: Any, name: str) -> str:
    value = component.get(name)
    value = value[0] if isinstance(value, list) and value else value
    text = "" if value is None or isinstance(value, date) else str(value)
    return " ".join(text.replace("\0", "").split())


def _whole(value: Any) -> int:
    try:
        return max(0, min(int(value or 0), 2**31 - 1))
    except (TypeError, ValueError):
        return 0


def _attendees(component: Any) -> Iterator[tuple[AddressKind, str]]:
    """`mailto:` and `tel:` addresses."""
    given = component.get("ATTENDEE") or []
    for one in (given if isinstance(given, list) else [given])[:MOST_ATTENDEES]:
        scheme, _, rest = str(one).partition(":")
        try:
            if scheme.lower() == "mailto" and len(rest) <= LONGEST:
                yield AddressKind.EMAIL, address.mail(rest)
            elif scheme.lower() == "tel" and len(rest) <= LONGEST:
                yield AddressKind.PHONE, address.phone(rest)
        except address.BadAddress:
            continue
