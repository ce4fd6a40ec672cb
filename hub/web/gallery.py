"""The pictures of a mail: its own ones always, those that lie elsewhere only when a reader asks, through our proxy.

A frame has no origin and so no cookies: every picture's address is a signed token that holds for an hour or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape, unescape
from urllib.parse import unquote
from uuid import UUID

from hub.interactions.history import File
from hub.signing import Signer

PURPOSE = "picture"
MOST = 300  # in one mail
_LONGEST = 2_000  # characters of an address
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass(frozen=True, slots=True)
class Hung:
    """The page with its pictures in place, and how many of those from elsewhere were left out."""

    page: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Gallery:
    """What one mail may show: its own files by Content-ID, and pictures from elsewhere if `remote`."""

    signer: Signer
    own: dict[str, UUID]
    remote: bool
    expires: datetime

    def hang(self, page: str, mark: str) -> Hung:
        """Replace every marked source by the address of the picture, or by nothing."""
        left_out, seen = 0, 0

        def place(found: re.Match[str]) -> str:
            nonlocal left_out, seen
            seen += 1
            source = unescape(found[1])
            value = self._value(source) if seen <= MOST else ""
            left_out += not value and not source.lower().startswith("cid:")
            return f'src="{self._address(value)}"'

        return Hung(re.sub(rf'src="{re.escape(mark)}([^"]*)"', place, page), left_out)

    def _value(self, source: str) -> str:
        """What the token says: `own:` and the file's id, or an address elsewhere; empty for nothing to show."""
        if source.lower().startswith("cid:"):
            file_id = self.own.get(unquote(source[4:]))
            return f"own:{file_id}" if file_id else ""
        return source if self.remote and len(source) <= _LONGEST else ""

    def _address(self, value: str) -> str:
        return f"/pictures/{escape(self.signer.sign(PURPOSE, value, expires=self.expires))}" if value else _NOTHING


def address(signer: Signer, file_id: UUID, *, now: datetime) -> str:
    """Where a browser finds one picture of ours, from `now` on for an hour or two."""
    return f"/pictures/{signer.sign(PURPOSE, f'own:{file_id}', expires=_expiry(now))}"


def _expiry(now: datetime) -> datetime:
    """The same within the hour, so that browsers may keep what they have."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)


def gallery(signer: Signer, files: Iterable[File], *, remote: bool, now: datetime) -> Gallery:
    """The pictures a mail may show from `now` on."""
    return Gallery(signer, {file.content_id: file.id for file in files if file.content_id}, remote, _expiry(now))
