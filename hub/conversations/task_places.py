"""Where a page of tasks ended, so that the next one begins behind it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, false
from sqlmodel import and_, col, or_

from hub.models import Task


@dataclass(frozen=True, slots=True)
class Place:
    """`at`: when the last task of the page is due, or was done; None: it has no day."""

    at: datetime | None
    id: int


def written(task: Task, *, done: bool) -> str:
    """The place of a task, for programs to send back."""
    at = task.done_at if done else task.due_at
    return f"{at.astimezone(UTC).isoformat() if at else ''}~{task.id}"


def read(cursor: str) -> Place:
    """Raises ValueError for what `written` has not written."""
    moment, _, number = cursor.partition("~")
    if re.fullmatch(r"[0-9]{1,9}", number) and re.fullmatch(r"([0-9T:.-]{10,30}\+00:00)?", moment):
        with suppress(ValueError):
            return Place(datetime.fromisoformat(moment) if moment else None, int(number))
    raise ValueError("It is no place in this list")


def behind_due(place: Place) -> ColumnElement[bool]:
    """Of tasks by their day, those without one last."""
    due, later = col(Task.due_at), col(Task.id) > place.id
    if place.at is None:
        return and_(due.is_(None), later)
    return or_(due.is_(None), due > place.at, and_(due == place.at, later))


def behind_done(place: Place) -> ColumnElement[bool]:
    """Of tasks that are done, the latest first."""
    done = col(Task.done_at)
    if place.at is None:  # of another list: what is done has its moment
        return false()
    return or_(done < place.at, and_(done == place.at, col(Task.id) < place.id))
