"""Filters of the inbox that people keep and share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.models import SavedView, Staff, Team
from hub.models.vocabulary import ConversationState
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.staff import audit, teams

ME, NOBODY = "me", "nobody"  # for whoever looks; else a number, or empty: anybody
LONGEST_NAME, LONGEST_WORDS, MOST = 60, 200, 50
_NOT_IN_TEAM = Sentence("You are not in this team. Share the view with one of your own teams, or with everybody")
_OPEN = (ConversationState.OPEN, ConversationState.PENDING)


class ViewProblem(ValueError):
    """The view cannot be kept like this; the message says why, for the person at the screen."""


class NoSuchView(LookupError):
    """There is no such view, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of them have to hold; what is empty holds always."""

    states: tuple[ConversationState, ...] = _OPEN
    assignee: str = ""  # ME, NOBODY or the number of a member of staff
    kind: str = ""
    channel: str = ""
    team: int | None = None  # its mailboxes
    label: str = ""  # of the conversation or its customer
    unread: bool = False
    words: str = ""  # in the name, the subject or the preview


@dataclass(frozen=True, slots=True)
class View:
    id: int
    name: str
    owner_id: int
    owner_name: str
    shared: bool
    team_id: int | None
    team_name: str
    conditions: Conditions


async def create(
    session: AsyncSession,
    name: str,
    conditions: Conditions,
    *,
    owner: int,
    shared: bool = False,
    team_id: int | None = None,
    now: datetime,
) -> int:
    """For oneself, for a team of one's own, or for everybody (`shared` without a team). Raises ViewProblem."""
    plain = _named(name, conditions)
    await _in_team(session, owner, team_id)
    taken = select(func.count()).select_from(SavedView).where(col(SavedView.staff_id) == owner)
    if (await session.exec(taken)).one() >= MOST:
        raise ViewProblem(Sentence("You have %(most)s views already. Delete one that you need no more", {"most": MOST}))
    row = SavedView(name=plain, staff_id=owner, shared=shared or team_id is not None, team_id=team_id, conditions={})
    row.conditions = asdict(conditions)
    session.add(row)
    await session.flush()
    await audit.write(session, "view.create", staff_id=owner, subject=f"view:{row.id}", detail=plain, now=now)
    return row.id or 0


async def change(
    session: AsyncSession,
    view_id: int,
    name: str,
    conditions: Conditions,
    *,
    by: int,
    everybodys: bool,
    shared: bool = False,
    team_id: int | None = None,
    now: datetime,
) -> None:
    """Name, conditions and for whom, at once. `everybodys` as of `remove`. Raises NoSuchView or ViewProblem."""
    row = await _own(session, view_id, by, everybodys=everybodys)
    plain = _named(name, conditions)
    if team_id != row.team_id:
        await _in_team(session, by, team_id)
    row.name, row.shared, row.team_id = plain, shared or team_id is not None, team_id
    row.conditions = asdict(conditions)
    await session.flush()
    await audit.write(session, "view.change", staff_id=by, subject=f"view:{view_id}", detail=plain, now=now)


async def remove(session: AsyncSession, view_id: int, *, by: int, everybodys: bool, now: datetime) -> None:
    """One's own; `everybodys`: also a shared one of somebody else's. Raises NoSuchView."""
    row = await _own(session, view_id, by, everybodys=everybodys)
    await session.delete(row)
    await session.flush()
    await audit.write(session, "view.delete", staff_id=by, subject=f"view:{view_id}", detail=row.name, now=now)


async def listing(session: AsyncSession, staff_id: int) -> list[View]:
    """What this person sees, by name: their own, their teams', everybody's."""
    theirs = (col(SavedView.staff_id) == staff_id, col(SavedView.team_id).in_(teams.ids_of(staff_id)))
    everybodys = col(SavedView.shared) & col(SavedView.team_id).is_(None)
    rows = select(SavedView, Staff.name, Team.name).join(Staff, col(Staff.id) == col(SavedView.staff_id))
    rows = rows.join(Team, col(Team.id) == col(SavedView.team_id), isouter=True).where(or_(*theirs, everybodys))
    found = await session.exec(rows.order_by(func.lower(SavedView.name), col(SavedView.id)))
    return [_view(row, owner, team) for row, owner, team in found]


