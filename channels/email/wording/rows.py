"""What a row of the wording is: a ground, and one pattern of all its phrases."""

from __future__ import annotations

import re

from channels.email.reasons import Ground

Row = tuple[Ground, re.Pattern[str]]

WHO = r"(?:user|account|mailbox|mail ?box|recipient|addressee|address|person|customer|alias)"


def any_of(*phrases: str) -> re.Pattern[str]:
    """One pattern for all of them, whatever their case."""
    return re.compile("|".join(phrases), re.IGNORECASE)
