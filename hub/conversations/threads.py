"""Which conversation a customer's word belongs to (requirement M12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from channels.adapter import Channel
from channels.message import Auto, Inbound, Kind
from hub import live
from hub.clock import uuid7
from hub.conversations import evidence
from hub.conversations.answering import is_own
from hub.conversations.evidence import Lead
from hub.conversations.inbox import NoSuchConversation
from hub.models import Conversation, Customer, Interaction
from hub.models.vocabulary import ConversationState, ThreadedBy
from hub.signing import Signer

STRANGER = "possible thread"  # refers to a conversation of somebody else, from somebody who takes no part in it
AMBIGUOUS = "refers to two conversations"  # of the same people; the first rule that holds has won

_PREVIEW = 140


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a word leads, and by what: a conversation it may join, or None and perhaps somebody else's it points to.

    `joins` are conversations that belong to the found one, as only this mail shows.
    """

    conversation_id: UUID | None
    by: ThreadedBy
    flag: str = ""
    points_to: UUID | None = None
    joins: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a word stands now. `thread.flag` says why a person should look."""

    conversation: Conversation
    thread: Thread


async def place(
    session: AsyncSession,
    customer: Customer,
    inbound: Inbound,
    channel: Channel,
    *,
    own: Collection[str],
    now: datetime,
    signer: Signer,
    settled: bool = False,
) -> Placement:
    """The conversation this word belongs to, opened or opened again. `settled`: no work for anybody, states stay."""
    thread = await find(session, customer, inbound, own=own, signer=signer)
    if thread.conversation_id is None:
        conversation = opened(customer.id, inbound.kind, channel.name, subject=inbound.subject, now=now)
        session.add(conversation)
    else:
        conversation = await locked(session, thread.conversation_id, *thread.joins)
    conversation.flag = conversation.flag or thread.flag
    heard(conversation, inbound.reply_text or inbound.text, inbound.kind, channel.name, now=now)
    _become(conversation, settled=settled, created=thread.conversation_id is None)
    await session.flush()
    return Placement(conversation, thread)


async def find(
    session: AsyncSession, customer: Customer, inbound: Inbound, *, own: Collection[str], signer: Signer
) -> Thread:
    """Where a word leads, without changing anything. `own`: the addresses of our mailboxes.

    A report is about `customer`, and written by whoever says so: it counts as its sender's word alone.
    """
    if inbound.kind is not Kind.EMAIL:
        running = await open_on(session, customer.id, inbound.kind)
        return Thread(running, ThreadedBy.OPEN if running else ThreadedBy.NEW)
    led = await evidence.leads(session, inbound, own=own, signer=signer)
    address = "" if is_own(inbound.sender.value, own) else inbound.sender.value
    writer = None if inbound.auto in (Auto.BOUNCE, Auto.ARF) else customer.id
    theirs = await evidence.shared(session, [lead.conversation_id for lead in led], writer, address)
    return _decided([lead for lead in led if lead.conversation_id in theirs], led)


def _decided(joined: Sequence[Lead], led: Sequence[Lead]) -> Thread:
    """The first conversation the sender takes part in. Being cited by strangers means nothing."""
    if joined:
        first, *others = joined
        joins = tuple(one.conversation_id for one in others if one.direct)
        other = next((one.conversation_id for one in others if one.by is not ThreadedBy.CITED), None)
        return Thread(first.conversation_id, first.by, AMBIGUOUS if other else "", other, joins)
    pointed = next((one.conversation_id for one in led if one.by is not ThreadedBy.CITED), None)
    if pointed is None:
        return Thread(None, ThreadedBy.NEW)
    return Thread(None, ThreadedBy.STRANGER, STRANGER, pointed)


async def open_on(session: AsyncSession, customer_id: UUID, kind: Kind) -> UUID | None:
    """The customer's conversation that is not resolved and in which this kind of channel was used."""
    spoken = exists().where(
        col(Interaction.conversation_id) == col(Conversation.id),
        col(Interaction.kind) == kind,
        col(Interaction.customer_id) == customer_id,
    )
    own = (col(Conversation.customer_id) == customer_id, or_(col(Conversation.kind) == kind, spoken))
    rows = select(Conversation.id).where(
        or_(and_(*own), col(Conversation.id).in_(_merged_into(customer_id, kind))),
        col(Conversation.state) != ConversationState.RESOLVED,
    )
    order = (col(Conversation.last_at).desc(), col(Conversation.id).desc())
    return (await session.exec(rows.order_by(*order).limit(1))).first()


