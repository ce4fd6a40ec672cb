"""A mail that cannot be read is still somebody's word: a card in the log says who wrote, about what, and why no more.

The whole mail lies with it as a file (requirement M8); reading it again once that is possible adds what it says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import reader
from channels.adapter import Channel
from channels.errors import ChannelError
from channels.message import Attachment, Inbound
from hub.inbound import messages
from hub.inbound.reception import Reception

UNREADABLE = "this mail could not be read whole"
FILE = "mail.eml"


async def of(mail: bytes, channel: Channel, why: str) -> Inbound | None:
    """What its header alone says; None when not even that can be read, or no listener of the channel can."""
    if channel.listener is None:
        return None
    try:
        events = await channel.listener.read(reader.header_only(mail))
    except ChannelError:
        return None
    word = next((event for event in events if isinstance(event, Inbound)), None)
    if word is None:
        return None
    whole = Attachment(FILE, "message/rfc822", mail)
    return replace(word, text="", html="", attachments=(whole,), problems=(why, *word.problems))


async def put(
    session: AsyncSession, card: Inbound, channel: Channel, reception: Reception, *, quiet: bool, now: datetime
) -> UUID | None:
    """Into the log, where its conversation asks a person to look. None when a machine wrote it."""
    return await messages.take(session, channel, card, reception, now=now, quiet=quiet, flag=UNREADABLE)
