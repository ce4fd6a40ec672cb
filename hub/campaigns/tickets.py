"""What a campaign has waiting in the outbox: how much, and taking it out of the senders' reach."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction, Outbox
from hub.models.vocabulary import Origin, State
from hub.outbound.asking import PRIORITY

_OPEN = (State.QUEUED, State.SENDING)
_HELD = (*_OPEN, State.UNKNOWN, State.RINGING, State.TALKING)  # states in which there may be a ticket
_SEVERAL_CAMPAIGNS = 4  # share a sender: so many times the limit is looked at
_ASIDE = timedelta(days=36_525)  # a hundred years: nobody's turn, and taken off again to the second


async def waiting(session: AsyncSession, campaign_id: int, *, now: datetime, limit: int) -> int:
    """Tickets that senders may take now, counted up to `limit`; those held for the morning do not count.

    Read from what is due, of which there is little: a million that wait for the morning are not looked at.
    """
    values = {"campaign": campaign_id, "priority": PRIORITY[Origin.CAMPAIGN], "now": now}
    counted = await session.execute(_WAITING, {**values, "most": _SEVERAL_CAMPAIGNS * limit})
    return min(int(counted.scalar_one()), limit)


_WAITING = text("""
with due as materialized (
  select o.interaction_id from sender s cross join lateral (
    select interaction_id from outbox
    where sender_id = s.id and priority = :priority and lease_until is null and due_at <= :now
    order by due_at limit :most) o)
select count(*) from due join interaction i on i.id = due.interaction_id where i.campaign_id = :campaign
""")


async def unfinished(session: AsyncSession, campaign_id: int) -> bool:
    """Has any message of the campaign still to be handed over? What a provider took is no longer ours to wait for."""
    query = (
        select(Outbox.id)
        .join(Interaction, col(Interaction.id) == col(Outbox.interaction_id))
        .where(col(Interaction.campaign_id) == campaign_id, col(Interaction.state).in_(_HELD))
    )
    return (await session.exec(query.limit(1))).first() is not None


async def set_aside(session: AsyncSession, campaign_id: int, *, now: datetime) -> None:
    """Put off, by a hundred years, what nobody has begun to send."""
    await _shift(session, campaign_id, _ASIDE, now)


async def bring_back(session: AsyncSession, campaign_id: int, *, now: datetime) -> None:
    """Undo `set_aside`: everything is due when it was."""
    await _shift(session, campaign_id, -_ASIDE, now)


async def cancel(session: AsyncSession, campaign_id: int, *, now: datetime) -> int:
    """Cancel what nobody has begun to send: tickets away and interactions cancelled. How many there were."""
    tickets = delete(Outbox).where(*_untouched(campaign_id)).returning(col(Outbox.interaction_id))
    gone = list((await session.exec(tickets)).scalars())
    words: dict[str, Any] = {"state": State.CANCELLED, "state_rank": State.CANCELLED.rank, "state_at": now}
    await session.exec(update(Interaction).where(col(Interaction.id).in_(gone)).values(**words))
    return len(gone)


async def _shift(session: AsyncSession, campaign_id: int, by: timedelta, now: datetime) -> None:
    """Only what lies on the other side is moved: doing it twice is doing it once."""
    border = now + _ASIDE / 2
    near = col(Outbox.due_at) < border if by > timedelta(0) else col(Outbox.due_at) >= border
    tickets = update(Outbox).where(*_untouched(campaign_id), near)
    await session.exec(tickets.values(due_at=col(Outbox.due_at) + by))


def _untouched(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    """Tickets in nobody's hands. One that is being claimed at this instant is waited for, and then left alone."""
    mine = select(Interaction.id).where(col(Interaction.campaign_id) == campaign_id, col(Interaction.state).in_(_OPEN))
    return (col(Outbox.lease_until).is_(None), col(Outbox.interaction_id).in_(mine))
