"""A mail or SMS from outside becomes one row of the log, exactly once (requirements M10, M12, L5)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Address, Auto, Event, Inbound, Kind
from hub import live
from hub.clock import uuid7
from hub.conversations import threads
from hub.customers import directory
from hub.inbound import automations
from hub.inbound.automations import Meaning
from hub.inbound.reception import Reception
from hub.interactions import record
from hub.models import Customer, Interaction
from hub.models.vocabulary import AddressKind, Direction, Origin, State
from hub.queue import enqueue
from hub.storage import Storage

TWIN = "same Message-ID, other text"

_MACHINES = (Auto.BOUNCE, Auto.ARF)
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)


async def store_files(storage: Storage, event: Event) -> None:
    """Store what a word brings along: slow, so it comes before the transaction that receives it. Raises StorageFull."""
    for attachment in event.attachments if isinstance(event, Inbound) else ():
        await storage.put(attachment.content)


async def take(
    session: AsyncSession,
    channel: Channel,
    inbound: Inbound,
    reception: Reception,
    *,
    now: datetime,
    quiet: bool = False,
    flag: str = "",
    about: str = "",
) -> UUID | None:
    """Keep a word whose files are stored and do what follows from it; its id, also when it was there already.

    A bounce never makes a customer: it is kept with the customer whose address it is `about`, else not at all (None).
    """
    content = _digest(inbound)
    provider_id = inbound.provider_id
    known = await record.claim(session, channel.name, provider_id)
    if known is not None and not await _other(session, known, inbound, channel, content):
        return known
    if known is not None:
        provider_id, flag = f"{provider_id}#{content[:16]}", flag or TWIN
        known = await record.claim(session, channel.name, provider_id)
        if known is not None:
            return known
    customer = await _customer(session, inbound, about, now)
    if customer is None:
        return None
    row = _row(customer, inbound, channel, content, at=_moment(inbound, quiet, now), now=now)
    row.flag = flag
    await _keep(session, customer, row, inbound, channel, reception, quiet=quiet, now=now)
    await record.name(session, channel.name, provider_id, row.id)
    return row.id


async def _keep(
    session: AsyncSession,
    customer: Customer,
    row: Interaction,
    inbound: Inbound,
    channel: Channel,
    reception: Reception,
    *,
    quiet: bool,
    now: datetime,
) -> None:
    meaning = Meaning()
    if inbound.auto is None and not quiet:
        meaning = await automations.understand(session, customer, inbound, signer=reception.gate.signer, now=now)
    joins_only = meaning.settled or inbound.auto in (Auto.AUTO_REPLY, *_MACHINES)
    await _thread(session, customer, row, inbound, channel, reception, joins_only=joins_only, quiet=quiet)
    await _flag(session, row, meaning.flag)
    await record.add(session, row)
    await record.attach(session, row.id, inbound.attachments)
    await _fetch_later(session, row, inbound)
    await automations.act(session, customer, row, inbound, meaning, reception, now=now)
    if not quiet:
        await _tell(session, row)


async def _other(session: AsyncSession, known: UUID, inbound: Inbound, channel: Channel, content: str) -> bool:
    """Whether a name that is taken means another text. Providers' SIDs never do; a Message-ID is only a claim.

    What we sent ourselves and get back, as a copy to our own address, is no word of a customer's.
    """
    if inbound.kind is not Kind.EMAIL:
        return False
    columns = select(Interaction.direction, Interaction.content_hash).where(col(Interaction.id) == known)
    direction, kept = (await session.exec(columns)).one()
    ours = direction is Direction.OUT and inbound.sender.value == channel.address.value
    return not ours and kept != content


def _digest(inbound: Inbound) -> str:
    """Of what was said: two copies of one mail that came different ways are the same."""
    files = (part for one in inbound.attachments for part in (one.name, one.content))
    return record.digest(inbound.sender.value, inbound.subject, inbound.text, inbound.html, *files)


async def _customer(session: AsyncSession, inbound: Inbound, about: str, now: datetime) -> Customer | None:
    """The sender, locked until the end: two first words at once open one conversation, not two."""
    if inbound.auto in _MACHINES:
        found = await directory.find(session, AddressKind.EMAIL, about) if about else None
    else:
        sender = inbound.sender if inbound.sender.value else Address(inbound.kind, "unknown", inbound.sender.name)
        found = (await directory.resolve(session, sender, now=now)).customer
    if found is not None:
        await session.refresh(found, with_for_update={"key_share": True})
    return found


def _moment(inbound: Inbound, quiet: bool, now: datetime) -> datetime:
    """When it came in. Only an archive being read in is believed what its mails say."""
    if quiet and inbound.at is not None and _FIRST < inbound.at < now:
        return inbound.at
    return now


def _row(
    customer: Customer, inbound: Inbound, channel: Channel, content: str, *, at: datetime, now: datetime
) -> Interaction:
    to = inbound.recipients[0].value if inbound.recipients and inbound.kind is not Kind.EMAIL else ""
    return Interaction(
        id=uuid7(at),
        at=at,
        customer_id=customer.id,
        direction=Direction.IN,
        kind=inbound.kind,
        channel=channel.name,
        origin=Origin.CUSTOMER,
        state=State.RECEIVED,
        state_at=now,
        detail="; ".join(inbound.problems)[:1000],
        sender=inbound.sender.value,
        recipient=to or channel.address.value,
        subject=inbound.subject,
        body_text=inbound.text,
        body_html=inbound.html,
        reply_text=inbound.reply_text,
        content_hash=content,
        message_id=inbound.message_id,
        in_reply_to=next(iter(inbound.in_reply_to), ""),
        auto=inbound.auto.value if inbound.auto else "",
    )


async def _thread(
    session: AsyncSession,
    customer: Customer,
    row: Interaction,
    inbound: Inbound,
    channel: Channel,
    reception: Reception,
    *,
    joins_only: bool,
    quiet: bool,
) -> None:
    """Robots' mail and commands join a conversation but never open one, nor open one again (L5)."""
    signer = reception.gate.signer
    if joins_only:
        row.conversation_id = (await threads.find(session, customer, inbound, channel, signer=signer)).conversation_id
        return
    placed = await threads.place(session, customer, inbound, channel, now=row.at, signer=signer, settled=quiet)
    row.conversation_id = placed.conversation.id
    row.flag = row.flag or placed.flag


async def _flag(session: AsyncSession, row: Interaction, flag: str) -> None:
    row.flag = row.flag or flag
    if row.flag and row.conversation_id is not None and not row.auto:
        await threads.flag(session, row.conversation_id, row.flag)


async def _fetch_later(session: AsyncSession, row: Interaction, inbound: Inbound) -> None:
    for number, media in enumerate(inbound.media):
        payload = {"interaction": row.id, "channel": row.channel, "url": media.url, "media_type": media.media_type}
        await enqueue(session, "fetch-media", payload={**payload, "name": ""}, dedupe=f"media:{row.id}:{number}")


async def _tell(session: AsyncSession, row: Interaction) -> None:
    await live.publish(session, "customer", id=row.customer_id)
    if row.conversation_id is not None:
        await threads.tell(session, row.conversation_id, row.customer_id)
