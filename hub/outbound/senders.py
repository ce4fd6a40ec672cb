"""The configured channels as senders: how fast each may send, and what keeps it from sending."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import SenderRow
from hub.models.vocabulary import Kind

MAILBOX = "mailbox: "  # how trouble with reading begins: sending neither causes nor ends it


async def register(
    session: AsyncSession, channel: str, kind: Kind, *, rate: float, burst: float, now: datetime
) -> None:
    """Make the channel's row, with its whole burst to spend, or bring rate (messages a second) and burst up to date."""
    rested = now - timedelta(seconds=burst / rate)
    row = insert(SenderRow).values(channel=channel, kind=kind, rate=rate, burst=burst, tat=rested, trouble="")
    limits = {"kind": row.excluded.kind, "rate": row.excluded.rate, "burst": row.excluded.burst}
    await session.exec(row.on_conflict_do_update(index_elements=["channel"], set_=limits))


async def ids(session: AsyncSession) -> Mapping[str, int]:
    """Sender rows by channel name."""
    rows = await session.exec(select(SenderRow.channel, SenderRow.id))
    return {channel: number for channel, number in rows if number is not None}


async def pause(session: AsyncSession, sender_id: int, until: datetime, *, trouble: str = "") -> None:
    """Let nothing leave through this sender before `until`; `trouble` is what a person has to mend."""
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