def _merged_into(customer_id: UUID, kind: Kind) -> SelectOfScalar[UUID | None]:
    """Where the customer's conversations on this kind of channel went to, perhaps to another customer's."""
    merged = (col(Conversation.kind) == kind, col(Conversation.merged_into_id).is_not(None))
    return select(col(Conversation.merged_into_id)).where(col(Conversation.customer_id) == customer_id, *merged)


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
    words = text[: _PREVIEW * 4].split(maxsplit=_PREVIEW // 2)  # more than so many do not stand on it
    return " ".join(words[: _PREVIEW // 2])[:_PREVIEW]


async def work(session: AsyncSession, conversation_id: UUID) -> Conversation:
    """Open again, unread: somebody has to do something. The caller publishes."""
    conversation = await locked(session, conversation_id)
    _become(conversation, settled=False, created=False)
    return conversation


async def flag(session: AsyncSession, conversation_id: UUID, words: str) -> None:
    """Say why a person should look, unless something is said already. The caller publishes."""
    conversation = await locked(session, conversation_id)
    conversation.flag = conversation.flag or words
    await session.flush()


async def stir(session: AsyncSession, conversations: Collection[UUID]) -> None:
    """Somebody was talked to without a written word: who waits for an answer here is reckoned anew."""
    if conversations:
        await session.execute(_STIR, {"ids": list(conversations)})


_STIR = text("update conversation set stirred = true where id = any(:ids) and exists (select from sla_policy)")


async def tell(session: AsyncSession, conversation_id: UUID, customer_id: UUID) -> None:
    """Open pages hear of it when the transaction commits."""
    await live.publish(session, "conversation", id=conversation_id, customer=customer_id)


def _become(conversation: Conversation, *, settled: bool, created: bool) -> None:
    if settled and created:
        conversation.state, conversation.unread = ConversationState.RESOLVED, False
    elif not settled:
        conversation.state, conversation.unread = ConversationState.OPEN, True
        conversation.snoozed_until = None


async def standing(session: AsyncSession, conversation_id: UUID) -> UUID:
    """The conversation itself, or what it was merged into in the end. One that is not there stands for itself."""
    found = await session.execute(_STANDING, {"id": conversation_id})
    return found.scalar() or conversation_id


async def locked(session: AsyncSession, conversation_id: UUID, *others: UUID) -> Conversation:
    """A conversation, locked, or what it was merged into; the others are locked beside it, in one order."""
    rows = select(Conversation).where(col(Conversation.id).in_((conversation_id, *others)))
    held = (await session.exec(rows.order_by(col(Conversation.id)).with_for_update(), execution_options=_FRESH)).all()
    found = next((one for one in held if one.id == conversation_id), None)
    if found is None:
        raise NoSuchConversation(conversation_id)
    return found if found.merged_into_id is None else await locked(session, found.merged_into_id)


async def locked_with_customer(session: AsyncSession, conversation_id: UUID) -> Conversation:
    """`locked`, its customer held before it, for whoever writes rows of the customer's.

    A merge takes the customer first and their conversations then: in the other order the two would wait for each other.
    """
    while True:
        place = await standing(session, conversation_id)
        whose = (await session.execute(_HOLD_CUSTOMER, {"id": place})).scalar()
        found = await locked(session, place)
        if found.id == place and found.customer_id == whose:
            return found
        conversation_id = found.id  # it was merged, or its customer was, while we waited


_HOLD_CUSTOMER = text("""
select id from customer where id = (select customer_id from conversation where id = :id) for key share
""")
_FRESH = {"populate_existing": True}
_STANDING = text("""
with recursive way as (
  select id, merged_into_id, 0 as steps from conversation where id = :id
  union all
  select c.id, c.merged_into_id, w.steps + 1 from conversation c join way w on c.id = w.merged_into_id
  where w.steps < 100
) select id from way order by steps desc limit 1
""")
