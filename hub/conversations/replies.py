"""What agents say: an answer in a conversation or a first word, on any channel."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import load_only
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from channels.message import Kind
from hub import live
from hub.conversations import copying, drafts, held, letters, mailboxes, signatures, threads
from hub.conversations.answering import address_for
from hub.conversations.drafts import Draft, Place
from hub.conversations.held import Held
from hub.conversations.quoting import Quote, quote
from hub.models import Conversation, Customer, DedupeKey, Interaction
from hub.models.vocabulary import ConversationState, Direction, Origin, Purpose, State
from hub.outbound.costs import LONGEST_SMS
from hub.outbound.request import Answer, Duplicate, Gate, NewFile, Placed, Request, Words, send
from hub.sentences import Sentence

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # every mail program shows these


class EmptyReply(ValueError):
    """There is nothing to send."""


class TooLong(ValueError):
    """An SMS that no carrier takes; the message says by how much, for the person at the screen."""


class NotYours(ValueError):
    """A mailbox from which this person does not write in this conversation."""


class Overtaken(Exception):
    """A colleague answered meanwhile; `interaction_id` is what was said."""

    def __init__(self, interaction_id: UUID) -> None:
        super().__init__("A colleague has just answered. Read it, then send yours again if it is still needed")
        self.interaction_id = interaction_id


@dataclass(frozen=True, slots=True)
class Reply:
    """One press of Send. `form_token` makes a double click one message; `seen` is the last entry the agent saw.

    Of mails only: `mailbox` is a channel's name (empty: the one the customer wrote to); `signed` puts the signature
    below the words, `quoting` the answered mail; a picture among `files` stands where the text says `[image: name]`;
    `cc` and `bcc` are addresses with commas between them, as somebody typed them.

    `leaves_at`: it waits until then and may be taken back. `scheduled`: because the agent chose that hour; then
    `unless_answered` cancels it when the customer writes or calls before.
    """

    conversation_id: UUID | None
    customer_id: UUID
    kind: Kind
    text: str
    staff_id: int
    form_token: str
    subject: str = ""
    recipient: str = ""
    resolve: bool = False
    files: tuple[NewFile, ...] = ()
    seen: UUID | None = None
    mailbox: str = ""
    signed: bool = True
    quoting: bool = True
    leaves_at: datetime | None = None
    scheduled: bool = False
    unless_answered: bool = False
    cc: str = ""
    bcc: str = ""

    @property
    def draft(self) -> Draft:
        """What it is again when it is taken back."""
        return Draft(
            self.kind.value,
            self.text,
            self.subject,
            self.recipient,
            self.mailbox,
            self.signed,
            self.quoting,
            tuple(replace(file, content_id="") for file in self.files),
            self.cc,
            self.bcc,
        )


async def answer(session: AsyncSession, reply: Reply, *, gate: Gate, now: datetime) -> Answer:
    """Send it through the gate. Raises EmptyReply, TooLong, NoSuchConversation, Overtaken, NotYours,
    signatures.SignatureProblem, copying.BadCopies.
    """
    if not reply.text.strip() and not reply.files:
        raise EmptyReply(Sentence("There is nothing to send. Write something first."))
    if reply.kind is Kind.SMS:
        fits(reply.text)
    copies = copying.read(reply.cc, reply.bcc, own=gate.own) if reply.kind is Kind.EMAIL else ()
    known = await session.get(DedupeKey, _key(reply))
    if known is not None:
        return Duplicate(known.interaction_id)
    conversation = await _conversation(session, reply, now)
    await _overtaken(session, reply, conversation.id)
    before = held.seen(conversation, fresh=reply.conversation_id is None)
    request = replace(await _request(session, reply, conversation, gate), copies=copies)
    given = await send(session, request, gate=gate, now=now)
    await _after(session, reply, conversation, given, now)
    if isinstance(given, Placed) and reply.leaves_at is not None:
        waits = Held(given.interaction_id, given.due_at, reply.scheduled, reply.unless_answered, reply.staff_id)
        await held.keep(session, waits, reply.draft, before=before, conversation=conversation)
    await drafts.forget(session, Place(reply.staff_id, reply.customer_id, reply.conversation_id))
    return given


def fits(text: str) -> None:
    """Raises TooLong for an SMS with more characters than carriers take: it would fail after it was sent."""
    if len(text) <= LONGEST_SMS:
        return
    gaps = {"length": len(text), "most": LONGEST_SMS, "many": len(text) - LONGEST_SMS}
    raise TooLong(
        Sentence(
            "This SMS has %(length)s characters and an SMS takes at most %(most)s, so it was not sent. Shorten it by "
            "%(many)s, or send it by email.",
            gaps,
        )
    )


def _key(reply: Reply) -> str:
    return f"form:{reply.form_token}"


async def _conversation(session: AsyncSession, reply: Reply, now: datetime) -> Conversation:
    """The conversation, locked so that two answers to it come one after the other; a new one for a first word."""
    if reply.conversation_id is not None:
        return await threads.locked_with_customer(session, reply.conversation_id)
    fresh = threads.opened(reply.customer_id, reply.kind, "", subject=reply.subject, now=now)
    fresh.unread = False
    session.add(fresh)
    await session.flush()
    return fresh


async def _overtaken(session: AsyncSession, reply: Reply, conversation_id: UUID) -> None:
    if reply.seen is None or reply.conversation_id is None:
        return
    rows = select(Interaction.id).where(
        col(Interaction.conversation_id) == conversation_id,
        col(Interaction.direction) == Direction.OUT,
        col(Interaction.state).not_in((State.WITHHELD, State.CANCELLED)),  # nobody was written to
        col(Interaction.id) > reply.seen,
    )
    newer = (await session.exec(rows.order_by(col(Interaction.id).desc()).limit(1))).first()
    if newer is not None:
        raise Overtaken(newer)


async def _request(session: AsyncSession, reply: Reply, conversation: Conversation, gate: Gate) -> Request:
    """Without a chosen recipient it goes to whoever wrote last on this kind of channel, where they want the answer."""
    last = await last_inbound(session, conversation.id, reply.kind)
    to = reply.recipient or (address_for(last) if last is not None else "")
    answered = last if last is not None and to in (address_for(last), last.sender) else None
    request = Request(
        customer_id=answered.customer_id if answered is not None else conversation.customer_id,
        purpose=Purpose.SERVICE,
        origin=Origin.AGENT,
        content=Words(reply.text, files=reply.files),
        kinds=(reply.kind,),
        recipient=to,
        reply_to=answered.reply_to if answered is not None and to == answered.reply_to else "",
        channel=answered.channel if answered is not None else "",
        dedupe_key=_key(reply),
        conversation_id=conversation.id,
        staff_id=reply.staff_id,
        answers=answered.id if answered is not None else None,
        not_before=reply.leaves_at,
    )
    return await _mail(session, reply, conversation, request, last, gate) if reply.kind is Kind.EMAIL else request


async def _mail(
    session: AsyncSession,
    reply: Reply,
    conversation: Conversation,
    request: Request,
    last: Interaction | None,
    gate: Gate,
) -> Request:
    """The request with all that a mail has besides the words."""
    offered = await mailboxes.offered(session, reply.staff_id, last.channel if last else "", gate=gate)
    if reply.mailbox and reply.mailbox not in offered:
        raise NotYours(f"Your mails do not leave by {reply.mailbox!r} here. Choose another mailbox")
    channel = reply.mailbox or next(iter(offered), "")
    files = enclosed(reply.files, letters.named(reply.text), reply.form_token)
    letter = letters.letter(
        reply.text,
        signature=await signatures.closing(session, reply.staff_id, channel, gate=gate) if reply.signed else "",
        quote=await _quote(session, request, last, gate) if reply.quoting and last is not None else None,
        pictures={file.name: file.content_id for file in files if file.content_id},
    )
    words = Words(letter.text, _subject(reply, conversation), letter.html, letter.closing, files)
    return replace(request, content=words, channel=channel)


def enclosed(files: Sequence[NewFile], named: Collection[str], stem: str) -> tuple[NewFile, ...]:
    """The files, with a Content-ID (RFC 2392) for each picture that the text names; of two of a name for the first."""
    left, given = set(named), []
    for number, file in enumerate(files, start=1):
        stands = file.name in left and file.media_type in PICTURES
        left -= {file.name} if stands else set()
        given.append(replace(file, content_id=_content_id(stem, number)) if stands else file)
    return tuple(given)


def _content_id(stem: str, number: int) -> str:
    """The same for every attempt; the form's own token stays with us."""
    return f"{hashlib.sha256(stem.encode()).hexdigest()[:24]}.{number}@picture"


