"""How the channels are: what each one waits with, and what a person has to mend. Read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from hub.models import Outbox, SenderRow
from hub.models.vocabulary import Kind, Unit


@dataclass(frozen=True, slots=True)
class Line:
    """One configured channel. `trouble` is empty when nobody has to look; `waiting` counts unsent messages.

    `rate` and `burst` count `unit`, and so do `used` (today, in the company's zone) and `cap`, which is today's; None:
    there is none. `pace` below 1: the provider asked for less. `ramp_day` None: it is not warming up.
    """

    name: str
    kind: Kind
    address: str
    rate: float  # a second
    waiting: int
    paused_until: datetime | None
    trouble: str
    burst: float
    unit: Unit
    pace: float
    used: int
    cap: int | None
    reserve: int
    ramp_day: int | None
    ramp_days: int

    @property
    def full(self) -> bool:
        """Greetings and campaigns wait for tomorrow."""
        return self.cap is not None and self.used >= self.cap - self.reserve


async def listing(session: AsyncSession, channels: Mapping[str, Channel], *, now: datetime) -> list[Line]:
    """The configured channels by name. Rows of channels that are configured no longer are left out."""
    waiting = select(Outbox.sender_id, func.count()).group_by(col(Outbox.sender_id))
    counts = dict((await session.exec(waiting)).all())
    rows = (await session.exec(select(SenderRow).order_by(SenderRow.channel))).all()
    return [
        _line(row, channels[row.channel], counts.get(row.id or 0, 0), now) for row in rows if row.channel in channels
    ]


def _line(row: SenderRow, channel: Channel, waiting: int, now: datetime) -> Line:
    today = now.astimezone(ZoneInfo(row.zone)).date()
    day = max((today - (row.ramp_from or today)).days + 1, 1)
    ramping = day <= len(row.ramp)
    caps = [*([row.daily_cap] if row.daily_cap else []), *row.ramp[day - 1 : day]]
    counted = row.day is not None and today <= row.day <= today + timedelta(days=1)  # as outbox claims
    return Line(
        name=row.channel,
        kind=row.kind,
        address=channel.address.value,
        rate=row.rate,
        waiting=waiting,
        paused_until=row.paused_until if row.paused_until and row.paused_until > now else None,
        trouble=row.trouble,
        burst=row.burst,
        unit=row.unit,
        pace=row.pace,
        used=row.used if counted else 0,
        cap=min(caps, default=None),
        reserve=row.reserve,
        ramp_day=day if ramping else None,
        ramp_days=len(row.ramp),
    )
