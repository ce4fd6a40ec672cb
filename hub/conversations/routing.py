"""Who gets what comes in: new conversations, to the people of a team in turn or to the least busy of them.

Several workers may give out at once: each takes conversations of its own, and of the people whose work is counted one
at a time is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import current_calls, threads
from hub.models import Conversation, Staff, StaffSession, Team, TeamChannel, TeamMember
from hub.models.vocabulary import Assigning, ConversationState
from hub.staff.roles import Action, may

_AT_ONCE = 100
PRESENT = timedelta(minutes=15)  # an open page gives a sign of life every minute


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of a team who is there, and how many open conversations they have."""

    staff_id: int
    load: int


def chosen(assigning: Assigning, people: Sequence[Candidate], *, capacity: int | None, turn: int) -> int | None:
    """Whose the next conversation is; None: nobody has room. `turn`: who had the last one."""
    free = [one for one in people if capacity is None or one.load < capacity]
    if not free or assigning is Assigning.BY_HAND:
        return None
    if assigning is Assigning.LEAST_BUSY:
        fewest = min(one.load for one in free)
        free = [one for one in free if one.load == fewest]
    numbers = sorted(one.staff_id for one in free)
    return next((one for one in numbers if one > turn), numbers[0])


async def give_out(session: AsyncSession, *, now: datetime) -> int:
    """Each conversation that waits for somebody, once, the one that waits longest first; how many were given out.

    Only to people of the team that are present and have room; what nobody has room for waits. What came before the
    team took turns is left alone.
    """
    wanted = await _with_work(session)
    if not wanted:
        return 0
    members = await _members(session, wanted)
    people = await _candidates(session, {one for group in members.values() for one in group}, now)
    given = 0
    for team in await _teams(session, wanted):
        there = [one for one in members.get(team.id or 0, ()) if one in people]
        for conversation in await _waiting(session, team) if there else ():
            who = chosen(team.assigning, [people[one] for one in there], capacity=team.capacity, turn=team.turn)
            if who is None:
                break
            people[who] = Candidate(who, people[who].load + 1)
            conversation.assignee_id, conversation.routed_at, team.turn = who, now, who
            await threads.tell(session, conversation.id, conversation.customer_id)
            given += 1
    await session.flush()
    return given


async def least_busy(session: AsyncSession, team_id: int, *, now: datetime) -> int | None:
    """Who of a team has the fewest open conversations: of those who are present, else of all; None: it has nobody."""
    team = (await _members(session, [team_id])).get(team_id, [])
    there = (await _candidates(session, team, now)).values() or (await _loaded(session, set(team))).values()
    return chosen(Assigning.LEAST_BUSY, list(there), capacity=None, turn=0)


async def present(session: AsyncSession, *, now: datetime) -> frozenset[int]:
    """Who is at the desk and not away: signed in, with a page that was open within the last quarter of an hour."""
    rows = (
        select(Staff.id)
        .join(StaffSession, col(StaffSession.staff_id) == col(Staff.id))
        .where(col(Staff.active), ~col(Staff.away), StaffSession.seen_at > now - PRESENT, StaffSession.expires_at > now)
    )
    return frozenset(one for one in await session.exec(rows) if one is not None)


def _unassigned() -> tuple[ColumnElement[bool], ...]:
    return (
        col(Conversation.state) == ConversationState.OPEN,
        col(Conversation.assignee_id).is_(None),
        col(Conversation.routed_at).is_(None),
        col(Conversation.last_inbound_at) >= col(Team.assigning_since),
    )


async def _with_work(session: AsyncSession) -> list[int]:
    """The teams that take turns and have something to give out."""
    here = select(Conversation.id).where(*_unassigned(), col(Conversation.channel) == col(TeamChannel.channel))
    mine = select(TeamChannel.channel).where(col(TeamChannel.team_id) == col(Team.id), here.exists())
    rows = select(Team.id).where(col(Team.assigning) != Assigning.BY_HAND, mine.exists())
    return [one for one in await session.exec(rows) if one is not None]


async def _members(session: AsyncSession, teams: Sequence[int]) -> Mapping[int, list[int]]:
    """Each team's people who answer customers, all of them locked in one order: their work is counted behind it."""
    rows = (
        select(TeamMember.team_id, Staff)
        .join(Staff, col(Staff.id) == col(TeamMember.staff_id))
        .where(col(TeamMember.team_id).in_(teams), col(Staff.active))
        .order_by(col(Staff.id))
        .with_for_update(of=Staff, key_share=True)
    )
    found: dict[int, list[int]] = {}
    for team_id, person in (await session.exec(rows)).all():
        if may(person.role, Action.ANSWER) and person.id is not None:
            found.setdefault(team_id, []).append(person.id)
    return found


async def _teams(session: AsyncSession, teams: Sequence[int]) -> Sequence[Team]:
    """Locked behind their people: whose turn it is changes while somebody else gives out."""
    rows = select(Team).where(col(Team.id).in_(teams)).order_by(col(Team.id)).with_for_update(key_share=True)
    return (await session.exec(rows, execution_options={"populate_existing": True})).all()


async def _waiting(session: AsyncSession, team: Team) -> Sequence[Conversation]:
    """The team's conversations that wait for somebody, locked; one that somebody works on at this moment waits."""
    rows = (
        select(Conversation)
        .join(TeamChannel, col(TeamChannel.channel) == col(Conversation.channel))
        .join(Team, col(Team.id) == col(TeamChannel.team_id))
        .where(col(Team.id) == team.id, *_unassigned())
        .order_by(col(Conversation.last_inbound_at), col(Conversation.id))
        .limit(_AT_ONCE)
        .with_for_update(of=Conversation, skip_locked=True)
    )
    return (await session.exec(rows, execution_options={"populate_existing": True})).all()


async def _candidates(session: AsyncSession, ids: Collection[int], now: datetime) -> dict[int, Candidate]:
    """Those who are present and have no call, with what they have now."""
    there = (await present(session, now=now)) & set(ids)
    return await _loaded(session, there - await current_calls.busy(session))


async def _loaded(session: AsyncSession, there: Collection[int]) -> dict[int, Candidate]:
    counted = (
        select(col(Conversation.assignee_id), func.count())
        .where(col(Conversation.assignee_id).in_(there), Conversation.state == ConversationState.OPEN)
        .group_by(col(Conversation.assignee_id))
    )
    loads = dict((await session.exec(counted)).all())
    return {one: Candidate(one, loads.get(one, 0)) for one in there}
