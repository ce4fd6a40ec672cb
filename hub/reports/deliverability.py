"""What became of our mail, by the domain of whom it went to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func as sql
from sqlalchemy import or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Reason
from hub.models import Interaction, ReceiptRow
from hub.models.vocabulary import Direction, Kind, State
from hub.reports.asked import Asked
from hub.reports.shapes import Figure, Measure, Report, Table, Tally, Value, share

MOST = 50  # domains in the table; the others are one line
OTHERS = ""
HARD = tuple(reason for reason in Reason if reason.hard)
SOFT = (Reason.MAILBOX_FULL, Reason.UNREACHABLE, Reason.BLOCKED)
_LEFT = (State.SENT, State.DELIVERED, State.READ)
_FIGURES = ("sent", "delivered", "hard", "soft", "complained")
_COLUMNS = (
    ("domain", Measure.NAME),
    ("sent", Measure.COUNT),
    ("delivered", Measure.COUNT),
    ("delivered_share", Measure.SHARE),
    ("hard", Measure.COUNT),
    ("soft", Measure.COUNT),
    ("complained", Measure.COUNT),
)


async def report(session: AsyncSession, asked: Asked) -> Report:
    """Sent is what a server took or sent back; delivered is what it took and did not send back."""
    tally = Tally()
    for is_now, domain, *numbers in await session.execute(_counted(asked)):
        for what, number in zip(_FIGURES, numbers, strict=True):
            tally.add(is_now, domain, what, number)
    figures = [Figure(what, Measure.COUNT, *tally.total(what)) for what in _FIGURES]
    parts = (share(*pair) for pair in zip(tally.total("delivered"), tally.total("sent"), strict=True))
    figures.insert(2, Figure("delivered_share", Measure.SHARE, *parts))
    return Report(tuple(figures), (Table("by_domain", _COLUMNS, _rows(tally)),))


def _rows(tally: Tally) -> list[tuple[Value, ...]]:
    """The domains that most was sent to, and all others together."""
    lines = [(str(domain), counted) for domain, counted in tally.now.items()]
    lines.sort(key=lambda line: (-line[1]["sent"], line[0]))
    rest = {what: sum(counted[what] for _, counted in lines[MOST:]) for what in _FIGURES}
    shown = lines[:MOST] + ([(OTHERS, rest)] if lines[MOST:] else [])
    return [_row(domain, counted) for domain, counted in shown]


def _row(domain: str, counted: Mapping[str, float]) -> tuple[Value, ...]:
    sent, delivered, *others = (int(counted[what]) for what in _FIGURES)
    return (domain, sent, delivered, share(delivered, sent), *others)


def _counted(asked: Asked) -> Any:
    failed, reason = col(Interaction.state) == State.FAILED, col(Interaction.reason)
    hard, soft = (failed & reason.in_(kinds) for kinds in (HARD, SOFT))
    left = col(Interaction.state).in_(_LEFT)
    complained = select(col(ReceiptRow.interaction_id)).where(col(ReceiptRow.reason) == Reason.COMPLAINED.value)
    domain = sql.split_part(col(Interaction.recipient), "@", 2)
    figures: list[Any] = [
        sql.count().filter(or_(left, hard, soft)),
        sql.count().filter(left),
        sql.count().filter(hard),
        sql.count().filter(soft),
        sql.count().filter(col(Interaction.id).in_(complained)),
    ]
    mail = (col(Interaction.kind) == Kind.EMAIL, col(Interaction.direction) == Direction.OUT, or_(left, hard, soft))
    lately = asked.lately(col(Interaction.at))
    return select(lately, domain, *figures).where(*asked.words(), *mail).group_by(lately, domain)
