"""Things to do, with or without a customer, a day and a reminder. What the clock says about them is `due`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from hub import live
from hub.conversations import task_places
from hub.conversations.task_places import Place
from hub.customers import directory
from hub.models import Conversation, Staff, Task
from hub.sentences import Sentence

LONGEST = 500  # letters of a title
CALL_BACK = "Call back %(name)s"  # kept in English; hub.web.retold knows it
REMINDERS = (5, 15, 30, 60, 120, 1440, 2880)  # minutes before, as the desk offers them
_FIRST, _LAST = (
    datetime(1971, 1, 1, tzinfo=UTC),
    datetime(2901, 1, 1, tzinfo=UTC),
)  # every zone can tell what lies between
_KEPT = timedelta(days=30)  # so long a deleted task can be brought back


class NoSuchTask(LookupError):
    """There is no such task."""


class TaskProblem(ValueError):
    """A task that cannot be kept as it is; the message says what is missing or wrong."""


class EmptyTask(TaskProblem):
    """A task needs a title."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """`remind_minutes`: so long before it is due its person is told; at that moment they are told in any case."""

    title: str
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    due_at: datetime | None = None
    assignee_id: int | None = None
    created_by: int | None = None
    remind_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a task becomes. Its customer and its conversation stay."""

    title: str
    due_at: datetime | None
    assignee_id: int | None
    remind_minutes: int | None


async def add(session: AsyncSession, new: NewTask, *, now: datetime) -> Task:
    """A task of a conversation is its customer's. Raises TaskProblem, directory.NotFound."""
    customer_id = await _customer(session, new)
    await _check_person(session, new.assignee_id)
    task = Task(
        title=_title(new.title),
        customer_id=customer_id,
        conversation_id=new.conversation_id,
        due_at=_due(new.due_at),
        assignee_id=new.assignee_id,
        created_by=new.created_by,
        created_at=now,
        changed_at=now,
        remind_minutes=_minutes(new.remind_minutes, new.due_at),
    )
    task.remind_at = next_notice(task, after=now) or new.due_at
    session.add(task)
    await session.flush()
    await _tell(session, task)
    return task


async def change(session: AsyncSession, task_id: int, wanted: Change, *, now: datetime) -> Task:
    """Another day or another reminder begins anew. Raises NoSuchTask, TaskProblem."""
    task = await _locked(session, task_id)
    before = (task.due_at, task.remind_minutes, task.assignee_id)
    if wanted.assignee_id != task.assignee_id:
        await _check_person(session, wanted.assignee_id)
    task.title, task.due_at, task.assignee_id = _title(wanted.title), _due(wanted.due_at), wanted.assignee_id
    task.remind_minutes, task.changed_at = _minutes(wanted.remind_minutes, wanted.due_at), now
    if before != (task.due_at, task.remind_minutes, task.assignee_id):
        _await_clock(task, now)
    await session.flush()
    await _tell(session, task, before[2])
    return task


async def done(session: AsyncSession, task_id: int, *, now: datetime) -> Task:
    """Mark as done; doing it twice keeps the first moment. Raises NoSuchTask."""
    task = await _locked(session, task_id)
    if task.done_at is None:
        task.done_at = task.changed_at = now
    return await _settled(session, task)


async def reopen(session: AsyncSession, task_id: int, *, now: datetime) -> Task:
    """It is still to do. Raises NoSuchTask."""
    task = await _locked(session, task_id)
    if task.done_at is not None:
        task.done_at, task.changed_at = None, now
        _await_clock(task, now)
    await session.flush()
    await _tell(session, task)
    return task


async def remove(session: AsyncSession, task_id: int, *, now: datetime) -> Task:
    """It is nowhere any more, and can be brought back for thirty days. Raises NoSuchTask."""
    task = await _locked(session, task_id)
    task.deleted_at = task.changed_at = now
    task.done_at = task.done_at or now  # whoever counts what is still to do need not know of deleting
    return await _settled(session, task)


async def restore(session: AsyncSession, task_id: int, *, now: datetime) -> Task:
    """As it was before it was deleted; twice is the same as once. Raises NoSuchTask."""
    task = await session.get(Task, task_id, with_for_update=True, populate_existing=True)
    if task is None:
        raise NoSuchTask(f"There is no task {task_id}")
    if task.deleted_at is not None:
        task.done_at = None if task.done_at == task.deleted_at else task.done_at
        task.deleted_at, task.changed_at = None, now
        _await_clock(task, now)
    await session.flush()
    await _tell(session, task)
    return task


async def get(session: AsyncSession, task_id: int) -> Task:
    """Raises NoSuchTask."""
    task = await session.get(Task, task_id)
    if task is None or task.deleted_at is not None:
        raise NoSuchTask(f"There is no task {task_id}")
    return task


