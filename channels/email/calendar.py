"""Invitations: what a text/calendar part asks, answers or calls off (RFC 5545, RFC 5546), as far as people read it."""

from __future__ import annotations

import dataclasses
import urllib.parse
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from channels.email.charsets import decode
from channels.message import Attachment, Attendee, Invitation

if TYPE_CHECKING:
    from channels.email.ical import Component, Property

MEDIA_TYPES = ("text/calendar", "application/ics")
_MAX_EVENTS = 20
_MAX_FILES = 5
_MAX_ATTENDEES = 200
_LONGEST = 500
_ANSWERS = ("accepted", "declined", "tentative", "delegated", "needs-action")
_METHODS = ("REQUEST", "REPLY", "CANCEL", "PUBLISH", "ADD", "COUNTER", "DECLINECOUNTER", "REFRESH")


def read(content: bytes) -> tuple[Invitation, ...]:
    """The events of one .ics file, at most 20. Never raises: what is no calendar has none."""
    from channels.email import ical  # most mails bring none

    text = decode(content[: ical.MAX_BYTES])
    found: list[Invitation] = []
    for calendar in ical.components(text):
        if calendar.name == "VCALENDAR":
            found.extend(_events(calendar))
    return tuple(found[:_MAX_EVENTS])


def of(files: Iterable[Attachment]) -> tuple[Invitation, ...]:
    """The invitations in a mail's files. One that is attached twice (inline and as a file) is told once."""
    calendars = [file for file in files if is_calendar(file.media_type, file.name)][:_MAX_FILES]
    found = (event for file in calendars for event in read(file.content))
    return tuple(dict.fromkeys(found))[:_MAX_EVENTS]


def is_calendar(media_type: str, name: str) -> bool:
    """Programs that know no better send an .ics as application/octet-stream."""
    return media_type in MEDIA_TYPES or (media_type == "application/octet-stream" and name.lower().endswith(".ics"))


def as_json(invitation: Invitation) -> dict[str, Any]:
    """The same as plain JSON values; times in ISO 8601."""
    told = dataclasses.asdict(invitation)
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in told.items()}


def _events(calendar: Component) -> list[Invitation]:
    stated = calendar.first("METHOD").value.strip().upper()
    method = stated if stated in _METHODS else "PUBLISH"
    zones = {zone.first("TZID").text(): zone for zone in calendar.children if zone.name == "VTIMEZONE"}
    events = [event for event in calendar.children if event.name == "VEVENT"][:_MAX_EVENTS]
    return [_invitation(event, method, zones) for event in events]


def _invitation(event: Component, method: str, zones: dict[str, Component]) -> Invitation:
    from channels.email import ical

    begins, ends = event.first("DTSTART"), event.first("DTEND")
    start = ical.time_of(begins, zones)
    organizer = event.first("ORGANIZER")
    return Invitation(
        method=method,
        uid=_text(event, "UID"),
        summary=_text(event, "SUMMARY"),
        start=start,
        end=ical.time_of(ends, zones) if ends.value else ical.later(start, event.first("DURATION").value),
        zone=begins.parameters.get("TZID", "")[:_LONGEST],
        location=_text(event, "LOCATION"),
        organizer=_attendee(organizer) if organizer.value else None,
        attendees=tuple(_attendee(found) for found in event.all("ATTENDEE")[:_MAX_ATTENDEES]),
        repeats=event.first("RRULE").value.strip()[:_LONGEST],
        cancelled=method == "CANCEL" or event.first("STATUS").value.strip().upper() == "CANCELLED",
    )


def _text(event: Component, name: str) -> str:
    return event.first(name).text()[:_LONGEST]


def _attendee(found: Property) -> Attendee:
    """`ATTENDEE;CN=Ana;PARTSTAT=ACCEPTED:mailto:ana@people.example` (RFC 5545 3.8.4.1)."""
    value = found.value.strip()
    address = urllib.parse.unquote(value[7:]) if value[:7].lower() == "mailto:" else value
    answer = found.parameters.get("PARTSTAT", "").lower()
    return Attendee(
        address=decode(address.encode("utf-8", "replace"))[:_LONGEST],
        name=found.parameters.get("CN", "").strip()[:_LONGEST],
        answer=answer if answer in _ANSWERS else "needs-action",
    )
