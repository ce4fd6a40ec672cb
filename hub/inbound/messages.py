"""A mail or SMS from outside becomes one row of the log, exactly once (requirements M10, M12, L5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Address, Auto, Event, Inbound, Kind
from hub import live
from hub.clock import uuid7
from hub.conversations import answering, evidence, held, rearranging, threads
from hub.customers import directory, identities
from hub.inbound import automations, copies, sent
from hub.inbound.automations import Meaning
from hub.inbound.reception import Reception
from hub.interactions import record
from hub.models import Customer, Interaction
from hub.models.vocabulary import AddressKind, Direction, Origin, State
from hub.queue import enqueue
from hub.storage import Storage

NOBODY = "no sender address"

_MACHINES = (Auto.BOUNCE, Auto.ARF)


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
    What we wrote ourselves and find in an archive is history of whom we wrote to.
    """
    content = digest(inbound)
    known = await copies.look(session, channel, inbound, content, own=reception.own)
    if known.interaction_id is not None:
        return known.interaction_id
    if quiet and sent.is_ours(inbound, reception):
        row_id = await sent.take(session, channel, inbound, reception, content, now=now)
    else:
        word = _Word(inbound, content, channel, reception, quiet, now)
        row_id = await _hear(session, word, flag=flag or known.flag, about=about)
    if row_id is not None:
        await record.name(session, channel.name, known.name, row_id)
    return row_id


@dataclass(frozen=True, slots=True)
class _Word:
    """What comes in, where, and when. `content` is its digest, `quiet`: it is read from an archive."""

    inbound: Inbound
    content: str
    channel: Channel
    reception: Reception
    quiet: bool
    now: datetime


async def _hear(session: AsyncSession, word: _Word, *, flag: str, about: str) -> UUID | None:
    """None: nobody's, see `take`."""
    customer = await _customer(session, word.inbound, about, word.now)
    if customer is None:
        return None
    row = _row(customer, word)
    row.flag = flag
    await _address(session, row, word.inbound, word.reception)
    meaning = await _meaning(session, customer, word)
    joins = await _place(session, customer, row, word, meaning)
    await _flag(session, row, meaning.flag or ("" if _is_somebody(word.inbound) else NOBODY))
    await _write_down(session, row, word.inbound, joins)
    await automations.act(session, customer, row, word.inbound, meaning, word.reception, now=word.now)
    if not word.quiet:
        await _tell(session, row)
    return row.id


async def _meaning(session: AsyncSession, customer: Customer, word: _Word) -> Meaning:
    """What a machine writes and what is long past mean nothing to the automations."""
    if word.inbound.auto is not None or word.quiet:
        return Meaning()
    signer = word.reception.gate.signer
    return await automations.understand(session, customer, word.inbound, signer=signer, now=word.now)


async def _place(
    session: AsyncSession, customer: Customer, row: Interaction, word: _Word, meaning: Meaning
) -> Sequence[UUID]:
    """Robots' mail and commands join a conversation but never open one, nor open one again (L5).

    The conversations that belong to the word's own, as it shows, are given back.
    """
    if meaning.settled or word.inbound.auto in (Auto.AUTO_REPLY, *_MACHINES):
        await _join_only(session, customer, row, word)
        return ()
    joins = await _open(session, customer, row, word)
    if not word.quiet:
        await held.customer_spoke(session, customer.id, row.conversation_id, now=word.now)
    return joins


async def _write_down(session: AsyncSession, row: Interaction, inbound: Inbound, joins: Sequence[UUID]) -> None:
    """The row with all that hangs on it."""
    await record.add(session, row)
    if inbound.kind is Kind.EMAIL:
        await evidence.cites(session, row.id, evidence.cited(inbound))
    await _join(session, row, joins)
    await record.attach(session, row.id, inbound.attachments)
    await _fetch_later(session, row, inbound)


def digest(inbound: Inbound) -> str:
    """Of what was said: two copies of one mail that came different ways are the same."""
    files = (part for one in inbound.attachments for part in (one.name, one.content))
    return record.digest(inbound.sender.value, inbound.subject, inbound.text, inbound.html, *files)


