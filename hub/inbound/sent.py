"""What the company wrote before it had the hub: mails from our own mailboxes, found in an archive.

They are history of whoever they went to. Nothing is sent, and our own address never becomes a customer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Address, Inbound, Kind
from hub.clock import uuid7
from hub.conversations import answering, evidence, threads
from hub.conversations.threads import Thread
from hub.customers import directory
from hub.inbound.reception import Reception
from hub.interactions import record
from hub.models import Conversation, Interaction
from hub.models.vocabulary import ConversationState, Direction, Origin, State

CLAIMED = "from an archive: that we wrote it, it says itself"
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)


def is_ours(inbound: Inbound, reception: Reception) -> bool:
    """A mail that one of our mailboxes wrote. Only in an archive is that believed: anybody can claim it."""
    return inbound.kind is Kind.EMAIL and answering.is_own(inbound.sender.value, reception.own)


def moment(inbound: Inbound, now: datetime) -> datetime:
    """When a mail of an archive says it was written; now, when it says nothing that can be."""
    return inbound.at if inbound.at is not None and _FIRST < inbound.at < now else now


async def take(
    session: AsyncSession, channel: Channel, inbound: Inbound, reception: Reception, content: str, *, now: datetime
) -> UUID | None:
    """Into the history of the first person it went to; None when it went to nobody but ourselves."""
    person = next((one for one in (*inbound.recipients, *inbound.cc) if _is_somebody(one, reception)), None)
    if person is None:
        return None
    customer = (await directory.resolve(session, person, now=now)).customer
    await session.refresh(customer, with_for_update={"key_share": True})
    row = _row(customer.id, person, channel, inbound, content, reception, now)
    as_theirs = replace(inbound, sender=person)  # the thread is theirs, whoever of us two wrote
    thread = await threads.find(session, customer, as_theirs, own=reception.own, signer=reception.gate.signer)
    conversation = await _conversation(session, thread, row, channel)
    row.conversation_id, row.threaded_by = conversation.id, thread.by.value
    await record.add(session, row)
    await evidence.cites(session, row.id, evidence.cited(inbound))
    await record.attach(session, row.id, inbound.attachments)
    return row.id


def _is_somebody(one: Address, reception: Reception) -> bool:
    return "@" in one.value and not answering.is_own(one.value, reception.own)


async def _conversation(session: AsyncSession, thread: Thread, row: Interaction, channel: Channel) -> Conversation:
    """The one it belongs to, or a resolved one of its own. Its state stays: nobody has anything to do."""
    if thread.conversation_id is not None:
        found = await threads.locked(session, thread.conversation_id)
    else:
        found = threads.opened(row.customer_id, Kind.EMAIL, channel.name, subject=row.subject, now=row.at)
        found.state, found.unread = ConversationState.RESOLVED, False
        session.add(found)
    if row.at >= found.last_at:
        found.last_at, found.preview = row.at, threads.preview(row.body_text)
    await session.flush()
    return found


def _row(
    customer_id: UUID,
    person: Address,
    channel: Channel,
    inbound: Inbound,
    content: str,
    reception: Reception,
    now: datetime,
) -> Interaction:
    at = moment(inbound, now)
    return Interaction(
        id=uuid7(at),
        at=at,
        customer_id=customer_id,
        direction=Direction.OUT,
        kind=Kind.EMAIL,
        channel=channel.name,
        origin=Origin.AGENT,
        state=State.SENT,
        state_rank=State.SENT.rank,
        state_at=now,
        detail="; ".join((CLAIMED, *inbound.problems))[:1000],
        sender=inbound.sender.value,
        recipient=person.value,
        copied=answering.copied(inbound, reception.own) or None,
        subject=inbound.subject,
        body_text=inbound.text,
        body_html=inbound.html,
        reply_text=inbound.reply_text,
        content_hash=content,
        message_id=inbound.message_id,
        in_reply_to=next(iter(inbound.in_reply_to), ""),
    )
