"""Working time reckoned by the database, for very many pairs of moments at once: what `hub.staff.opening` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ARRAY, CTE, ColumnElement, DateTime, Float, case, literal, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import TeamChannel
from hub.staff import timetables
from hub.staff.opening import ALWAYS, Opening, spans

_EARLIER = timedelta(days=366)  # of longer waits the last year counts
_MOMENTS, _SECONDS = ARRAY(DateTime(timezone=True)), ARRAY(Float)


@dataclass(frozen=True, slots=True)
class Clock:
    """The company's hours, and of channels whose team has its own, theirs. Each set once, in one row of arrays."""

    openings: Sequence[Opening]
    channels: Mapping[str, int]  # which opening
    row: CTE

    def between(self, start: Any, end: Any, channel: Any) -> ColumnElement[Any]:
        """Seconds of working time between two columns."""
        own = [
            (channel.in_([name for name, at in self.channels.items() if at == place]), self._of(place, start, end))
            for place in sorted(set(self.channels.values()))
        ]
        return case(*own, else_=self._of(0, start, end)) if own else self._of(0, start, end)

    def _of(self, place: int, start: Any, end: Any) -> ColumnElement[Any]:
        if self.openings[place] == ALWAYS:
            return sql.extract("epoch", end - start)
        return self._until(place, end) - self._until(place, start)

    def _until(self, place: int, moment: Any) -> ColumnElement[Any]:
        """Working time since the beginning: that of the stretches before, and of the one that the moment lies in."""
        opens, closes, before = (self.row.c[f"{name}_{place}"] for name in ("opens", "closes", "before"))
        last = sql.width_bucket(moment, opens)
        within = sql.extract("epoch", sql.least(moment, closes[last]) - opens[last])
        return case((last == 0, 0.0), else_=before[last] + within)


async def clock(session: AsyncSession, since: datetime, until: datetime) -> Clock:
    """For moments between these two, and up to a year earlier."""
    hours = await timetables.hours(session)
    owners = await session.execute(select(col(TeamChannel.channel), col(TeamChannel.team_id)))
    teams = sorted(hours.teams)
    of_channels = {channel: 1 + teams.index(team) for channel, team in owners if team in hours.teams}
    openings = [hours.company, *(hours.teams[team] for team in teams)]
    columns = [one for at, opening in enumerate(openings) for one in _columns(at, opening, since - _EARLIER, until)]
    return Clock(openings, of_channels, select(*columns).cte("opening"))


def _columns(place: int, opening: Opening, since: datetime, until: datetime) -> list[ColumnElement[Any]]:
    found = [] if opening == ALWAYS else list(spans(opening, since, until))
    lengths = [(closes - opens).total_seconds() for opens, closes in found]
    return [
        literal([opens for opens, _ in found], _MOMENTS).label(f"opens_{place}"),
        literal([closes for _, closes in found], _MOMENTS).label(f"closes_{place}"),
        literal([0.0, *accumulate(lengths)][: len(found)], _SECONDS).label(f"before_{place}"),
    ]
