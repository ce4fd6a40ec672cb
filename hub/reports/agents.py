"""What each member of staff did."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, cast, literal, select, union_all
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.models import Conversation, HandledCall, Interaction, Staff
from hub.models.vocabulary import Direction, Kind, Origin
from hub.reports.asked import NOT_LEFT, Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally, Value

_WHAT = ("written", "resolved", "calls", "talked", "notes")
_MEASURES = {"talked": Measure.TIME}
_COLUMNS = (("person", Measure.NAME), *((what, _MEASURES.get(what, Measure.COUNT)) for what in _WHAT))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Messages that left, conversations of theirs that were settled, calls they talked in, notes they wrote."""
    acts, tally = union_all(*_said(asked), _settled(asked), *_calls(asked)).subquery(), Tally()
    keys = (asked.lately(acts.c.at), col(Staff.id), col(Staff.name), acts.c.what)
    sums = select(*keys, sql.sum(acts.c.number)).join(Staff, col(Staff.id) == acts.c.staff_id).group_by(*keys)
    names: dict[object, str] = {}
    for is_now, number, name, done, times in await session.execute(sums):
        names[number] = name
        tally.add(is_now, number, done, times)
    people = sorted(tally.now, key=lambda one: (names[one].casefold(), str(one)))
    rows: list[tuple[Value, ...]] = [(names[one], *(tally.of(one, what)[0] for what in _WHAT)) for one in people]
    figures = (Figure(what, _MEASURES.get(what, Measure.COUNT), *tally.total(what)) for what in _WHAT)
    return Report(tuple(figures), (Table("by_person", _COLUMNS, rows),))


def _said(asked: Asked) -> list[Any]:
    """Messages and notes, from one reading of the log each."""
    by, way = col(Interaction.staff_id), col(Interaction.direction)
    since, until = first_uuid7(asked.span.before.since), first_uuid7(asked.span.until)
    log = [col(Interaction.id) >= since, col(Interaction.id) < until, by.is_not(None), *asked.staff(by)]
    log += asked.customers(col(Interaction.customer_id))
    left = [way == Direction.OUT, col(Interaction.origin) == Origin.AGENT, col(Interaction.state).not_in(NOT_LEFT)]
    left += [col(Interaction.kind).in_((Kind.EMAIL, Kind.SMS)), *asked.channels(col(Interaction.channel))]
    return [
        _act(by, col(Interaction.at), "written").where(*log, *left),
        _act(by, col(Interaction.at), "notes").where(*log, way == Direction.NOTE, col(Interaction.call).is_(None)),
    ]


def _settled(asked: Asked) -> Any:
    at, by = col(Conversation.resolved_at), col(Conversation.assignee_id)
    here = [asked.within(at), by.is_not(None), *asked.staff(by), *asked.channels(col(Conversation.channel))]
    return _act(by, at, "resolved").where(*here, *asked.customers(col(Conversation.customer_id)))


def _calls(asked: Asked) -> list[Any]:
    at, by = col(HandledCall.talked_at), col(HandledCall.staff_id)
    call = col(HandledCall.interaction_id) == col(Interaction.id)
    here = [asked.within(at), *asked.staff(by), *asked.channels(col(Interaction.channel))]
    here += asked.customers(col(Interaction.customer_id))
    seconds = sql.coalesce(sql.extract("epoch", col(HandledCall.ended_at) - at), 0)
    kinds = (_act(by, at, "calls"), _act(by, at, "talked", seconds))
    return [one.join_from(HandledCall, Interaction, call).where(*here) for one in kinds]


def _act(by: Any, at: Any, what: str, number: Any = 1) -> Any:
    words = (literal(what).label("what"), cast(number, Float).label("number"))
    return select(by.label("staff_id"), at.label("at"), *words)
