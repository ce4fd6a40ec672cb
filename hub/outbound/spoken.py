"""Moments as messages tell them: in a zone, in a language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location


def zone_of(*names: str | None) -> ZoneInfo:
    """The first of these time zones that exists; UTC when none does."""
    for name in names:
        try:
            return ZoneInfo(name or "")
        except (KeyError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def spoken(moment: datetime, zone: ZoneInfo, language: str, *, ours: ZoneInfo | None = None) -> str:
    """A moment as people say it: "Wednesday, March 11, 2026, 10:00 AM", in the zone and the language given.

    Where the clocks of `ours`, by which it takes place, show another hour, it says whose clock it goes by: "10:00 AM
    (London)"; whoever comes to our door at their own hour stands before a closed one. Plain blanks only: one narrow
    no-break space turns a whole SMS into UCS-2 and doubles its price.
    """
    local, locale = moment.astimezone(zone), locale_of(language)
    said = f"{format_date(local, 'full', locale)}, {format_time(local, 'short', locale=locale)}"
    elsewhere = ours is not None and moment.astimezone(ours).utcoffset() != local.utcoffset()
    return " ".join(f"{said} ({_city(zone, locale)})".split() if elsewhere else said.split())


def _city(zone: ZoneInfo, locale: Locale) -> str:
    return get_timezone_location(zone, locale=locale, return_city=True).rpartition("/")[2]


def locale_of(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")
