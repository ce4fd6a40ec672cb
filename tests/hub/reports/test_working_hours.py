"""The database's working time is that of `hub.staff.opening`, whatever the hours and the moments."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ARRAY, DateTime, String, column, literal, select, true
from sqlalchemy import func as sql

from hub.database.engine import Database
from hub.models import OpeningHours
from hub.reports import working_hours
from hub.staff import timetables
from hub.staff.opening import working_time

WEEK = [[[540, 720], [780, 1050]]] * 4 + [[[540, 840]], [], [[0, 1440]]]
SINCE, UNTIL = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)


async def test_any_two_moments_have_the_same_working_time_between_them_as_in_python(database: Database) -> None:
    chance = random.Random(8)
    moments = [SINCE + timedelta(seconds=chance.randrange(300 * 86_400)) for _ in range(400)]
    pairs = [(min(one, other), max(one, other)) for one, other in zip(moments, reversed(moments), strict=True)]
    closed = {date(2026, 5, 1).isoformat(): "May Day"}
    async with database.unit() as session:
        session.add(OpeningHours(zone="Europe/Warsaw", week=WEEK, country="PL", closed=closed))
        await session.flush()
        clock = await working_hours.clock(session, SINCE, UNTIL)
        moment = ARRAY(DateTime(timezone=True))
        given = sql.unnest(literal([a for a, _ in pairs], moment), literal([b for _, b in pairs], moment))
        named = given.table_valued(column("a", DateTime(timezone=True)), column("b", DateTime(timezone=True)))
        rows = named.render_derived()
        seconds = clock.between(rows.c.a, rows.c.b, literal("mail", String))
        found = (await session.execute(select(rows.c.a, rows.c.b, seconds).join(clock.row, true()))).all()
        opening = (await timetables.hours(session)).company
    assert len(found) == len(pairs)
    for start, end, reckoned in found:
        assert abs(float(reckoned) - working_time(opening, start, end).total_seconds()) < 0.01, (start, end)
