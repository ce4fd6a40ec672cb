"""What customers did elsewhere, as other programs tell it: bought, booked, came by. Append-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import CustomerEvent

MOST = 10_000  # of one customer


@dataclass(frozen=True, slots=True)
class Event:
    """`key` is the program's own number of it: told twice, kept once. Without one, each moment is another."""

    customer_id: UUID
    name: str
    at: datetime
    key: str = ""


async def record(session: AsyncSession, event: Event) -> bool:
    """Keep it; False when it was told before. The customer has to exist."""
    key = event.key or event.at.isoformat()
    row = insert(CustomerEvent).values(customer_id=event.customer_id, name=event.name, key=key, at=event.at)
    kept = await session.exec(row.on_conflict_do_nothing().returning(col(CustomerEvent.id)))
    return kept.first() is not None


async def too_many(session: AsyncSession, customer_id: UUID) -> bool:
    """Is as much kept of this customer as may be?"""
    kept = select(CustomerEvent.id).where(col(CustomerEvent.customer_id) == customer_id)
    return (await session.exec(kept.offset(MOST - 1).limit(1))).first() is not None


async def of(session: AsyncSession, customer_id: UUID, *, limit: int = 100) -> list[CustomerEvent]:
    """The newest first."""
    rows = select(CustomerEvent).where(col(CustomerEvent.customer_id) == customer_id)
    order = (col(CustomerEvent.at).desc(), col(CustomerEvent.id).desc())
    return list(await session.exec(rows.order_by(*order).limit(limit)))
