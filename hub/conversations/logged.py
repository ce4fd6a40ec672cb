"""Calls and visits that the hub did not see: somebody says that they took place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Reason
from hub import live
from hub.clock import uuid7
from hub.conversations import call_outcomes, mentions, missed_calls, threads
from hub.customers import directory
from hub.interactions import record
from hub.models import CallOutcome, Interaction
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, Settled, State
from hub.sentences import Sentence
from hub.staff import audit

LONGEST_MINUTES, LONGEST_NOTE = 24 * 60, 20_000
_OLDEST = timedelta(days=3650)
_UNDOING = timedelta(hours=1)
_AHEAD = timedelta(minutes=5)  # clocks differ


class What(StrEnum):
    CALL = "call"
    VISIT = "visit"


class LogProblem(ValueError):
    """It cannot be logged like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Contact:
    """`inward`: the customer called or came; else we did. `number`: of a call, when it is known.

    `said`: what came of it, where it is none of the outcomes that are offered; `unanswered`: nobody picked up.
    `call_list`: on whose behalf.
    """

    what: What
    inward: bool
    at: datetime
    minutes: int
    note: str = ""
    outcome_id: int | None = None
    number: str = ""
    said: str = ""
    unanswered: bool = False
    purpose: Purpose = Purpose.SERVICE
    call_list: int | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Where it stood."""

    customer_id: UUID
    conversation_id: UUID | None


async def log(
    session: AsyncSession,
    customer_id: UUID,
    conversation_id: UUID | None,
    contact: Contact,
    *,
    staff_id: int,
    now: datetime,
) -> UUID:
    """One entry in the log at the moment it happened. Raises LogProblem or directory.NotFound."""
    await directory.get(session, customer_id)
    if conversation_id is not None:
        conversation_id = await threads.standing(session, conversation_id)
    row = _row(customer_id, conversation_id, contact, staff_id, await _facts(session, contact, now=now))
    await record.add(session, row)
    if row.body_text and conversation_id is not None:
        await mentions.note(session, row.id, row.body_text, by=staff_id, now=now)
    if contact.what is What.CALL and not contact.unanswered:
        how = Settled.CALLED_AGAIN if contact.inward else Settled.CALLED_BACK
        await missed_calls.settle(session, customer_id, how, before=row.id, staff_id=staff_id, now=now)
    await live.publish(session, "customer", id=customer_id)
    if conversation_id is not None:
        await threads.stir(session, [conversation_id])
        await threads.tell(session, conversation_id, customer_id)
    subject, detail = f"customer:{customer_id}", f"{contact.what} {row.id}"
    await audit.write(session, "contact.log", staff_id=staff_id, subject=subject, detail=detail, now=now)
    return row.id


async def take_back(session: AsyncSession, contact_id: UUID, *, staff_id: int, now: datetime) -> TakenBack:
    """It did not take place: gone from the log, and what was missed before is to do again.

    Only by whoever logged it, within an hour. Raises LogProblem.
    """
    rows = select(Interaction).where(col(Interaction.id) == contact_id).with_for_update()
    row = (await session.exec(rows, execution_options={"populate_existing": True})).first()
    facts = (row.call or {}) if row is not None else {}
    if row is None or "logged_at" not in facts or row.staff_id != staff_id:
        raise LogProblem(Sentence("There is no such entry of yours. It may have been taken back already."))
    at = datetime.fromisoformat(facts["logged_at"])
    if now - at > _UNDOING:
        raise LogProblem(Sentence("It was logged more than an hour ago, and stays. Write a note about what was wrong."))
    told = TakenBack(row.customer_id, row.conversation_id)
    await session.delete(row)
    await session.flush()
    if facts["logged"] == What.CALL:
        await missed_calls.unsettle(session, told.customer_id, before=contact_id, staff_id=staff_id, at=at)
    await live.publish(session, "customer", id=told.customer_id)
    if told.conversation_id is not None:
        await threads.stir(session, [told.conversation_id])
        await threads.tell(session, told.conversation_id, told.customer_id)
    subject, detail = f"customer:{told.customer_id}", f"{facts['logged']} {contact_id}"
    await audit.write(session, "contact.take_back", staff_id=staff_id, subject=subject, detail=detail, now=now)
    return told


def _check(contact: Contact, now: datetime) -> None:
    """Raises LogProblem."""
    if not now - _OLDEST <= contact.at <= now + _AHEAD:
        raise LogProblem(Sentence("Say when it was: within the last ten years, and not in the future."))
    if not 0 <= contact.minutes <= LONGEST_MINUTES:
        raise LogProblem(Sentence("Say how many minutes it took: 0 to %(most)s.", {"most": LONGEST_MINUTES}))
    if not contact.note.strip() and not contact.minutes and contact.outcome_id is None and not contact.said:
        raise LogProblem(
            Sentence("There is nothing to log yet. Write a note, or say what came of it or how many minutes it took.")
        )


async def _facts(session: AsyncSession, contact: Contact, *, now: datetime) -> dict[str, object]:
    """Raises LogProblem."""
    _check(contact, now)
    facts: dict[str, object] = {"logged": contact.what.value, "logged_at": now.isoformat()}
    facts["seconds"] = contact.minutes * 60
    facts["way"] = "in" if contact.inward else "out"
    facts |= await _outcome(session, contact)
    if contact.call_list is not None:
        facts["call_list"] = contact.call_list
    return facts


async def _outcome(session: AsyncSession, contact: Contact) -> Mapping[str, object]:
    if contact.outcome_id is None:
        return {"outcome": contact.said} if contact.said else {}
    outcome = await session.get(CallOutcome, contact.outcome_id)
    if outcome is None:
        raise LogProblem(Sentence("There is no such outcome. Choose another one."))
    return call_outcomes.facts_of(outcome)


def _row(
    customer_id: UUID, conversation_id: UUID | None, contact: Contact, staff_id: int, facts: dict[str, object]
) -> Interaction:
    """A visit used no channel: it stands in the log as a note does."""
    call = contact.what is What.CALL
    way = Direction.IN if contact.inward else Direction.OUT
    state = State.FAILED if contact.unanswered else State.DELIVERED if call else State.NOTED
    return Interaction(
        id=uuid7(contact.at),
        at=contact.at,
        customer_id=customer_id,
        conversation_id=conversation_id,
        direction=way if call else Direction.NOTE,
        kind=Kind.VOICE if call else None,
        origin=Origin.AGENT,
        purpose=contact.purpose,
        state=state,
        reason=Reason.NO_ANSWER.value if contact.unanswered else "",
        state_at=contact.at,
        sender=contact.number if call and contact.inward else "",
        recipient=contact.number if call and not contact.inward else "",
        body_text=contact.note.replace("\0", "").strip()[:LONGEST_NOTE],
        call=facts,
        staff_id=staff_id,
    )
