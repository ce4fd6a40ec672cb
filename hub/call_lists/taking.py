"""Giving people out: one agent has one person at a time, and nobody is had by two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.call_lists import arranging, audience
from hub.call_lists.arranging import CallListProblem
from hub.conversations import current_calls
from hub.models import CallList, CallListPerson, HandledCall
from hub.models.vocabulary import CallListState, CallTurn, Kind, Withheld
from hub.outbound.asking import Gate
from hub.outbound.facts import facts
from hub.outbound.permission import decide
from hub.outbound.question import Decision
from hub.sentences import Sentence

_LOOKS = 50  # so many are asked about in one go: the rows of those who were left out stay locked until the end
_PROMISED = timedelta(hours=4)  # so long after its time a call that one agent promised is anybody's


class NotYours(LookupError):
    """This person of a call list is not held by this agent, or not any more."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is nobody to call now. `more`: perhaps behind those who were left out; `next_at`: when the next is due."""

    more: bool
    next_at: datetime | None


async def take(
    session: AsyncSession, list_id: int, staff_id: int, *, others: bool, gate: Gate, now: datetime
) -> CallListPerson | Nobody:
    """The next person to call, through the gate; whom this agent has already, on whichever list, comes first.

    `others`: may work for all teams. Raises NoSuchCallList or CallListProblem.
    """
    await current_calls.one_at_a_time(session, staff_id)
    mine = await held(session, staff_id, lock=True)
    found = await arranging.of_agent(
        session, mine.call_list_id if mine else list_id, staff_id, others=others or bool(mine)
    )
    if mine is not None:
        return await _hold(session, found, mine, staff_id, now)
    _demand_open(found, gate, now)
    for _look in range(_LOOKS):
        row = await _due(session, found, staff_id, now)
        if row is None:
            return Nobody(False, await _next_at(session, list_id))
        if _apply(row, await may_be_called(session, found, row.customer_id, gate=gate, now=now), now):
            return await _hold(session, found, row, staff_id, now)
        await session.flush()
    await live.publish(session, "call-list", id=list_id)
    return Nobody(True, now)


async def held(session: AsyncSession, staff_id: int, *, lock: bool = False) -> CallListPerson | None:
    """Whom this agent has."""
    rows = select(CallListPerson).where(
        col(CallListPerson.staff_id) == staff_id, col(CallListPerson.turn) == CallTurn.HELD
    )
    found = await session.exec(rows.with_for_update() if lock else rows, execution_options={"populate_existing": True})
    return found.first()


async def mine(session: AsyncSession, person_id: int, staff_id: int) -> CallListPerson:
    """Locked. Raises NotYours."""
    row = await held(session, staff_id, lock=True)
    if row is None or row.id != person_id:
        raise NotYours(person_id)
    return row


async def release(session: AsyncSession, person_id: int, staff_id: int, *, now: datetime) -> None:
    """They wait again, as if nobody had had them. Raises NotYours; CallListProblem while they are called."""
    row = await mine(session, person_id, staff_id)
    if row.interaction_id is not None:
        raise CallListProblem(Sentence("You have called them. Say what came of it."))
    row.turn, row.staff_id, row.held_until, row.due_at = CallTurn.WAITING, None, None, min(row.due_at, now)
    await session.flush()
    await live.publish(session, "call-list", id=row.call_list_id)


async def may_be_called(
    session: AsyncSession, found: CallList, customer_id: UUID, *, gate: Gate, now: datetime
) -> Decision:
    """What the gate says of calling this customer now."""
    known = await facts(session, [customer_id], now=now)
    return decide(known[customer_id], audience.question(found, gate, Kind.VOICE), gate.rules, now)


def leave_out(row: CallListPerson, reason: Withheld | None, trace: Sequence[str], now: datetime) -> None:
    """The gate said no."""
    row.turn, row.settled_at, row.held_until = CallTurn.LEFT_OUT, now, None
    row.reason, row.trace = reason.value if reason else "", list(trace)


def _demand_open(found: CallList, gate: Gate, now: datetime) -> None:
    if found.state is CallListState.PAUSED:
        raise CallListProblem(Sentence("The call list is paused. Nobody is given out."))
    if found.state is CallListState.CLOSED:
        raise CallListProblem(Sentence("The call list is closed."))
    if not arranging.is_hour(found, gate.rules.company_zone, now):
        hours = {"start": f"{found.hours_from:%H:%M}", "end": f"{found.hours_until:%H:%M}"}
        raise CallListProblem(Sentence("This list is worked on from %(start)s to %(end)s.", hours))


def _apply(row: CallListPerson, decision: Decision, now: datetime) -> bool:
    """Whether they may be called now; whoever sleeps waits for the end of quiet hours."""
    if not decision.allowed:
        leave_out(row, decision.reason, decision.trace, now)
        return False
    if decision.not_before is not None:
        row.turn, row.staff_id, row.held_until = CallTurn.WAITING, None, None
        row.due_at, row.trace = decision.not_before, list(decision.trace)
        return False
    return True


async def _hold(
    session: AsyncSession, found: CallList, row: CallListPerson, staff_id: int, now: datetime
) -> CallListPerson:
    if row.turn is not CallTurn.HELD or row.staff_id != staff_id:
        row.interaction_id = None
    row.turn, row.staff_id, row.trace = CallTurn.HELD, staff_id, []
    row.held_until = now + timedelta(minutes=found.held_minutes)
    await session.flush()
    await live.publish(session, "call-list", id=row.call_list_id)
    return row


async def _due(session: AsyncSession, found: CallList, staff_id: int, now: datetime) -> CallListPerson | None:
    """Locked; whom another agent looks at in this moment is passed by. Calls that this agent promised come first."""
    promised = col(CallListPerson.for_staff_id).is_not_distinct_from(staff_id)
    rows = select(CallListPerson).where(col(CallListPerson.call_list_id) == found.id, _free(staff_id, now))
    rows = rows.order_by(promised.desc(), col(CallListPerson.due_at), col(CallListPerson.id)).limit(1)
    again = {"populate_existing": True}
    return (await session.exec(rows.with_for_update(skip_locked=True), execution_options=again)).first()


def _free(staff_id: int, now: datetime) -> ColumnElement[bool]:
    """Whoever waits and is due, and whom somebody has had for too long without speaking with them."""
    whose = col(CallListPerson.for_staff_id)
    anybody = or_(whose.is_(None), whose == staff_id, col(CallListPerson.due_at) <= now - _PROMISED)
    waiting = and_(col(CallListPerson.turn) == CallTurn.WAITING, col(CallListPerson.due_at) <= now, anybody)
    talking = select(HandledCall.interaction_id).where(
        col(HandledCall.interaction_id) == col(CallListPerson.interaction_id), col(HandledCall.ended_at).is_(None)
    )
    lost = and_(col(CallListPerson.turn) == CallTurn.HELD, col(CallListPerson.held_until) <= now, ~talking.exists())
    return or_(waiting, lost)


async def _next_at(session: AsyncSession, list_id: int) -> datetime | None:
    mine = (col(CallListPerson.call_list_id) == list_id, col(CallListPerson.turn) == CallTurn.WAITING)
    return (await session.exec(select(func.min(CallListPerson.due_at)).where(*mine))).one()
