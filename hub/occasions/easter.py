"""Easter Sunday, west and east. Pure."""

from __future__ import annotations

from datetime import date
from functools import cache

import dateutil.easter

WESTERN, ORTHODOX = "western", "orthodox"
CHURCHES = {WESTERN: dateutil.easter.EASTER_WESTERN, ORTHODOX: dateutil.easter.EASTER_ORTHODOX}


@cache
def easter(year: int, church: str) -> date:
    """By the Gregorian calendar in either case; `church` is one of CHURCHES."""
    sunday: date = dateutil.easter.easter(year, CHURCHES[church])
    return sunday
