"""How the channels are: what each one waits with, and what a person has to mend. Read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from hub.models import Outbox, SenderRow
from hub.models.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One configured channel. `trouble` is empty when nobody has to look; `waiting` counts unsent messages."""

    name: str
    kind: Kind
    address: str
    rate: float  # messages a second
    waiting: int
    paused_until: datetime | None
    trouble: str


async def listing(session: AsyncSession, channels: Mapping[str, Channel], *, now: datetime) -> list[Line]:
    """The configured channels by name. Rows of channels that are configured no longer are left out."""
    waiting = select(Outbox.sender_id, func.count()).group_by(col(Outbox.sender_id))
    counts = dict((await session.exec(waiting)).all())
    rows = (await session.exec(select(SenderRow).order_by(SenderRow.channel))).all()
    return [
        _line(row, channels[row.channel], counts.get(row.id or 0, 0), now) for row in rows if row.channel in channels
    ]


def _line(row: SenderRow, channel: Channel, waiting: int, now: datetime) -> Line:
    paused = row.paused_until if row.paused_until and row.paused_until > now else None
    return Line(row.channel, row.kind, channel.address.value, row.rate, waiting, paused, row.trouble)
