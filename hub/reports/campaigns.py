"""What became of campaigns whose messages were made within the days, what they cost, and what an answer cost."""
# ruff: noqa: S608 - our own words; values are bound

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import reactions
from hub.clock import first_uuid7
from hub.models import Campaign, Customer, TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import costs
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Value

FIGURES = ("sent", "delivered", "opened", "clicked", "answered", "unsubscribed")
_COLUMNS = (
    ("campaign", Measure.NAME),
    *((figure, Measure.COUNT) for figure in FIGURES),
    ("cost", Measure.MONEY),
    ("cost_per_answer", Measure.MONEY),
    ("currency", Measure.NAME),
)
_MONEY = (
    ("currency", Measure.NAME),
    ("cost", Measure.MONEY),
    ("cost_before", Measure.MONEY),
    ("cost_per_answer", Measure.MONEY),
)


@dataclass(slots=True)
class Line:
    """One campaign in one of the two times."""

    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    cost: dict[str, Decimal] = field(default_factory=dict)  # by currency

    def pay(self, currency: str, money: Decimal) -> None:
        self.cost[currency] = self.cost.get(currency, Decimal()) + money


Lines = Mapping[int, Line]


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Sent is what a provider took, whatever came of it there; opens and clicks are people's. Late answers count."""
    now, before = dict[int, Line](), dict[int, Line]()
    for row in await rows_of(session, _COUNTED, asked):
        line = (now if row.lately else before).setdefault(row.campaign_id, Line())
        line.counted = {figure: getattr(row, figure) for figure in FIGURES}
    await _reckon_costs(session, asked, now, before)
    names = await _names(session, now)
    totals = [Figure(what, Measure.COUNT, total(now, what), total(before, what)) for what in FIGURES]
    rows = [row for number, line in _by_size(now) for row in cells(names.get(number, ""), line)]
    return Report((*totals, *_money(now, before)), (Table("by_campaign", _COLUMNS, rows), _by_currency(now, before)))


async def _reckon_costs(session: AsyncSession, asked: Asked, now: dict[int, Line], before: dict[int, Line]) -> None:
    """At today's prices of the channels that carried them; an SMS has the segments that its template comes to."""
    rows = await rows_of(session, _PAID, asked) if asked.prices else []
    for row, currency, money in await priced(session, rows, asked):
        if line := (now if row.lately else before).get(row.campaign_id):
            line.pay(currency, money)


async def priced(session: AsyncSession, rows: Sequence[Row[Any]], asked: Asked) -> list[tuple[Row[Any], str, Decimal]]:
    """With what each cost: `number` messages by `channel` in `language`, of one version of a template."""
    versions = await _versions(session, {row.template_version_id for row in rows if row.kind == Kind.SMS})
    found = []
    for row in rows:
        price = asked.prices.get(row.channel)
        version = versions.get(row.template_version_id) if row.kind == Kind.SMS else None
        units = row.number * (costs.guess(version, row.language) if version else 1)
        if price is not None:
            found.append((row, price.currency, units * price.price))
    return found


async def rows_of(session: AsyncSession, statement: str, asked: Asked) -> Sequence[Row[Any]]:
    """Of everybody, or of those who are in the segment now."""
    if asked.meant is None:
        return (await session.execute(text(statement.replace(_THEIRS, "")), values(asked))).all()
    meant = select(col(Customer.id)).where(asked.meant).cte("meant")
    whole = text(f"select * from ({statement.replace(_THEIRS, _MEANT)}) whole")  # its own CTEs stand within
    return (await session.execute(whole.columns().add_cte(meant), values(asked))).all()


def cells(name: str, line: Line) -> Iterable[tuple[Value, ...]]:
    """One; where a campaign was paid for in several currencies, another one for each of these."""
    counts: tuple[Value, ...] = tuple(line.counted[figure] for figure in FIGURES)
    if not line.cost:
        return [(name, *counts, None, None, None)]
    first, *others = sorted(line.cost)
    nothing: tuple[Value, ...] = (None,) * len(FIGURES)
    lines = [(counts, first), *((nothing, currency) for currency in others)]
    answered = line.counted["answered"]
    return [(name, *found, line.cost[one], each(line.cost[one], answered), one) for found, one in lines]


