"""Later: the moments that menus offer for snoozing and for sending, in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from hub.sentences import Sentence
from hub.staff.opening import Opening, is_open
from hub.web import moments
from hub.web.access import Visit
from hub.web.mending import WrongInput
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

AT = "at"  # not a word of the menu: the field beside it
NO_MOMENT = Sentence("“%(typed)s” is no day and hour. Write them as 2026-03-10T13:00.")
_PAST = Sentence("%(typed)s has passed. Choose a moment to come.")
_FAR = Sentence("%(typed)s lies more than two years ahead: nobody would see it before. Choose a nearer moment.")
_MISSING = Sentence("It is missing. Fill it in.")
_MORNING, _FARTHEST = time(9), timedelta(days=731)
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


def usual(visit: Visit, opening: Opening) -> str:
    """Which of the menu's moments is the first at which somebody works."""
    return next((name for name, _word, at in offered(visit) if is_open(opening, at)), next(iter(_WAITS)))


def moment(visit: Visit, name: str, at: str = "", *, field: str = "at") -> datetime:
    """A word of the menu, or the datetime-local field `at`, which is called `field`, as a moment to come.

    Raises WrongInput.
    """
    local = visit.now.astimezone(visit.zone)
    days = {"tomorrow": 1, "monday": 7 - local.weekday(), "week": 7}
    if name == "hour":
        return visit.now + timedelta(hours=1)
    if name in days:
        return datetime.combine(local.date() + timedelta(days=days[name]), _MORNING, visit.zone)
    if name == AT and not at.strip():
        raise WrongInput(field, at, _MISSING)
    try:
        chosen = moments.read_local(at if name == AT else name, visit.zone)
    except ValueError as e:
        raise WrongInput(field, at or name, moments.amiss(e, NO_MOMENT)) from e
    if chosen <= visit.now:
        raise WrongInput(field, moments.plain(chosen, visit.zone), _PAST)
    if chosen > visit.now + _FARTHEST:
        raise WrongInput(field, moments.plain(chosen, visit.zone), _FAR)
    return chosen
