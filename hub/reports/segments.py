"""Campaigns by segment: what became of their messages among those who are in each segment now, side by side."""
# ruff: noqa: S608 - our own words; values are bound

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import CTE, Row, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import reactions
from hub.models import Customer, SavedSegment
from hub.reports import campaigns
from hub.reports.asked import Asked
from hub.reports.campaigns import FIGURES, MADE, SENT, Line
from hub.reports.shapes import Figure, Measure, Report, Table, Value, share
from hub.segments import asking, saved
from hub.segments.conditions import BadCondition

_SHARES = ("opened", "clicked", "answered", "unsubscribed")
_COLUMNS = (
    ("segment", Measure.NAME),
    *((figure, Measure.COUNT) for figure in FIGURES),
    *((f"{figure}_share", Measure.SHARE) for figure in _SHARES),
    ("cost", Measure.MONEY),
    ("currency", Measure.NAME),
)
_EVERYBODY, _OTHERS = 0, -1  # beside the numbers of segments
_Cells: TypeAlias = tuple[Value, ...]
_NOTHING: _Cells = (None,) * (len(_COLUMNS) - 1)


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Who is in several segments counts in each; who is in none, among all others. The figures are of everybody."""
    offered = await saved.listing(session)
    meant = await _meant(session, offered, asked)
    now, before = await _lines(session, asked, meant)
    whole, earlier = now.get(_EVERYBODY, Line()), before.get(_EVERYBODY, Line())
    figures = [Figure(what, Measure.COUNT, whole.counted[what], earlier.counted[what]) for what in FIGURES]
    rows = list(_rows(offered, meant, now)) if whole.counted["sent"] else []
    return Report(tuple(figures), (Table("by_segment", _COLUMNS, rows),))


async def _meant(session: AsyncSession, offered: Sequence[SavedSegment], asked: Asked) -> dict[int, CTE]:
    """Of each segment that is understood, by its number."""
    found = {}
    for one in offered:
        try:
            where = await asking.where(session, one.tree, now=asked.now)
        except BadCondition:
            continue
        found[one.id or 0] = select(col(Customer.id)).where(where).cte(f"meant_{one.id}")
    return found


async def _lines(
    session: AsyncSession, asked: Asked, meant: Mapping[int, CTE]
) -> tuple[dict[int, Line], dict[int, Line]]:
    """In the days that are asked about, and in those before."""
    now, before = dict[int, Line](), dict[int, Line]()
    for row in await _asked_of(session, _COUNTED, asked, meant):
        (now if row.lately else before)[row.segment] = Line({figure: getattr(row, figure) for figure in FIGURES})
    rows = await _asked_of(session, _PAID, asked, meant) if asked.prices else []
    for row, currency, money in await campaigns.priced(session, rows, asked):
        if row.lately and (line := now.get(row.segment)):
            line.pay(currency, money)
    return now, before


async def _asked_of(
    session: AsyncSession, statement: str, asked: Asked, meant: Mapping[int, CTE]
) -> Sequence[Row[Any]]:
    """With the segments' conditions in front; its own common table expressions stand within."""
    members = [f"select {number} as segment, id from meant_{number}" for number in meant]
    whole = text(f"select * from ({statement.replace(_MEMBERS, ' union all '.join([_NOBODY, *members]))}) whole")
    return (await session.execute(whole.columns().add_cte(*meant.values()), campaigns.values(asked))).all()


def _rows(offered: Sequence[SavedSegment], meant: Mapping[int, CTE], now: Mapping[int, Line]) -> Iterable[_Cells]:
    """That which most was sent to first; all others last. One that is not understood any more has a line of dashes."""
    lines = [(one.name, now.get(one.id or 0, Line()), (one.id or 0) in meant) for one in offered]
    for name, line, understood in sorted(lines, key=lambda found: -found[1].counted["sent"]):
        yield from _cells(name, line) if understood else [(name, *_NOTHING)]
    if others := now.get(_OTHERS):
        yield from _cells("", others)


def _cells(name: str, line: Line) -> Iterable[_Cells]:
    """One row; where it was paid for in several currencies, another one for each of these."""
    counts = [line.counted[figure] for figure in FIGURES]
    shares = [share(line.counted[figure], line.counted["sent"]) for figure in _SHARES]
    first, *others = sorted(line.cost) or [""]
    yield name, *counts, *shares, line.cost.get(first), first or None
    for currency in others:
        yield name, *_NOTHING[:-2], line.cost[currency], currency


_MEMBERS = "/* members */"
_NOBODY = "select 0 as segment, id from customer where false"
# What `theirs` sums up for each customer: of everybody, of each segment, of those who are in none.
_SPREAD = """
, member as materialized (
  select m.segment, m.id from (/* members */) m where m.id in (select customer_id from theirs))
, spread as (
  select 0 as segment, t.* from theirs t
  union all select m.segment, t.* from theirs t join member m on m.id = t.customer_id
  union all select -1, t.* from theirs t where t.customer_id not in (select id from member))"""
_COUNTED = (
    "with "
    + reactions.facts(f"""
  select campaign_id, 0 as step, customer_id, id as interaction_id, kind, state, reason, message_id, purpose, at
  from interaction where {MADE} and state not in ('withheld', 'cancelled', 'expired', 'queued')""")
    + f""", theirs as materialized (
  select customer_id, at >= :since as lately, count(*) filter (where {SENT}) as sent,
    count(*) filter (where state in ('delivered', 'read')) as delivered, count(opened) as opened,
    count(clicked) as clicked, count(answered) as answered, count(unsubscribed) as unsubscribed
  from facts group by 1, 2){_SPREAD}
select segment, lately, {", ".join(f"sum({figure})::bigint as {figure}" for figure in FIGURES)}
from spread group by 1, 2"""
)
_PAID = f"""
with theirs as materialized (
  select customer_id, at >= :since as lately, kind, channel, template_version_id, language, count(*) as number
  from (select *, id as interaction_id from interaction) facts where {MADE} and {SENT} group by 1, 2, 3, 4, 5, 6
){_SPREAD}
select segment, lately, kind, channel, template_version_id, language, sum(number)::bigint as number
from spread group by 1, 2, 3, 4, 5, 6"""
