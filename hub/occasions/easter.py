"""Easter Sunday, west and east. Pure."""

from __future__ import annotations

from datetime import date, timedelta

WESTERN, ORTHODOX = "western", "orthodox"


def easter(year: int, church: str) -> date:
    """By the Gregorian calendar in either case; `church` is one of the two words above."""
    return _orthodox(year) if church == ORTHODOX else _western(year)


def _western(year: int) -> date:
    """The anonymous Gregorian computus, as Meeus tells it (Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _orthodox(year: int) -> date:
    """The Julian computus; its date said by the Gregorian calendar, which is ahead by 13 days until 2099."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    ahead = year // 100 - year // 400 - 2
    return date(year, month, day + 1) + timedelta(days=ahead)
