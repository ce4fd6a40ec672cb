"""What one cell of a sheet of customers says. Errors are for who made the sheet: the cause and the remedy."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import available_timezones

from channels.message import Kind
from hub.customers.fields import CULTURES
from hub.customers.sheets import BadCell
from hub.models.vocabulary import Purpose
from hub.sentences import Sentence

_LANGUAGES = {"en", "pl", "bg", "ru"}
_YES = {"1", "yes", "true", "y", "tak", "да"}
_NO = {"", "0", "no", "false", "n", "nie", "не", "нет"}


def many(text: str) -> list[str]:
    """Parted by `;` `,` or `|`."""
    return [part.strip() for part in re.split(r"[;|,]", text) if part.strip()]


def language(text: str) -> str:
    """`pl` of `pl`, `PL` or `pl-PL`; empty where nothing is said. Raises BadCell."""
    code = text.lower().replace("_", "-").split("-")[0]
    if text and code not in _LANGUAGES:
        gaps = {"language": text, "known": ", ".join(sorted(_LANGUAGES))}
        raise BadCell(Sentence("The language “%(language)s” is not one of %(known)s. Write one of them", gaps))
    return code


def zone(text: str) -> str | None:
    """Raises BadCell."""
    if text and text not in available_timezones():
        raise BadCell(
            Sentence("The time zone “%(zone)s” is not an IANA zone. Write it as Europe/Sofia", {"zone": text})
        )
    return text or None


def country(text: str) -> str | None:
    """Raises BadCell."""
    if text and not re.fullmatch(r"[A-Za-z]{2}", text):
        words = "The country “%(country)s” is not a two-letter code. Write it as BG"
        raise BadCell(Sentence(words, {"country": text}))
    return text.upper() or None


def culture(text: str) -> str | None:
    """Raises BadCell."""
    if text and text.lower() not in CULTURES and not re.fullmatch(r"[A-Za-z]{2}", text):
        words = "The culture “%(culture)s” is neither a two-letter code nor one of %(known)s. Write it as BG"
        raise BadCell(Sentence(words, {"culture": text, "known": ", ".join(CULTURES)}))
    return (text.lower() if text.lower() in CULTURES else text.upper()) or None


def birthday(text: str) -> tuple[int | None, int, int] | None:
    """`1984-02-29`, `29.02.1984`, `29/02/1984`, or without the year `--02-29`, `29.02.`; empty gives None.

    Raises BadCell.
    """
    if not text:
        return None
    year, month, day = _parted(text)
    number = int(year) if year and year != "-" else None
    try:
        born = date(number or 2000, int(month), int(day))
    except ValueError as e:
        raise BadCell(Sentence("The birthday “%(birthday)s” is not a date. Correct it", {"birthday": text})) from e
    if number is not None and not 1900 <= number <= date.today().year:  # noqa: DTZ011 - a year is enough here
        words = "The birthday “%(birthday)s”: the year %(year)s cannot be right. Correct it"
        raise BadCell(Sentence(words, {"birthday": text, "year": str(number)}))
    return number, born.month, born.day


def _parted(text: str) -> tuple[str | None, str, str]:
    if m := re.fullmatch(r"(\d{4}|-)-(\d{1,2})-(\d{1,2})", text):
        return m[1], m[2], m[3]
    if m := re.fullmatch(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4})?)?", text):
        return m[3], m[2], m[1]
    words = "The birthday “%(birthday)s” cannot be read. Write it as 1984-02-29, or without the year as --02-29"
    raise BadCell(Sentence(words, {"birthday": text}))


def truth(text: str) -> bool:
    """Raises BadCell."""
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise BadCell(Sentence("“%(value)s” is neither yes nor no. Write one of them", {"value": text}))


def grant(text: str) -> tuple[Purpose, Kind | None]:
    """`marketing`, or for one channel `marketing:email`. Raises BadCell."""
    purpose, _, kind = text.lower().partition(":")
    try:
        return Purpose(purpose), Kind(kind) if kind else None
    except ValueError as e:
        words = "The consent “%(consent)s” cannot be read. Write a purpose, or purpose:channel as in marketing:email"
        raise BadCell(Sentence(words, {"consent": text})) from e
