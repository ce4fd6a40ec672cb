"""Rows of the log as tests put them there, without the ways in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from hub.clock import uuid7
from hub.models import Interaction
from hub.models.vocabulary import Direction, Kind, Origin, State


def heard(customer_id: UUID, at: datetime, **more: Any) -> Interaction:
    """A mail from a customer, unless `more` says otherwise."""
    return _row(customer_id, at, {"direction": Direction.IN, "origin": Origin.CUSTOMER, "state": State.RECEIVED} | more)


def said(customer_id: UUID, at: datetime, **more: Any) -> Interaction:
    """A mail that an agent has sent, unless `more` says otherwise."""
    return _row(customer_id, at, {"direction": Direction.OUT, "origin": Origin.AGENT, "state": State.SENT} | more)


def _row(customer_id: UUID, at: datetime, fields: dict[str, Any]) -> Interaction:
    plain = {"id": uuid7(at), "kind": Kind.EMAIL, "channel": "mail", "state_rank": fields["state"].rank}
    return Interaction(customer_id=customer_id, at=at, state_at=at, **{**plain, **fields})
