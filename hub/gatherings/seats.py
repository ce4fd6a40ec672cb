"""Who comes: answers, seats, and the waiting list, which moves up when somebody does not come after all or is erased.

The event's row is locked first: of two who answer at once for the last seat one has it, and the other waits.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.gatherings import letters, plans
from hub.gatherings.letters import Outcome
from hub.models import Customer, Gathering, Guest
from hub.models.vocabulary import GuestState, Kind
from hub.outbound import request
from hub.outbound.asking import Gate

_TOLD: dict[GuestState, Outcome] = {
    GuestState.COMING: "coming",
    GuestState.WAITING: "waiting",
    GuestState.NOT_COMING: "not_coming",
}


class NoSuchGuest(LookupError):
    """Nobody of that number is invited."""


async def guest(session: AsyncSession, guest_id: int) -> Guest:
    """Raises NoSuchGuest."""
    found = await session.get(Guest, guest_id) if 0 < guest_id < 2**31 else None
    if found is None:
        raise NoSuchGuest(f"There is no guest {guest_id}")
    return found


async def of(session: AsyncSession, gathering_id: int, guest_id: int) -> Guest:
    """One of this event's. Raises NoSuchGuest."""
    found = await guest(session, guest_id)
    if found.gathering_id != gathering_id:
        raise NoSuchGuest(f"There is no guest {guest_id} of event {gathering_id}")
    return found


async def awaiting_answer(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Guest | None:
    """What this customer was asked last about an event that is ahead: who said yes may still say no."""
    asked = select(Guest).join(Gathering, col(Gathering.id) == col(Guest.gathering_id))
    ahead = (col(Gathering.starts_at) > now, col(Gathering.cancelled_at).is_(None))
    mine = asked.where(col(Guest.customer_id) == customer_id, col(Guest.asked_id).is_not(None), *ahead)
    return (await session.exec(mine.order_by(col(Guest.asked_id).desc()).limit(1))).first()


async def of_message(session: AsyncSession, interaction_id: UUID) -> Guest | None:
    """Whose invitation or reminder this message was."""
    return (await session.exec(select(Guest).where(col(Guest.asked_id) == interaction_id))).first()


async def answer(
    session: AsyncSession,
    guest_id: int,
    *,
    coming: bool,
    gate: Gate,
    now: datetime,
    by: Kind | None = None,
    answers: UUID | None = None,
) -> Guest:
    """Said again it changes nothing. `by` SMS or mail: they are told by it how they stand; else only when they wait.

    Nobody's answer counts once the event has begun or is called off. Raises NoSuchGuest.
    """
    found = await guest(session, guest_id)
    gathering = await plans.locked(session, found.gathering_id)
    await session.refresh(found, with_for_update=True)
    if gathering.starts_at <= now or gathering.cancelled_at is not None:
        return found
    if coming:
        found.told_off_at = None  # they count on it anew
    before, wanted = found.state, await _wanted(session, gathering, found, coming)
    if wanted is before:
        return found
    found.state, found.answered_at, found.answered_by = wanted, now, by
    found.waiting_since = now if wanted is GuestState.WAITING else None
    await session.flush()
    if by in (Kind.SMS, Kind.EMAIL) or wanted is GuestState.WAITING:
        await _tell(session, gathering, found, _TOLD[wanted], gate=gate, now=now, answers=answers)
    if before is GuestState.COMING:
        await fill(session, gathering, gate=gate, now=now)
    await _show(session, gathering, found)
    return found


async def fill(session: AsyncSession, gathering: Gathering, *, gate: Gate, now: datetime) -> int:
    """Whoever waits longest moves up into each free seat and is told; how many did. The caller has locked the event."""
    if gathering.starts_at <= now or gathering.cancelled_at is not None:
        return 0
    waiting = select(Guest).where(col(Guest.gathering_id) == gathering.id, col(Guest.state) == GuestState.WAITING)
    queue = waiting.order_by(col(Guest.waiting_since), col(Guest.id)).with_for_update()
    free = await _free(session, gathering)
    moved = list(await session.exec(queue if free is None else queue.limit(free)))
    for one in moved:
        one.state, one.waiting_since = GuestState.COMING, None
        await session.flush()
        await _tell(session, gathering, one, "moved_up", gate=gate, now=now)
        await _show(session, gathering, one)
    return len(moved)


async def fill_freed(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Seats of whoever was erased, merged or taken off otherwise than by an answer; how many moved up."""
    comes = func.count().filter(col(Guest.state) == GuestState.COMING)
    waits = func.count().filter(col(Guest.state) == GuestState.WAITING)
    ahead = (
        col(Gathering.starts_at) > now,
        col(Gathering.cancelled_at).is_(None),
        col(Gathering.capacity).is_not(None),
    )
    events = select(Gathering.id).join(Guest, col(Guest.gathering_id) == col(Gathering.id)).where(*ahead)
    free = events.group_by(col(Gathering.id)).having(waits > 0, comes < col(Gathering.capacity))
    moved = 0
    for number in await session.exec(free.order_by(col(Gathering.id))):
        moved += await fill(session, await plans.locked(session, number or 0), gate=gate, now=now)
    return moved


async def attend(session: AsyncSession, guest_id: int, came: bool, *, now: datetime) -> Guest:
    """They are here, invited or not expected; or it was ticked by mistake. Raises NoSuchGuest."""
    found = await guest(session, guest_id)
    found.attended_at = (found.attended_at or now) if came else None
    await _show(session, await plans.get(session, found.gathering_id), found)
    return found


async def _wanted(session: AsyncSession, gathering: Gathering, found: Guest, coming: bool) -> GuestState:
    if not coming:
        return GuestState.NOT_COMING
    if found.state in (GuestState.COMING, GuestState.WAITING):
        return found.state
    free = await _free(session, gathering)
    return GuestState.COMING if free is None or free > 0 else GuestState.WAITING


async def _free(session: AsyncSession, gathering: Gathering) -> int | None:
    if gathering.capacity is None:
        return None
    taken = select(func.count()).where(col(Guest.gathering_id) == gathering.id, col(Guest.state) == GuestState.COMING)
    return max(0, gathering.capacity - (await session.exec(taken)).one())


async def _tell(
    session: AsyncSession,
    gathering: Gathering,
    found: Guest,
    outcome: Outcome,
    *,
    gate: Gate,
    now: datetime,
    answers: UUID | None = None,
) -> None:
    customer = await session.get_one(Customer, found.customer_id)
    version = await letters.current(session, letters.ANSWER, now=now)
    asked = letters.answer(gathering, found, customer, version, gate, outcome=outcome, answers=answers)
    await request.send(session, asked, gate=gate, now=now)


async def _show(session: AsyncSession, gathering: Gathering, found: Guest) -> None:
    await plans.tell(session, gathering)
    await live.publish(session, "customer", id=found.customer_id)
