"""What owners of mailboxes allowed: one refresh token per channel, sealed. It is in clear only where it is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import MailboxGrant
from hub.outbound import senders
from hub.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Grant:
    """`refresh` is empty when it was sealed under a secret that we do not have (any more)."""

    granted_at: datetime
    refresh: str = field(repr=False)


async def find(session: AsyncSession, sealer: Sealer, channel: str) -> Grant | None:
    row = (await session.exec(select(MailboxGrant).where(MailboxGrant.channel == channel))).first()
    return None if row is None else Grant(row.granted_at, sealer.open(_subject(channel), row.sealed) or "")


async def keep(
    session: AsyncSession, sealer: Sealer, channel: str, refresh: str, *, by: int | None, now: datetime
) -> None:
    """The owner has allowed it (again). Whatever the channel was in trouble for may be over."""
    sealed = sealer.seal(_subject(channel), refresh)
    values = {"sealed": sealed, "granted_at": now, "granted_by": by, "refreshed_at": None, "trouble": ""}
    row = insert(MailboxGrant).values(channel=channel, **values)
    await session.exec(row.on_conflict_do_update(index_elements=["channel"], set_=values))
    await senders.relieve(session, channel)
    await live.publish(session, "mailbox", channel=channel)


async def renewed(
    session: AsyncSession, sealer: Sealer, channel: str, used: Grant, refresh: str, *, now: datetime
) -> None:
    """An access token was given for `used`, and perhaps a new refresh token. One that came meanwhile is not lost.

    Sealed anew in any case: so a hub's new secret takes over from the previous one.
    """
    row = await _locked(session, channel)
    if row is None or row.granted_at != used.granted_at or sealer.open(_subject(channel), row.sealed) != used.refresh:
        return
    row.sealed, row.refreshed_at = sealer.seal(_subject(channel), refresh or used.refresh), now
    if row.trouble:
        row.trouble = ""
        await live.publish(session, "sender", channel=channel)
    session.add(row)


async def troubled(session: AsyncSession, channel: str, used: Grant, words: str) -> None:
    """Show why it cannot be used, unless the owner has allowed it anew meanwhile."""
    same = (col(MailboxGrant.channel) == channel, col(MailboxGrant.granted_at) == used.granted_at)
    await session.exec(update(MailboxGrant).where(*same).values(trouble=words[:1000]))


async def forget(session: AsyncSession, channel: str) -> None:
    await session.exec(delete(MailboxGrant).where(col(MailboxGrant.channel) == channel))
    await live.publish(session, "mailbox", channel=channel)


async def _locked(session: AsyncSession, channel: str) -> MailboxGrant | None:
    return (await session.exec(select(MailboxGrant).where(MailboxGrant.channel == channel).with_for_update())).first()


def _subject(channel: str) -> str:
    return f"mailbox_grant:{channel}"
