"""So long before something customers are reminded of it, as forms offer it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

OFFERED: Mapping[str, tuple[timedelta, str]] = {
    "2h": (timedelta(hours=2), N_("2 hours")),
    "24h": (timedelta(hours=24), N_("24 hours")),
    "48h": (timedelta(hours=48), N_("48 hours")),
    "7d": (timedelta(days=7), N_("7 days")),
}


def chosen(ticked: Iterable[str], kept: Iterable[int] = ()) -> list[timedelta]:
    """What was ticked, and of `kept` (minutes) what no form offers: a program said it, and nobody unticked it."""
    offered = {time for time, _word in OFFERED.values()}
    others = {timedelta(minutes=minutes) for minutes in kept} - offered
    return sorted({OFFERED[one][0] for one in ticked if one in OFFERED} | others)


def ticked(minutes: Iterable[int]) -> list[str]:
    """Which of the offered ones these are."""
    times = {timedelta(minutes=one) for one in minutes}
    return [value for value, (time, _word) in OFFERED.items() if time in times]