async def _quote(session: AsyncSession, request: Request, last: Interaction, gate: Gate) -> Quote | None:
    """Only to who wrote it, whichever of their addresses it goes to."""
    customer = await session.get(Customer, last.customer_id)
    if customer is None or last.customer_id != request.customer_id:
        return None
    zone = customer.timezone or gate.rules.company_zone
    name = customer.name or last.sender
    return quote(last.body_text, last.body_html, name=name, at=last.at, language=customer.language, zone=zone)


async def last_inbound(session: AsyncSession, conversation_id: UUID, kind: Kind) -> Interaction | None:
    """The word that an answer on this kind of channel answers: the latest one that a person wrote."""
    return (await session.exec(_last_inbound(conversation_id, kind))).first()


async def answered(session: AsyncSession, conversation_id: UUID, kind: Kind) -> Interaction | None:
    """The same, without its words: who wrote it to whom."""
    row = Interaction
    columns: Any = (row.direction, row.channel, row.sender, row.recipient, row.reply_to, row.copied)
    query = _last_inbound(conversation_id, kind).options(load_only(*columns, raiseload=True))
    return (await session.exec(query)).first()


def _last_inbound(conversation_id: UUID, kind: Kind) -> SelectOfScalar[Interaction]:
    rows = select(Interaction).where(
        col(Interaction.conversation_id) == conversation_id,
        col(Interaction.direction) == Direction.IN,
        col(Interaction.kind) == kind,
        col(Interaction.auto) == "",
    )
    return rows.order_by(col(Interaction.id).desc()).limit(1)


