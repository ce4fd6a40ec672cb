"""What is left of a call when it is over: its outcome and a note. Until then its taker gets no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import assignment, call_outcomes, current_calls, mentions, tasks, threads
from hub.conversations.missed_calls import NoSuchCall
from hub.customers import directory
from hub.interactions import record
from hub.models import CallOutcome, HandledCall, Interaction
from hub.models.vocabulary import Direction
from hub.sentences import Sentence
from hub.staff import audit

LONGEST_NOTE = 20_000


class WrapUpProblem(ValueError):
    """It cannot be wrapped up like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """What the taker says about a call. `note` None: it stays as it was typed while talking.

    `said`: what came of it, where `outcome_id` is 0 because it is none of the outcomes that are offered.
    `call_back_at`: then the taker has a task to call the customer back.
    """

    outcome_id: int
    note: str | None = None
    resolve: bool = False
    call_back_at: datetime | None = None
    said: str = ""


async def jot(session: AsyncSession, call_id: UUID, text: str, *, staff_id: int, now: datetime) -> None:
    """Keep the note of a call as it is typed: one note in the call's conversation.

    Raises NoSuchCall, or WrapUpProblem when the call was wrapped up with other words: those stay.
    """
    row = await _mine(session, call_id, staff_id)
    if row.wrapped_at is None:
        await _write(session, row, text, now=now)
        return
    note = await session.get(Interaction, row.note_id) if row.note_id is not None else None
    if _tidy(text) != (note.body_text if note is not None else ""):
        raise WrapUpProblem(Sentence("The call is wrapped up already. Write a note in its conversation."))


async def hung_up(session: AsyncSession, call_id: UUID, *, staff_id: int, others: bool, now: datetime) -> None:
    """By its taker's word, for no news came: a call is over; one that only rang for them is nobody's again.

    `others`: this person may say so for colleagues. Raises NoSuchCall.
    """
    row = await _mine(session, call_id, staff_id, others=others)
    if row.ended_at is not None:
        return
    call, taker = await _call(session, call_id), row.staff_id
    if row.talked_at is None and call.direction is Direction.IN:
        await current_calls.release(session, call_id)
    else:
        await current_calls.over(session, call_id, now=now)
    subject, detail = f"call:{call_id}", f"staff:{taker}"
    await audit.write(session, "call.hung_up", staff_id=staff_id, subject=subject, detail=detail, now=now)


async def wrap_up(
    session: AsyncSession, call_id: UUID, wrapping: WrapUp, *, staff_id: int, others: bool, now: datetime
) -> None:
    """Say what came of a call that is over. `others`: this person may do so for colleagues.

    Raises NoSuchCall or WrapUpProblem.
    """
    row = await _mine(session, call_id, staff_id, others=others)
    if row.ended_at is None:
        raise WrapUpProblem(Sentence("The call is not over. Wrap it up when you have hung up."))
    if row.wrapped_at is not None:
        return
    chosen = await session.get(CallOutcome, wrapping.outcome_id)
    if chosen is None and (wrapping.outcome_id or not wrapping.said):
        raise WrapUpProblem(Sentence("Say what came of the call: choose an outcome."))
    if wrapping.note is not None:
        await _write(session, row, wrapping.note, now=now)
    row.outcome_id, row.wrapped_at, row.wrapped_by = chosen.id if chosen else None, now, staff_id
    call = await _call(session, call_id)
    call.call = {**(call.call or {}), **(call_outcomes.facts_of(chosen) if chosen else {"outcome": wrapping.said})}
    await session.flush()
    await _after(session, row, call, wrapping, staff_id=staff_id, now=now)


async def _after(
    session: AsyncSession, row: HandledCall, call: Interaction, wrapping: WrapUp, *, staff_id: int, now: datetime
) -> None:
    note = await session.get(Interaction, row.note_id) if row.note_id is not None else None
    if note is not None:
        await mentions.note(session, note.id, note.body_text, by=row.staff_id, now=now)
    if wrapping.resolve and call.conversation_id is not None:
        await assignment.resolve(session, call.conversation_id, now=now)
    elif call.conversation_id is not None:
        await threads.tell(session, call.conversation_id, call.customer_id)
    await current_calls.tell(session, call.id, [row.staff_id])
    if wrapping.call_back_at is not None:
        await _call_back(session, row, call, wrapping.call_back_at, by=staff_id, now=now)
    subject, detail = f"call:{call.id}", str((call.call or {})["outcome"])
    await audit.write(session, "call.wrap_up", staff_id=staff_id, subject=subject, detail=detail, now=now)


async def _call_back(
    session: AsyncSession, row: HandledCall, call: Interaction, due_at: datetime, *, by: int, now: datetime
) -> None:
    """A task of the taker's, whoever wraps the call up for them. Raises WrapUpProblem."""
    title = tasks.shortened(tasks.CALL_BACK % {"name": (await directory.get(session, call.customer_id)).name})
    new = tasks.NewTask(title, call.customer_id, call.conversation_id, due_at, row.staff_id, by)
    try:
        await tasks.add(session, new, now=now)
    except tasks.TaskProblem as e:
        raise WrapUpProblem(*e.args) from e


async def _mine(session: AsyncSession, call_id: UUID, staff_id: int, *, others: bool = False) -> HandledCall:
    """Locked. A call that is a colleague's does not exist for whoever may not act for others."""
    await current_calls.lock(session, call_id)
    row = await session.get(HandledCall, call_id, with_for_update=True, populate_existing=True)
    if row is None or (row.staff_id != staff_id and not others):
        raise NoSuchCall(call_id)
    return row


async def _call(session: AsyncSession, call_id: UUID) -> Interaction:
    rows = select(Interaction).where(col(Interaction.id) == call_id).with_for_update(key_share=True)
    return (await session.exec(rows, execution_options={"populate_existing": True})).one()


# ---- the note -------------------------------------------------------------------------------


async def _write(session: AsyncSession, row: HandledCall, text: str, *, now: datetime) -> None:
    words = _tidy(text)
    call = await session.get(Interaction, row.interaction_id)
    note = await session.get(Interaction, row.note_id) if row.note_id is not None else None
    if call is None or (note is None and not words) or (note is not None and note.body_text == words):
        return
    if note is None:
        note = record.note(call.customer_id, call.conversation_id, words, now=now, staff_id=row.staff_id)
        await record.add(session, note)
        row.note_id = note.id
    elif words:
        note.body_text = words
    else:
        await session.delete(note)
        row.note_id = None
    await session.flush()
    await live.publish(session, "customer", id=call.customer_id)
    if call.conversation_id is not None:
        await threads.tell(session, call.conversation_id, call.customer_id)


def _tidy(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST_NOTE]
