"""Which words the ledger says were shown or said, and in which version: every door that writes it names both.

A door's number is raised when its words change; what was written before keeps the number that held then.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import Kind, Purpose

NUMBERS: Mapping[str, int] = {
    "preferences": 1,  # hub.api.preference_words
    "unsubscribe": 1,  # hub.api.unsubscribe_words
    "join": 1,  # hub.joining.words
    "one-click": 1,
    "mailto": 1,
    "sms": 1,  # the customer's own words
    "carrier": 1,
    "key-9": 1,  # hub.outbound.calling
    "complaint": 1,
    "desk": 1,
    "import": 1,
    "api": 1,
}
ONE_CLICK = "List-Unsubscribe=One-Click (RFC 8058)"
COMPLAINT = "The reader's mail provider reported the message as unwanted"
CARRIER = "The carrier refused the message: its reader has sent STOP"


def version(door: str, language: str = "") -> str:
    """Such as `preferences/1/pl`. KeyError for a door that is not in the table."""
    return "/".join((door, str(NUMBERS[door]), *([language] if language else [])))


def plain(purpose: Purpose | None, channel: Kind | None, *, granted: bool) -> str:
    """What was said, where no words of it are known: `marketing by sms: yes`."""
    what = purpose.value if purpose else "everything"
    by = f" by {channel.value}" if channel else ""
    return f"{what}{by}: {'yes' if granted else 'no'}"
