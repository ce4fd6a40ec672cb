"""Later: the moments that menus offer for snoozing and for sending, in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from fastapi import HTTPException

from hub.web import moments
from hub.web.access import Visit
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

AT = "at"  # not a word of the menu: the field beside it
_MORNING = time(9)
_WAITS: Mapping[str, str] = {
    "hour": N_("In an hour"),
    "tomorrow": N_("Tomorrow morning"),
    "monday": N_("Monday morning"),
    "week": N_("In a week"),
}


def offered(visit: Visit) -> list[tuple[str, str, datetime]]:
    """(value, word, moment) of what a menu offers; on a Sunday tomorrow is Monday, and one of them is enough."""
    found = {moment(visit, name): (name, word) for name, word in reversed(list(_WAITS.items()))}
    return [(name, word, at) for at, (name, word) in reversed(list(found.items()))]


def moment(visit: Visit, name: str, at: str = "") -> datetime:
    """A word of the menu, or the datetime-local field `at`, as a moment to come; anything else is 422."""
    local = visit.now.astimezone(visit.zone)
    days = {"tomorrow": 1, "monday": 7 - local.weekday(), "week": 7}
    if name == "hour":
        return visit.now + timedelta(hours=1)
    if name in days:
        return datetime.combine(local.date() + timedelta(days=days[name]), _MORNING, visit.zone)
    try:
        chosen = moments.read_local(at if name == AT else name, visit.zone)
    except ValueError as e:
        raise HTTPException(422) from e
    if chosen <= visit.now:
        raise HTTPException(422)
    return chosen
