"""Whose name day it is: calendars typed from public facts, see names/SOURCES.md. Pure but for reading the files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from hub.occasions.easter import CHURCHES, easter

CALENDARS = ("PL", "BG", "RU")
_FOLDER = Path(__file__).parent / "names"


def names_on(calendar: str, day: date) -> tuple[str, ...]:
    """Given names as they are written where they are kept; none for a calendar there is not."""
    if calendar not in CALENDARS:
        return ()
    known = names(calendar)
    moving = (f"{church}{(day - easter(day.year, church)).days:+d}" for church in CHURCHES)
    found = [name for when in (f"{day:%m-%d}", *moving) for name in known.get(when, ())]
    return tuple(dict.fromkeys(found))


@cache
def names(calendar: str) -> Mapping[str, tuple[str, ...]]:
    """Day → names. A day is "06-24", or so many days from Easter: "orthodox-7"."""
    with (_FOLDER / f"{calendar.lower()}.csv").open(encoding="utf-8", newline="") as file:
        return {row["day"]: tuple(row["names"].split()) for row in csv.DictReader(file)}
