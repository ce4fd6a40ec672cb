"""Words that are kept by language, for people outside: which of them somebody reads. The desk has its catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

W = TypeVar("W")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """What every page for people outside has to say, in one language."""

    language: str
    title: str
    broken: str  # its link leads nowhere
    away: str  # the database is


def in_language(table: Mapping[str, W], *languages: str) -> W:
    """In the first of these languages that has words, else in English."""
    return next((table[code] for code in languages if code in table), table["en"])