async def _customer(session: AsyncSession, inbound: Inbound, about: str, now: datetime) -> Customer | None:
    """The sender, locked until the end: two first words at once open one conversation, not two."""
    if inbound.auto in _MACHINES:
        found = await directory.find(session, AddressKind.EMAIL, about) if about else None
    elif not _is_somebody(inbound):
        found = await directory.stranger(session, inbound.sender.name, now=now)
    else:
        sender = (
            inbound.sender if inbound.sender.value else Address(inbound.kind, identities.HIDDEN, inbound.sender.name)
        )
        found = (await directory.resolve(session, sender, now=now)).customer
    if found is not None:
        await session.refresh(found, with_for_update={"key_share": True})
    return found


def _is_somebody(inbound: Inbound) -> bool:
    """A mail whose sender has no address is its own stranger's: nothing says that two of them are one person."""
    return inbound.kind is not Kind.EMAIL or "@" in inbound.sender.value or inbound.auto in _MACHINES


def moment(inbound: Inbound, quiet: bool, now: datetime) -> datetime:
    """When it came in. Only an archive being read in is believed what its mails say."""
    return sent.moment(inbound, now) if quiet else now


def _row(customer: Customer, word: _Word) -> Interaction:
    at = moment(word.inbound, word.quiet, word.now)
    said = columns(word.inbound, word.channel, word.content, at=at, now=word.now)
    return Interaction(id=uuid7(at), customer_id=customer.id, **said)


def columns(inbound: Inbound, channel: Channel, content: str, *, at: datetime, now: datetime) -> dict[str, Any]:
    """What a word's row says by the word alone, whichever way it is inserted. `content` is its digest."""
    to = inbound.recipients[0].value if inbound.recipients and inbound.kind is not Kind.EMAIL else ""
    return {
        "at": at,
        "direction": Direction.IN,
        "kind": inbound.kind,
        "channel": channel.name,
        "origin": Origin.CUSTOMER,
        "state": State.RECEIVED,
        "state_rank": State.RECEIVED.rank,
        "state_at": now,
        "detail": "; ".join(inbound.problems)[:1000],
        "sender": inbound.sender.value,
        "recipient": to or channel.address.value,
        "subject": inbound.subject,
        "body_text": inbound.text,
        "body_html": inbound.html,
        "reply_text": inbound.reply_text,
        "content_hash": content,
        "message_id": inbound.message_id,
        "in_reply_to": next(iter(inbound.in_reply_to), ""),
        "auto": inbound.auto.value if inbound.auto else "",
    }


async def _join_only(session: AsyncSession, customer: Customer, row: Interaction, word: _Word) -> None:
    own, signer = word.reception.own, word.reception.gate.signer
    thread = await threads.find(session, customer, word.inbound, own=own, signer=signer)
    row.conversation_id = thread.conversation_id
    row.threaded_by = thread.by.value if thread.conversation_id is not None else ""


async def _open(session: AsyncSession, customer: Customer, row: Interaction, word: _Word) -> Sequence[UUID]:
    own, signer = word.reception.own, word.reception.gate.signer
    where = customer, word.inbound, word.channel
    placed = await threads.place(session, *where, own=own, now=row.at, signer=signer, settled=word.quiet)
    row.conversation_id = placed.conversation.id
    row.threaded_by, row.points_to_id = placed.thread.by.value, placed.thread.points_to
    row.flag = row.flag or placed.thread.flag
    return placed.thread.joins


async def _join(session: AsyncSession, row: Interaction, joins: Sequence[UUID]) -> None:
    for other in joins:
        if row.conversation_id is not None and not await rearranging.join(
            session, other, row.conversation_id, now=row.at
        ):
            row.flag, row.points_to_id = row.flag or threads.AMBIGUOUS, row.points_to_id or other
    await session.flush()


async def _address(session: AsyncSession, row: Interaction, inbound: Inbound, reception: Reception) -> None:
    """Where the answer goes, and who else had the mail."""
    if inbound.kind is not Kind.EMAIL:
        return
    row.copied = answering.copied(inbound, reception.own) or None
    stated = await answering.destination(session, inbound, row.customer_id, reception.own)
    row.reply_to, row.flag = stated.reply_to, row.flag or stated.flag
    row.detail = "; ".join(filter(None, (row.detail, stated.remark)))


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
