"""Messages that a provider took and said nothing more of: asked for by their names.

Callbacks come once. While nobody could take them (a restart, an outage, a flood) the message would say `sending` for
ever. What the provider says now is applied as the callback would have been. No transaction is open while it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.errors import Misconfigured, Refused, TryLater
from channels.message import Receipt
from hub.database.engine import Database
from hub.interactions import receipts
from hub.interactions.reckoning import News
from hub.models import EvidenceLook, Interaction, ProviderReference
from hub.models.vocabulary import Kind, State
from hub.outbound import evidence

_log = structlog.get_logger("silent")

AT_LEAST, AT_MOST = timedelta(minutes=5), timedelta(days=2)  # without a word
_MOST = 200  # asked about in one turn


class _Silent(NamedTuple):
    id: UUID
    channel: str
    provider_id: str


async def waiting(session: AsyncSession, *, now: datetime) -> bool:
    """Whether there is anything to ask about."""
    return bool(await _silent(session, now, 1))


async def ask(database: Database, channels: Mapping[str, Channel], *, now: datetime) -> int:
    """Ask the providers about some of them; of how many there was news."""
    async with database.unit() as session:
        found = await _silent(session, now, _MOST)
    settled = 0
    for name in dict.fromkeys(one.channel for one in found):
        channel = channels.get(name)
        if channel is not None and channel.finder is not None:
            settled += await _ask_of(database, channel, [one for one in found if one.channel == name], now)
    return settled


async def _ask_of(database: Database, channel: Channel, silent: Sequence[_Silent], now: datetime) -> int:
    """One by one. A provider that does not answer now is asked again at the next turn."""
    settled = 0
    for one in silent:
        try:
            said = await _said(channel, one)
        except TryLater as e:
            _log.warning("the provider cannot be asked", channel=channel.name, error=str(e))
            break
        async with database.unit() as session:
            await evidence.note(session, [one.id], now)
            if said is not None:
                await receipts.apply_all(session, [News(channel.name, said)], now=now)
                settled += await _moved(session, one.id)
    if settled:
        _log.info("news that no callback brought", channel=channel.name, count=settled)
    return settled


async def _said(channel: Channel, one: _Silent) -> Receipt | None:
    """None when the provider does not know it (any more), or us: it is asked again, later each time."""
    assert channel.finder is not None
    try:
        return await channel.finder.ask(one.provider_id)
    except (Refused, Misconfigured) as e:
        _log.warning("the provider tells nothing of it", channel=channel.name, interaction=str(one.id), error=str(e))
        return None


async def _moved(session: AsyncSession, interaction_id: UUID) -> bool:
    state = select(Interaction.state).where(col(Interaction.id) == interaction_id)
    return (await session.exec(state)).one_or_none() != State.SENDING


async def _silent(session: AsyncSession, now: datetime, most: int) -> list[_Silent]:
    """Those never asked about first, then whose last question is the oldest. Mail servers keep no list to ask."""
    rows = (
        select(Interaction.id, ProviderReference.channel, ProviderReference.provider_id)
        .join(ProviderReference, col(ProviderReference.interaction_id) == col(Interaction.id))
        .outerjoin(EvidenceLook, evidence.SAME)
        .where(
            col(Interaction.state) == State.SENDING,
            col(Interaction.kind).in_((Kind.SMS, Kind.VOICE)),
            col(Interaction.state_at).between(now - AT_MOST, now - AT_LEAST),
            evidence.turn(now),
        )
        .order_by(col(EvidenceLook.looked_at).asc().nulls_first(), col(Interaction.id))
        .limit(most)
    )
    return [_Silent(*row) for row in await session.exec(rows)]
