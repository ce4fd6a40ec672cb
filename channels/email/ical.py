"""iCalendar's grammar (RFC 5545 3.1-3.3): content lines, components, times and zones. Bounded, and never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MAX_BYTES = 500_000
MAX_LINES = 20_000
_MAX_DEPTH = 10
_MAX_VALUE = 10_000
_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"([A-Za-z0-9-]{1,80})")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,80})=("[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*')
_ESCAPE = re.compile(r"\\([nN,;\\\"])")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?\Z")
_DURATION = re.compile(r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?\Z")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?\Z")
_BY_DAY = re.compile(r"([+-]?\d)(MO|TU|WE|TH|FR|SA|SU)\Z")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Time = datetime | date | None


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: `name;parameter=value:value`. Names are upper case; the value is still escaped."""

    name: str
    value: str
    parameters: dict[str, str]

    def text(self) -> str:
        """The value of a TEXT property, its escapes undone (RFC 5545 3.3.11)."""
        return _ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], self.value).strip()


@dataclass(slots=True)
class Component:
    """VCALENDAR, VEVENT, VTIMEZONE …: its properties and what stands within it."""

    name: str
    properties: list[Property] = field(default_factory=list)
    children: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [found for found in self.properties if found.name == name]

    def first(self, name: str) -> Property:
        return next((found for found in self.properties if found.name == name), Property(name, "", {}))


def components(text: str) -> list[Component]:
    """The outermost components. What is never ended ends with the text; what was never begun is passed over."""
    root = Component("")
    stack = [root]
    for found in _properties(text):
        if found.name == "BEGIN":
            child = Component(found.value.strip().upper())
            if len(stack) <= _MAX_DEPTH:
                stack[-1].children.append(child)
            stack.append(child)
        elif found.name == "END" and len(stack) > 1:
            stack.pop()
        else:
            stack[-1].properties.append(found)
        if len(stack) > 10 * _MAX_DEPTH:
            break
    return root.children


def time_of(found: Property, zones: dict[str, Component]) -> Time:
    """A date, an aware time, or a time without a zone when it has none that is known (RFC 5545 3.3.4, 3.3.5)."""
    stated = _TIME.match(found.value.strip().upper())
    if not stated:
        return None
    try:
        day = date(*map(int, stated.group(1, 2, 3)))
        if stated.group(4) is None:
            return day
        hour, minute, second = int(stated[4]), int(stated[5]), min(int(stated[6]), 59)
        local = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 - its zone comes next
        return local.replace(tzinfo=UTC) if stated[7] else _placed(local, found.parameters.get("TZID", ""), zones)
    except (ValueError, OverflowError):
        return None


def later(start: Time, duration: str) -> Time:
    """Where an event ends that says how long it lasts (RFC 5545 3.3.6)."""
    stated = _DURATION.match(duration.strip().upper())
    if start is None or not stated:
        return None
    weeks, days, hours, minutes, seconds = (int(piece or 0) for piece in stated.group(2, 3, 4, 5, 6))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return start - span if stated[1] == "-" else start + span
    except OverflowError:
        return None


def _properties(text: str) -> Iterator[Property]:
    for line in _unfolded(text):
        name = _NAME.match(line)
        if not name:
            continue
        position = name.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(line, position):
            parameters.setdefault(parameter[1].upper(), parameter[2].strip('"'))
            position = parameter.end()
        colon = line.find(":", position)
        if colon >= 0:
            yield Property(name[1].upper(), line[colon + 1 :][:_MAX_VALUE], parameters)


def _unfolded(text: str) -> Iterator[str]:
    """A line that begins with a blank goes on with the one before it (RFC 5545 3.1)."""
    pieces: list[str] = []
    for line in _LINE_END.split(text[:MAX_BYTES], MAX_LINES)[:MAX_LINES]:
        if line[:1] in (" ", "\t"):
            pieces.append(line[1:])
            continue
        if pieces:
            yield "".join(pieces)
        pieces = [line]
    yield "".join(pieces)


def _placed(local: datetime, name: str, zones: dict[str, Component]) -> datetime:
    """By the zone's own name where it is one of IANA's, else by the rules the calendar brings along."""
    for candidate in (name, "/".join(name.split("/")[-2:]), "/".join(name.split("/")[-3:])):
        try:
            if candidate.strip("/") == candidate and candidate:
                return local.replace(tzinfo=ZoneInfo(candidate))
        except (ValueError, OSError, LookupError):
            continue
    offset = _offset_at(local, zones[name]) if name in zones else None
    return local if offset is None else local.replace(tzinfo=timezone(offset))


def _offset_at(local: datetime, zone: Component) -> timedelta | None:
    """What the observance that began last says (RFC 5545 3.6.5)."""
    begun: list[tuple[datetime, timedelta]] = []
    for observance in zone.children[:100]:
        offset = _OFFSET.match(observance.first("TZOFFSETTO").value.strip())
        if offset:
            hours, minutes = min(int(offset[2]), 23), min(int(offset[3]), 59)
            span = timedelta(hours=hours, minutes=minutes) * (-1 if offset[1] == "-" else 1)
            begun.extend((onset, span) for onset in _onsets(observance, local.year))
    before = [entry for entry in begun if entry[0] <= local]
    return max(before)[1] if before else min(begun)[1] if begun else None


def _onsets(observance: Component, year: int) -> list[datetime]:
    """When it begins: as stated, and by its yearly rule in that year and the one before."""
    start = time_of(Property("DTSTART", observance.first("DTSTART").value, {}), {})
    if not isinstance(start, datetime):
        return [datetime.min]  # noqa: DTZ901 - onsets are local times
    onsets = [start.replace(tzinfo=None)]
    rule = dict(piece.split("=", 1) for piece in observance.first("RRULE").value.upper().split(";") if "=" in piece)
    day = _BY_DAY.match(rule.get("BYDAY", ""))
    month = rule.get("BYMONTH", "")
    if day and month.isascii() and month.isdigit() and 1 <= int(month) <= 12:
        for each in (year - 1, year):
            if each >= start.year:
                on = _nth(each, int(month), int(day[1]), _DAYS.index(day[2]))
                onsets.append(datetime.combine(on, onsets[0].time()))
    return onsets


def _nth(year: int, month: int, number: int, weekday: int) -> date:
    """The last Sunday in October: `number` -1, `weekday` 6."""
    if number > 0:
        first = date(year, month, 1)
        found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (min(number, 4) - 1))
        later_ = found + timedelta(days=7)
        return later_ if number > 4 and later_.month == month else found
    last = date(year, month, 28) + timedelta(days=4)
    last -= timedelta(days=last.day)
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (min(max(-number, 1), 4) - 1))
