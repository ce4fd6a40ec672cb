"""When the last message of a campaign would leave, by the senders' rates, caps and what waits with them. About."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import tempo, tickets
from hub.campaigns.dry_runs import Report
from hub.models import Outbox, SenderRow
from hub.models.vocabulary import Kind, Unit
from hub.outbound.request import Gate

_LONGEST = 3_660  # days


@dataclass(frozen=True, slots=True)
class Pace:
    """A sender's speed: units a second, how many at once, and what may leave on each of the coming days (None: all).

    The last of `days` holds for all later ones. `waiting` units are before ours.
    """

    speed: float
    burst: float
    days: Sequence[float | None] = (None,)
    waiting: int = 0
    begins: datetime | None = None  # it rests until then
    zone: str = "UTC"


def last(units: int, pace: Pace, now: datetime) -> datetime | None:
    """When the last of so many units leaves; None when it would take ten years."""
    at, left, at_once = max(now, pace.begins or now), float(units + pace.waiting), pace.burst
    for day in range(_LONGEST):
        midnight = _midnight(at, pace.zone)
        cap = pace.days[min(day, len(pace.days) - 1)]
        room = min(at_once + pace.speed * (midnight - at).total_seconds(), math.inf if cap is None else cap)
        if left <= room:
            return at + timedelta(seconds=max(left - at_once, 0) / pace.speed)
        at, left = midnight, left - max(room, 0)
    return None


async def finish(
    session: AsyncSession, report: Report, *, gate: Gate, per_hour: int | None, now: datetime
) -> datetime | None:
    """Of the slowest of the channels, and not before the last of those who wait for their morning. None: never."""
    ends = [now]
    for kind in report.kinds:
        pace = await _pace(session, gate, kind, now)
        end = last(report.units(kind) if pace[1] is Unit.SEGMENTS else report.of_kind(kind), pace[0], now)
        if end is None:
            return None
        ends.append(end)
    waits = [(later.number, later.until) for kind in report.kinds if (later := report.later(kind)) and later.until]
    if report.learnt is not None and report.learnt.until is not None:
        waits.append((report.learnt.waits, report.learnt.until))
    ends += [until for _, until in waits]
    if per_hour:
        ends.append(tempo.last(report.reachable, per_hour, now))
        ends += [tempo.last(number, per_hour, until) for number, until in waits]
    return max(ends)


async def _pace(session: AsyncSession, gate: Gate, kind: Kind, now: datetime) -> tuple[Pace, Unit]:
    """Of a channel that has not sent yet: one message a second, as it is registered until a worker brings its rate.

    What paused campaigns have set aside is not before us.
    """
    name = next(iter(gate.senders.get(kind, ())), "")
    row = (await session.exec(select(SenderRow).where(col(SenderRow.channel) == name))).one_or_none()
    if row is None:
        return Pace(1, 1), Unit.MESSAGES
    counted = func.coalesce(func.sum(Outbox.cost), 0) if row.unit is Unit.SEGMENTS else func.count()
    before_us = (col(Outbox.sender_id) == row.id, col(Outbox.due_at) < tickets.border(now))
    waiting = (await session.exec(select(counted).where(*before_us))).one()
    pace = Pace(row.rate * row.pace, row.burst, _days(row, now), int(waiting), row.paused_until, row.zone)
    return pace, row.unit


def _days(row: SenderRow, now: datetime) -> Sequence[float | None]:
    """What greetings and campaigns may use of the coming days."""
    today = now.astimezone(ZoneInfo(row.zone)).date()
    gone = (today - (row.ramp_from or today)).days
    caps = [_least(day, row.daily_cap) for day in row.ramp[gone:]] + [row.daily_cap]
    rooms: list[float | None] = [None if cap is None else max(cap - row.reserve, 0) for cap in caps]
    if rooms[0] is not None and row.day == today:
        rooms[0] = max(rooms[0] - row.used, 0)
        rooms += [_again(caps[-1], row.reserve)] if len(rooms) == 1 else []
    return rooms


def _again(cap: int | None, reserve: int) -> float | None:
    return None if cap is None else max(cap - reserve, 0)


def _least(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)


def _midnight(at: datetime, zone: str) -> datetime:
    tomorrow: date = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZoneInfo(zone))
