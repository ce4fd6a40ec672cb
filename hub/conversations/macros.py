"""Macros: what is done again and again with a conversation, kept under one name. Doing it is `macro_runs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import canned, labels
from hub.conversations.canned import CannedProblem
from hub.customers.fields import plain
from hub.models import CannedAnswer, MacroRow, Staff, Team
from hub.models.vocabulary import ConversationState
from hub.sentences import LONG_NOTE, LONG_TITLE, Sentence, too_long
from hub.staff import audit, teams

LONGEST_NAME, LONGEST_NOTE, LONGEST_TITLE, MOST_HOURS, MOST_DAYS = 60, 5000, 200, 24 * 365, 3650
ME, NOBODY, STAFF, TEAM = "me", "nobody", "staff-", "team-"


class MacroProblem(ValueError):
    """The macro cannot be kept or done like this; the message says why, for the person at the screen."""


class NoSuchMacro(LookupError):
    """There is no such macro, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done, in this order; what is empty is not done.

    `answer` is a canned answer's id, `assign` is ME (whoever runs it), NOBODY, `staff-7` or `team-3`; `snooze_hours`
    belong to the state "snoozed", `task_days` (None: no day) to the task, which is of whoever has the conversation.
    """

    answer: int | None = None
    note: str = ""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    assign: str = ""
    task: str = ""
    task_days: int | None = None
    state: str = ""
    snooze_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody wrote. Without `staff_id` and `team_id` it is everybody's."""

    name: str
    steps: Steps
    staff_id: int | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Macro:
    id: int
    name: str
    steps: Steps
    staff_id: int | None
    team_id: int | None
    team_name: str  # empty: one's own or everybody's
    changed_at: datetime


async def create(session: AsyncSession, wording: Wording, *, by: int, assigns: bool, now: datetime) -> Macro:
    """`assigns`: whoever writes it may give conversations to others. Raises MacroProblem."""
    row = MacroRow(changed_at=now, **await _checked(session, wording, by, assigns=assigns))
    return await _kept(session, row, "macro.create", by=by, now=now)


async def change(
    session: AsyncSession, macro_id: int, wording: Wording, *, by: int, assigns: bool, now: datetime
) -> Macro:
    """Raises NoSuchMacro or MacroProblem."""
    row = await _row(session, macro_id)
    row.sqlmodel_update({"changed_at": now, **await _checked(session, wording, by, assigns=assigns, but=macro_id)})
    return await _kept(session, row, "macro.change", by=by, now=now)


async def remove(session: AsyncSession, macro_id: int, *, by: int, now: datetime) -> None:
    """Raises NoSuchMacro."""
    row = await _row(session, macro_id)
    await session.delete(row)
    await session.flush()
    await audit.write(session, "macro.delete", staff_id=by, subject=f"macro:{macro_id}", detail=row.name, now=now)


async def get(session: AsyncSession, macro_id: int) -> Macro:
    """Raises NoSuchMacro."""
    return await _told(session, await _row(session, macro_id))


async def listing(session: AsyncSession, reader: int, *, every_team: bool = False) -> list[Macro]:
    """By name, what this person may run: their own, their teams', everybody's. `every_team`: of other teams too."""
    rows = select(MacroRow, Team.name).join(Team, col(Team.id) == col(MacroRow.team_id), isouter=True)
    mine = col(MacroRow.team_id).in_(teams.ids_of(reader))
    of_teams = col(MacroRow.team_id).is_not(None) if every_team else mine
    everybodys = col(MacroRow.team_id).is_(None) & col(MacroRow.staff_id).is_(None)
    rows = rows.where(or_(col(MacroRow.staff_id) == reader, of_teams, everybodys))
    found = await session.exec(rows.order_by(func.lower(MacroRow.name), col(MacroRow.id)))
    return [_macro(row, name) for row, name in found]


def may_write(scope: Macro | Wording, reader: int, own: Sequence[int], *, everybodys: bool) -> bool:
    """Whether somebody in the teams `own` may write such a macro; `everybodys`: their role may write for everybody."""
    if scope.staff_id is not None:
        return scope.staff_id == reader
    return everybodys or (scope.team_id is not None and scope.team_id in own)


def read(kept: Mapping[str, Any]) -> Steps:
    """From JSON."""
    return Steps(**{**kept, "add": tuple(kept["add"]), "remove": tuple(kept["remove"])})


# ---- what may be kept --------------------------------------------------------------------------


async def _checked(
    session: AsyncSession, wording: Wording, by: int, *, assigns: bool, but: int | None = None
) -> dict[str, Any]:
    name = plain(wording.name)
    if not name:
        raise MacroProblem(Sentence("The macro needs a name: it stands in the palette"))
    if len(name) > LONGEST_NAME:
        raise MacroProblem(
            Sentence("The macro's name is longer than %(most)s letters. Shorten it", {"most": LONGEST_NAME})
        )
    await _only(session, name, wording, but)
    steps = _tidy(wording.steps)
    if steps == Steps():
        raise MacroProblem(Sentence("The macro does nothing. Choose at least one thing to do"))
    if wording.team_id is not None and await session.get(Team, wording.team_id) is None:
        raise MacroProblem(Sentence("This team is not there any more. Load the page again"))
    _try(steps)
    await _answer(session, steps, wording, by)
    await _assigned(session, steps, by, assigns=assigns)
    return {"name": name, "does": asdict(steps), "staff_id": wording.staff_id, "team_id": wording.team_id}


