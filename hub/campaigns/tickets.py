"""What a campaign has waiting in the outbox: how much, and having it follow what becomes of the campaign."""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign, Interaction, Outbox
from hub.models.vocabulary import CampaignState, State
from hub.outbound.outbox import ASIDE

_OPEN = (State.QUEUED, State.SENDING)
_HELD = (*_OPEN, State.UNKNOWN, State.RINGING, State.TALKING)  # states in which there may be a ticket
_AT_ONCE = 500  # tickets that follow in the transaction of a change of state: a matter of milliseconds
SLICE = 5_000


async def waiting(session: AsyncSession, campaign_id: int, *, now: datetime, limit: int) -> int:
    """Tickets that senders may take now, counted up to `limit`; those held for the morning do not count."""
    return await _counted(session, campaign_id, limit, col(Outbox.due_at) <= now)


async def held(session: AsyncSession, campaign_id: int, *, now: datetime, limit: int) -> int:
    """Tickets whose time is yet to come, counted up to `limit`; those set aside do not count."""
    return await _counted(session, campaign_id, limit, col(Outbox.due_at) > now, col(Outbox.due_at) < border(now))


async def unfinished(session: AsyncSession, campaign_id: int, *, versions: Collection[int] | None = None) -> bool:
    """Has any message of the campaign, or any in these words, still to be handed over?

    What a provider took is no longer ours to wait for.
    """
    query = (
        select(Outbox.id)
        .join(Interaction, col(Interaction.id) == col(Outbox.interaction_id))
        .where(col(Interaction.campaign_id) == campaign_id, col(Interaction.state).in_(_HELD))
    )
    if versions is not None:
        query = query.where(col(Interaction.template_version_id).in_(versions))
    return (await session.exec(query.limit(1))).first() is not None


async def strayed(session: AsyncSession, *, now: datetime, recent: datetime) -> list[int]:
    """Campaigns of which a ticket lies where their state does not want it. `recent`: older cancellations are settled.

    One look into an index for every campaign: nothing is read where all is well.
    """
    values = {"border": border(now), "recent": recent}
    return list((await session.execute(_STRAYED, values)).scalars())


async def follow(session: AsyncSession, campaign: Campaign, *, now: datetime, limit: int = _AT_ONCE) -> bool:
    """Let up to `limit` tickets do what their campaign does, those due first; True: there may be more.

    Paused: set aside, a hundred years off. Running: brought back, due when they were. Cancelled: taken away. What is
    in a sender's hands is left alone: `preparing` and the next look see to it.
    """
    values = {"campaign": campaign.id, "border": border(now), "aside": ASIDE, "limit": limit}
    if campaign.state is CampaignState.CANCELLED:
        return await _cancel(session, values, now) == limit
    statement = {CampaignState.PAUSED: _SET_ASIDE, CampaignState.RUNNING: _BRING_BACK}.get(campaign.state)
    return statement is not None and len((await session.execute(statement, values)).all()) == limit


def border(now: datetime) -> datetime:
    """What is due beyond it was set aside."""
    return now + ASIDE / 2


async def _cancel(session: AsyncSession, values: Mapping[str, Any], now: datetime) -> int:
    """One that may have left already stays unknown: the log does not claim what is not so."""
    gone = list((await session.execute(_TAKE_AWAY, values)).scalars())
    words: dict[str, Any] = {"state": State.CANCELLED, "state_rank": State.CANCELLED.rank, "state_at": now}
    waited = update(Interaction).where(col(Interaction.id).in_(gone), col(Interaction.state).in_(_OPEN))
    await session.exec(waited.values(**words))
    return len(gone)


async def _counted(session: AsyncSession, campaign_id: int, limit: int, *when: ColumnElement[bool]) -> int:
    mine = select(Outbox.id).where(col(Outbox.campaign_id) == campaign_id, col(Outbox.lease_until).is_(None), *when)
    return (await session.exec(select(func.count()).select_from(mine.limit(limit).subquery()))).one()


def _next(side: str) -> str:
    return f"""
with "next" as materialized (
  select id from outbox where campaign_id = :campaign and lease_until is null {side}
  order by due_at limit :limit for update skip locked)"""


_SET_ASIDE = text(f"""{_next("and due_at < :border")}
update outbox o set due_at = o.due_at + cast(:aside as interval) from "next" where o.id = "next".id returning 1""")

_BRING_BACK = text(f"""{_next("and due_at >= :border")}
update outbox o set due_at = o.due_at - cast(:aside as interval) from "next" where o.id = "next".id returning 1""")

_TAKE_AWAY = text(f"""{_next("")}
delete from outbox o using "next" where o.id = "next".id returning o.interaction_id""")

_AT_HAND = "exists (select from outbox o where o.campaign_id = c.id and o.lease_until is null"

_STRAYED = text(f"""
select c.id from campaign c
where c.state = 'paused' and {_AT_HAND} and o.due_at < :border)
  or c.state = 'running' and {_AT_HAND} and o.due_at >= :border)
  or c.state = 'cancelled' and c.finished_at > :recent and {_AT_HAND})
order by c.id""")