def _money(now: Lines, before: Lines) -> list[Figure]:
    """Only where all is paid in one currency: what is paid in two is not added up."""
    paid, earlier = _costs(now), _costs(before)
    if len({*paid, *earlier}) != 1:
        return []
    (currency,) = {*paid, *earlier}
    pairs = [(paid.get(currency), total(now, "answered")), (earlier.get(currency), total(before, "answered"))]
    return [
        Figure("cost", Measure.MONEY, *(money for money, _ in pairs)),
        Figure("cost_per_answer", Measure.MONEY, *(each(money, answers) for money, answers in pairs)),
    ]


def _by_currency(now: Lines, before: Lines) -> Table:
    paid, earlier, answered = _costs(now), _costs(before), total(now, "answered")
    names = sorted({*paid, *earlier})
    return Table(
        "by_currency",
        _MONEY,
        [(one, paid.get(one), earlier.get(one), each(paid.get(one), answered)) for one in names],
    )


def each(money: Decimal | None, answers: int) -> Decimal | None:
    return None if money is None or not answers else money / answers


def _costs(lines: Lines) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines.values():
        for currency, money in line.cost.items():
            sums[currency] = sums.get(currency, Decimal()) + money
    return sums


def total(lines: Lines, what: str) -> int:
    return sum(line.counted[what] for line in lines.values())


def _by_size(lines: Lines) -> list[tuple[int, Line]]:
    return sorted(lines.items(), key=lambda pair: (-pair[1].counted["sent"], pair[0]))


async def _names(session: AsyncSession, numbers: Iterable[int]) -> dict[int | None, str]:
    query = select(Campaign.id, Campaign.name).where(col(Campaign.id).in_(list(numbers)))
    return dict((await session.exec(query)).all())


async def _versions(session: AsyncSession, numbers: set[int | None]) -> dict[int | None, TemplateVersion]:
    query = select(TemplateVersion).where(col(TemplateVersion.id).in_([one for one in numbers if one is not None]))
    return {one.id: one for one in await session.exec(query)}


def values(asked: Asked) -> dict[str, Any]:
    return {
        **reactions.values(0, None),
        "first": first_uuid7(asked.span.before.since),
        "end": first_uuid7(asked.span.until),
        "since": asked.span.since,
        "channel": asked.narrowed.channel,
        "team": asked.narrowed.team_id,
    }


# As `campaigns.counting.handed_over`, over what was made within both times.
SENT = """(state in ('sent', 'delivered', 'read', 'missed') or state = 'failed'
  and exists (select from attempt a where a.interaction_id = facts.interaction_id and a.outcome = 'accepted'))"""
_THEIRS, _MEANT = "/* everybody's */", " and customer_id in (select id from meant)"
MADE = f"""campaign_id is not null and direction = 'out' and origin = 'campaign' and id >= :first and id < :end
  and (:channel = '' or channel = :channel)
  and (cast(:team as int) is null or channel in (select channel from team_channel where team_id = :team)){_THEIRS}"""
_COUNTED = (
    "with "
    + reactions.facts(f"""
  select campaign_id, 0 as step, customer_id, id as interaction_id, kind, state, reason, message_id, purpose, at
  from interaction where {MADE} and state not in ('withheld', 'cancelled', 'expired', 'queued')""")
    + f"""
select campaign_id, at >= :since as lately, count(*) filter (where {SENT}) as sent,
  count(*) filter (where state in ('delivered', 'read')) as delivered, count(opened) as opened,
  count(clicked) as clicked, count(answered) as answered, count(unsubscribed) as unsubscribed
from facts group by 1, 2"""
)
_PAID = f"""
select campaign_id, at >= :since as lately, kind, channel, template_version_id, language, count(*) as number
from (select *, id as interaction_id from interaction) facts where {MADE} and {SENT}
group by 1, 2, 3, 4, 5, 6"""
