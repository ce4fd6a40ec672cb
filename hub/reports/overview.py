"""The numbers of the start page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import first_uuid7


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel that cannot send or a campaign that paused itself (its name and id), and what a person has to do."""

    channel: str
    words: str
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What is going on. The day's figures run over the last 24 hours, keyed by channel kind."""

    open: int
    unassigned: int
    mine: int
    unread: int
    snoozed: int
    tasks_due: int  # mine, today or earlier
    appointments: int  # in the next 24 hours
    received: Mapping[str, int]
    sent: Mapping[str, int]
    delivered: int
    failed: int
    withheld: Mapping[str, int]  # reason → messages
    greetings: int
    queued: int
    unknown: int
    parked: int
    flagged: int
    provisional: int
    campaigns_running: int
    troubles: tuple[Trouble, ...] = ()


_DESK = """
select count(*) filter (where state = 'open') as open,
       count(*) filter (where state = 'open' and assignee_id is null) as unassigned,
       count(*) filter (where state = 'open' and assignee_id = :me) as mine,
       count(*) filter (where state = 'open' and unread) as unread,
       count(*) filter (where state = 'snoozed') as snoozed
from conversation where state in ('open', 'snoozed')
"""
_SINGLE = """
select (select count(*) from task where assignee_id = :me and done_at is null and due_at < :tomorrow) as tasks_due,
       (select count(*) from appointment
        where starts_at > :now and starts_at < :tomorrow and state <> 'cancelled') as appointments,
       (select count(*) from outbox) as queued,
       (select count(*) from interaction where state = 'unknown' and reason <> 'left') as unknown,
       (select count(*) from raw_message where state = 'parked') as parked,
       (select count(*) from conversation where flag <> '' and state <> 'resolved') as flagged,
       (select count(*) from customer where provisional) as provisional,
       (select count(*) from campaign where state = 'running') as campaigns_running
"""
_TROUBLES = """
select channel, trouble, cast(null as int) from sender where trouble <> ''
union all select name, pause_reason, id from campaign where state = 'paused' and pause_reason <> ''
order by 3 nulls first, 1
"""
_DAY = """
select direction, coalesce(kind, '') as kind, state, reason, purpose, count(*) as number
from interaction where id >= :yesterday and direction <> 'note'
group by direction, kind, state, reason, purpose
"""
_NOT_LEFT = frozenset({"queued", "sending", "withheld", "expired", "cancelled", "failed"})


async def overview(session: AsyncSession, *, staff_id: int | None = None, now: datetime) -> Overview:
    """The numbers for one member of staff: `mine` and `tasks_due` are theirs, all others the company's."""
    asked = {"me": staff_id or 0, "now": now, "tomorrow": now + timedelta(days=1)}
    desk = (await session.execute(text(_DESK), {"me": staff_id or 0})).mappings().one()
    single = (await session.execute(text(_SINGLE), asked)).mappings().one()
    since = first_uuid7(now - timedelta(days=1))
    day = (await session.execute(text(_DAY), {"yesterday": since})).mappings().all()
    return Overview(**desk, **single, **_day(day), troubles=await troubles(session))


async def troubles(session: AsyncSession) -> tuple[Trouble, ...]:
    """What waits for a person: channels first, then campaigns."""
    return tuple(Trouble(*row) for row in await session.execute(text(_TROUBLES)))


def _day(rows: Any) -> dict[str, Any]:
    out = [row for row in rows if row["direction"] == "out"]
    left = [row for row in out if row["state"] not in _NOT_LEFT]
    return {
        "received": _sums((row for row in rows if row["direction"] == "in"), "kind"),
        "sent": _sums(left, "kind"),
        "delivered": _sum(row for row in out if row["state"] in ("delivered", "read")),
        "failed": _sum(row for row in out if row["state"] == "failed"),
        "withheld": _sums((row for row in out if row["state"] == "withheld"), "reason"),
        "greetings": _sum(row for row in left if row["purpose"] == "greetings"),
    }


def _sum(rows: Any) -> int:
    return sum(row["number"] for row in rows)


def _sums(rows: Any, key: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[key]] = totals.get(row[key], 0) + row["number"]
    return dict(sorted(totals.items()))
