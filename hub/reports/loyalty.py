"""Who came back: retention, churn and loyalty, and both strengthened by what was bought.

The formulas and why they are these: docs/decisions/0050.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, false, select, true, union_all
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import purchases
from hub.models import Interaction, Purchase
from hub.models.vocabulary import Direction
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, share

_COLUMNS = (
    ("customers", Measure.WORD),
    ("people", Measure.COUNT),
    ("purchases", Measure.COUNT),
    ("contacts", Measure.COUNT),
)


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Active is who wrote, called or bought."""
    rows = {row["group"]: row for row in (await session.execute(_groups(asked))).mappings()}
    came, stayed, left = (_Group(rows.get(name)) for name in ("came", "stayed", "left"))
    weight = "purchases" if any(one["bought_before"] or one["bought"] for one in rows.values()) else "contacts"
    retention = share(stayed.people, stayed.people + left.people)
    figures = (
        Figure("active", Measure.COUNT, stayed.people + came.people, stayed.people + left.people),
        Figure("retention", Measure.SHARE, retention),
        Figure(
            "retention_strong", Measure.SHARE, share(stayed.before(weight), stayed.before(weight) + left.before(weight))
        ),
        Figure("churn", Measure.SHARE, None if retention is None else 1 - retention),
        Figure("loyalty", Measure.SHARE, share(stayed.people, stayed.people + came.people)),
        Figure("loyalty_strong", Measure.SHARE, share(stayed.now(weight), stayed.now(weight) + came.now(weight))),
    )
    lines = [("stayed", stayed), ("came", came), ("left", left)]
    table = [(name, one.people, one.now("purchases"), one.now("contacts")) for name, one in lines]
    return Report(figures, (Table("by_coming", _COLUMNS, table if rows else ()),))


class _Group:
    """Sums over the customers who stayed, came or left."""

    def __init__(self, row: Any) -> None:
        self._row = row

    @property
    def people(self) -> int:
        return self._row["people"] if self._row else 0

    def now(self, weight: str) -> int:
        return int(self._row["bought" if weight == "purchases" else "spoke"]) if self._row else 0

    def before(self, weight: str) -> int:
        return int(self._row["bought_before" if weight == "purchases" else "spoke_before"]) if self._row else 0


def _groups(asked: Asked) -> Any:
    each = _each(asked).subquery()
    here = (each.c.spoke + each.c.bought) > 0
    before = (each.c.spoke_before + each.c.bought_before) > 0
    group = case((here & before, "stayed"), (here, "came"), else_="left")
    sums = [sql.sum(each.c[name]).label(name) for name in ("spoke", "spoke_before", "bought", "bought_before")]
    return select(group.label("group"), sql.count().label("people"), *sums).group_by(group)


def _each(asked: Asked) -> Any:
    """One line a customer: how often they spoke and bought, in both times."""
    acts = union_all(_spoken(asked), _bought(asked)).subquery()
    lately, bought = acts.c.lately, acts.c.bought
    return select(
        acts.c.customer_id,
        sql.coalesce(sql.sum(acts.c.times).filter(lately, ~bought), 0).label("spoke"),
        sql.coalesce(sql.sum(acts.c.times).filter(~lately, ~bought), 0).label("spoke_before"),
        sql.coalesce(sql.sum(acts.c.times).filter(lately, bought), 0).label("bought"),
        sql.coalesce(sql.sum(acts.c.times).filter(~lately, bought), 0).label("bought_before"),
    ).group_by(acts.c.customer_id)


def _spoken(asked: Asked) -> Any:
    lately, who = asked.lately(col(Interaction.at)), col(Interaction.customer_id)
    theirs = (col(Interaction.direction) == Direction.IN, col(Interaction.auto) == "")
    rows = select(who, lately.label("lately"), false().label("bought"), sql.count().label("times"))
    return rows.where(*asked.words(), *theirs).group_by(who, lately)


def _bought(asked: Asked) -> Any:
    lately, who = asked.lately(col(Purchase.at)), col(Purchase.customer_id)
    rows = select(who, lately.label("lately"), true().label("bought"), sql.count().label("times"))
    return rows.where(asked.within(col(Purchase.at)), purchases.stands(), *asked.customers(who)).group_by(who, lately)
