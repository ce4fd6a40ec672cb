"""The list that everybody goes on whom a file of customers is about: chosen or named before its rows are written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import imports
from hub.models import FileImport, SavedSegment
from hub.segments import lists, saved
from hub.sentences import Sentence


async def choose(session: AsyncSession, found: FileImport, list_id: int | None, new: str) -> None:
    """A list that there is, the name of one that is made when it begins, or none.

    Raises NoSuchSegment, SegmentProblem, ImportProblem.
    """
    if list_id and new.strip():
        raise imports.ImportProblem(Sentence("Choose a list or name a new one, not both"))
    found.list_id = (await lists.get(session, list_id)).id if list_id else None
    found.new_list = await saved.free_name(session, new) if new.strip() else ""


async def begin(session: AsyncSession, import_id: UUID, *, staff_id: int | None, now: datetime) -> FileImport:
    """Write its rows in the background; a list that was named is made.

    Raises NoSuchImport, ImportProblem, SegmentProblem.
    """
    found = await imports.begin(session, import_id, now=now)
    if found.new_list:
        found.list_id = (await lists.create(session, found.new_list, staff_id=staff_id, now=now)).id
        found.new_list = ""
    return found


async def put(session: AsyncSession, found: FileImport, people: Collection[UUID], *, now: datetime) -> None:
    """These of its people go on its list, where it has one; who is on it already stays."""
    if found.list_id is not None:
        await lists.add(session, found.list_id, people, staff_id=found.asked_by, now=now)


async def of(session: AsyncSession, found: FileImport) -> SavedSegment | None:
    """Its list, if it has one."""
    return None if found.list_id is None else await lists.get(session, found.list_id)