async def last_written(session: AsyncSession, conversation_id: UUID) -> Kind | None:
    """By which kind of channel a customer wrote last here; None: nobody has written, or only called."""
    rows = select(Interaction.kind).where(
        col(Interaction.conversation_id) == conversation_id,
        col(Interaction.direction) == Direction.IN,
        col(Interaction.kind) != Kind.VOICE,
        col(Interaction.auto) == "",
    )
    found = (await session.exec(rows.order_by(col(Interaction.id).desc()).limit(1))).first()
    return Kind(found) if found is not None else None


def _subject(reply: Reply, conversation: Conversation) -> str:
    if reply.subject.strip() or not conversation.subject:
        return " ".join(reply.subject.split())
    answered = conversation.subject.lower().startswith("re:")
    return conversation.subject if answered else f"Re: {conversation.subject}"


async def _after(session: AsyncSession, reply: Reply, conversation: Conversation, given: Answer, now: datetime) -> None:
    """What the inbox shows now. A word that was withheld, or asked for twice at once, answers nobody."""
    if isinstance(given, Duplicate):
        if reply.conversation_id is None:
            await session.delete(conversation)
        return
    if isinstance(given, Placed):
        conversation.last_at, conversation.kind = max(now, conversation.last_at), given.kind
        conversation.preview = threads.preview(reply.text)
        conversation.state = ConversationState.RESOLVED if reply.resolve else ConversationState.PENDING
        conversation.resolved_at = now if reply.resolve else conversation.resolved_at
        conversation.unread, conversation.snoozed_until = False, None
        conversation.assignee_id = conversation.assignee_id or reply.staff_id
    await session.flush()
    await live.publish(session, "conversation", id=conversation.id, customer=conversation.customer_id)
