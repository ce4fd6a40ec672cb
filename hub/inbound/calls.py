"""Telephone calls: one row per call, however many events tell of it, and what a waiting caller hears next."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import screening
from channels.adapter import Channel
from channels.message import Address, CallEvent, HangUp, Kind, Recording, Script
from channels.message import Direction as Way
from hub import live
from hub.clock import uuid7
from hub.conversations import appointments, current_calls, held, missed_calls, short_answers, threads
from hub.conversations.missed_calls import MISSED, VOICEMAIL
from hub.customers import directory, identities
from hub.gatherings import seats
from hub.inbound import callfacts, rejections, ringing, takers
from hub.inbound.reception import Reception
from hub.interactions import progress, record
from hub.models import Conversation, Interaction
from hub.models.vocabulary import Direction, Origin, State, ThreadedBy
from hub.outbound import calling
from hub.outbound.asking import Gate
from hub.queue import enqueue


async def note(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, *, now: datetime
) -> UUID | None:
    """Write down what happened in a call; None when nobody knows the call (it is kept with the rejected webhooks)."""
    call = await _known(session, channel, event, reception, now)
    if call is None:
        return None
    await _gather(session, call, event, now=now)
    return call.id


async def answer(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, *, now: datetime
) -> tuple[Script, str]:
    """What a waiting call does next, and the token that brings its answers back to this row."""
    call = await _known(session, channel, event, reception, now)
    if call is None:
        return Script((HangUp(),)), ""
    if screening.is_screening(event):
        event = await takers.screened(session, call.id, event)
    await _gather(session, call, event, now=now)
    token = reception.gate.signer.message_token(call.id)
    if screening.is_screening(event):
        return screening.script(event), token
    if call.direction is Direction.OUT:
        await _reminded(session, call, event, reception.gate, now=now)
        return await calling.script(session, call, event, gate=reception.gate, now=now), token
    return Script(await ringing.next_steps(session, call, event, reception, now=now)), token


async def _known(
    session: AsyncSession, channel: Channel, event: CallEvent, reception: Reception, now: datetime
) -> Interaction | None:
    """The call's row, locked; None when nobody knows it, which is noted."""
    call = await _find(session, channel, event, reception, now)
    if call is None:
        cause = "a call nobody knows"
        await rejections.note(session, channel=channel.name, cause=cause, payload=event.payload, now=now)
    return call


async def _gather(session: AsyncSession, call: Interaction, event: CallEvent, *, now: datetime) -> None:
    before = dict(call.call or {})
    facts = callfacts.gather(before, event)
    if facts != before or (event.transcript and not call.body_text):
        call.call = facts
        await session.flush()
        await _follow(session, call, before, event, now=now)


async def _reminded(session: AsyncSession, call: Interaction, event: CallEvent, gate: Gate, *, now: datetime) -> None:
    """A key pressed in answer to a spoken reminder: 1 confirms, 2 cancels, 3 asks for another time."""
    choice = short_answers.KEYS.get(event.digits)
    guest = await seats.of_message(session, call.id) if choice in ("confirm", "cancel") else None
    if guest is not None:
        coming = choice == "confirm"
        await seats.answer(session, guest.id or 0, coming=coming, gate=gate, now=now, by=Kind.VOICE)
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
    if event.sender.value in reception.numbers:  # the hub rings itself: answered, that would never end
        return None
    return await _ringing(session, channel, event, now)


async def _locked(session: AsyncSession, interaction_id: UUID | None) -> Interaction | None:
    if interaction_id is None:
        return None
    rows = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update(key_share=True)
    return (await session.exec(rows, execution_options={"populate_existing": True})).first()


async def _ringing(session: AsyncSession, channel: Channel, event: CallEvent, now: datetime) -> Interaction:
    caller = event.sender if event.sender.value else Address(Kind.VOICE, identities.HIDDEN, event.sender.name)
    customer = (await directory.resolve(session, caller, now=now)).customer
    await session.refresh(customer, with_for_update={"key_share": True})
    running = await threads.open_on(session, customer.id, Kind.VOICE)
    call = _call(customer.id, running, channel, event, now)
    await record.add(session, call)
    await record.name(session, channel.name, event.call_id, call.id)
    await current_calls.ring(session, call.id, (), now=now)
    await held.customer_spoke(session, customer.id, running, now=now)
    return call


def _call(
    customer_id: UUID, conversation_id: UUID | None, channel: Channel, event: CallEvent, now: datetime
) -> Interaction:
    return Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer_id,
        conversation_id=conversation_id,
        threaded_by=ThreadedBy.OPEN.value if conversation_id else "",
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


# ---- what follows ---------------------------------------------------------------------------


async def _follow(
    session: AsyncSession, call: Interaction, before: callfacts.Facts, event: CallEvent, *, now: datetime
) -> None:
    await _move(session, call, now=now)
    if event.transcript:
        call.body_text = max(event.transcript, call.body_text)  # the caller's words, as the provider understood them
    if event.recording is not None and event.recording.provider_id not in before.get("recordings", {}):
        await _fetch_later(session, call, event.step, event.recording)
    if call.direction is Direction.IN:
        await _work(session, call, now=now)
    await takers.follow(session, call, now=now)
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
        await missed_calls.forget(session, call.id)
        await _undo(session, call)
    else:
        await missed_calls.keep(session, call.id, call.customer_id, voicemail=flag == VOICEMAIL)
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
