"""Saved segments: a tree with a name, for campaigns, reports and other segments to mean by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import sentences
from hub.customers import topics
from hub.models import Campaign, SavedSegment
from hub.models.vocabulary import Kind, Purpose
from hub.segments import compiling, tree
from hub.segments.compiling import Terms
from hub.segments.conditions import BadCondition, Condition
from hub.segments.fields import CONSENT, LIST, SEGMENT, Op
from hub.segments.tree import Not, Raw, Tree
from hub.sentences import LONG_NAME, Sentence

LONGEST_NAME = 100
_NAMED: Mapping[str, Any] = {
    SEGMENT: select(SavedSegment.id, SavedSegment.name),
    LIST: select(SavedSegment.id, SavedSegment.name).where(col(SavedSegment.listed)),
    "campaign": select(Campaign.id, Campaign.name),
}
_DEEPEST = 10  # segments that name segments that name segments
_MOST = 500  # conditions, with those of the segments it names


class NoSuchSegment(LookupError):
    """There is no such saved segment."""


class SegmentProblem(ValueError):
    """It cannot be saved like this. Says why."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person saves."""

    name: str
    tree: Raw


async def listing(session: AsyncSession, *, archived: bool = False) -> list[SavedSegment]:
    """Those that are offered, or those in the archive, by name."""
    away = col(SavedSegment.archived_at).is_not(None)
    query = select(SavedSegment).where(away if archived else ~away)
    return list(await session.exec(query.order_by(func.lower(SavedSegment.name), col(SavedSegment.id))))


async def get(session: AsyncSession, segment_id: int) -> SavedSegment:
    """Raises NoSuchSegment."""
    found = await session.get(SavedSegment, segment_id)
    if found is None:
        raise NoSuchSegment(f"there is no segment {segment_id}")
    return found


async def create(session: AsyncSession, draft: Draft, *, staff_id: int | None, now: datetime) -> SavedSegment:
    """Raises SegmentProblem, BadCondition."""
    fresh = SavedSegment(name="", tree=[], created_by=staff_id, created_at=now, changed_at=now)
    return await _save(session, fresh, draft, now)


async def change(session: AsyncSession, segment_id: int, draft: Draft, *, now: datetime) -> SavedSegment:
    """Whatever has not begun means others by it from now on. Raises NoSuchSegment, SegmentProblem, BadCondition."""
    return await _save(session, await get(session, segment_id), draft, now)


async def free_name(session: AsyncSession, typed: str) -> str:
    """A name for one that is yet to be made, as it is kept. Raises SegmentProblem where it is another's."""
    name = _name(typed)
    if (await session.exec(select(SavedSegment.id).where(func.lower(SavedSegment.name) == name.lower()))).first():
        raise _taken(name)
    return name


async def archive(session: AsyncSession, segment_id: int, *, now: datetime) -> SavedSegment:
    """It is offered no more; what names it goes on meaning the same. Raises NoSuchSegment."""
    found = await get(session, segment_id)
    found.archived_at = found.archived_at or now
    session.add(found)
    return found


async def restore(session: AsyncSession, segment_id: int) -> SavedSegment:
    """It is offered again. Raises NoSuchSegment."""
    found = await get(session, segment_id)
    found.archived_at = None
    session.add(found)
    return found


async def names(session: AsyncSession) -> dict[str, dict[int, str]]:
    """What people call the rows that conditions are about, by the table of `Field.of`; also those in an archive.

    And what may be agreed to of each topic that is offered.
    """
    found = {}
    for of, query in _NAMED.items():
        rows = await session.exec(query.order_by(*reversed(query.selected_columns)))
        found[of] = {key: called for key, called in rows if key is not None}
    offered = [one.key for one in await topics.listing(session)]
    found[CONSENT] = dict(enumerate(f"{Purpose.MARKETING}:{kind}:{key}" for key in offered for kind in Kind))
    return found


async def written_out(session: AsyncSession, whole: Tree) -> Tree:
    """The tree with the trees of the saved segments in the place of their names. Raises BadCondition."""
    for _level in range(_DEEPEST):
        _demand_few(whole)
        wanted = {one.value for one in tree.leaves(whole) if one.name == SEGMENT}
        if not wanted:
            await _demand_lists(session, whole)
            await _demand_topics(session, whole)
            return whole
        found = await _trees(session, wanted)
        whole = tree.replaced(whole, lambda one, found=found: _instead(one, found))  # type: ignore[misc]
    raise BadCondition(Sentence("Segments name each other in a circle, or more than %(most)s deep", {"most": _DEEPEST}))


def _demand_few(whole: Tree) -> None:
    number = sum(1 for _ in tree.leaves(whole))
    if number > _MOST:
        words = "With those of its segments %(number)s conditions are too many: %(most)s are allowed"
        raise BadCondition(Sentence(words, {"number": number, "most": _MOST}))


async def _demand_lists(session: AsyncSession, whole: Tree) -> None:
    """Raises BadCondition where a list is asked for that is none: it would quietly mean nobody."""
    if wanted := {one.value for one in tree.leaves(whole) if one.name == LIST}:
        query = select(SavedSegment.id).where(col(SavedSegment.id).in_(wanted), col(SavedSegment.listed))
        if lost := sorted(wanted - set(await session.exec(query))):
            raise BadCondition(Sentence("There is no list with the number %(number)s", {"number": lost[0]}))


async def _demand_topics(session: AsyncSession, whole: Tree) -> None:
    """Raises BadCondition where a topic is asked for that there is not: everybody who wants news would be meant."""
    wanted = {one.topic for one in tree.leaves(whole)} - {""}
    if wanted and (lost := sorted(wanted - await topics.known(session, wanted))):
        raise BadCondition(Sentence("There is no topic “%(key)s”", {"key": lost[0]}))


async def _trees(session: AsyncSession, wanted: set[int]) -> Mapping[int, Tree]:
    query = select(SavedSegment).where(col(SavedSegment.id).in_(wanted))
    found = {one.id or 0: tree.read(one.tree) for one in await session.exec(query)}
    if lost := sorted(wanted - found.keys()):
        raise BadCondition(Sentence("There is no saved segment with the number %(number)s", {"number": lost[0]}))
    return found


def _instead(condition: Condition, found: Mapping[int, Tree]) -> Tree:
    if condition.name != SEGMENT:
        return condition
    meant = found[condition.value]
    return Not(meant) if condition.op is Op.NE else meant


async def _save(session: AsyncSession, segment: SavedSegment, draft: Draft, now: datetime) -> SavedSegment:
    read = tree.read(draft.tree)
    if segment.listed and tree.plain(read) != segment.tree:
        raise BadCondition(_A_LIST)
    name = _name(draft.name)
    segment.name, segment.tree, segment.changed_at = name, tree.plain(read), now
    session.add(segment)
    try:
        await session.flush()
    except IntegrityError as e:
        raise _taken(name) from e
    compiling.compile(await written_out(session, read), Terms(now))
    return segment


_A_LIST = Sentence(
    "A list means the people who were put on it. Put people on it or take them off; conditions belong in a segment "
    "that asks for the list"
)


def _taken(name: str) -> SegmentProblem:
    return SegmentProblem(Sentence("There is a segment “%(name)s” already. Choose another name", {"name": name}))


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name:
        raise SegmentProblem(Sentence("A segment needs a name"))
    if problem := sentences.too_long(LONG_NAME, name, LONGEST_NAME):
        raise SegmentProblem(problem)
    return name
