"""Calling whom one has, and saying what came of it: each call is one row of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.call_lists import arranging, taking
from hub.call_lists.arranging import CallListProblem
from hub.conversations import calling_customers, current_calls, logged, threads, wrap_ups
from hub.conversations.logged import Contact, What
from hub.conversations.wrap_ups import WrapUp, WrapUpProblem
from hub.customers import consent, identities, wordings
from hub.customers.consent import Statement
from hub.models import CallList, CallListPerson, CallOutcome, HandledCall, Interaction
from hub.models.vocabulary import CallResult, CallTurn, Kind
from hub.outbound.asking import Answer, Gate, Held, Placed
from hub.sentences import Sentence
from hub.staff import audit

# What stands in the log, in the words of the dispositions
SAID: Mapping[CallResult, str] = {
    CallResult.REACHED: "Spoken with",
    CallResult.NOT_REACHED: "Not reached",
    CallResult.CALL_BACK: "Call back later",
    CallResult.WRONG_NUMBER: "Wrong number",
    CallResult.NO_CALLS: "Wants no calls",
}


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a call. `outcome_id`: the disposition of one who was reached.

    `call_back_at`: then they are due again; `by_me`: for the same agent. `minutes`: of a call the hub did not see.
    """

    result: CallResult
    outcome_id: int | None = None
    note: str = ""
    minutes: int = 0
    call_back_at: datetime | None = None
    by_me: bool = False


async def call(
    session: AsyncSession, person_id: int, staff_id: int, *, number: str = "", gate: Gate, now: datetime
) -> Answer:
    """Ring the agent, then whom they have: through the gate, for the list's purpose; a no leaves them out.

    Raises NotYours, CannotCall, NoTelephone.
    """
    await current_calls.one_at_a_time(session, staff_id)
    row = await taking.mine(session, person_id, staff_id)
    found = await arranging.get(session, row.call_list_id)
    answer = await calling_customers.call(
        session,
        row.customer_id,
        staff_id=staff_id,
        gate=gate,
        now=now,
        number=number,
        purpose=found.purpose,
        call_list=found.id,
    )
    if isinstance(answer, Placed):
        row.interaction_id, row.held_until = answer.interaction_id, now + timedelta(minutes=found.held_minutes)
    if isinstance(answer, Held):
        taking.leave_out(row, answer.reason, answer.trace, now)
    await session.flush()
    await live.publish(session, "call-list", id=found.id)
    return answer


async def settle(session: AsyncSession, person_id: int, staff_id: int, came: Came, *, now: datetime) -> CallList:
    """Say what came of it: they are done, or due again. Raises NotYours, CallListProblem, LogProblem, WrapUpProblem."""
    await current_calls.one_at_a_time(session, staff_id)
    row = await taking.mine(session, person_id, staff_id)
    found = await arranging.get(session, row.call_list_id)
    if came.result is CallResult.CALL_BACK and came.call_back_at is None:
        raise CallListProblem(Sentence("Say when to call back."))
    said = await _said(session, came)
    number = await _written(session, found, row, came, said, staff_id, now)
    row.calls, row.result, row.outcome = row.calls + 1, came.result, said
    await _told(session, row, came, number, staff_id, now)
    _move(found, row, came, staff_id, now)
    await session.flush()
    await audit.write(
        session,
        "call-list.outcome",
        staff_id=staff_id,
        subject=f"customer:{row.customer_id}",
        detail=f"call-list:{found.id} {came.result}",
        now=now,
    )
    await live.publish(session, "call-list", id=found.id)
    return found


def _move(found: CallList, row: CallListPerson, came: Came, staff_id: int, now: datetime) -> None:
    again = None
    if came.result is CallResult.CALL_BACK:
        again = came.call_back_at
    elif came.result is CallResult.NOT_REACHED and row.calls < found.attempts:
        again = now + timedelta(hours=found.again_hours)
    row.held_until = None
    row.turn = CallTurn.DONE if again is None else CallTurn.WAITING
    row.settled_at = now if again is None else None
    row.due_at = again or row.due_at
    row.for_staff_id = staff_id if came.result is CallResult.CALL_BACK and came.by_me else None


async def _said(session: AsyncSession, came: Came) -> str:
    if came.result is not CallResult.REACHED or came.outcome_id is None:
        return SAID[came.result]
    outcome = await session.get(CallOutcome, came.outcome_id)
    if outcome is None:
        raise CallListProblem(Sentence("There is no such outcome. Choose another one."))
    return outcome.name


async def _written(
    session: AsyncSession, found: CallList, row: CallListPerson, came: Came, said: str, staff_id: int, now: datetime
) -> str:
    """In the log: the call that the hub placed is wrapped up, any other is logged. The number that was called."""
    placed = await session.get(Interaction, row.interaction_id) if row.interaction_id is not None else None
    if placed is not None:
        await _wrapped(session, placed.id, came, said, staff_id, now)
        return placed.recipient
    best = identities.best(await identities.of(session, row.customer_id), Kind.VOICE)
    contact = Contact(
        What.CALL,
        inward=False,
        at=now,
        minutes=came.minutes,
        note=came.note,
        said=said,
        number=best.value if best else "",
        unanswered=came.result is CallResult.NOT_REACHED,
        purpose=found.purpose,
        call_list=found.id,
    )
    talk = await threads.open_on(session, row.customer_id, Kind.VOICE)
    row.interaction_id = await logged.log(session, row.customer_id, talk, contact, staff_id=staff_id, now=now)
    return contact.number


async def _wrapped(session: AsyncSession, call_id: UUID, came: Came, said: str, staff_id: int, now: datetime) -> None:
    handled = await session.get(HandledCall, call_id)
    if handled is None or handled.wrapped_at is not None:
        return
    reached = came.result is CallResult.REACHED
    wrapping = WrapUp(came.outcome_id or 0 if reached else 0, came.note or None, said=said)
    try:
        await wrap_ups.wrap_up(session, call_id, wrapping, staff_id=staff_id, others=False, now=now)
    except WrapUpProblem as e:
        raise CallListProblem(*e.args) from e


async def _told(
    session: AsyncSession, row: CallListPerson, came: Came, number: str, staff_id: int, now: datetime
) -> None:
    """What the customer's card learns from it."""
    if came.result is CallResult.WRONG_NUMBER and number:
        await identities.not_theirs(session, row.customer_id, number, now=now)
    if came.result is CallResult.NO_CALLS:
        said = Statement(
            customer_id=row.customer_id,
            purpose=None,
            channel=Kind.VOICE,
            granted=False,
            wording=wordings.plain(None, Kind.VOICE, granted=False),
            wording_version=wordings.version("desk"),
            source="told an agent",
            evidence=str(row.interaction_id),
            staff_id=staff_id,
        )
        await consent.record(session, said, now=now)