async def _only(session: AsyncSession, name: str, wording: Wording, but: int | None) -> None:
    """Two of one name for the same people could not be told apart in the palette. Raises MacroProblem."""
    owner = col(MacroRow.staff_id).is_not_distinct_from(wording.staff_id)
    team = col(MacroRow.team_id).is_not_distinct_from(wording.team_id)
    same = select(MacroRow.id).where(func.lower(MacroRow.name) == name.lower(), owner, team)
    if (await session.exec(same.where(col(MacroRow.id).is_distinct_from(but)))).first() is not None:
        gaps = {"name": name}
        raise MacroProblem(Sentence("There is a macro called “%(name)s” already. Give this one another name", gaps))


def _tidy(steps: Steps) -> Steps:
    return Steps(
        answer=steps.answer,
        note=steps.note.replace("\0", "").replace("\r\n", "\n").strip(),
        add=tuple(dict.fromkeys(filter(None, map(plain, steps.add)))),
        remove=tuple(dict.fromkeys(filter(None, map(plain, steps.remove)))),
        assign=steps.assign,
        task=plain(steps.task),
        task_days=steps.task_days if steps.task.strip() else None,
        state=steps.state,
        snooze_hours=steps.snooze_hours if steps.state == ConversationState.SNOOZED else None,
    )


def _try(steps: Steps) -> None:
    """Raises MacroProblem."""
    if long := too_long(LONG_NOTE, steps.note, LONGEST_NOTE) or too_long(LONG_TITLE, steps.task, LONGEST_TITLE):
        raise MacroProblem(long)
    if steps.state not in ("", *ConversationState):
        raise MacroProblem(
            Sentence("A conversation is never “%(state)s”. Choose another state", {"state": steps.state})
        )
    if steps.state == ConversationState.SNOOZED and not 1 <= (steps.snooze_hours or 0) <= MOST_HOURS:
        gaps = {"most": MOST_HOURS}
        raise MacroProblem(Sentence("Say for how many hours it is snoozed: from 1 to %(most)s", gaps))
    if not 0 <= (steps.task_days or 0) <= MOST_DAYS:
        raise MacroProblem(Sentence("A task is due in 0 to %(most)s days. Correct the number", {"most": MOST_DAYS}))
    if any(len(one) > labels.LONGEST for one in (*steps.add, *steps.remove)):
        gaps = {"most": labels.LONGEST}
        raise MacroProblem(Sentence("The label is longer than %(most)s characters. Shorten it", gaps))
    for text in filter(None, (steps.note, steps.task)):
        try:
            canned.tried(text)
        except CannedProblem as e:
            raise MacroProblem(*e.args) from e


async def _answer(session: AsyncSession, steps: Steps, wording: Wording, by: int) -> None:
    """Whoever may run the macro must have the canned answer too. Raises MacroProblem."""
    if steps.answer is None:
        return
    found = await session.get(CannedAnswer, steps.answer)
    if found is None:
        raise MacroProblem(Sentence("The canned answer is not there any more. Choose another one"))
    mine = {team.id for team in await teams.of(session, by)} if wording.staff_id is not None else {wording.team_id}
    if found.team_id is not None and found.team_id not in mine:
        gaps = {"shortcut": found.shortcut}
        raise MacroProblem(Sentence("/%(shortcut)s is of a team: not all who may run this macro have it", gaps))


async def _assigned(session: AsyncSession, steps: Steps, by: int, *, assigns: bool) -> None:
    """Raises MacroProblem."""
    if steps.assign in ("", ME, NOBODY, f"{STAFF}{by}"):
        return
    if not assigns:
        raise MacroProblem(
            Sentence("You may take conversations yourself, not give them to others. Choose “whoever runs it”")
        )
    table: Any = Staff if steps.assign.startswith(STAFF) else Team
    number = steps.assign.removeprefix(STAFF).removeprefix(TEAM)
    found = await session.get(table, int(number)) if number.isdecimal() and len(number) < 10 else None
    if found is None:
        raise MacroProblem(Sentence("Who gets the conversation is there no more. Load the page again"))


async def _row(session: AsyncSession, macro_id: int) -> MacroRow:
    row = await session.get(MacroRow, macro_id, with_for_update=True)
    if row is None:
        raise NoSuchMacro(f"There is no macro {macro_id}")
    return row


async def _kept(session: AsyncSession, row: MacroRow, action: str, *, by: int, now: datetime) -> Macro:
    session.add(row)
    await session.flush()
    await audit.write(session, action, staff_id=by, subject=f"macro:{row.id}", detail=row.name, now=now)
    return await _told(session, row)


async def _told(session: AsyncSession, row: MacroRow) -> Macro:
    team = await session.get(Team, row.team_id) if row.team_id is not None else None
    return _macro(row, team.name if team else "")


def _macro(row: MacroRow, team: str | None) -> Macro:
    return Macro(row.id or 0, row.name, read(row.does), row.staff_id, row.team_id, team or "", row.changed_at)
