"""The address at which a guest answers an invitation: signed, and good until the event begins."""

from __future__ import annotations

from datetime import datetime

from hub.outbound.asking import Gate
from hub.signing import Signer

_SIGNED = "guest"
_LONGEST = 100


def address(gate: Gate, guest_id: int) -> str:
    """The same every time."""
    return f"{gate.public_url}/e/{gate.signer.sign(_SIGNED, str(guest_id))}"


def read(signer: Signer, token: str, *, now: datetime) -> int | None:
    """None when the token is forged or meant for something else."""
    value = signer.read(_SIGNED, token, now=now) if len(token) <= _LONGEST else None
    return int(value) if value is not None else None
