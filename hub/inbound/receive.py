"""The way in. Only from here do a provider's events become rows, inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import CallEvent, Event, Inbound, Receipt, Script
from hub.database.purity import storable
from hub.inbound import calls, messages
from hub.inbound.messages import store_files
from hub.inbound.processing import process
from hub.inbound.raw import cursors, keep
from hub.inbound.reception import Reception
from hub.interactions import receipts

__all__ = ["Reception", "answer", "cursors", "keep", "process", "receive", "store_files"]


async def receive(
    session: AsyncSession,
    channel: Channel,
    event: Event,
    reception: Reception,
    *,
    now: datetime,
    quiet: bool = False,
    flag: str = "",
) -> UUID | None:
    """Keep what happened, once, and do what follows from it; the interaction it belongs to.

    Its files are stored already (`store_files`). None for news of something nobody knows (yet). `quiet`: an archive
    is read in, nobody is told and nothing answered.
    """
    event = storable(event)
    match event:
        case Inbound():
            return await messages.take(session, channel, event, reception, now=now, quiet=quiet, flag=flag)
        case Receipt():
            return await receipts.apply(session, channel, event, signer=reception.gate.signer, now=now)
        case CallEvent():
            return await calls.note(session, channel, event, reception, now=now)


async def answer(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, *, now: datetime
) -> tuple[Script, str]:
    """For events that ask: keep what happened, and say what the call does next. The token names the call."""
    return await calls.answer(session, channel, storable(event), reception, now=now)
