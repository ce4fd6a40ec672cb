"""The addresses at which customers decide what they get: signed, short enough for an SMS, good for three months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from hub.outbound.asking import Gate
from hub.signing import Signer

PREFERENCES = "preferences"  # the signer's purpose
HOLDS = timedelta(days=90)
_DAY = 5  # hexadecimal digits of a day's number, the day 1 being 1 January of the year 1


@dataclass(frozen=True, slots=True)
class Link:
    """A genuine link: whose it is, and whether its time is over."""

    customer_id: UUID
    is_over: bool


def address(gate: Gate, customer_id: UUID, *, now: datetime, holds: timedelta = HOLDS) -> str:
    """The public address of this customer's preference centre. The same all day: the last day it holds is signed."""
    last = _last(now, holds)
    return f"{gate.public_url}/p/{gate.signer.link_token(PREFERENCES, customer_id, last)}{last}"


@lru_cache(maxsize=16)  # many are written at the same moment
def _last(now: datetime, holds: timedelta) -> str:
    return f"{(now + holds).astimezone(UTC).date().toordinal():0{_DAY}x}"


def read(signer: Signer, token: str, *, now: datetime) -> Link | None:
    """None when the token is forged or meant for something else."""
    spelled, last = token[:-_DAY], token[-_DAY:]
    customer_id = signer.read_link_token(PREFERENCES, spelled, last)
    if customer_id is None:
        return None
    return Link(customer_id, now.astimezone(UTC).date() > date.fromordinal(int(last, 16)))
