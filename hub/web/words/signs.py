"""A word as a sign: what the tables of this package are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)


class Sign(NamedTuple):
    """A word for people, an icon of the sprite, and a tone that the style sheet colours."""

    word: str
    icon: str
    tone: str = "quiet"


UNKNOWN = Sign(N_("unknown"), "help-circle", "warn")


def sign(table: Mapping[str, Sign], word: str) -> Sign:
    """The entry of a word; one that is not in the table is shown as it is, never hidden."""
    return table.get(word) or UNKNOWN._replace(word=word or UNKNOWN.word)
