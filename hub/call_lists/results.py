"""How far call lists are, and who stands behind each number. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database import paging
from hub.database.engine import Database
from hub.models import CallList, CallListPerson, Customer, Staff
from hub.models.vocabulary import CallListState, CallResult, CallTurn

PAGE = 50
# Everybody is in exactly one of these, but for `everybody`.
PARTS: Mapping[str, str] = {
    "everybody": "true",
    "never_called": "turn = 'waiting' and calls = 0",
    "again": "turn = 'waiting' and calls > 0 and result = 'not_reached'",
    "call_back": "turn = 'waiting' and calls > 0 and result <> 'not_reached'",
    "held": "turn = 'held'",
    **{
        result.value: f"turn = 'done' and result = '{result.value}'"
        for result in CallResult
        if result is not CallResult.CALL_BACK
    },
    "left_out": "turn = 'left_out'",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A call list among the others."""

    found: CallList
    total: int
    settled: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a list."""

    id: int
    customer_id: UUID
    name: str
    turn: CallTurn
    calls: int
    due_at: datetime
    result: CallResult | None
    outcome: str
    reason: str
    agent: str
    settled_at: datetime | None

    @property
    def part(self) -> str:
        """Which of PARTS they are in."""
        if self.turn is CallTurn.DONE:
            return str(self.result)
        if self.turn is not CallTurn.WAITING:
            return str(self.turn)
        return "never_called" if not self.calls else "again" if self.result is CallResult.NOT_REACHED else "call_back"


@dataclass(frozen=True, slots=True)
class Figures:
    """`parts`: how many are in each of PARTS; `outcomes`, `reasons`: of those reached and those left out."""

    parts: Mapping[str, int]
    outcomes: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]

    @property
    def settled(self) -> int:
        ended = ("reached", "not_reached", "wrong_number", "no_calls", "left_out")
        return sum(self.parts[one] for one in ended)


async def listing(session: AsyncSession, *, team_ids: Collection[int] | None = None) -> list[Line]:
    """Those that are worked on first, the newest first. `team_ids`: none but these teams' and everybody's."""
    ended = func.count(col(CallListPerson.id)).filter(col(CallListPerson.turn).in_((CallTurn.DONE, CallTurn.LEFT_OUT)))
    query = select(CallList, func.count(col(CallListPerson.id)), ended).outerjoin(
        CallListPerson, col(CallListPerson.call_list_id) == col(CallList.id)
    )
    if team_ids is not None:
        query = query.where(col(CallList.team_id).is_(None) | col(CallList.team_id).in_(team_ids))
    closed = col(CallList.state) == CallListState.CLOSED
    rows = await session.exec(query.group_by(col(CallList.id)).order_by(closed, col(CallList.id).desc()).limit(500))
    return [Line(*row) for row in rows]


async def figures(session: AsyncSession, list_id: int) -> Figures:
    """Two looks at the list."""
    counted = ", ".join(f"count(*) filter (where {where}) as {part}" for part, where in PARTS.items())
    of_list = "from call_list_person where call_list_id = :list"
    row = (await session.execute(text(f"select {counted} {of_list}"), {"list": list_id})).mappings().one()
    said = f"select turn, case turn when 'done' then outcome else reason end, count(*) {of_list}"
    ends = f"{said} and (turn = 'left_out' or turn = 'done' and result = 'reached') group by 1, 2 order by 3 desc, 2"
    found = (await session.execute(text(ends), {"list": list_id})).all()
    outcomes = [(word, number) for turn, word, number in found if turn == CallTurn.DONE]
    reasons = [(word, number) for turn, word, number in found if turn == CallTurn.LEFT_OUT]
    return Figures(dict(row), outcomes, reasons)


async def people(
    session: AsyncSession, list_id: int, part: str = "everybody", *, after: int = 0, limit: int = PAGE
) -> list[Person]:
    """In the order in which they were put on the list. Raises KeyError for what is none of PARTS."""
    columns = (CallListPerson.id, CallListPerson.customer_id, Customer.name, CallListPerson.turn, CallListPerson.calls)
    more = (CallListPerson.due_at, CallListPerson.result, CallListPerson.outcome, CallListPerson.reason)
    query: Any = select(*columns, *more, func.coalesce(Staff.name, ""), CallListPerson.settled_at)  # type: ignore[call-overload]
    query = query.join(Customer, col(Customer.id) == col(CallListPerson.customer_id))
    query = query.outerjoin(Staff, col(Staff.id) == col(CallListPerson.staff_id))
    query = query.where(col(CallListPerson.call_list_id) == list_id, col(CallListPerson.id) > after, text(PARTS[part]))
    return [Person(*row) for row in await session.exec(query.order_by(col(CallListPerson.id)).limit(limit))]


def pages(database: Database, list_id: int, part: str) -> AsyncIterator[list[Person]]:
    """All of a part, a thousand at a time."""

    async def read(session: AsyncSession, after: int | None) -> list[Person]:
        return await people(session, list_id, part, after=after or 0, limit=1000)

    return paging.pages(database, read, lambda last: last.id)
