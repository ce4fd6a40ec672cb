"""Which conversation a customer's word belongs to (requirement M12)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Inbound, Kind
from hub import live
from hub.clock import uuid7
from hub.models import Conversation, Customer, Interaction, ProviderReference
from hub.models.vocabulary import ConversationState, Direction
from hub.signing import Signer

STRANGER = "possible thread"  # refers to a conversation of somebody else, from somebody who takes no part in it

_SUBJECT_TOKEN = re.compile(r"\[#([a-z2-7]{42})\]", re.IGNORECASE)
_PREVIEW = 140
_REFERENCES = 50  # of these the latest; a header may carry thousands


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a word belongs; `flag` says why a person should look."""

    conversation: Conversation
    flag: str = ""
    created: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """What a word's references lead to: a conversation it may join, or a flag that it pointed to somebody else's."""

    conversation_id: UUID | None
    flag: str = ""


async def place(
    session: AsyncSession,
    customer: Customer,
    inbound: Inbound,
    channel: Channel,
    *,
    now: datetime,
    signer: Signer,
    settled: bool = False,
) -> Placement:
    """The conversation this word belongs to, opened or opened again. `settled`: no work for anybody, states stay."""
    thread = await find(session, customer, inbound, channel, signer=signer)
    if thread.conversation_id is None:
        conversation = opened(customer.id, inbound.kind, channel.name, subject=inbound.subject, now=now)
        session.add(conversation)
    else:
        conversation = await _locked(session, thread.conversation_id)
    created = thread.conversation_id is None
    conversation.flag = conversation.flag or thread.flag
    heard(conversation, inbound.reply_text or inbound.text, inbound.kind, channel.name, now=now)
    _become(conversation, settled=settled, created=created)
    await session.flush()
    return Placement(conversation, thread.flag, created)


async def find(
    session: AsyncSession, customer: Customer, inbound: Inbound, channel: Channel, *, signer: Signer
) -> Thread:
    """Where a word's references lead, without changing anything."""
    if inbound.kind is not Kind.EMAIL:
        return Thread(await open_on(session, customer.id, inbound.kind))
    led = await _candidates(session, inbound, channel, signer)
    for candidate in led:
        if await _takes_part(session, candidate, customer.id, inbound.sender.value):
            return Thread(candidate)
    related = await _related(session, customer.id, inbound)
    return Thread(related, STRANGER if led and related is None else "")


async def open_on(session: AsyncSession, customer_id: UUID, kind: Kind) -> UUID | None:
    """The customer's conversation on this kind of channel that is not resolved."""
    rows = select(Conversation.id).where(
        col(Conversation.customer_id) == customer_id,
        col(Conversation.kind) == kind,
        col(Conversation.state) != ConversationState.RESOLVED,
    )
    order = (col(Conversation.last_at).desc(), col(Conversation.id).desc())
    return (await session.exec(rows.order_by(*order).limit(1))).first()


def opened(customer_id: UUID, kind: Kind, channel: str, *, subject: str, now: datetime) -> Conversation:
    """A new conversation, not yet kept."""
    return Conversation(
        id=uuid7(now),
        customer_id=customer_id,
        subject=" ".join(subject.split())[:500],
        kind=kind,
        channel=channel,
        created_at=now,
        last_at=now,
    )


def heard(conversation: Conversation, text: str, kind: Kind, channel: str, *, now: datetime) -> None:
    """The customer said something: the inbox shows it. Something older than the latest word changes nothing."""
    conversation.last_inbound_at = max(conversation.last_inbound_at or now, now)
    if now < conversation.last_at:
        return
    conversation.last_at = now
    conversation.kind, conversation.channel = kind, channel
    conversation.preview = preview(text)


def preview(text: str) -> str:
    """The beginning of a word, on one line."""
    return " ".join(text[: _PREVIEW * 4].split())[:_PREVIEW]


async def work(session: AsyncSession, conversation_id: UUID) -> Conversation:
    """Open again, unread: somebody has to do something. The caller publishes."""
    conversation = await _locked(session, conversation_id)
    _become(conversation, settled=False, created=False)
    return conversation


