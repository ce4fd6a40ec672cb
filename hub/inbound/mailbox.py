"""What keeps a mailbox from being read, shown to the person who can mend it."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import SenderRow

_MARK = "mailbox: "  # what else troubles this channel is not ours to clear


async def trouble(session: AsyncSession, channel: str, words: str) -> None:
    """Show this on the start page until the mailbox is well again."""
    row = update(SenderRow).where(col(SenderRow.channel) == channel)
    await session.exec(row.values(trouble=f"{_MARK}{words}"[:1000]))
    await live.publish(session, "sender", channel=channel)


async def well(session: AsyncSession, channel: str) -> None:
    """The mailbox can be read."""
    row = update(SenderRow).where(col(SenderRow.channel) == channel, col(SenderRow.trouble).startswith(_MARK))
    if (await session.exec(row.values(trouble=""))).rowcount:
        await live.publish(session, "sender", channel=channel)
