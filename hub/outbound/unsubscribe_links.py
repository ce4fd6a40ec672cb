"""The addresses at which a customer stops one purpose on one channel (requirement U2): signed, and good for ever."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.models.vocabulary import Kind, Purpose
from hub.outbound.asking import Gate
from hub.signing import Signer

UNSUBSCRIBE = "unsubscribe"  # the signer's purpose
_PURPOSES = {Purpose.SERVICE: "s", Purpose.REMINDERS: "r", Purpose.GREETINGS: "g", Purpose.MARKETING: "m"}
_KINDS = {Kind.EMAIL: "e", Kind.SMS: "s", Kind.VOICE: "v"}
_MEANS = {_PURPOSES[purpose] + _KINDS[kind]: (purpose, kind) for purpose in Purpose for kind in Kind}


@dataclass(frozen=True, slots=True)
class Link:
    """What it stops, and for whom."""

    customer_id: UUID
    purpose: Purpose
    channel: Kind


def address(gate: Gate, customer_id: UUID, purpose: Purpose, kind: Kind) -> str:
    """The public address at which this customer stops this purpose on this channel. Short, as an SMS holds it too."""
    about = _PURPOSES[purpose] + _KINDS[kind]
    return f"{gate.public_url}/u/{gate.signer.link_token(UNSUBSCRIBE, customer_id, about)}{about}"


def read(signer: Signer, token: str) -> Link | None:
    """None when the token is forged or meant for something else."""
    spelled, about = token[:-2], token[-2:]
    customer_id = signer.read_link_token(UNSUBSCRIBE, spelled, about)
    return Link(customer_id, *_MEANS[about]) if customer_id is not None and about in _MEANS else None
