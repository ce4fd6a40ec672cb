"""The telephone and its call lists: what calls come to."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import CallListState, Settled
from hub.web.translations import gettext
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

SETTLED: Mapping[str, str] = {
    Settled.CALLED_BACK: N_("called back"),
    Settled.CALLED_AGAIN: N_("called again"),
    Settled.BY_HAND: N_("marked as done"),
}

OUTCOMES: Mapping[str, str] = {  # those that a new hub has; others are shown as they were named
    "Settled": N_("Settled"),
    "Call back later": N_("Call back later"),
    "Passed on to a colleague": N_("Passed on to a colleague"),
    "Wrong number": N_("Wrong number"),
    "Nobody spoke": N_("Nobody spoke"),
    "Spoken with": N_("Spoken with"),  # and what else calls on call lists come to
    "Not reached": N_("Not reached"),
    "Wants no calls": N_("Wants no calls"),
}

CALL_LISTS: Mapping[str, Sign] = {
    CallListState.OPEN: Sign(N_("being called"), "phone", "live"),
    CallListState.PAUSED: Sign(N_("paused"), "player-pause", "warn"),
    CallListState.CLOSED: Sign(N_("closed"), "circle-check"),
}

CALL_PARTS: Mapping[str, str] = {
    "everybody": N_("On the list"),
    "never_called": N_("Not called yet"),
    "held": N_("With an agent"),
    "again": N_("To be tried again"),
    "call_back": N_("To be called back"),
    "reached": N_("Spoken with"),
    "not_reached": N_("Not reached, tried often enough"),
    "wrong_number": N_("Wrong number"),
    "no_calls": N_("Wants no calls"),
    "left_out": N_("Left out"),
}


def outcome_called(name: str, titles: Mapping[str, str], language: str) -> str:
    """What a call came to, as its reader's language has it: a new hub's own words, and titles of the company's."""
    return titles.get(language) or (gettext(OUTCOMES[name]) if name in OUTCOMES else name)
