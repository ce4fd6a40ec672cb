"""What agents say: an answer in a conversation or a first word, on any channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import live
from hub.conversations import threads
from hub.conversations.inbox import NoSuchConversation
from hub.models import Conversation, DedupeKey, Interaction
from hub.models.vocabulary import ConversationState, Direction, Origin, Purpose
from hub.outbound.request import Answer, Duplicate, Gate, NewFile, Placed, Request, Words, send


class EmptyReply(ValueError):
    """There is nothing to send."""


class Overtaken(Exception):
    """A colleague answered meanwhile; `interaction_id` is what was said."""

    def __init__(self, interaction_id: UUID) -> None:
        super().__init__("A colleague has just answered. Read it, then send yours again if it is still needed")
        self.interaction_id = interaction_id


@dataclass(frozen=True, slots=True)
class Reply:
    """One press of Send. `form_token` makes a double click one message; `seen` is the last entry the agent saw."""

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


async def answer(session: AsyncSession, reply: Reply, *, gate: Gate, now: datetime) -> Answer:
    """Send it through the gate. Raises EmptyReply, NoSuchConversation, Overtaken."""
    if not reply.text.strip() and not reply.files:
        raise EmptyReply("Write something first")
    known = await session.get(DedupeKey, _key(reply))
    if known is not None:
        return Duplicate(known.interaction_id)
    conversation = await _conversation(session, reply, now)
    await _overtaken(session, reply)
    request = await _request(session, reply, conversation)
    given = await send(session, request, gate=gate, now=now)
    await _after(session, reply, conversation, given, now)
    return given


def _key(reply: Reply) -> str:
    return f"form:{reply.form_token}"


async def _conversation(session: AsyncSession, reply: Reply, now: datetime) -> Conversation:
    """The conversation, locked so that two answers to it come one after the other; a new one for a first word."""
    if reply.conversation_id is not None:
        found = await session.get(Conversation, reply.conversation_id, with_for_update=True)
        if found is None:
            raise NoSuchConversation(reply.conversation_id)
        return found
    fresh = threads.opened(reply.customer_id, reply.kind, "", subject=reply.subject, now=now)
    fresh.unread = False
    session.add(fresh)
    await session.flush()
    return fresh


async def _overtaken(session: AsyncSession, reply: Reply) -> None:
    if reply.seen is None or reply.conversation_id is None:
        return
    rows = select(Interaction.id).where(
        col(Interaction.conversation_id) == reply.conversation_id,
        col(Interaction.direction) == Direction.OUT,
        col(Interaction.id) > reply.seen,
    )
    newer = (await session.exec(rows.order_by(col(Interaction.id).desc()).limit(1))).first()
    if newer is not None:
        raise Overtaken(newer)


async def _request(session: AsyncSession, reply: Reply, conversation: Conversation) -> Request:
    """Without a chosen recipient it goes to whoever wrote last on this kind of channel."""
    last = await _last_inbound(session, conversation.id, reply.kind)
    same = last is not None and reply.recipient in ("", last.sender)
    return Request(
        customer_id=last.customer_id if last is not None and same else conversation.customer_id,
        purpose=Purpose.SERVICE,
        origin=Origin.AGENT,
        content=Words(reply.text, subject=_subject(reply, conversation), files=reply.files),
        kinds=(reply.kind,),
        recipient=reply.recipient or (last.sender if last is not None else ""),
        channel=last.channel if last is not None and same else "",
        dedupe_key=_key(reply),
        conversation_id=conversation.id,
        staff_id=reply.staff_id,
        answers=last.id if last is not None and same else None,
    )


async def _last_inbound(session: AsyncSession, conversation_id: UUID, kind: Kind) -> Interaction | None:
    rows = select(Interaction).where(
        col(Interaction.conversation_id) == conversation_id,
        col(Interaction.direction) == Direction.IN,
        col(Interaction.kind) == kind,
        col(Interaction.auto) == "",
    )
    return (await session.exec(rows.order_by(col(Interaction.id).desc()).limit(1))).first()


def _subject(reply: Reply, conversation: Conversation) -> str:
    if reply.kind is not Kind.EMAIL:
        return ""
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
        conversation.unread, conversation.snoozed_until = False, None
        conversation.assignee_id = conversation.assignee_id or reply.staff_id
    await session.flush()
    await live.publish(session, "conversation", id=conversation.id, customer=conversation.customer_id)
