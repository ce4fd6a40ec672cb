"""The feasts of a country's public calendar: by the `holidays` package, days off made into feasts (decision 0041).

It tells days off. A feast of several is greeted on its first; a day off that is moved, lies between two others or is
for an election is no feast; and who is congratulated on a day of mourning is offended.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import holidays

from hub.customers.spelling import fold

_RUN = timedelta(days=7)  # days of one name that are no farther apart belong to one feast
_NO_FEAST = re.compile(
    r"day off|non-working|substitut|bridge|in lieu|election|referendum|census|bank holiday|^public holiday$|^holiday$"
    r"|day (after|before|following|preceding)|midterm|half-day|state of emergency",
    re.IGNORECASE,
)
_SOLEMN = re.compile(
    r"mourn|remembr|memorial|memory|martyr|genocide|victim|good friday|great friday|holy saturday|maundy|all saints|"
    r"all souls|of the dead|fallen|ashura|tasu|arba|tisha|atonement|kippur|death|assassination|commemorat|"
    r"ash wednesday|"
    r"veteran|armistice|\bwar\b|atomic|prayer|penance|repentance|demise",
    re.IGNORECASE,
)
_ENGLISH = "en_US"
_ASIDE = re.compile(r"\s*\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Feast:
    """`key` stays the same from year to year; `title` is in English; on a `solemn` one nobody is congratulated."""

    key: str
    title: str
    day: date
    solemn: bool = False


def feasts(country: str, year: int) -> tuple[Feast, ...]:
    """Those that begin in this year, in order; none of a country that is not known."""
    found = [*_days(country, year - 1), *_days(country, year)]
    return tuple(feast for feast in _grouped(found) if feast.day.year == year)


def kept_on(country: str, key: str, year: int) -> tuple[date, ...]:
    """When this feast begins: once as a rule; by the moon twice in some years, or not at all."""
    return tuple(feast.day for feast in feasts(country, year) if feast.key == key)


def told(feast: Feast, country: str, language: str) -> str:
    """Its title in a language that the country's calendar has, else in English."""
    if language not in holidays.list_localized_countries().get(country, ()):
        return feast.title
    english, theirs = (_names(country, feast.day, one) for one in (_ENGLISH, language))
    return dict(zip(english, theirs, strict=False)).get(feast.title, feast.title)


@cache
def countries() -> tuple[str, ...]:
    """Every country that is known, by its code."""
    return tuple(sorted(code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2))


def _grouped(days: list[tuple[date, str]]) -> Iterator[Feast]:
    latest: dict[str, date] = {}
    for day, title in sorted(days):
        key = _key(title)
        if key not in latest or day - latest[key] > _RUN:
            yield Feast(key, title, day, solemn=_SOLEMN.search(title) is not None)
        latest[key] = day


@lru_cache(maxsize=2048)
def _days(country: str, year: int) -> tuple[tuple[date, str], ...]:
    """Each day with each name it has."""
    if country not in countries():
        return ()
    said = ((day, name) for day in _calendar(country, year, _ENGLISH) for name in _names(country, day, _ENGLISH))
    return tuple((day, name) for day, name in said if day.year == year and name and not _NO_FEAST.search(name))


def _names(country: str, day: date, language: str) -> list[str]:
    """What is kept on a day, without what is said aside ("estimated")."""
    return [_ASIDE.sub("", name).strip() for name in _calendar(country, day.year, language).get_list(day)]


@lru_cache(maxsize=256)
def _calendar(country: str, year: int, language: str) -> holidays.HolidayBase:
    with warnings.catch_warnings(action="ignore"):  # of years that a country's calendar does not reach
        return holidays.country_holidays(country, years=[year], observed=False, language=language)


def _key(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", fold(title).replace("'", "")).strip("-")
