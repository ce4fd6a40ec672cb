"""How much was said: messages and calls in and out, by channel and day."""

from __future__ import annotations

from sqlalchemy import case, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction
from hub.models.vocabulary import Direction, Kind
from hub.reports.asked import NOT_LEFT, Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally

_BY_KIND = (
    ("kind", Measure.WORD),
    ("received", Measure.COUNT),
    ("received_before", Measure.COUNT),
    ("sent", Measure.COUNT),
    ("sent_before", Measure.COUNT),
)
_BY_DAY = (("day", Measure.DAY), ("received", Measure.COUNT), ("sent", Measure.COUNT))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Received is everything that came in; sent is what left, whatever came of it."""
    lately, at = asked.lately(col(Interaction.at)), col(Interaction.at)
    day = case((lately, asked.day(at)))
    counted = select(lately, day, col(Interaction.kind), col(Interaction.direction), sql.count())
    here = counted.where(*asked.words(), col(Interaction.state).not_in(NOT_LEFT), col(Interaction.kind).is_not(None))
    kinds, days = Tally(), Tally()
    for is_now, at_day, kind, direction, number in await session.execute(here.group_by(*here.selected_columns[:4])):
        what = "received" if direction is Direction.IN else "sent"
        kinds.add(is_now, kind, what, number)
        days.add(is_now, at_day, what, number)
    return Report(
        tuple(Figure(what, Measure.COUNT, *kinds.total(what)) for what in ("received", "sent")),
        (_by_day(asked, days), _by_kind(kinds)),
    )


def _by_day(asked: Asked, days: Tally) -> Table:
    rows = [(day, days.of(day, "received")[0], days.of(day, "sent")[0]) for day in asked.span.points]
    return Table("by_day", _BY_DAY, rows if days.now else (), drawn=("received", "sent"))


def _by_kind(kinds: Tally) -> Table:
    rows = [(kind.value, *kinds.of(kind, "received"), *kinds.of(kind, "sent")) for kind in Kind if kind in kinds.keys]
    return Table("by_channel", _BY_KIND, rows)
