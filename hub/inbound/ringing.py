"""What a caller hears: a greeting, the telephones of those who are there, the voicemail; and whose telephones ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import CallEvent, HangUp, Ring, Say, Step, Voicemail
from hub.conversations import current_calls
from hub.inbound import callfacts
from hub.inbound.reception import Reception
from hub.models import Conversation, Customer, Interaction, Staff
from hub.models.vocabulary import ConversationState, Role, State
from hub.staff.roles import Action, may

_AT_ONCE = 10  # telephones that one Ring may ring

_SCREEN: Mapping[str, str] = {
    "en": "A call from {caller}. Press 1 to take it.",
    "pl": "Dzwoni {caller}. Naciśnij 1, aby odebrać.",
    "bg": "Обаждане от {caller}. Натиснете 1, за да приемете.",
    "ru": "Звонок от {caller}. Нажмите 1, чтобы ответить.",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One round of ringing, and whose telephones those are."""

    ring: Ring
    staff_ids: tuple[int, ...]


async def next_steps(
    session: AsyncSession, call: Interaction, event: CallEvent, reception: Reception, *, now: datetime
) -> tuple[Step, ...]:
    """Greeting, the telephone of whoever knows the customer, everybody else's, voicemail: what is still to come."""
    if callfacts.talked(call.call or {}) or event.step == callfacts.VOICEMAIL:
        return (HangUp(),)
    if event.step in callfacts.RINGS:
        await current_calls.release(session, call.id)
    rounds = await _still(session, call, event, reception)
    if call.state is State.RINGING:
        await current_calls.ring(session, call.id, rounds[0].staff_ids if rounds else (), now=now)
    rings = tuple(one.ring for one in rounds)
    if event.step in (callfacts.TAKE, *callfacts.RINGS):
        return (*rings, *_voicemail(reception))
    return (Say(reception.calls.greeting, reception.calls.language), *rings, *_voicemail(reception))


async def _still(session: AsyncSession, call: Interaction, event: CallEvent, reception: Reception) -> list[Rung]:
    if event.step == callfacts.TAKE:
        return await _to_its_taker(session, call, reception)
    rounds = await _rounds(session, call, reception)
    if event.step not in callfacts.RINGS:
        return rounds
    later = callfacts.RINGS[callfacts.RINGS.index(event.step) + 1 :]
    return [one for one in rounds if one.ring.step in later]


def _voicemail(reception: Reception) -> tuple[Step, ...]:
    words = Say(reception.calls.voicemail, reception.calls.language)
    return (words, Voicemail(callfacts.VOICEMAIL), HangUp())


async def _to_its_taker(session: AsyncSession, call: Interaction, reception: Reception) -> list[Rung]:
    taker = await current_calls.taker(session, call.id)
    staff = await session.get(Staff, taker) if taker is not None else None
    if staff is None or not staff.phone:
        return await _rounds(session, call, reception)
    screen = await _screen(session, call, reception)
    return [Rung(Ring(callfacts.TAKEN, (staff.phone,), reception.calls.ring_seconds, screen), (staff.id or 0,))]


async def _rounds(session: AsyncSession, call: Interaction, reception: Reception) -> list[Rung]:
    assignee = await _assignee(session, call.customer_id)
    free = await _available(session)
    first = [one for one in free if one[0] == assignee]
    others = [one for one in free if one[0] != assignee][:_AT_ONCE]
    screen = await _screen(session, call, reception)
    steps = ((callfacts.ASSIGNEE, first), (callfacts.AGENTS, others))
    return [_rung(step, people, reception.calls.ring_seconds, screen) for step, people in steps if people]


def _rung(step: str, people: Sequence[tuple[int, str]], seconds: int, screen: Say) -> Rung:
    return Rung(Ring(step, tuple(phone for _, phone in people), seconds, screen), tuple(one for one, _ in people))


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
    """Who takes calls now, and has none that is not wrapped up."""
    takers = [role for role in Role if may(role, Action.CALL)]
    rows = select(Staff.id, Staff.phone).where(
        col(Staff.active), col(Staff.available), col(Staff.phone).is_not(None), col(Staff.role).in_(takers)
    )
    busy = await current_calls.busy(session)
    found = await session.exec(rows.order_by(col(Staff.id)))
    return [(one, phone) for one, phone in found if one is not None and phone and one not in busy]


async def _screen(session: AsyncSession, call: Interaction, reception: Reception) -> Say:
    """Without the question a colleague's own answering machine would take the customer's call."""
    customer = await session.get(Customer, call.customer_id)
    caller = customer.name if customer is not None else call.sender
    language = reception.calls.language
    return Say(_SCREEN[language].format(caller=caller), language)
