"""Calls: in and out, missed, and how long people talked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, case, cast, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import HandledCall, Interaction, MissedCall
from hub.models.vocabulary import Direction, Kind
from hub.reports.asked import NOT_LEFT, Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally, Value

_WHAT = ("calls_in", "calls_out", "missed", "voicemails", "answered_calls")
_COLUMNS = (("day", Measure.DAY), *((what, Measure.COUNT) for what in _WHAT), ("talked", Measure.TIME))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Logged by hand or by wire. Missed is what nobody took, with or without a voicemail."""
    days = Tally()
    for is_now, day, *numbers in await session.execute(_counted(asked)):
        for what, number in zip((*_WHAT, "talked"), numbers, strict=True):
            days.add(is_now, day, what, number or 0)
    rows: list[tuple[Value, ...]] = [
        (day, *(days.of(day, what)[0] for what in (*_WHAT, "talked"))) for day in asked.span.points
    ]
    figures = [Figure(what, Measure.COUNT, *days.total(what)) for what in _WHAT]
    figures.append(Figure("talked", Measure.TIME, *days.total("talked")))
    return Report(tuple(figures), (Table("by_day", _COLUMNS, rows if days.now else (), drawn=("calls_in", "missed")),))


def _counted(asked: Asked) -> Any:
    at, way = col(Interaction.at), col(Interaction.direction)
    talked = sql.extract("epoch", col(HandledCall.ended_at) - col(HandledCall.talked_at))
    logged = cast(col(Interaction.call)["seconds"].astext, Float)
    by_hand = col(Interaction.call)["logged"].astext.is_not(None)
    seconds = sql.coalesce(talked, case((by_hand, logged)), 0)
    lately = asked.lately(at)
    keys = (lately, case((lately, asked.day(at))))
    figures: list[Any] = [
        sql.count().filter(way == Direction.IN),
        sql.count().filter(way == Direction.OUT),
        sql.count(col(MissedCall.interaction_id)),
        sql.count().filter(col(MissedCall.voicemail)),
        sql.count().filter(seconds > 0),
        sql.sum(seconds),
    ]
    here = [*asked.words(), col(Interaction.kind) == Kind.VOICE, col(Interaction.state).not_in(NOT_LEFT)]
    rows = select(*keys, *figures).select_from(Interaction)
    handled = rows.outerjoin(HandledCall, col(HandledCall.interaction_id) == col(Interaction.id))
    every = handled.outerjoin(MissedCall, col(MissedCall.interaction_id) == col(Interaction.id))
    return every.where(*here).group_by(*keys)
