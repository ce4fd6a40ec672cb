"""Days as people type them behind `before:` and `after:`."""

from __future__ import annotations

import re
from datetime import date, timedelta

_WRITTEN = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)
_AGO = re.compile(r"(\d{1,4})d", re.ASCII)
_FIRST, _LAST = 1971, 2900  # identifiers in the log begin with 1970, and every zone can tell these


class NotADate(ValueError):
    """No day is written like this."""


def day(said: str, today: date) -> date:
    """`2026-03-10`; `2026-03` and `2026` are their first days; `today`, `yesterday`, `7d`: so many days ago.

    Raises NotADate.
    """
    word = said.lower()
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    if ago := _AGO.fullmatch(word):
        return today - timedelta(days=int(ago[1]))
    written = _WRITTEN.fullmatch(word)
    if written is None or not _FIRST <= int(written[1]) <= _LAST:
        raise NotADate(said)
    try:
        return date(int(written[1]), int(written[2] or 1), int(written[3] or 1))
    except ValueError as e:
        raise NotADate(said) from e
