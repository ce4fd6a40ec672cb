"""One thing that stands out in a text."""

from __future__ import annotations

from dataclasses import dataclass

from hub.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Mark:
    """`said`: why it matters and what to do; `line` 0: all of the part; `stops`: it must not leave like this."""

    part: str
    said: Sentence
    line: int = 0
    stops: bool = False
