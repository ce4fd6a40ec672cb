"""How the mailboxes are: who lets us in and since when, what was read last, what a person has to do. Read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from hub.models import MailboxCursor, MailboxGrant, SenderRow, Staff
from hub.models.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mail channel. `provider` is empty where a password lets us in; `trouble` when nobody has to look."""

    name: str
    address: str
    reads: bool
    provider: str
    account: str
    granted_at: datetime | None
    granted_by: str
    refreshed_at: datetime | None
    read_at: datetime | None  # when mail was stored last
    trouble: str

    @property
    def is_open(self) -> bool:
        """Is there something to log in with?"""
        return not self.provider or self.granted_at is not None


async def listing(session: AsyncSession, channels: Mapping[str, Channel]) -> list[Mailbox]:
    """The configured mail channels by name."""
    mail = {name: channel for name, channel in sorted(channels.items()) if channel.kind is Kind.EMAIL}
    granted = select(MailboxGrant, Staff.name).join(Staff, isouter=True).where(col(MailboxGrant.channel).in_(mail))
    grants = {grant.channel: (grant, name or "") for grant, name in (await session.exec(granted)).all()}
    read = select(MailboxCursor.channel, func.max(MailboxCursor.at)).where(col(MailboxCursor.uid) > 0)
    last = dict((await session.exec(read.group_by(col(MailboxCursor.channel)))).all())
    troubles = dict((await session.exec(select(SenderRow.channel, SenderRow.trouble))).all())
    return [
        _mailbox(channel, grants.get(name, (None, "")), last.get(name), troubles.get(name, ""))
        for name, channel in mail.items()
    ]


def _mailbox(
    channel: Channel, allowed: tuple[MailboxGrant | None, str], read_at: datetime | None, trouble: str
) -> Mailbox:
    grant, by = allowed
    authority = channel.authority
    known = grant if authority else None
    return Mailbox(
        name=channel.name,
        address=channel.address.value,
        reads=channel.listener is not None,
        provider=authority.name if authority else "",
        account=authority.account if authority else "",
        granted_at=known.granted_at if known else None,
        granted_by=by if known else "",
        refreshed_at=known.refreshed_at if known else None,
        read_at=read_at,
        trouble=trouble or (known.trouble if known else ""),
    )
