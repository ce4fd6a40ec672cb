"""What cannot be part of a brand."""

from __future__ import annotations

from hub.sentences import Sentence


class BrandProblem(ValueError):
    """Says why, and what to do; `field` names what it is about."""

    def __init__(self, field: str, said: Sentence) -> None:
        super().__init__(said)
        self.field, self.said = field, said
