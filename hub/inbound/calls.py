"""Telephone calls: one row per call, however many events tell of it, and what a waiting caller hears next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import screening
from channels.adapter import Channel
from channels.message import Address, CallEvent, HangUp, Kind, Recording, Ring, Say, Script, Step, Voicemail
from channels.message import Direction as Way
from hub import live
from hub.clock import uuid7
from hub.conversations import appointments, held, threads
from hub.customers import directory
from hub.inbound import callfacts, rejections
from hub.inbound.reception import Reception
from hub.interactions import progress, record
from hub.models import Conversation, Customer, Interaction, Staff
from hub.models.vocabulary import ConversationState, Direction, Origin, Role, State, ThreadedBy
from hub.outbound import calling
from hub.queue import enqueue

MISSED, VOICEMAIL = "missed call", "voicemail"
_AT_ONCE = 10  # telephones that one Ring may ring

_SCREEN: Mapping[str, str] = {
    "en": "A call from {caller}. Press 1 to take it.",
    "pl": "Dzwoni {caller}. Naciśnij 1, aby odebrać.",
    "bg": "Обаждане от {caller}. Натиснете 1, за да приемете.",
    "ru": "Звонок от {caller}. Нажмите 1, чтобы ответить.",
}


async def note(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, *, now: datetime
) -> UUID | None:
    """Write down what happened in a call; None when nobody knows the call (it is kept with the rejected webhooks)."""
    call = await _find(session, channel, event, reception, now)
    if call is None:
        cause = "a call nobody knows"
        await rejections.note(session, channel=channel.name, cause=cause, payload=event.payload, now=now)
        return None
    before = dict(call.call or {})
    facts = callfacts.gather(before, event)
    if facts != before:
        call.call = facts
        await session.flush()
        await _follow(session, call, before, event, now=now)
    return call.id


async def answer(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, *, now: datetime
) -> tuple[Script, str]:
    """What a waiting call does next, and the token that brings its answers back to this row."""
    call_id = await note(session, channel, event, reception, now=now)
    call = await session.get(Interaction, call_id) if call_id is not None else None
    if call is None:
        return Script((HangUp(),)), ""
    token = reception.gate.signer.message_token(call.id)
    if screening.is_screening(event):
        return screening.script(event), token
    if call.direction is Direction.OUT:
        await _reminded(session, call, event, now=now)
        return await calling.script(session, call, event, gate=reception.gate, now=now), token
    return Script(await _next(session, call, event, reception)), token


async def _reminded(session: AsyncSession, call: Interaction, event: CallEvent, *, now: datetime) -> None:
    """A key pressed in answer to a spoken reminder: 1 confirms, 2 cancels."""
    choice = appointments.CHOICES.get(event.digits)
    appointment = await appointments.of_reminder(session, call.id) if choice else None
    if choice and appointment is not None and appointment.id is not None:
        await appointments.answer(session, appointment.id, choice, now=now)


# ---- which row ------------------------------------------------------------------------------


async def _find(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, now: datetime
) -> Interaction | None:
    """By our token, else by the provider's name; a call from outside that is new gets its row. Locked."""
    known = await record.claim(session, channel.name, event.call_id)
    signed = reception.gate.signer.read_message_token(event.token) if event.token else None
    found = await _locked(session, signed or known)
    if found is not None and known is None:
        await record.name(session, channel.name, event.call_id, found.id)
    if found is not None or event.direction is not Way.IN or event.recording is not None or event.leg_id:
        return found
    return await _ringing(session, channel, event, now)


async def _locked(session: AsyncSession, interaction_id: UUID | None) -> Interaction | None:
    if interaction_id is None:
        return None
    rows = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update(key_share=True)
    return (await session.exec(rows, execution_options={"populate_existing": True})).first()


async def _ringing(session: AsyncSession, channel: Channel, event: CallEvent, now: datetime) -> Interaction:
    caller = event.sender if event.sender.value else Address(Kind.VOICE, "unknown", event.sender.name)
    customer = (await directory.resolve(session, caller, now=now)).customer
    await session.refresh(customer, with_for_update={"key_share": True})
    running = await threads.open_on(session, customer.id, Kind.VOICE)
    call = Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer.id,
        conversation_id=running,
        threaded_by=ThreadedBy.OPEN.value if running else "",
        direction=Direction.IN,
        kind=Kind.VOICE,
        channel=channel.name,
        origin=Origin.CUSTOMER,
        state=State.RINGING,
        state_at=now,
        sender=event.sender.value,
        recipient=event.recipient.value,
        call={},
    )
    await record.add(session, call)
    await record.name(session, channel.name, event.call_id, call.id)
    await held.customer_spoke(session, customer.id, running, now=now)
    return call


# ---- what follows ---------------------------------------------------------------------------


async def _follow(
    session: AsyncSession, call: Interaction, before: callfacts.Facts, event: CallEvent, *, now: datetime
) -> None:
    await _move(session, call, now=now)
    if event.recording is not None and event.recording.provider_id not in before.get("recordings", {}):
        await _fetch_later(session, call, event.step, event.recording)
    if call.direction is Direction.IN:
        await _work(session, call, now=now)
    await live.publish(session, "customer", id=call.customer_id)
    if call.conversation_id is not None:
        await threads.tell(session, call.conversation_id, call.customer_id)


