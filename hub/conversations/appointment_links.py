"""The address at which a customer answers a reminder: signed, and good for as long as the appointment is ahead."""

from __future__ import annotations

from datetime import datetime

from hub.outbound.asking import Gate
from hub.signing import Signer

_SIGNED = "appointment"
_LONGEST = 100


def address(gate: Gate, appointment_id: int) -> str:
    """The same every time: a reminder that was kept leads to the appointment as it is now."""
    return f"{gate.public_url}/a/{gate.signer.sign(_SIGNED, str(appointment_id))}"


def read(signer: Signer, token: str, *, now: datetime) -> int | None:
    """None when the token is forged or meant for something else."""
    value = signer.read(_SIGNED, token, now=now) if len(token) <= _LONGEST else None
    return int(value) if value is not None else None