async def get(session: AsyncSession, view_id: int, staff_id: int) -> View:
    """Raises NoSuchView, also for one that this person does not see."""
    found = next((view for view in await listing(session, staff_id) if view.id == view_id), None)
    if found is None:
        raise NoSuchView(f"There is no view {view_id} that you see")
    return found


def may_change(view: View, staff_id: int, *, everybodys: bool) -> bool:
    """Whether this person may change and delete it."""
    return view.owner_id == staff_id or (everybodys and view.shared)


async def _own(session: AsyncSession, view_id: int, by: int, *, everybodys: bool) -> SavedView:
    row = await session.get(SavedView, view_id, with_for_update=True)
    if row is None or (row.staff_id != by and not (everybodys and row.shared)):
        raise NoSuchView(f"There is no view {view_id} of yours")
    return row


def _named(name: str, conditions: Conditions) -> str:
    plain = " ".join(name.replace("\0", "").split())
    if not plain:
        raise ViewProblem(Sentence("The view needs a name: it stands in the list of views"))
    if long := too_long(LONG_NAME, plain, LONGEST_NAME):
        raise ViewProblem(long)
    if not conditions.states:
        raise ViewProblem(Sentence("Choose at least one state, or nothing would ever be in it"))
    return plain


async def _in_team(session: AsyncSession, staff_id: int, team_id: int | None) -> None:
    if team_id is not None and team_id not in {team.id for team in await teams.of(session, staff_id)}:
        raise ViewProblem(_NOT_IN_TEAM)


def where(conditions: Conditions, staff_id: int, matching: str) -> tuple[str, dict[str, object]]:
    """The condition on conversation `c` of customer `p`, and its values. `matching`: words as an ILIKE pattern."""
    parts = {"v_states": "c.state = any(cast(:v_states as text[]))"}
    used: dict[str, object] = {"v_states": [state.value for state in conditions.states]}
    for name, value, condition in (
        ("v_kind", conditions.kind, "c.kind = :v_kind"),
        ("v_channel", conditions.channel, "c.channel = :v_channel"),
        ("v_team", conditions.team, "c.channel in (select channel from team_channel where team_id = :v_team)"),
        ("v_label", conditions.label, "(:v_label = any(c.labels) or :v_label = any(p.labels))"),
        ("v_words", conditions.words and matching, _WORDS),
    ):
        if value:
            parts[name], used[name] = condition, value
    assigned, whom = _assigned(conditions.assignee, staff_id)
    unread = ["c.unread"] if conditions.unread else []
    return " and ".join([*parts.values(), *assigned, *unread, "c.merged_into_id is null"]), {**used, **whom}


_WORDS = "(p.name ilike :v_words or c.subject ilike :v_words or c.preview ilike :v_words)"


def _assigned(assignee: str, staff_id: int) -> tuple[Collection[str], Mapping[str, object]]:
    if not assignee:
        return (), {}
    if assignee == NOBODY:
        return ("c.assignee_id is null",), {}
    return ("c.assignee_id = :v_assignee",), {"v_assignee": staff_id if assignee == ME else int(assignee)}


def read(kept: Mapping[str, Any]) -> Conditions:
    """From JSON; a word that is known no more fails."""
    return Conditions(**{**kept, "states": tuple(ConversationState(word) for word in kept["states"])})


def checked(conditions: Conditions, *, channels: Collection[str], staff: Collection[int]) -> Conditions:
    """Raises ViewProblem for what a form cannot have offered."""
    someone = conditions.assignee.isdecimal() and int(conditions.assignee) in staff
    if conditions.assignee not in ("", ME, NOBODY) and not someone:
        raise ViewProblem(Sentence("This colleague has no account any more. Load the page again"))
    if conditions.channel not in ("", *channels) or conditions.kind not in ("", *Kind):
        raise ViewProblem(Sentence("This channel is not set up any more. Load the page again"))
    return conditions


def _view(row: SavedView, owner: str, team: str | None) -> View:
    return View(row.id or 0, row.name, row.staff_id, owner, row.shared, row.team_id, team or "", read(row.conditions))
