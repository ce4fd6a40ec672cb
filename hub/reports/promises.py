"""Service levels: which promises of answers were kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Conversation, Promise, SlaPolicy
from hub.models.vocabulary import Promised
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally, Value, share

_COUNTS = (("kept", Measure.COUNT), ("broken", Measure.COUNT), ("kept_share", Measure.SHARE))
_BY_KIND = (("promise", Measure.WORD), *_COUNTS)
_BY_POLICY = (("policy", Measure.NAME), *_COUNTS)
_BY_DAY = (("day", Measure.DAY), ("kept", Measure.COUNT), ("broken", Measure.COUNT))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """A promise belongs to the day on which it was settled; one whose time has run out is broken when it is."""
    kinds, policies, days = Tally(), Tally(), Tally()
    for is_now, day, kind, policy, kept, number in await session.execute(_counted(asked)):
        what = "kept" if kept else "broken"
        for tally, key in ((kinds, kind), (policies, policy), (days, day)):
            tally.add(is_now, key, what, number)
    kept, broken = kinds.total("kept"), kinds.total("broken")
    parts = [share(one, one + other) for one, other in zip(kept, broken, strict=True)]
    figures = (
        Figure("kept", Measure.COUNT, *kept),
        Figure("broken", Measure.COUNT, *broken),
        Figure("kept_share", Measure.SHARE, parts[0], parts[1]),
    )
    by_promise = [(kind.value, *_line(kinds, kind)) for kind in Promised if kind in kinds.now]
    by_policy = [(str(one), *_line(policies, one)) for one in policies.keys if one in policies.now]
    tables = (Table("by_promise", _BY_KIND, by_promise), Table("by_policy", _BY_POLICY, by_policy))
    return Report(figures, (_by_day(asked, days), *tables))


def _line(tally: Tally, key: object) -> tuple[Value, ...]:
    kept, broken = tally.of(key, "kept")[0], tally.of(key, "broken")[0]
    return kept, broken, share(kept, kept + broken)


def _by_day(asked: Asked, days: Tally) -> Table:
    rows = [(day, days.of(day, "kept")[0], days.of(day, "broken")[0]) for day in asked.span.points]
    return Table("by_day", _BY_DAY, rows if days.now else (), drawn=("kept", "broken"))


def _counted(asked: Asked) -> Any:
    at = col(Promise.settled_at)
    lately = asked.lately(at)
    keys = (
        lately,
        case((lately, asked.day(at))),
        col(Promise.kind),
        sql.coalesce(col(SlaPolicy.name), ""),
        col(Promise.kept),
    )
    here = [
        asked.within(at),
        *asked.channels(col(Conversation.channel)),
        *asked.customers(col(Conversation.customer_id)),
    ]
    if asked.narrowed.staff_id is not None:
        here.append(col(Conversation.assignee_id) == asked.narrowed.staff_id)
    rows = select(*keys, sql.count()).select_from(Promise)
    talks = rows.join(Conversation, col(Conversation.id) == col(Promise.conversation_id))
    return talks.outerjoin(SlaPolicy, col(SlaPolicy.id) == col(Promise.policy_id)).where(*here).group_by(*keys)
