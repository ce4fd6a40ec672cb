"""What recurs: rows that say when next. Taking a turn and moving on happen in the transaction of the turn's effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, cast, extract, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Schedule

Session = AsyncSession  # what a turn's effects are written with: doors name no database library
_SKEW = timedelta(minutes=1)  # clocks of several machines may differ by less than this


@dataclass(frozen=True, slots=True)
class Turn:
    """One occurrence to act on. `missed` earlier ones are collapsed into it."""

    name: str
    scheduled_at: datetime
    missed: int


async def ensure(session: AsyncSession, intervals: Mapping[str, timedelta], *, now: datetime) -> None:
    """Make a row for each schedule that has none, due at once; correct the interval of those that have one."""
    for name, every in intervals.items():
        seconds = int(every.total_seconds())
        row = insert(Schedule).values(name=name, next_at=now, every_seconds=seconds)
        changed = row.on_conflict_do_update(
            index_elements=["name"],
            set_={"every_seconds": seconds},
            where=col(Schedule.every_seconds) != seconds,
        )
        await session.exec(changed)


async def due(session: AsyncSession, *, now: datetime) -> list[str]:
    """The names of the schedules whose turn it is, the longest waiting first. Locks nothing."""
    query = select(col(Schedule.name)).where(_is_due(now)).order_by(col(Schedule.next_at))
    return list((await session.exec(query)).all())


async def take(session: AsyncSession, name: str, *, now: datetime) -> Turn | None:
    """Claim a turn that is due and move on, from the scheduled time. None: not due, or somebody else is at it.

    Whatever the turn causes belongs into the same transaction: both happen or neither.
    """
    query = select(Schedule).where(col(Schedule.name) == name, _is_due(now)).with_for_update(skip_locked=True)
    row = (await session.exec(query)).one_or_none()
    if row is None:
        return None
    turn = Turn(name, row.next_at, missed=_missed(row, now))
    row.next_at, row.last_at = following(row.next_at, timedelta(seconds=row.every_seconds), now), now
    session.add(row)
    await session.flush()
    return turn


def following(scheduled: datetime, every: timedelta, now: datetime) -> datetime:
    """The first occurrence after `now` in step with `scheduled`, whichever way the clock was set meanwhile."""
    steps = (now - scheduled) // every + 1
    return scheduled + steps * every


def _missed(row: Schedule, now: datetime) -> int:
    return max(0, (now - row.next_at) // timedelta(seconds=row.every_seconds))


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Due by the clock; or so far ahead that the clock must have been set back since it was advanced (F9)."""
    ahead = cast(col(Schedule.next_at) - (now + _SKEW), Interval)
    return or_(col(Schedule.next_at) <= now, extract("epoch", ahead) > 2 * col(Schedule.every_seconds))
