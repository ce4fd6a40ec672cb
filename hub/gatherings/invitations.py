"""What one customer is invited to: which events, what they answered, whether they came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import case, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Gathering, Guest


@dataclass(frozen=True, slots=True)
class Invited:
    """`is_open`: the event is ahead and takes place, so an answer still counts."""

    guest: Guest
    event: Gathering
    is_open: bool


async def of(session: AsyncSession, customer_id: UUID, *, now: datetime, limit: int = 50) -> list[Invited]:
    """What is ahead, the soonest first, then what is over, the latest first."""
    at = col(Gathering.starts_at)
    ahead = at > now
    mine = select(Guest, Gathering).join(Gathering, col(Gathering.id) == col(Guest.gathering_id))
    order = (ahead.desc(), case((ahead, at)), at.desc(), col(Gathering.id))
    rows = await session.exec(mine.where(col(Guest.customer_id) == customer_id).order_by(*order).limit(limit))
    return [Invited(guest, event, event.starts_at > now and event.cancelled_at is None) for guest, event in rows]
