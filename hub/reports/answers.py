"""How long customers waited for answers and until their matters were settled, in business hours."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, select, true, tuple_
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7
from hub.conversations.keeping import NOT_SAID, TALKED
from hub.models import Conversation, Interaction
from hub.models.vocabulary import Direction, Kind, Origin, State
from hub.reports import working_hours
from hub.reports.asked import NOT_LEFT, Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Value
from hub.reports.working_hours import Clock

_HALF, _MOST = 0.5, 0.9
_OURS = (Origin.AGENT, Origin.API)
_BY_KIND = (
    ("kind", Measure.WORD),
    ("first_answers", Measure.COUNT),
    ("first_median", Measure.TIME),
    ("first_most", Measure.TIME),
    ("next_answers", Measure.COUNT),
    ("next_median", Measure.TIME),
    ("next_most", Measure.TIME),
)
_BY_DAY = (("day", Measure.DAY), ("first_median", Measure.TIME), ("next_median", Measure.TIME))
Times = tuple[int, float | None, float | None]  # how many, the median, what nine of ten stay below
_NONE: Times = (0, None, None)


async def report(session: AsyncSession, asked: Asked) -> Report:
    """An answer belongs to the day on which it was given; settling to that on which it was settled."""
    clock = await working_hours.clock(session, asked.span.before.since, asked.span.until)
    found: dict[tuple[bool, bool, object, object], Times] = {}
    for is_now, first, kind, day, *times in await session.execute(_measured(asked, clock)):
        found[is_now, first, kind, day] = (times[0], times[1], times[2])
    settled = {row[0]: (row[1], row[2], row[3]) for row in await session.execute(_settled(asked, clock))}
    first, later = ([found.get((now, one, None, None), _NONE) for now in (True, False)] for one in (True, False))
    return Report(
        (
            *_figures("first", *first),
            *_figures("next", *later),
            *_figures("settled", settled.get(True, _NONE), settled.get(False, _NONE)),
        ),
        (_by_day(asked, found), _by_kind(found)),
    )


def _figures(what: str, now: Times, before: Times) -> tuple[Figure, ...]:
    return (
        Figure(f"{what}_answers", Measure.COUNT, now[0], before[0]),
        Figure(f"{what}_median", Measure.TIME, now[1], before[1]),
        Figure(f"{what}_most", Measure.TIME, now[2], before[2]),
    )


def _by_day(asked: Asked, found: dict[tuple[bool, bool, object, object], Times]) -> Table:
    rows: list[tuple[Value, ...]] = [
        (day, *(found.get((True, first, None, day), _NONE)[1] for first in (True, False))) for day in asked.span.points
    ]
    some = any(row[1] is not None or row[2] is not None for row in rows)
    return Table("by_day", _BY_DAY, rows if some else (), drawn=("first_median", "next_median"))


def _by_kind(found: dict[tuple[bool, bool, object, object], Times]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for kind in Kind:
        first, later = (found.get((True, one, kind, None), _NONE) for one in (True, False))
        if first[0] or later[0]:
            rows.append((kind.value, *first, *later))
    return Table("by_channel", _BY_KIND, rows)


def _measured(asked: Asked, clock: Clock) -> Select[Any]:
    """For all, by channel and by day: grouping sets, as medians cannot be added up."""
    waits = _waits(asked, clock)
    lately, first, kind, day = waits.c.lately, waits.c.first, waits.c.kind, waits.c.day
    sets = sql.grouping_sets(tuple_(lately, first), tuple_(lately, first, kind), tuple_(lately, first, day))
    return select(lately, first, kind, day, *_times(waits.c.seconds)).group_by(sets)


def _times(seconds: Any) -> list[ColumnElement[Any]]:
    return [sql.count(), *(sql.percentile_cont(part).within_group(seconds) for part in (_HALF, _MOST))]


def _waits(asked: Asked, clock: Clock) -> Any:
    """Each answer with how long the customer had waited for it: since their first word after ours before."""
    told = _turns(asked)
    seconds = clock.between(told.c.since, told.c.at, told.c.channel)
    lately, day = asked.lately(told.c.at), asked.day(told.c.at)
    columns = (lately.label("lately"), (told.c.place == 1).label("first"), told.c.kind, day.label("day"))
    here = [told.c.ours, told.c.since.is_not(None), asked.within(told.c.at), *asked.channels(told.c.channel)]
    if asked.narrowed.staff_id is not None:
        here.append(told.c.staff_id == asked.narrowed.staff_id)
    return select(*columns, seconds.label("seconds")).select_from(told).join(clock.row, true()).where(*here).subquery()


def _turns(asked: Asked) -> Any:
    """Where the word passes from the customer to us or back. `since`: the turn before; `place`: among ours."""
    ours, talk, number = _ours(), col(Interaction.conversation_id), col(Interaction.id)
    answered = select(talk).where(*asked.words(), ours, talk.is_not(None))
    columns: list[Any] = [talk, number, Interaction.at, Interaction.kind, Interaction.channel, Interaction.staff_id]
    whose = sql.lag(ours).over(partition_by=talk, order_by=number)
    said = select(*columns, ours.label("ours"), whose.label("whose")).where(
        talk.in_(answered),
        col(Interaction.direction) != Direction.NOTE,
        number < first_uuid7(asked.span.until),
        ours.is_not(None),
    )
    every = said.subquery()
    window: dict[str, Any] = {"partition_by": every.c.conversation_id, "order_by": every.c.id}
    since = sql.lag(every.c.at).over(**window).label("since")
    place = sql.count().filter(every.c.ours).over(**window).label("place")
    return select(every, since, place).where(every.c.whose.is_distinct_from(every.c.ours)).subquery()


def _ours() -> ColumnElement[Any]:
    """As `hub.conversations.keeping` has it: null is nobody's word; a call that was taken answers its caller."""
    answered = and_(col(Interaction.origin).in_(_OURS), col(Interaction.state).not_in({*NOT_SAID, *NOT_LEFT}))
    return case(
        (col(Interaction.direction) == Direction.OUT, case((answered, true()))),
        (
            col(Interaction.kind) == Kind.VOICE,
            case((col(Interaction.state) != State.RINGING, col(Interaction.state).in_(TALKED))),
        ),
        (col(Interaction.auto) == "", false()),
    )


def _settled(asked: Asked, clock: Clock) -> Select[Any]:
    """From a conversation's first word until it was last settled."""
    at, begun = col(Conversation.resolved_at), col(Conversation.created_at)
    seconds = clock.between(begun, at, col(Conversation.channel))
    here = [
        asked.within(at),
        *asked.channels(col(Conversation.channel)),
        *asked.customers(col(Conversation.customer_id)),
    ]
    if asked.narrowed.staff_id is not None:
        here.append(col(Conversation.assignee_id) == asked.narrowed.staff_id)
    every = select(asked.lately(at).label("lately"), seconds.label("seconds")).select_from(Conversation)
    waits = every.join(clock.row, true()).where(*here).subquery()
    return select(waits.c.lately, *_times(waits.c.seconds)).group_by(waits.c.lately)