async def listing(
    session: AsyncSession,
    *,
    assignee_id: int | None = None,
    customer_id: UUID | None = None,
    after: Place | None = None,
    limit: int = 100,
) -> list[Task]:
    """What is still to do, of one colleague or one customer or all; the earliest due first, undated ones last."""
    open_tasks = _whose(assignee_id, customer_id).where(col(Task.done_at).is_(None))
    if after is not None:
        open_tasks = open_tasks.where(task_places.behind_due(after))
    return list(await session.exec(open_tasks.order_by(col(Task.due_at).nulls_last(), col(Task.id)).limit(limit)))


async def finished(
    session: AsyncSession,
    *,
    assignee_id: int | None = None,
    customer_id: UUID | None = None,
    after: Place | None = None,
    limit: int = 100,
) -> list[Task]:
    """What is done, the latest first."""
    rows = _whose(assignee_id, customer_id).where(col(Task.done_at).is_not(None), col(Task.deleted_at).is_(None))
    if after is not None:
        rows = rows.where(task_places.behind_done(after))
    return list(await session.exec(rows.order_by(col(Task.done_at).desc(), col(Task.id).desc()).limit(limit)))


async def between(
    session: AsyncSession, start: datetime, end: datetime, *, assignee_id: int | None = None, limit: int = 1000
) -> list[Task]:
    """What is due from `start` until before `end`, done or not, in the order of their moments."""
    rows = _whose(assignee_id, None).where(
        col(Task.due_at) >= start, col(Task.due_at) < end, col(Task.deleted_at).is_(None)
    )
    return list(await session.exec(rows.order_by(col(Task.due_at), col(Task.id)).limit(limit)))


async def forget_deleted(session: AsyncSession, *, now: datetime) -> None:
    """What nobody brings back any more."""
    await session.exec(delete(Task).where(col(Task.deleted_at) < now - _KEPT))


def tidy(words: str) -> str:
    """On one line."""
    return " ".join(words.replace("\0", "").split())


def shortened(words: str) -> str:
    """For titles that nobody typed: whoever reads one sees where it was cut."""
    title = tidy(words)
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"


# ---- inside ---------------------------------------------------------------------------------


def next_notice(task: Task, *, after: datetime) -> datetime | None:
    """When its person is told next: so long before as they wished, and when it is due."""
    if task.due_at is None:
        return None
    early = task.due_at - timedelta(minutes=task.remind_minutes) if task.remind_minutes else task.due_at
    return next((at for at in (early, task.due_at) if at > after), None)


def _await_clock(task: Task, now: datetime) -> None:
    task.notice_at, task.remind_at = None, None
    if task.done_at is None:
        task.remind_at = next_notice(task, after=now)


async def _settled(session: AsyncSession, task: Task) -> Task:
    task.remind_at = task.notice_at = None
    await session.flush()
    await _tell(session, task)
    return task


def _whose(assignee_id: int | None, customer_id: UUID | None) -> SelectOfScalar[Task]:
    rows = select(Task)
    if assignee_id is not None:
        rows = rows.where(col(Task.assignee_id) == assignee_id)
    return rows if customer_id is None else rows.where(col(Task.customer_id) == customer_id)


def _title(typed: str) -> str:
    title = tidy(typed)
    if not title:
        raise EmptyTask(Sentence("Say what is to do."))
    if len(title) > LONGEST:
        gaps = {"length": len(title), "most": LONGEST}
        raise TaskProblem(
            Sentence("The task has %(length)s letters and takes at most %(most)s. Shorten what is to do.", gaps)
        )
    return title


def _due(wanted: datetime | None) -> datetime | None:
    if wanted is not None and not _FIRST <= wanted < _LAST:
        raise TaskProblem(Sentence("That day is too far away. Choose one from 1971 to 2900."))
    return wanted


def _minutes(wanted: int | None, due_at: datetime | None) -> int | None:
    return wanted if wanted and due_at is not None else None


async def _customer(session: AsyncSession, new: NewTask) -> UUID | None:
    if new.customer_id is not None:
        await directory.get(session, new.customer_id)
    if new.conversation_id is None:
        return new.customer_id
    rows = select(Conversation.customer_id).where(col(Conversation.id) == new.conversation_id)
    whose = (await session.exec(rows)).first()
    if whose is None:
        raise TaskProblem(Sentence("That conversation is gone."))
    if new.customer_id not in (None, whose):
        raise TaskProblem(Sentence("That conversation is with somebody else. Choose one of this customer's."))
    return whose


async def _check_person(session: AsyncSession, staff_id: int | None) -> None:
    if staff_id is None:
        return
    if (await session.exec(select(Staff.id).where(col(Staff.id) == staff_id))).first() is None:
        raise TaskProblem(Sentence("This colleague is not here any more. Choose somebody else."))


async def _locked(session: AsyncSession, task_id: int) -> Task:
    task = await session.get(Task, task_id, with_for_update=True, populate_existing=True)
    if task is None or task.deleted_at is not None:
        raise NoSuchTask(f"There is no task {task_id}")
    return task


async def _tell(session: AsyncSession, task: Task, before: int | None = None) -> None:
    if task.customer_id is not None:
        await live.publish(session, "customer", id=task.customer_id)
    for staff_id in {task.assignee_id or 0, before or task.assignee_id or 0}:
        await live.publish(session, "task", staff=staff_id)
