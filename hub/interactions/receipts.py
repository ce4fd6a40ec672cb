"""What providers tell us afterwards about messages we sent: found, written down once, and acted on.

Receipts come in floods, so everything here is done for a group of them in one transaction; one alone is a group too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Receipt
from hub import live
from hub.interactions import copies, filing, lessons, record
from hub.interactions.lessons import Lesson, Message, undeliverable
from hub.interactions.reckoning import News
from hub.live import Happening
from hub.models import EarlyReceipt, ReceiptRow
from hub.signing import Signer

__all__ = [
    "announce",
    "announce_all",
    "apply",
    "apply_all",
    "change_in",
    "forget_early",
    "happening",
    "join_all",
    "join_early",
    "news_of",
    "proven",
    "undeliverable",
]

_UNCLAIMED = timedelta(days=30)  # how long a receipt of a message that nobody knows is kept


async def apply(
    session: AsyncSession, channel: Channel, receipt: Receipt, *, signer: Signer, now: datetime
) -> UUID | None:
    """Write a receipt down and move its interaction forward. None: nobody knows the message yet, the receipt waits.

    The same receipt again, or an earlier one late, changes nothing: all orders end alike (requirements 3.3, T2).
    """
    return (await apply_all(session, [news_of(channel.name, receipt, signer)], now=now))[0]


def news_of(channel: str, receipt: Receipt, signer: Signer) -> News:
    """A receipt that came by this channel, its token read: one that we did not sign means nothing."""
    return News(channel, receipt, signer.read_message_token(receipt.token) if receipt.token else None)


async def apply_all(session: AsyncSession, news: Sequence[News], *, now: datetime) -> list[UUID | None]:
    """The same for many, in their order: what they say one by one is what they say together."""
    await session.flush()
    reckoning = await filing.look(session, news)
    about = [reckoning.hear(one) for one in news]
    await filing.write(session, reckoning, now=now)
    learnt = [Lesson(reckoning.of(one), one.news.receipt) for one in reckoning.facts if not one.copy]
    await lessons.learn(session, learnt, now=now)
    for one in reckoning.facts:
        if one.copy:
            await copies.heard(session, one.about, one.news.receipt, now=now)
    await announce_all(session, reckoning.announced)
    return about


async def join_early(
    session: AsyncSession, channel_name: str, provider_id: str, interaction_id: UUID, *, now: datetime
) -> None:
    """The create's answer came: name the interaction, and apply the receipts that had overtaken it."""
    await join_all(session, channel_name, {provider_id: interaction_id}, now=now)


async def join_all(session: AsyncSession, channel_name: str, named: Mapping[str, UUID], *, now: datetime) -> None:
    """The same for many: which interaction each of the provider's identifiers means."""
    if not named:
        return
    await record.hold(session, channel_name, list(named))
    await filing.name(session, {(channel_name, one): interaction for one, interaction in named.items()})
    early = delete(EarlyReceipt).where(
        col(EarlyReceipt.channel) == channel_name, col(EarlyReceipt.provider_id).in_(list(named))
    )
    waiting = (await session.execute(early.returning(col(EarlyReceipt.id), col(EarlyReceipt.receipt)))).all()
    told = [News(channel_name, filing.receipt_of(words)) for _, words in sorted(waiting, key=lambda row: row.id or 0)]
    if told:
        await apply_all(session, told, now=now)


async def forget_early(session: AsyncSession, *, now: datetime) -> int:
    """Receipts that nobody claimed for a month: anybody may send us a report about a mail that never was."""
    gone = await session.execute(delete(EarlyReceipt).where(col(EarlyReceipt.at) < now - _UNCLAIMED))
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def proven(session: AsyncSession, interaction_id: UUID) -> bool:
    """True when a receipt shows that the provider took this message, whatever its answer to us was."""
    rows = await session.exec(select(ReceiptRow.id).where(col(ReceiptRow.interaction_id) == interaction_id).limit(1))
    return rows.first() is not None


async def announce(session: AsyncSession, message: Message) -> None:
    """Tell open pages that this interaction changed."""
    await announce_all(session, [message])


async def announce_all(session: AsyncSession, messages: Iterable[Message]) -> None:
    """The same for many, each page told once: every notification is paid for at the commit."""
    await live.publish_all(session, [happening(one) for one in messages])


def happening(message: Message) -> Happening:
    """What open pages hear of a change of this message."""
    return change_in(message.campaign_id, message.conversation_id, message.customer_id)


def change_in(campaign_id: int | None, conversation_id: UUID | None, customer_id: UUID) -> Happening:
    """The same, where only this is known of it."""
    if campaign_id is not None:
        return Happening("campaign", {"id": str(campaign_id)})
    if conversation_id is not None:
        return Happening("conversation", {"id": str(conversation_id), "customer": str(customer_id)})
    return Happening("customer", {"id": str(customer_id)})
