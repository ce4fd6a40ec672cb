"""Lists: saved segments that mean whoever was put on them, one by one or from a file of addresses and keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import sentences
from hub.customers import finding
from hub.customers.finding import NotOne, Whom
from hub.models import Customer, SavedSegment, SegmentMember
from hub.segments import list_files, saved
from hub.segments.fields import LIST
from hub.segments.list_files import Understood
from hub.segments.saved import Draft, NoSuchSegment
from hub.sentences import Gap, Sentence

MOST = 20_000  # people in one go
_AT_ONCE = 1_000


class TooMany(ValueError):
    """So many people are not put on a list in one go."""


@dataclass(frozen=True, slots=True)
class Member:
    id: UUID
    name: str
    added_at: datetime
    number: int  # of the row, for the page after


@dataclass(frozen=True, slots=True)
class Unfound:
    """Whom nobody was put on the list for: the line of the file, what stands there, and why."""

    line: int
    words: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Loaded:
    """`known`: how many were on the list already."""

    added: int
    known: int
    unfound: Sequence[Unfound]


async def create(session: AsyncSession, name: str, *, staff_id: int | None, now: datetime) -> SavedSegment:
    """With nobody on it. Raises SegmentProblem."""
    made = await saved.create(session, Draft(name, {"any": []}), staff_id=staff_id, now=now)
    made.listed, made.tree = True, {"field": LIST, "op": "eq", "value": made.id}
    await session.flush()
    return made


async def rename(session: AsyncSession, list_id: int, name: str, *, now: datetime) -> SavedSegment:
    """Raises NoSuchSegment, SegmentProblem."""
    found = await get(session, list_id)
    return await saved.change(session, list_id, Draft(name, found.tree), now=now)


async def get(session: AsyncSession, list_id: int) -> SavedSegment:
    """Raises NoSuchSegment, for a segment that is no list too."""
    found = await saved.get(session, list_id)
    if not found.listed:
        raise NoSuchSegment(f"segment {list_id} is no list")
    return found


async def named(session: AsyncSession, name: str, *, now: datetime) -> SavedSegment:
    """The list of this name; made, where there is none. Raises SegmentProblem, for the name of another segment too."""
    same = func.lower(SavedSegment.name) == " ".join(name.split()).lower()
    found = (await session.exec(select(SavedSegment).where(same, col(SavedSegment.listed)))).first()
    return found or await create(session, name, staff_id=None, now=now)


async def offered(session: AsyncSession) -> list[SavedSegment]:
    return [one for one in await saved.listing(session) if one.listed]


async def with_(session: AsyncSession, customer_id: UUID) -> list[SavedSegment]:
    """Those that this customer is on, by name; not those in the archive."""
    mine = select(SegmentMember.segment_id).where(col(SegmentMember.customer_id) == customer_id)
    query = select(SavedSegment).where(col(SavedSegment.id).in_(mine), col(SavedSegment.archived_at).is_(None))
    return list(await session.exec(query.order_by(func.lower(SavedSegment.name))))


async def members(session: AsyncSession, list_id: int, *, before: int | None = None, limit: int) -> list[Member]:
    """Whoever was put on it last first; `before`: earlier than this number."""
    columns = (col(Customer.id), col(Customer.name), col(SegmentMember.added_at), col(SegmentMember.id))
    query = select(*columns).join(Customer, col(Customer.id) == col(SegmentMember.customer_id))
    query = query.where(col(SegmentMember.segment_id) == list_id)
    if before is not None:
        query = query.where(col(SegmentMember.id) < before)
    rows: Any = await session.exec(query.order_by(col(SegmentMember.id).desc()).limit(limit))
    return [Member(*row) for row in rows]


async def add(
    session: AsyncSession, list_id: int, people: Collection[UUID], *, staff_id: int | None, now: datetime
) -> int:
    """How many were not on it yet. They are customers, and locked: see `finding.owners`."""
    if not people:
        return 0
    by = {"segment_id": list_id, "added_by": staff_id, "added_at": now}
    rows = insert(SegmentMember).values([{"customer_id": one, **by} for one in sorted(set(people))])
    fresh = await session.exec(rows.on_conflict_do_nothing().returning(col(SegmentMember.id)))
    return len(fresh.all())


async def remove(session: AsyncSession, list_id: int, customer_id: UUID) -> bool:
    """Whether they were on it."""
    mine = (col(SegmentMember.segment_id) == list_id, col(SegmentMember.customer_id) == customer_id)
    return (await session.exec(delete(SegmentMember).where(*mine))).rowcount > 0


async def put(
    session: AsyncSession, list_id: int, wanted: Sequence[Whom], *, staff_id: int | None, now: datetime
) -> tuple[int, list[UUID | NotOne]]:
    """Whoever is meant is on it afterwards: how many were not before, and who each of them is."""
    found = await _owners(session, wanted)
    return await _add_all(session, list_id, found, staff_id, now), found


async def load(
    session: AsyncSession, list_id: int, text: str, *, country: str | None, staff_id: int | None, now: datetime
) -> Loaded:
    """Whoever a text means, see `list_files.read`. Raises TooMany, sheets.Unusable."""
    lines = list(list_files.lines(text))
    if len(lines) > MOST:  # before any of them is understood: that takes its time
        gaps: dict[str, Gap] = {"many": len(lines), "most": MOST}
        raise TooMany(Sentence("%(many)s people are too many at once: %(most)s are allowed", gaps))
    read = list_files.read(lines, country)
    found = await _owners(session, [one.whom for one in read])
    again = await _owners(session, [one.otherwise for one in read])
    became = [_first(owner, other) for owner, other in zip(found, again, strict=True)]
    added = await _add_all(session, list_id, became, staff_id, now)
    unfound = [_unfound(one, what) for one, what in zip(read, became, strict=True) if not isinstance(what, UUID)]
    return Loaded(added, len({one for one in became if isinstance(one, UUID)}) - added, unfound)


def _first(owner: UUID | NotOne, other: UUID | NotOne) -> UUID | NotOne:
    return other if isinstance(owner, NotOne) and isinstance(other, UUID) else owner


def _unfound(one: Understood, what: NotOne) -> Unfound:
    return Unfound(one.line, one.words, one.trouble or sentences.of(what) or Sentence(str(what)))


async def _owners(session: AsyncSession, wanted: Sequence[Whom]) -> list[UUID | NotOne]:
    found: list[UUID | NotOne] = []
    for start in range(0, len(wanted), _AT_ONCE):
        found += await finding.owners(session, wanted[start : start + _AT_ONCE])
    return found


async def _add_all(
    session: AsyncSession, list_id: int, found: Sequence[UUID | NotOne], staff_id: int | None, now: datetime
) -> int:
    people, added = sorted({one for one in found if isinstance(one, UUID)}), 0
    for start in range(0, len(people), _AT_ONCE):
        added += await add(session, list_id, people[start : start + _AT_ONCE], staff_id=staff_id, now=now)
    return added