async def flag(session: AsyncSession, conversation_id: UUID, words: str) -> None:
    """Say why a person should look, unless something is said already. The caller publishes."""
    conversation = await _locked(session, conversation_id)
    conversation.flag = conversation.flag or words
    await session.flush()


async def tell(session: AsyncSession, conversation_id: UUID, customer_id: UUID) -> None:
    """Open pages hear of it when the transaction commits."""
    await live.publish(session, "conversation", id=conversation_id, customer=customer_id)


def _become(conversation: Conversation, *, settled: bool, created: bool) -> None:
    if settled and created:
        conversation.state, conversation.unread = ConversationState.RESOLVED, False
    elif not settled:
        conversation.state, conversation.unread = ConversationState.OPEN, True
        conversation.snoozed_until = None


async def _locked(session: AsyncSession, conversation_id: UUID) -> Conversation:
    rows = select(Conversation).where(col(Conversation.id) == conversation_id)
    return (await session.exec(rows.with_for_update(), execution_options={"populate_existing": True})).one()


# ---- mail: references, tokens, strangers ------------------------------------------------------


async def _candidates(session: AsyncSession, inbound: Inbound, channel: Channel, signer: Signer) -> list[UUID]:
    """Conversations in the order in which they are believed: In-Reply-To, References backwards, tokens, subject."""
    names = tuple(dict.fromkeys((*inbound.in_reply_to, *reversed(inbound.references))))[:_REFERENCES]
    received = await _named(session, channel, names)
    ours = {name: _own_id(name, channel) for name in names}
    tokens = [signer.read_message_token(t) for t in (*inbound.tokens, *_SUBJECT_TOKEN.findall(inbound.subject))]
    wanted = [received.get(name) or ours[name] for name in names] + tokens
    conversations = await _conversations(session, [one for one in wanted if one])
    found = [conversations[one] for one in wanted if one in conversations]
    return list(dict.fromkeys(found))


async def _named(session: AsyncSession, channel: Channel, names: Sequence[str]) -> dict[str, UUID]:
    if not names:
        return {}
    rows = select(ProviderReference.provider_id, ProviderReference.interaction_id).where(
        col(ProviderReference.channel) == channel.name, col(ProviderReference.provider_id).in_(names)
    )
    return dict((await session.exec(rows)).all())


def _own_id(message_id: str, channel: Channel) -> UUID | None:
    """Our mails are called `<interaction@our-domain>`."""
    local, _, domain = message_id.strip("<>").rpartition("@")
    if domain.lower() != channel.address.value.rpartition("@")[2]:
        return None
    try:
        return UUID(local)
    except ValueError:
        return None


async def _conversations(session: AsyncSession, interactions: Iterable[UUID]) -> dict[UUID | None, UUID]:
    wanted = list(interactions)
    if not wanted:
        return {}
    rows = select(Interaction.id, Interaction.conversation_id).where(
        col(Interaction.id).in_(wanted), col(Interaction.conversation_id).is_not(None)
    )
    return {one: conversation for one, conversation in await session.exec(rows) if conversation is not None}


async def _takes_part(session: AsyncSession, conversation_id: UUID, customer_id: UUID, address: str) -> bool:
    owner = await session.get(Conversation, conversation_id)
    if owner is not None and owner.customer_id == customer_id:
        return True
    if not address:  # notes and calls from withheld numbers have none either: that is no common ground
        return False
    spoke = select(Interaction.id).where(
        col(Interaction.conversation_id) == conversation_id,
        or_(
            col(Interaction.customer_id) == customer_id,
            col(Interaction.sender) == address,
            col(Interaction.recipient) == address,
        ),
    )
    return (await session.exec(spoke.limit(1))).first() is not None


async def _related(session: AsyncSession, customer_id: UUID, inbound: Inbound) -> UUID | None:
    """Mails overtake each other: the conversation of this customer's mails that answer this one, or the same one."""
    answered = {inbound.message_id, *inbound.in_reply_to[:1]} - {""}
    if not answered:
        return None
    rows = select(Interaction.conversation_id).where(
        col(Interaction.customer_id) == customer_id,
        col(Interaction.direction) == Direction.IN,
        col(Interaction.in_reply_to).in_(answered),
        col(Interaction.conversation_id).is_not(None),
    )
    return (await session.exec(rows.order_by(col(Interaction.id).desc()).limit(1))).first()
