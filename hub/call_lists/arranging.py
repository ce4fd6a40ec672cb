"""What a call list is: made, paused, closed; who may work on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live, sentences
from hub.call_lists import audience
from hub.call_lists.audience import Whom
from hub.models import CallList, CallListPerson
from hub.models.vocabulary import CallListState, CallTurn, Kind, Purpose
from hub.outbound import rendering, templates
from hub.outbound.asking import Gate
from hub.outbound.templates import NoSuchTemplate
from hub.sentences import LONG_NAME, Sentence
from hub.staff import audit, teams

LONGEST_NAME = 100
MOST_HOURS, MOST_ATTEMPTS, MOST_MINUTES = 24 * 30, 20, 24 * 60


class NoSuchCallList(LookupError):
    """There is no such call list, or it is not this person's to see."""


class CallListProblem(ValueError):
    """It cannot be arranged like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`template`: whose spoken words are the script. `team_id` None: everybody who calls.

    `again_hours`, `attempts`: of those who are not reached. `hours`: when it is worked on, by the company's clock.
    """

    name: str
    template: str
    purpose: Purpose = Purpose.MARKETING
    team_id: int | None = None
    hours: tuple[time, time] | None = None
    again_hours: int = 24
    attempts: int = 3
    held_minutes: int = 30


async def create(
    session: AsyncSession, plan: Plan, whom: Whom, *, gate: Gate, staff_id: int | None, now: datetime
) -> CallList:
    """With everybody who is meant now. Raises CallListProblem, BadCondition, LookupError for who is not there."""
    _demand_sense(plan)
    if plan.team_id is not None:
        await teams.get(session, plan.team_id)
    start, end = plan.hours or (None, None)
    made = CallList(
        name=_name(plan.name),
        purpose=plan.purpose,
        template_version_id=await _script(session, plan.template, gate, now),
        team_id=plan.team_id,
        hours_from=start,
        hours_until=end,
        again_hours=plan.again_hours,
        attempts=plan.attempts,
        held_minutes=plan.held_minutes,
        created_by=staff_id,
        created_at=now,
    )
    session.add(made)
    await session.flush()
    if not await audience.write(session, made, whom, gate=gate, now=now):
        raise CallListProblem(Sentence("Nobody is meant by this: there would be nobody to call. Choose other people."))
    await _changed(session, made, "create", staff_id, now)
    return made


async def get(session: AsyncSession, list_id: int) -> CallList:
    """Raises NoSuchCallList."""
    found = await session.get(CallList, list_id)
    if found is None:
        raise NoSuchCallList(list_id)
    return found


async def of_agent(session: AsyncSession, list_id: int, staff_id: int, *, others: bool) -> CallList:
    """One that this person works on; `others`: on those of all teams. Raises NoSuchCallList."""
    found = await get(session, list_id)
    own = others or found.team_id is None or found.team_id in {team.id for team in await teams.of(session, staff_id)}
    if not own:
        raise NoSuchCallList(list_id)
    return found


async def pause(session: AsyncSession, list_id: int, *, staff_id: int | None, now: datetime) -> None:
    """Nobody is given out any more; whoever has somebody finishes with them. Raises NoSuchCallList, CallListProblem."""
    await _move(session, list_id, CallListState.PAUSED, staff_id, now)


async def resume(session: AsyncSession, list_id: int, *, staff_id: int | None, now: datetime) -> None:
    """Raises NoSuchCallList, CallListProblem."""
    await _move(session, list_id, CallListState.OPEN, staff_id, now)


async def close(session: AsyncSession, list_id: int, *, staff_id: int | None, now: datetime) -> None:
    """For good: who was not called is not called. Raises NoSuchCallList, CallListProblem."""
    await _move(session, list_id, CallListState.CLOSED, staff_id, now)


async def ask_again(session: AsyncSession, list_id: int, *, staff_id: int | None, now: datetime) -> int:
    """Whoever was left out waits again, for the gate may say yes by now; how many. Raises as `close`."""
    found = await _open(session, list_id)
    rows = update(CallListPerson).where(
        col(CallListPerson.call_list_id) == list_id, col(CallListPerson.turn) == CallTurn.LEFT_OUT
    )
    again = await session.exec(rows.values(turn=CallTurn.WAITING, reason="", trace=[], due_at=now, settled_at=None))
    await _changed(session, found, "ask_again", staff_id, now)
    return again.rowcount


def is_hour(found: CallList, zone: str, now: datetime) -> bool:
    """Whether the list is worked on at this hour; the night may lie between its hours."""
    start, end = found.hours_from, found.hours_until
    if start is None or end is None:
        return True
    clock = now.astimezone(ZoneInfo(zone)).time()
    return start <= clock < end if start < end else clock >= start or clock < end


async def _move(session: AsyncSession, list_id: int, state: CallListState, staff_id: int | None, now: datetime) -> None:
    found = await _open(session, list_id)
    if found.state is state:
        return
    found.state, found.closed_at = state, now if state is CallListState.CLOSED else None
    await session.flush()
    await _changed(session, found, state, staff_id, now)


async def _open(session: AsyncSession, list_id: int) -> CallList:
    """Locked."""
    rows = select(CallList).where(CallList.id == list_id).with_for_update()
    found = (await session.exec(rows, execution_options={"populate_existing": True})).first()
    if found is None:
        raise NoSuchCallList(list_id)
    if found.state is CallListState.CLOSED:
        raise CallListProblem(Sentence("The call list is closed. Make a new one to call these people again."))
    return found


async def _changed(session: AsyncSession, found: CallList, act: str, staff_id: int | None, now: datetime) -> None:
    about: dict[str, Any] = {"subject": f"call-list:{found.id}", "detail": found.name, "now": now}
    await audit.write(session, f"call-list.{act}", staff_id=staff_id, **about)
    await live.publish(session, "call-list", id=found.id)


async def _script(session: AsyncSession, name: str, gate: Gate, now: datetime) -> int:
    """The version whose spoken words are read out, in the company's language at least."""
    try:
        version = await templates.current(session, name, now=now)
    except NoSuchTemplate as e:
        raise CallListProblem(Sentence("Choose the message whose spoken words are the script.")) from e
    if Kind.VOICE not in rendering.kinds(version.variants, gate.default_language, gate.default_language):
        missing = Sentence("“%(name)s” has no words for calls in the company's language. Write them.", {"name": name})
        raise CallListProblem(missing)
    return version.id or 0


def _name(typed: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in typed).split())
    if not name:
        raise CallListProblem(Sentence("Give the call list a name."))
    if problem := sentences.too_long(LONG_NAME, name, LONGEST_NAME):
        raise CallListProblem(problem)
    return name


def _demand_sense(plan: Plan) -> None:
    limits = (
        (plan.again_hours, MOST_HOURS, Sentence("Hours until the next try: %(least)s to %(most)s.")),
        (plan.attempts, MOST_ATTEMPTS, Sentence("Tries at most: %(least)s to %(most)s.")),
        (plan.held_minutes, MOST_MINUTES, Sentence("Minutes somebody is kept for an agent: %(least)s to %(most)s.")),
    )
    for value, most, told in limits:
        if not 1 <= value <= most:
            raise CallListProblem(Sentence(told.words, {"least": 1, "most": most}))
    if plan.hours is not None and plan.hours[0] == plan.hours[1]:
        raise CallListProblem(Sentence("The hours begin when they end. Leave both empty for any hour."))
