"""Teams: who works together, which mailboxes are theirs, and the words that close their mails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from hub.models import Staff, Team, TeamChannel, TeamMember
from hub.models.vocabulary import Assigning
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.staff import audit

LONGEST_NAME, LONGEST_SIGNATURE, MOST = 100, 4000, 10_000


class NotFound(LookupError):
    """There is no such team."""


class TeamProblem(ValueError):
    """The team cannot be made or changed like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Group:
    """A team with its people's ids and its channels' names."""

    id: int
    name: str
    signature: str
    members: frozenset[int]
    channels: tuple[str, ...]
    assigning: Assigning = Assigning.BY_HAND
    capacity: int | None = None


async def create(session: AsyncSession, name: str, *, now: datetime, by: int | None = None) -> Team:
    """Make a team of nobody yet. Raises TeamProblem."""
    team = Team(name=await _free(session, name, except_for=None), created_at=now)
    session.add(team)
    await session.flush()
    await _wrote(session, "team.create", team, now=now, by=by, detail=team.name)
    return team


async def rename(session: AsyncSession, team_id: int, name: str, *, now: datetime, by: int | None = None) -> None:
    """Raises NotFound or TeamProblem."""
    team = await get(session, team_id)
    team.name = await _free(session, name, except_for=team_id)
    await session.flush()
    await _wrote(session, "team.change", team, now=now, by=by, detail="name")


async def remove(session: AsyncSession, team_id: int, *, now: datetime, by: int | None = None) -> None:
    """The team ends; its people, its mailboxes and everything they wrote stay. Raises NotFound."""
    team = await get(session, team_id)
    await session.delete(team)
    await session.flush()
    await _wrote(session, "team.delete", team, now=now, by=by, detail=team.name)


async def set_members(
    session: AsyncSession, team_id: int, staff_ids: Iterable[int], *, now: datetime, by: int | None = None
) -> None:
    """These people and nobody else. A person may be in several teams. Raises NotFound or TeamProblem."""
    team, wanted = await get(session, team_id), set(staff_ids)
    known = set(await session.exec(select(Staff.id).where(col(Staff.id).in_(wanted))))
    if wanted - known:
        raise TeamProblem(Sentence("One of these people has no account any more. Load the page again"))
    await session.exec(delete(TeamMember).where(col(TeamMember.team_id) == team_id))
    session.add_all(TeamMember(team_id=team_id, staff_id=one) for one in sorted(wanted))
    await session.flush()
    await _wrote(session, "team.change", team, now=now, by=by, detail="members")


async def set_channels(
    session: AsyncSession, team_id: int, channels: Iterable[str], *, now: datetime, by: int | None = None
) -> None:
    """These mailboxes and no others; one that was another team's is this one's from now on. Raises NotFound."""
    team, wanted = await get(session, team_id), sorted(set(channels))
    await session.exec(delete(TeamChannel).where(col(TeamChannel.team_id) == team_id))
    if wanted:
        row = insert(TeamChannel).values([{"channel": name, "team_id": team_id} for name in wanted])
        await session.exec(row.on_conflict_do_update(index_elements=["channel"], set_={"team_id": team_id}))
    await _wrote(session, "team.change", team, now=now, by=by, detail="channels")


async def set_assigning(
    session: AsyncSession,
    team_id: int,
    assigning: Assigning,
    capacity: int | None,
    *,
    now: datetime,
    by: int | None = None,
) -> None:
    """How its new conversations come to its people, from now on. Raises NotFound or TeamProblem."""
    team = await get(session, team_id)
    if capacity is not None and not 0 < capacity <= MOST:
        most = Sentence(
            "One person can have from 1 to %(most)s open conversations. Leave it empty for any number", {"most": MOST}
        )
        raise TeamProblem(most)
    if assigning is not team.assigning:
        team.assigning, team.assigning_since = assigning, now
    team.capacity = capacity
    await session.flush()
    await _wrote(session, "team.change", team, now=now, by=by, detail=f"assigning {assigning}")


async def set_signature(
    session: AsyncSession, team_id: int, signature: str, *, now: datetime, by: int | None = None
) -> None:
    """hub.conversations.signatures checks what stands in it first. Raises NotFound or TeamProblem."""
    team = await get(session, team_id)
    team.signature = tidy(signature)
    await session.flush()
    await _wrote(session, "team.change", team, now=now, by=by, detail="signature")


async def set_own_signature(session: AsyncSession, staff_id: int, signature: str, *, now: datetime) -> None:
    """What closes this person's mails; empty: the team's. Raises TeamProblem."""
    staff = (await session.exec(select(Staff).where(Staff.id == staff_id).with_for_update())).one()
    staff.signature = tidy(signature)
    await session.flush()
    await audit.write(
        session, "staff.change", staff_id=staff_id, subject=f"staff:{staff_id}", detail="signature", now=now
    )


async def get(session: AsyncSession, team_id: int) -> Team:
    """Raises NotFound."""
    team = await session.get(Team, team_id, with_for_update=True)
    if team is None:
        raise NotFound(f"There is no team {team_id}")
    return team


async def listing(session: AsyncSession) -> list[Group]:
    """Every team by name, with its people and its mailboxes."""
    members = select(func.array_agg(TeamMember.staff_id)).where(col(TeamMember.team_id) == col(Team.id))
    names = func.array_agg(aggregate_order_by(col(TeamChannel.channel), col(TeamChannel.channel)))
    channels = select(names).where(col(TeamChannel.team_id) == col(Team.id))
    columns = (Team.id, Team.name, Team.signature, members.scalar_subquery(), channels.scalar_subquery())
    found = await session.exec(
        select(*columns, Team.assigning, Team.capacity).order_by(func.lower(Team.name), col(Team.id))  # type: ignore[call-overload]
    )
    return [
        Group(number, name, signature, frozenset(people or ()), tuple(boxes or ()), assigning, capacity)
        for number, name, signature, people, boxes, assigning, capacity in found
    ]


def ids_of(staff_id: int) -> SelectOfScalar[int]:
    """The teams of one person, to be asked within another statement."""
    return select(TeamMember.team_id).where(TeamMember.staff_id == staff_id)


async def of(session: AsyncSession, staff_id: int) -> list[Group]:
    """The teams of one person, by name."""
    return [team for team in await listing(session) if staff_id in team.members]


def tidy(signature: str) -> str:
    """With one kind of line end and none around it. Raises TeamProblem."""
    text = "\n".join(line.rstrip() for line in signature.replace("\0", "").splitlines()).strip("\n")
    if len(text) > LONGEST_SIGNATURE:
        gaps = {"most": LONGEST_SIGNATURE}
        raise TeamProblem(Sentence("The signature is longer than %(most)s characters. Shorten it", gaps))
    return text


async def _free(session: AsyncSession, name: str, *, except_for: int | None) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not plain:
        raise TeamProblem(Sentence("The team needs a name: colleagues see it in the inbox, customers in signatures"))
    if long := too_long(LONG_NAME, plain, LONGEST_NAME):
        raise TeamProblem(long)
    taken = (await session.exec(select(Team.id).where(func.lower(Team.name) == plain.lower()))).first()
    if taken not in (None, except_for):
        raise TeamProblem(Sentence("There is a team %(name)s already. Choose another name", {"name": plain}))
    return plain


async def _wrote(session: AsyncSession, action: str, team: Team, *, now: datetime, by: int | None, detail: str) -> None:
    await audit.write(session, action, staff_id=by, subject=f"team:{team.id}", detail=detail, now=now)
