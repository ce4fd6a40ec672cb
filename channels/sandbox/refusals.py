"""How the pretend carrier says no."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """An answer of Twilio's API that is not a success: HTTP status, Twilio's code, its words."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
