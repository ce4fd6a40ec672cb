"""What the clock says about tasks: whom to remind, once, and how much is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations.tasks import next_notice
from hub.live import Happening
from hub.models import Task

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """A task that its person has to be told of."""

    id: int
    title: str
    due_at: datetime | None
    created_by: int | None
    customer_id: UUID | None
    done: bool = False  # nothing is to do: it is only told


async def strike(session: AsyncSession, *, now: datetime) -> int:
    """Whoever's reminder is due gets a notice, and the next one is set; of several workers one does it."""
    rows = select(Task).where(col(Task.remind_at) <= now).order_by(col(Task.remind_at)).limit(_AT_ONCE)
    found = (await session.exec(rows.with_for_update(skip_locked=True))).all()
    for task in found:
        task.notice_at, task.remind_at = now if task.assignee_id else None, next_notice(task, after=now)
    await session.flush()
    people = dict.fromkeys(task.assignee_id or 0 for task in found)
    await live.publish_all(session, [Happening("task", {"staff": str(one)}) for one in people])
    return len(found)


async def notices(session: AsyncSession, staff_id: int) -> list[Notice]:
    """What this person has to be told of, and was not: whoever asks first tells it."""
    rows = select(Task).where(col(Task.assignee_id) == staff_id, col(Task.notice_at).is_not(None))
    found = (await session.exec(rows.order_by(col(Task.due_at)).with_for_update(skip_locked=True))).all()
    for task in found:
        task.notice_at = None
    await session.flush()
    return [
        Notice(task.id or 0, task.title, task.due_at, task.created_by, task.customer_id, task.done_at is not None)
        for task in found
    ]


async def late(session: AsyncSession, staff_id: int, *, now: datetime) -> int:
    """How many of this person's tasks are due or overdue."""
    rows = select(func.count()).where(
        col(Task.assignee_id) == staff_id, col(Task.done_at).is_(None), col(Task.due_at) <= now
    )
    return (await session.exec(rows)).one()
