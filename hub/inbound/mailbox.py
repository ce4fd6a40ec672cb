"""What keeps a mailbox from being read, shown to the person who can mend it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.database.engine import fetch
from hub.models import SenderRow
from hub.outbound.senders import MAILBOX


async def trouble(session: AsyncSession, channel: str, words: str) -> None:
    """Show this on the start page until the mailbox is well again. What keeps the channel from sending goes first."""
    said = f"{MAILBOX}{words}"[:1000]
    free = (col(SenderRow.trouble) == "") | col(SenderRow.trouble).startswith(MAILBOX)
    row = update(SenderRow).where(col(SenderRow.channel) == channel, free, col(SenderRow.trouble) != said)
    if (await session.exec(row.values(trouble=said))).rowcount:
        await live.publish(session, "sender", channel=channel)


async def standing(session: AsyncSession, channel: str, hitches: Mapping[str, str]) -> None:
    """The mailbox is listened to; `hitches` says what is the matter with those of its folders that cannot be read."""
    if hitches:
        await trouble(session, channel, "; ".join(f"folder {name}: {words}" for name, words in hitches.items()))
    else:
        await well(session, channel)


async def well(session: AsyncSession, channel: str) -> None:
    """The mailbox can be read."""
    if await fetch(session, _WELL, channel, MAILBOX):
        await live.publish(session, "sender", channel=channel)


_WELL = """
update sender set trouble = '' where channel = $1 and starts_with(trouble, $2) returning channel
"""
