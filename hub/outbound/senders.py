"""The configured channels as senders: how fast each may send, and what keeps it from sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import case, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import SenderRow
from hub.models.vocabulary import Kind, Unit

MAILBOX = "mailbox: "  # how trouble with reading begins: sending neither causes nor ends it


@dataclass(frozen=True, slots=True)
class Limits:
    """Beside rate and burst. `daily_cap` counts everything; greetings and campaigns stop `reserve` units before it.

    `ramp` caps the first days, counted from the first message; `zone` is whose midnight ends a day.
    """

    unit: Unit = Unit.MESSAGES
    daily_cap: int | None = None
    reserve: int = 0
    ramp: tuple[int, ...] = ()
    zone: str = "UTC"


_FREE = Limits()


async def register(
    session: AsyncSession,
    channel: str,
    kind: Kind,
    *,
    rate: float,
    burst: float,
    now: datetime,
    limits: Limits = _FREE,
) -> None:
    """Make the channel's row, with its whole burst to spend, or bring rate (units a second), burst and limits up to
    date. What it has spent today, and how slow the provider made it, stays.
    """
    rested = now - timedelta(seconds=burst / rate)
    set_up = {"kind": kind, "rate": rate, "burst": burst, **_columns(limits)}
    row = insert(SenderRow).values(channel=channel, tat=rested, trouble="", pace=1.0, used=0, **set_up)
    began = case((func.cardinality(row.excluded.ramp) > 0, col(SenderRow.ramp_from)), else_=None)
    changed = {name: row.excluded[name] for name in set_up} | {"ramp_from": began}
    await session.exec(row.on_conflict_do_update(index_elements=["channel"], set_=changed))


def _columns(limits: Limits) -> dict[str, object]:
    return {field.name: getattr(limits, field.name) for field in fields(limits)} | {"ramp": list(limits.ramp)}


async def ids(session: AsyncSession) -> Mapping[str, int]:
    """Sender rows by channel name."""
    rows = await session.exec(select(SenderRow.channel, SenderRow.id))
    return {channel: number for channel, number in rows if number is not None}


async def pause(session: AsyncSession, sender_id: int, rest: timedelta, *, trouble: str = "") -> None:
    """Let nothing leave through this sender for so long, by the database's clock, and not less than it was to rest
    already; `trouble` is what a person has to mend.
    """
    until = func.greatest(SenderRow.paused_until, func.clock_timestamp() + rest)
    values = {"paused_until": until} | ({"trouble": trouble} if trouble else {})
    await session.exec(update(SenderRow).where(col(SenderRow.id) == sender_id).values(**values))


async def mended(session: AsyncSession, sender_id: int) -> None:
    """It sends again: nobody has to look any more. Trouble with reading its mailbox is not over by that."""
    troubled = (col(SenderRow.trouble) != "", ~col(SenderRow.trouble).startswith(MAILBOX))
    await session.exec(
        update(SenderRow).where(col(SenderRow.id) == sender_id, *troubled).values(trouble="", paused_until=None)
    )


async def relieve(session: AsyncSession, channel: str) -> None:
    """Somebody has done what its trouble asked for: it sends and is read again, or says anew what is wrong."""
    row = update(SenderRow).where(col(SenderRow.channel) == channel)
    await session.exec(row.values(trouble="", paused_until=None))
    await live.publish(session, "sender", channel=channel)
    await live.publish(session, "outbox", channel=channel)
