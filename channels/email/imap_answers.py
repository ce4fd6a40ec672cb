"""What the lines and literals of a FETCH say (RFC 3501 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

Lines = Sequence[bytes | bytearray]  # literals are bytearrays

_FETCH = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d{1,10})", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,15})", re.IGNORECASE)
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"', re.IGNORECASE)
_MONTHS = dict(
    zip(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), range(1, 13), strict=True)
)
_USUAL_MOMENT = re.compile(  # "17-Jul-1996 02:44:25 -0700" (RFC 3501 9) or "Wed, 17 Jul 1996 02:44:25 -0700"
    r"(?:[A-Z][a-z]{2}, )? ?(\d\d?)[- ](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[- ](\d{4})"
    r" (\d\d):(\d\d):(\d\d) ([+-])([01]\d)([0-5]\d)",
    re.ASCII,
)
_USUAL_OUTLINE = re.compile(
    rb'\d+ FETCH \(UID (\d{1,10}) RFC822\.SIZE (\d{1,15}) INTERNALDATE "([ \w:+-]{1,40})"\)', re.ASCII
)
_BODY = re.compile(rb'BODY\[\](?:<\d+>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a FETCH tells of a message without it: its bytes, and when it came to the server (INTERNALDATE)."""

    uid: int
    size: int
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message of a FETCH. `content` is empty when the server said NIL."""

    uid: int
    content: bytes


@lru_cache(maxsize=64)  # what is moved or sent together came within a second
def moment(text: str) -> datetime | None:
    """A date of RFC 5322 or INTERNALDATE's; None when it says nothing that can be a time."""
    try:
        if usual := _USUAL_MOMENT.fullmatch(text):
            return _usual_moment(*usual.groups())
        read = parsedate_to_datetime(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _usual_moment(
    day: str, month: str, year: str, hour: str, minute: str, second: str, sign: str, hours: str, minutes: str
) -> datetime:
    """Raises ValueError for what no calendar has, OverflowError before the year 1."""
    at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return at - ahead if sign == "+" else at + ahead


def outlines(lines: Lines, wanted: Collection[int]) -> dict[int, Outline]:
    """By UID, those that were asked for."""
    found = map(_outline, (line for line in lines if isinstance(line, bytes)))
    return {one.uid: one for one in found if one is not None and one.uid in wanted}


def messages(lines: Lines, uids: Sequence[int]) -> list[Fetched]:
    """A FETCH is a flat list of lines and literals; the order within one message is the server's."""
    wanted, found = set(uids), dict[int, Fetched]()
    for group in _by_message(lines):
        line = b"".join(part for part in group if isinstance(part, bytes))
        uid = _UID.search(line)
        content = _content(group, line)
        if uid and content is not None and int(uid.group(1)) in wanted:
            found[int(uid.group(1))] = Fetched(int(uid.group(1)), content)
    return [found[uid] for uid in uids if uid in found]


def _outline(line: bytes) -> Outline | None:
    if usual := _USUAL_OUTLINE.fullmatch(line):
        number, bytes_, came = usual.groups()
        return Outline(int(number), int(bytes_), moment(came.decode()))
    uid, size, arrived = _UID.search(line), _SIZE.search(line), _ARRIVED.search(line)
    if uid is None or size is None:
        return None
    at = moment(arrived.group(1).decode("ascii", "replace")) if arrived else None
    return Outline(int(uid.group(1)), int(size.group(1)), at)


def _by_message(lines: Lines) -> list[list[bytes | bytearray]]:
    groups: list[list[bytes | bytearray]] = []
    for line in lines:
        if isinstance(line, bytes) and _FETCH.match(line):
            groups.append([])
        if groups:
            groups[-1].append(line)
    return groups


def _content(group: Lines, line: bytes) -> bytes | None:
    literals = [bytes(part) for part in group if isinstance(part, bytearray)]
    if literals:
        return max(literals, key=len)
    short = _BODY.search(line)
    return None if short is None else re.sub(rb"\\(.)", rb"\1", short.group(1) or b"")
