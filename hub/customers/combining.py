"""What one card says when two are made one, and what it says when they are taken apart again. Pure.

Cards are rows of `customer` as JSON. Nobody is written to more often for having been two: the stricter word counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Row = Mapping[str, Any]

# What a person may choose between, and the columns that go together.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "given_name": ("given_name",),
    "language": ("language",),
    "timezone": ("timezone",),
    "country": ("country", "culture"),
    "birthday": ("birth_year", "birth_month", "birth_day"),
    "external_id": ("external_id",),
    "owner": ("owner_id",),
    "quiet_hours": ("quiet_from", "quiet_until"),
}
FLAGS = ("vip", "do_not_contact", "deceased", "untracked")


def combined(winner: Row, loser: Row, *, kept: Collection[str] = ()) -> dict[str, Any]:
    """The winner's columns that change. `kept`: the choices that are the loser's; what is empty is filled anyway."""
    values: dict[str, Any] = {}
    for choice, columns in CHOICES.items():
        if choice in kept or _empty(winner, columns) or (choice == "name" and _unnamed(winner, loser)):
            values |= {column: loser[column] for column in columns} if not _empty(loser, columns) else {}
    values |= {flag: bool(winner[flag] or loser[flag]) for flag in FLAGS}
    values["provisional"] = bool(winner["provisional"] and loser["provisional"])
    values["labels"] = list(dict.fromkeys([*winner["labels"], *loser["labels"]]))
    values["attributes"] = {**loser["attributes"], **winner["attributes"]}
    values["dissatisfied_until"] = max(filter(None, (winner[_UNHAPPY], loser[_UNHAPPY])), default=None)
    values |= _pause(winner, loser)
    return {column: value for column, value in values.items() if value != winner[column]}


def parted(now: Row, before: Row, after: Row, others: Collection[Row]) -> dict[str, Any]:
    """The winner's columns as they go back: those that nobody has changed since, and of lists what came with the loser.

    `others`: who is still part of the winner, whose word counts on.
    """
    values: dict[str, Any] = {}
    for column in before:
        if column == "labels":
            values[column] = _less(now, before, after, _labels(others))
        elif column == "attributes":
            values[column] = _without(now[column], before[column], after[column])
        elif column in FLAGS:
            values[column] = now[column] and (now[column] != after[column] or any(one[column] for one in others))
        elif now[column] == after[column]:
            values[column] = before[column]
    return {column: value for column, value in values.items() if value != now[column]}


def inherited(fields: Mapping[str, Row], stays: Row, leaving: Mapping[str, Row]) -> dict[str, dict[str, Any]]:
    """What a merge that stays remembers when another leaves: of a flag or label that both brought, only the first
    changed the card, and the last has to take it away.
    """
    before, after = dict(fields["before"]), dict(fields["after"])
    for flag in FLAGS:
        if flag in leaving["before"] and stays[flag] and flag not in before:
            before[flag], after[flag] = leaving["before"][flag], True
    gone = {label for label in leaving["after"].get("labels", ()) if label not in leaving["before"]["labels"]}
    if both := [label for label in stays["labels"] if label in gone]:
        known = [label for label in before.get("labels", ()) if label not in both]
        before["labels"], after["labels"] = known, [*known, *after.get("labels", ()), *both]
    return {"before": before, "after": after}


def fresher(winner: Row, loser: Row) -> bool:
    """Is the loser's word the better guess where the two cards differ? Somebody has looked at it, or it is newer."""
    if winner["provisional"] != loser["provisional"]:
        return bool(winner["provisional"])
    return bool(loser["updated_at"] > winner["updated_at"])


_UNHAPPY = "dissatisfied_until"
_EVER = "1970-01-01T00:00:00+00:00"


def _empty(row: Row, columns: Collection[str]) -> bool:
    return all(row[column] in (None, "") for column in columns)


def _unnamed(winner: Row, loser: Row) -> bool:
    """A stranger is called what their mail said, or by their address."""
    return bool(winner["provisional"] and not loser["provisional"])


def _pause(winner: Row, loser: Row) -> dict[str, Any]:
    """From the earlier to the later; None is always, on either side, unless there is no pause at all."""
    pauses = [row for row in (winner, loser) if row["paused_from"] or row["paused_until"]]
    if not pauses:
        return {}
    begins, ends = [row["paused_from"] for row in pauses], [row["paused_until"] for row in pauses]
    begin, end = None if None in begins else min(begins), None if None in ends else max(ends)
    return {"paused_from": begin if begin or end else _EVER, "paused_until": end}


def _labels(others: Collection[Row]) -> set[str]:
    return {label for one in others for label in one["labels"]}


def _less(now: Row, before: Row, after: Row, meant_still: Collection[str]) -> list[str]:
    brought = set(after["labels"]) - set(before["labels"]) - set(meant_still)
    left = [label for label in now["labels"] if label not in brought]
    return before["labels"] if set(left) == set(before["labels"]) else left


def _without(now: Row, before: Row, after: Row) -> dict[str, Any]:
    """Attributes that came with the loser go, unless somebody has written something else there."""
    brought = {name for name in after if name not in before}
    return {name: value for name, value in now.items() if name not in brought or value != after[name]}
