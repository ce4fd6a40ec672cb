"""What the gate is not asked about, because no customer is written to: tests, letters to colleagues, and the question
to whoever signs up whether it was they. Each decides by itself whom it may go to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.customers import directory
from hub.models import Customer, Interaction
from hub.models.columns import defaults
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, State
from hub.outbound.rendering import Rendered


@dataclass(frozen=True, slots=True)
class Route:
    """`channel` is a name of the configuration; `recipient` an address in canonical spelling."""

    kind: Kind
    channel: str
    recipient: str


def row(
    said: Rendered, route: Route, customer_id: UUID, origin: Origin, why: str, *, now: datetime, occasion: str = ""
) -> Interaction:
    """The log's row, still to be added and to get its ticket. The purpose is service: it counts for no cap, needs no
    consent and offers no way out of anything.
    """
    return Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer_id,
        direction=Direction.OUT,
        kind=route.kind,
        channel=route.channel,
        origin=origin,
        purpose=Purpose.SERVICE,
        state=State.QUEUED,
        state_rank=State.QUEUED.rank,
        state_at=now,
        recipient=route.recipient,
        subject=said.subject,
        body_text=said.text,
        body_html=said.html,
        closing=said.closing,
        language=said.language,
        content_hash=said.sha256,
        trace=[why],
        occasion=occasion,
    )


async def card(session: AsyncSession, external_id: str, name: str, *, now: datetime) -> Customer:
    """Every message belongs to somebody in the log: a card of nobody's, for those that belong to no customer."""
    known = await directory.find_external(session, external_id)
    if known is not None:
        return known
    values = dict(defaults(Customer)) | {"name": name, "external_id": external_id, "do_not_contact": True}
    made = {**values, "id": uuid7(now), "created_at": now, "updated_at": now}
    await session.exec(insert(Customer).values(**made).on_conflict_do_nothing())
    return cast("Customer", await directory.find_external(session, external_id))
