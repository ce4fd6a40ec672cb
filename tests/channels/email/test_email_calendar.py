"""Invitations in mail (RFC 5545, RFC 5546, RFC 6047): what, when, where, by whom, and who has answered."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from channels.email import calendar, mime
from channels.email.reading import understand
from channels.message import Attendee, Invitation


def event(*lines: str, method: str = "METHOD:REQUEST", zone: str = "") -> bytes:
    rows = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        method,
        *zone.splitlines(),
        "BEGIN:VEVENT",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join([row for row in rows if row] + [""]).encode()


def only(content: bytes) -> Invitation:
    (found,) = calendar.read(content)
    return found


def test_an_invitation_tells_all_that_people_ask() -> None:
    content = event(
        "UID:1@people.example",
        'ORGANIZER;CN="Nowak, Ana":mailto:ana@people.example',
        'ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Bob;MEMBER="mailto:a@b","mailto:c@d":MAILTO:bob@shop.example',
        "ATTENDEE;RSVP=TRUE:mailto:support@shop.example",
        "DTSTART:20260702T080000Z",
        "DTEND:20260702T093000Z",
        "SUMMARY:Visit\\, plants\\; and a summary that goes",
        "  on on the next line",
        "LOCATION:The shop\\nback door",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    assert only(content) == Invitation(
        method="REQUEST",
        uid="1@people.example",
        summary="Visit, plants; and a summary that goes on on the next line",
        start=datetime(2026, 7, 2, 8, tzinfo=UTC),
        end=datetime(2026, 7, 2, 9, 30, tzinfo=UTC),
        location="The shop\nback door",
        organizer=Attendee("ana@people.example", "Nowak, Ana"),
        attendees=(Attendee("bob@shop.example", "Bob", "accepted"), Attendee("support@shop.example")),
        repeats="FREQ=WEEKLY;COUNT=3",
    )


def test_an_answer_says_whose_it_is() -> None:
    """RFC 5546 3.2.3."""
    found = only(event("UID:1", "ATTENDEE;PARTSTAT=DECLINED:mailto:bob@shop.example", method="METHOD:REPLY"))
    assert (found.method, found.attendees) == ("REPLY", (Attendee("bob@shop.example", "", "declined"),))


@pytest.mark.parametrize(
    ("method", "line", "cancelled"),
    [("METHOD:CANCEL", "UID:1", True), ("METHOD:REQUEST", "STATUS:CANCELLED", True), ("", "STATUS:CONFIRMED", False)],
)
def test_what_is_called_off_is_told(method: str, line: str, cancelled: bool) -> None:
    found = only(event(line, method=method))
    assert (found.cancelled, found.method) == (cancelled, method.removeprefix("METHOD:") or "PUBLISH")


OUTLOOK = """\
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


@pytest.mark.parametrize(
    ("day", "offset"),
    [
        ("20260702T100000", 2),
        ("20261202T100000", 1),
        ("20260329T010000", 1),
        ("20260329T040000", 2),
        ("20261025T040000", 1),
    ],
)
def test_the_rules_a_calendar_brings_along_place_its_times(day: str, offset: int) -> None:
    start = only(event(f"DTSTART;TZID=W. Europe Standard Time:{day}", zone=OUTLOOK)).start
    assert isinstance(start, datetime)
    assert start.utcoffset() == timedelta(hours=offset)


def test_times_have_the_zone_they_name_or_none() -> None:
    def start(line: str) -> object:
        return only(event(line)).start

    def utc(line: str) -> object:
        found = start(line)
        return found.astimezone(UTC) if isinstance(found, datetime) else found

    assert utc("DTSTART;TZID=Europe/Warsaw:20260702T100000") == datetime(2026, 7, 2, 8, tzinfo=UTC)
    assert utc("DTSTART;TZID=/mozilla.org/20050126_1/Europe/Warsaw:20260702T100000") == datetime(
        2026, 7, 2, 8, tzinfo=UTC
    )
    assert start("DTSTART;VALUE=DATE:20260702") == date(2026, 7, 2)
    assert start("DTSTART:20260702T100000") == datetime(2026, 7, 2, 10)  # noqa: DTZ001 - local wherever one is
    assert start("DTSTART;TZID=Nowhere/Land:20260702T100000") == datetime(2026, 7, 2, 10)  # noqa: DTZ001 - the same
    assert start("DTSTART;TZID=../../etc/passwd:20260702T100000") == datetime(2026, 7, 2, 10)  # noqa: DTZ001 - the same
    assert [start(f"DTSTART:{odd}") for odd in ("", "tomorrow", "20261345T990000", "2026")] == [None] * 4


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("DTSTART:20260702T080000Z", "PT1H30M", datetime(2026, 7, 2, 9, 30, tzinfo=UTC)),
        ("DTSTART:20260702T080000Z", "P1W", datetime(2026, 7, 9, 8, tzinfo=UTC)),
        ("DTSTART;VALUE=DATE:20260702", "P2D", date(2026, 7, 4)),
        ("DTSTART:20260702T080000Z", "an hour", None),
        ("DTSTART:99990702T080000Z", "P9999W", None),
    ],
)
def test_an_event_may_say_how_long_it_lasts(start: str, duration: str, end: object) -> None:
    assert only(event(start, f"DURATION:{duration}")).end == end


def invited(content: bytes, kind: str = "text/calendar; method=REQUEST; charset=utf-8") -> bytes:
    head = "From: ana@people.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    words = "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nCome\r\n"
    inline = f"--a\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n--a--\r\n"
    file = b"--m\r\nContent-Type: application/ics; name=invite.ics\r\n\r\n" + content + b"\r\n--m--\r\n"
    return (head + words).encode() + inline + file


def test_a_mail_tells_its_invitation_once_and_keeps_the_files() -> None:
    mail = mime.read(invited(event("UID:1", "SUMMARY:Visit", "DTSTART:20260702T080000Z")))
    assert [found.summary for found in mail.invitations] == ["Visit"]
    assert [file.name for file in mail.attachments] == ["calendar.ics", "invite.ics"]
    assert mail.text == "Come"


def test_the_command_line_tells_it_as_json() -> None:
    (told,) = understand(invited(event("UID:1", "SUMMARY:Visit", "DTSTART;VALUE=DATE:20260702")))["invitations"]
    assert (told["summary"], told["start"], told["end"], told["organizer"]) == ("Visit", "2026-07-02", None, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff\xfe",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VEVENT\n" * 100_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n" * 50_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE" + b";A=b" * 300_000 + b":x",
        b"X" + b'";' * 500_000,
        b'BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE;CN="' + b"a," * 400_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"\\" * 400_000,
        b"END:VCALENDAR\n" * 1000 + b" folded\n" * 1000,
        event(
            "DTSTART;TZID=x:20260101T000000",
            zone="BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nTZOFFSETTO:+9999\nEND:STANDARD",
        ),
    ],
)
def test_nothing_in_a_calendar_raises_or_takes_long(content: bytes) -> None:
    started = time.process_time()
    calendar.read(content)
    assert time.process_time() - started < 3
