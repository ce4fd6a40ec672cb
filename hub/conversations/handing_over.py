"""Everything of one person's to another: somebody leaves, or is away for long. What was said and done stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.live import Happening
from hub.models import Appointment, Conversation, Customer, Staff, Task
from hub.models.vocabulary import AppointmentState, ConversationState
from hub.sentences import Sentence
from hub.staff import accounts, audit


class CannotHandOver(ValueError):
    """It cannot go to this person; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is somebody's: their customers, conversations not settled, open tasks, appointments ahead."""

    customers: int
    conversations: int
    tasks: int
    appointments: int


NOTHING = Load(0, 0, 0, 0)


async def loads(session: AsyncSession, *, now: datetime) -> dict[int, Load]:
    """What a hand-over would carry, of everybody who has anything."""
    counted = [
        select(col(Customer.owner_id), func.count()).group_by(col(Customer.owner_id)),
        select(col(Conversation.assignee_id), func.count())
        .where(col(Conversation.state) != ConversationState.RESOLVED)
        .group_by(col(Conversation.assignee_id)),
        select(col(Task.assignee_id), func.count()).where(col(Task.done_at).is_(None)).group_by(col(Task.assignee_id)),
        select(col(Appointment.owner_id), func.count())
        .where(col(Appointment.starts_at) > now, col(Appointment.state) != AppointmentState.CANCELLED)
        .group_by(col(Appointment.owner_id)),
    ]
    numbers = [dict((await session.exec(one)).all()) for one in counted]
    people = {one for group in numbers for one in group if one is not None}
    return {one: Load(*(group.get(one, 0) for group in numbers)) for one in people}


async def hand_over(session: AsyncSession, from_id: int, to_id: int, *, now: datetime, by: int | None) -> Load:
    """All of it at once; what was settled keeps whose work it was. Raises CannotHandOver or accounts.NotFound."""
    await _check(session, from_id, to_id)
    given = await _moved(session, from_id, to_id, now)
    await live.publish_all(session, [Happening("task", {"staff": str(one)}) for one in (from_id, to_id)])
    detail = (
        f"to staff:{to_id}: {given.customers} customers, {given.conversations} conversations, {given.tasks} tasks, "
        f"{given.appointments} appointments"
    )
    await audit.write(session, "staff.hand_over", staff_id=by, subject=f"staff:{from_id}", detail=detail, now=now)
    return given


async def _moved(session: AsyncSession, from_id: int, to_id: int, now: datetime) -> Load:
    owned = update(Customer).where(col(Customer.owner_id) == from_id).values(owner_id=to_id)
    customers = (await session.execute(owned.returning(col(Customer.id)))).scalars().all()
    talks = update(Conversation).where(*_theirs(from_id)).values(assignee_id=to_id, unread=True)
    moved = (await session.execute(talks.returning(col(Conversation.id), col(Conversation.customer_id)))).all()
    open_tasks = (col(Task.assignee_id) == from_id, col(Task.done_at).is_(None))
    tasks = (await session.execute(update(Task).where(*open_tasks).values(assignee_id=to_id))).rowcount  # type: ignore[attr-defined]
    ahead = (
        *(col(Appointment.owner_id) == from_id, col(Appointment.starts_at) > now),
        col(Appointment.state) != AppointmentState.CANCELLED,
    )
    booked = (await session.execute(update(Appointment).where(*ahead).values(owner_id=to_id))).rowcount  # type: ignore[attr-defined]
    await _tell(session, customers, [(row[0], row[1]) for row in moved])
    return Load(len(customers), len(moved), tasks, booked)


def _theirs(staff_id: int) -> tuple[ColumnElement[bool], ...]:
    return (col(Conversation.assignee_id) == staff_id, col(Conversation.state) != ConversationState.RESOLVED)


async def _check(session: AsyncSession, from_id: int, to_id: int) -> None:
    """Both are locked in one order: nobody's account is switched off beside it."""
    if from_id == to_id:
        raise CannotHandOver(Sentence("That is the same person. Choose two"))
    rows = select(Staff).where(col(Staff.id).in_((from_id, to_id))).order_by(col(Staff.id))
    await session.exec(rows.with_for_update(key_share=True))
    await accounts.get(session, from_id)
    receiver = await accounts.get(session, to_id)
    if not accounts.answers(receiver):
        gaps = {"name": receiver.name}
        raise CannotHandOver(Sentence("%(name)s does not answer customers. Choose somebody who does", gaps))


async def _tell(session: AsyncSession, customers: Sequence[UUID], moved: Sequence[tuple[UUID, UUID]]) -> None:
    news = [Happening("customer", {"id": str(one)}) for one in customers]
    news += [Happening("conversation", {"id": str(one), "customer": str(customer)}) for one, customer in moved]
    await live.publish_all(session, news)
