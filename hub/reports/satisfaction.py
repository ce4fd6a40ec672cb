"""What customers said when they were asked how satisfied they are: CSAT, NPS, and one weighted index over both.

The formulas and why they are these: docs/decisions/0050.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, select
from sqlalchemy import func as sql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Conversation, Interaction, Survey
from hub.models.columns import Word
from hub.models.vocabulary import Kind, Scale
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Value, share

HALF_LIFE = 30  # days after which an answer weighs half
_DAY = 24 * 60 * 60
_BY_KIND = (
    ("kind", Measure.WORD),
    ("asked", Measure.COUNT),
    ("answered", Measure.COUNT),
    ("answered_share", Measure.SHARE),
    ("csat", Measure.SHARE),
    ("nps", Measure.SCORE),
    ("index", Measure.SCORE),
)
_SCORES = (("scale", Measure.WORD), ("score", Measure.COUNT), ("answers", Measure.COUNT))


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Of the questions that were put within the days; answers count whenever they came."""
    rows = (await session.execute(_counted(asked))).mappings().all()
    now, before = ([row for row in rows if row["lately"] is one] for one in (True, False))
    figures = (
        Figure("asked", Measure.COUNT, _sum(now, "asked"), _sum(before, "asked")),
        Figure(
            "answered_share",
            Measure.SHARE,
            *(share(_sum(one, "answered"), _sum(one, "asked")) for one in (now, before)),
        ),
        Figure("csat", Measure.SHARE, _csat(now), _csat(before)),
        Figure("nps", Measure.SCORE, _nps(now), _nps(before)),
        Figure("index", Measure.SCORE, _index(now), _index(before)),
    )
    return Report(figures, (Table("by_channel", _BY_KIND, [_line(row) for row in now]), await _scores(session, asked)))


def _line(row: Any) -> tuple[Value, ...]:
    one = [row]
    return (
        row["kind"],
        row["asked"],
        row["answered"],
        share(row["answered"], row["asked"]),
        _csat(one),
        _nps(one),
        _index(one),
    )


def _csat(rows: list[Any]) -> float | None:
    """The share of 4 and 5: the top two boxes."""
    return share(_sum(rows, "satisfied"), _sum(rows, "csat"))


def _nps(rows: list[Any]) -> float | None:
    """Promoters (9, 10) less detractors (0 to 6), in points."""
    part = share(_sum(rows, "promoters") - _sum(rows, "detractors"), _sum(rows, "nps"))
    return None if part is None else 100 * part


def _index(rows: list[Any]) -> float | None:
    """The mean of the answers from 0 to 100, each weighted by how recent it is.

    Channels weigh as much as they were asked: one whose customers answer more readily speaks no louder for it.
    """
    heard = [row for row in rows if row["answered"]]
    means = [(row["asked"], row["weighted"] / row["weight"]) for row in heard]
    mean = share(sum(asked * one for asked, one in means), sum(asked for asked, _ in means))
    return None if mean is None else 100 * mean


def _sum(rows: list[Any], what: str) -> int:
    return sum(row[what] for row in rows)


def _counted(asked: Asked) -> Any:
    score, at = col(Survey.score), col(Survey.asked_at)
    csat, nps = (and_(score.is_not(None), col(Survey.scale) == scale) for scale in (Scale.CSAT, Scale.NPS))
    level = case((col(Survey.scale) == Scale.CSAT, (score - 1) / 4.0), else_=score / 10.0)
    end = case((asked.lately(at), min(asked.span.until, asked.now)), else_=asked.span.since)
    age = sql.greatest(sql.extract("epoch", end - col(Survey.answered_at)) / _DAY, 0)
    weight = sql.power(0.5, age / HALF_LIFE)
    kind = sql.coalesce(col(Interaction.kind), col(Conversation.kind), type_=Word(Kind))
    figures: list[Any] = [
        sql.count().label("asked"),
        sql.count(score).label("answered"),
        sql.count().filter(csat).label("csat"),
        sql.count().filter(csat, score >= 4).label("satisfied"),
        sql.count().filter(nps).label("nps"),
        sql.count().filter(nps, score >= 9).label("promoters"),
        sql.count().filter(nps, score <= 6).label("detractors"),
        sql.sum(level * weight).filter(score.is_not(None)).label("weighted"),
        sql.sum(weight).filter(score.is_not(None)).label("weight"),
    ]
    lately = asked.lately(at).label("lately")
    rows = _asked(select(lately, kind.label("kind"), *figures), asked).where(asked.within(at))
    return rows.group_by(lately, kind).order_by(kind)


def _asked(rows: Any, asked: Asked) -> Any:
    """By the medium of the question. Those that the gate held back asked nobody."""
    here = [col(Survey.sent), *asked.channels(col(Conversation.channel)), *asked.customers(col(Survey.customer_id))]
    if asked.narrowed.staff_id is not None:
        here.append(col(Survey.staff_id) == asked.narrowed.staff_id)
    talks = rows.select_from(Survey).join(Conversation, col(Conversation.id) == col(Survey.conversation_id))
    return talks.outerjoin(Interaction, col(Interaction.id) == col(Survey.interaction_id)).where(*here)


async def _scores(session: AsyncSession, asked: Asked) -> Table:
    """How often each answer was given."""
    scale, score = col(Survey.scale), col(Survey.score)
    given = and_(asked.within(col(Survey.asked_at)), asked.lately(col(Survey.asked_at)), score.is_not(None))
    rows = _asked(select(scale, score, sql.count()), asked).where(given).group_by(scale, score).order_by(scale, score)
    return Table("scores", _SCORES, [(one.value, said, number) for one, said, number in await session.execute(rows)])
