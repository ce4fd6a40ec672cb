"""Appointments from a CSV file: what each row means. Knows no command line; a bad row says what is wrong with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub.conversations import appointment_sync, appointments
from hub.conversations.appointment_sync import LONGEST_KEY, Outcome, Said
from hub.customers import directory
from hub.customers.sheets import Unusable, decode
from hub.models import Customer
from hub.models.vocabulary import AddressKind
from hub.staff import accounts

FIELDS = ("key", "customer", "title", "starts_at", "ends_at", "timezone", "place", "remind", "owner", "state")
_NEEDED = ("key", "customer", "title", "starts_at")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LEAD = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_LONGEST_LEAD = timedelta(days=60)
_STATES = ("", "planned", "cancelled")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with the number of its line. `!` among its cells: why it cannot be read."""

    number: int
    cells: Mapping[str, str]
    original: Sequence[str]


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds where a row says nothing."""

    timezone: str
    country: str | None


def rows(content: bytes) -> tuple[list[str], Iterator[Row]]:
    """The header as it stands, and the rows. Cells divided by `,` `;` or tabs. Raises Unusable."""
    text = decode(content)
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    header = [name.strip() for name in next(reader, [])]
    names = [name.lower().replace(" ", "_") for name in header]
    if missing := [name for name in _NEEDED if name not in names]:
        raise Unusable(f"the file has no column {missing[0]!r}. It needs: {', '.join(_NEEDED)}")
    return header, _rows(reader, names)


def _rows(reader: Any, names: Sequence[str]) -> Iterator[Row]:
    """A broken row comes with the cell `!`."""
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            yield Row(number, {"!": f"not valid CSV: {e}"}, [])
            continue
        if any(cell.strip() for cell in cells):
            yield Row(number, _cells(names, cells), cells)


def _cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(names):
        return {"!": f"has {len(cells)} cells where the header has {len(names)}"}
    return {name: cell.replace("\0", "").strip() for name, cell in zip(names, cells, strict=True)}


async def take(session: AsyncSession, row: Row, usual: Usual, *, now: datetime) -> Outcome:
    """Keep one row. Raises ValueError (BadAppointment too) whose message is for whoever made the file."""
    said = await _said(session, row, usual)
    _, outcome = await appointment_sync.keep(session, said, now=now)
    return outcome


async def _said(session: AsyncSession, row: Row, usual: Usual) -> Said:
    cells = row.cells
    if problem := cells.get("!"):
        raise ValueError(problem)
    zone = cells.get("timezone") or usual.timezone
    state = cells.get("state", "").lower()
    if state not in _STATES:
        raise ValueError(f"state {state!r} is neither planned nor cancelled")
    return Said(
        source="csv",
        key=_key(cells["key"]),
        customer_id=(await _customer(session, cells["customer"], usual.country)).id,
        title=cells["title"],
        place=cells.get("place", ""),
        starts_at=moment(cells["starts_at"], zone),
        ends_at=moment(cells["ends_at"], zone) if cells.get("ends_at") else None,
        timezone=zone,
        remind_before=leads(cells.get("remind") or "1d"),
        owner_id=await _owner(session, cells.get("owner", "")),
        cancelled=state == "cancelled",
    )


def leads(text: str) -> list[timedelta]:
    """`7d 1d 2h` as times before; `none` is none. Raises ValueError."""
    if text.strip().lower() == "none":
        return []
    found = [_LEAD.fullmatch(part) for part in re.split(r"[\s,;]+", text.strip().lower())]
    times = [int(one[1]) * _UNITS[one[2]] for one in found if one]
    if len(times) != len(found) or len(times) > appointments.MOST_REMINDERS or max(times) > _LONGEST_LEAD:
        most, longest = appointments.MOST_REMINDERS, _LONGEST_LEAD.days
        raise ValueError(
            f"remind {text!r}: write at most {most} times such as 7d 1d 2h 30m, none above {longest}d, or none"
        )
    return times


def moment(text: str, zone: str) -> datetime:
    """`2026-04-02T10:30`, with a blank too; by the clock of `zone` when it has no offset. Raises ValueError."""
    try:
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, KeyError, OSError, OverflowError) as e:
        raise ValueError(f"{text!r} in {zone!r} is no moment: write it as 2026-04-02 10:30 and Europe/Warsaw") from e


def _key(text: str) -> str:
    if not text or len(text) > LONGEST_KEY:
        raise ValueError(f"the key has {len(text)} characters: write 1 to {LONGEST_KEY}, the other system's own number")
    return text


async def _customer(session: AsyncSession, text: str, country: str | None) -> Customer:
    """By the number in the other system, mail address or telephone number."""
    found = await directory.find_external(session, text) if text else None
    for kind, spelled in () if found else _spellings(text, country):
        found = found or await directory.find(session, kind, spelled)
    if found is None:
        raise ValueError(f"nobody is known as {text!r}: import the customer first, or correct the address or number")
    return found


def _spellings(text: str, country: str | None) -> Iterator[tuple[AddressKind, str]]:
    try:
        if "@" in text:
            yield AddressKind.EMAIL, address.mail(text)
        else:
            yield AddressKind.PHONE, address.phone(text, country)
    except address.BadAddress:
        return


async def _owner(session: AsyncSession, email: str) -> int | None:
    if not email:
        return None
    found = await accounts.by_email(session, email)
    if found is None or not found.active:
        raise ValueError(f"owner {email!r} does not work here: write a colleague's mail address, or nothing")
    return found.id