async def _move(session: AsyncSession, call: Interaction, *, now: datetime) -> None:
    """Forward only, but for one case: news that somebody talked to the caller outranks `missed`."""
    facts = call.call or {}
    state = callfacts.state(facts, call.direction)
    if state is None:
        return
    if call.state in (State.MISSED, State.FAILED) and state is State.DELIVERED and callfacts.talked(facts):
        await record.correct(session, call.id, state, now=now)
    else:
        reason = facts.get("reason", "") if state in (State.FAILED, State.MISSED) else ""
        await progress.advance(session, call.id, state, reason=reason, now=now)
    await session.refresh(call)


async def _work(session: AsyncSession, call: Interaction, *, now: datetime) -> None:
    """A missed call or a voicemail is something to do; a call that was taken after all no longer is."""
    flag = _flag(call)
    if flag == call.flag:
        return
    if not flag:
        await _undo(session, call)
    else:
        conversation = await _conversation(session, call, now)
        threads.heard(conversation, flag.capitalize(), Kind.VOICE, call.channel, now=now)
        if conversation.flag in ("", MISSED, VOICEMAIL):
            conversation.flag = flag
    call.flag = flag
    await session.flush()


def _flag(call: Interaction) -> str:
    if callfacts.left_voicemail(call.call or {}):
        return VOICEMAIL
    return MISSED if call.state is State.MISSED else ""


async def _conversation(session: AsyncSession, call: Interaction, now: datetime) -> Conversation:
    if call.conversation_id is not None:
        return await threads.work(session, call.conversation_id)
    fresh = threads.opened(call.customer_id, Kind.VOICE, call.channel, subject="", now=now)
    session.add(fresh)
    await session.flush()
    call.conversation_id, call.threaded_by = fresh.id, ThreadedBy.NEW.value
    return fresh


async def _undo(session: AsyncSession, call: Interaction) -> None:
    """As if the call had never been thought missed: a conversation that was opened for that alone goes away."""
    conversation = await session.get(Conversation, call.conversation_id, with_for_update=True)
    if conversation is None:
        return
    if conversation.flag == call.flag:
        conversation.flag = ""
    rows = select(Interaction.id).where(
        col(Interaction.conversation_id) == conversation.id, col(Interaction.id) != call.id
    )
    if conversation.created_at >= call.at and (await session.exec(rows.limit(1))).first() is None:
        call.conversation_id = None
        await session.flush()
        await session.delete(conversation)


async def _fetch_later(session: AsyncSession, call: Interaction, step: str, recording: Recording) -> None:
    name = "voicemail.wav" if step == callfacts.VOICEMAIL else "recording.wav"
    payload = {"interaction": call.id, "channel": call.channel, **asdict(recording.media), "name": name}
    await enqueue(session, "fetch-media", payload=payload, dedupe=f"media:{recording.provider_id}")


# ---- what an inbound call hears -------------------------------------------------------------


async def _next(session: AsyncSession, call: Interaction, event: CallEvent, reception: Reception) -> tuple[Step, ...]:
    """Greeting, the telephone of whoever knows the customer, everybody else's, voicemail: what is still to come."""
    if callfacts.talked(call.call or {}) or event.step == callfacts.VOICEMAIL:
        return (HangUp(),)
    rings = await _rings(session, call, reception)
    if event.step in callfacts.RINGS:
        later = callfacts.RINGS[callfacts.RINGS.index(event.step) + 1 :]
        return (*(ring for ring in rings if ring.step in later), *_voicemail(reception))
    greeting = Say(reception.calls.greeting, reception.calls.language)
    return (greeting, *rings, *_voicemail(reception))


def _voicemail(reception: Reception) -> tuple[Step, ...]:
    words = Say(reception.calls.voicemail, reception.calls.language)
    return (words, Voicemail(callfacts.VOICEMAIL), HangUp())


async def _rings(session: AsyncSession, call: Interaction, reception: Reception) -> tuple[Ring, ...]:
    assignee = await _assignee(session, call.customer_id)
    free = await _available(session)
    first = [number for staff_id, number in free if staff_id == assignee]
    others = [number for staff_id, number in free if staff_id != assignee][:_AT_ONCE]
    screen = await _screen(session, call, reception)
    steps = ((callfacts.ASSIGNEE, first), (callfacts.AGENTS, others))
    seconds = reception.calls.ring_seconds
    return tuple(Ring(step, tuple(numbers), seconds, screen) for step, numbers in steps if numbers)


async def _assignee(session: AsyncSession, customer_id: UUID) -> int | None:
    """Who has this customer's latest unresolved conversation, else who looks after the customer."""
    rows = select(Conversation.assignee_id).where(
        col(Conversation.customer_id) == customer_id,
        col(Conversation.assignee_id).is_not(None),
        col(Conversation.state) != ConversationState.RESOLVED,
    )
    assignee = (await session.exec(rows.order_by(col(Conversation.last_at).desc()).limit(1))).first()
    customer = await session.get(Customer, customer_id)
    return assignee or (customer.owner_id if customer is not None else None)


async def _available(session: AsyncSession) -> list[tuple[int, str]]:
    rows = select(Staff.id, Staff.phone).where(
        col(Staff.active), col(Staff.available), col(Staff.phone).is_not(None), col(Staff.role) != Role.MARKETER
    )
    found = await session.exec(rows.order_by(col(Staff.id)))
    return [(staff_id, phone) for staff_id, phone in found if staff_id is not None and phone]


async def _screen(session: AsyncSession, call: Interaction, reception: Reception) -> Say:
    """Without the question a colleague's own answering machine would take the customer's call."""
    customer = await session.get(Customer, call.customer_id)
    caller = customer.name if customer is not None else call.sender
    language = reception.calls.language
    return Say(_SCREEN[language].format(caller=caller), language)
