"""How consent grew and was lost, by purpose and channel, from the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func as sql
from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Consent
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally, Value

_COLUMNS = (
    ("purpose", Measure.WORD),
    ("kind", Measure.WORD),
    ("gained", Measure.COUNT),
    ("lost", Measure.COUNT),
    ("grown", Measure.COUNT),
)
_BY_DAY = (("day", Measure.DAY), ("gained", Measure.COUNT), ("lost", Measure.COUNT))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """A yes counts where there was none before it, a no where there was a yes: saying it again changes nothing."""
    pairs, days = Tally(), Tally()
    for is_now, day, purpose, channel, granted, number in await session.execute(_changes(asked)):
        what = "gained" if granted else "lost"
        pairs.add(is_now, (str(purpose or "every_purpose"), str(channel or "every_channel")), what, number)
        days.add(is_now, day, what, number)
    gained, lost = pairs.total("gained"), pairs.total("lost")
    rows: list[tuple[Value, ...]] = [(*pair, *_line(pairs, pair)) for pair in pairs.keys if pair in pairs.now]  # type: ignore[misc]
    drawn = [(day, days.of(day, "gained")[0], days.of(day, "lost")[0]) for day in asked.span.points]
    return Report(
        (
            Figure("gained", Measure.COUNT, *gained),
            Figure("lost", Measure.COUNT, *lost),
            Figure("grown", Measure.COUNT, gained[0] - lost[0], gained[1] - lost[1]),
        ),
        (
            Table("by_day", _BY_DAY, drawn if days.now else (), drawn=("gained", "lost")),
            Table("by_purpose", _COLUMNS, rows),
        ),
    )


def _line(pairs: Tally, pair: object) -> tuple[int, int, int]:
    gained, lost = pairs.of(pair, "gained")[0], pairs.of(pair, "lost")[0]
    return gained, lost, gained - lost


def _changes(asked: Asked) -> Any:
    """About purposes as a whole. What was said before is the row before it of the same pair; none is a no."""
    earlier = aliased(Consent)
    same = [
        col(earlier.customer_id) == col(Consent.customer_id),
        col(earlier.purpose).is_not_distinct_from(col(Consent.purpose)),
        col(earlier.channel).is_not_distinct_from(col(Consent.channel)),
        col(earlier.topic) == "",
        col(earlier.id) < col(Consent.id),
    ]
    said = select(col(earlier.granted)).where(*same).order_by(col(earlier.id).desc()).limit(1).scalar_subquery()
    at, lately = col(Consent.at), asked.lately(col(Consent.at))
    every = select(
        lately.label("lately"),
        asked.day(at).label("day"),
        col(Consent.purpose).label("purpose"),
        col(Consent.channel).label("channel"),
        col(Consent.granted).label("granted"),
        sql.coalesce(said, False).label("said"),
    ).where(asked.within(at), col(Consent.topic) == "", *asked.customers(col(Consent.customer_id)))
    rows = every.subquery()
    keys = (rows.c.lately, rows.c.day, rows.c.purpose, rows.c.channel, rows.c.granted)
    return select(*keys, sql.count()).where(rows.c.said != rows.c.granted).group_by(*keys)
