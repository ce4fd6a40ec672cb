"""Things to do for a customer, with or without a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Task


class NoSuchTask(LookupError):
    """There is no such task."""


class EmptyTask(ValueError):
    """A task needs a title."""


@dataclass(frozen=True, slots=True)
class NewTask:
    title: str
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    due_at: datetime | None = None
    assignee_id: int | None = None
    created_by: int | None = None


async def add(session: AsyncSession, new: NewTask, *, now: datetime) -> Task:
    """Raises EmptyTask."""
    title = new.title.replace("\0", "").strip()[:500]
    if not title:
        raise EmptyTask("Give the task a title")
    task = Task(
        title=title,
        customer_id=new.customer_id,
        conversation_id=new.conversation_id,
        due_at=new.due_at,
        assignee_id=new.assignee_id,
        created_by=new.created_by,
        created_at=now,
    )
    session.add(task)
    await session.flush()
    await _tell(session, task)
    return task


async def done(session: AsyncSession, task_id: int, *, now: datetime) -> Task:
    """Mark as done; doing it twice keeps the first moment. Raises NoSuchTask."""
    task = await session.get(Task, task_id)
    if task is None:
        raise NoSuchTask(f"There is no task {task_id}")
    task.done_at = task.done_at or now
    await session.flush()
    await _tell(session, task)
    return task


async def listing(
    session: AsyncSession, *, assignee_id: int | None = None, customer_id: UUID | None = None, limit: int = 100
) -> list[Task]:
    """What is still to do, of one colleague or one customer or all; the earliest due first, undated ones last."""
    open_tasks = select(Task).where(col(Task.done_at).is_(None))
    if assignee_id is not None:
        open_tasks = open_tasks.where(col(Task.assignee_id) == assignee_id)
    if customer_id is not None:
        open_tasks = open_tasks.where(col(Task.customer_id) == customer_id)
    return list(await session.exec(open_tasks.order_by(col(Task.due_at).nulls_last(), col(Task.id)).limit(limit)))


async def _tell(session: AsyncSession, task: Task) -> None:
    if task.customer_id is not None:
        await live.publish(session, "customer", id=task.customer_id)
