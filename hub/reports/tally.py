"""What the log holds, counted: words by direction and channel, outcomes, receipts, reasons for silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.models import Customer, Interaction, ReceiptRow
from hub.models.vocabulary import Direction, State


@dataclass(frozen=True, slots=True)
class Tally:
    """`words` is keyed `in email`, `out sms`, `note`; `states` counts outbound words; `withheld` is by reason."""

    customers: int
    words: Mapping[str, int]
    states: Mapping[str, int]
    receipts: Mapping[str, int]
    withheld: Mapping[str, int]


async def tally(session: AsyncSession) -> Tally:
    """Count everything. Reads the whole log: for reports and demonstrations, not for pages."""
    customers = (await session.execute(select(func.count()).select_from(Customer))).scalar_one()
    way = col(Interaction.direction), col(Interaction.kind)
    words = await session.execute(select(*way, func.count()).group_by(*way))
    return Tally(
        customers=customers,
        words=dict(sorted((_way(direction, kind), n) for direction, kind, n in words.tuples())),
        states=await _count(session, Interaction.state, col(Interaction.direction) == "out"),
        receipts=await _count(session, ReceiptRow.progress),
        withheld=await _count(session, Interaction.reason, col(Interaction.state) == State.WITHHELD),
    )


def _way(direction: Direction, kind: Kind | None) -> str:
    return f"{direction} {kind}" if kind else str(direction)


async def _count(session: AsyncSession, column: Any, *where: ColumnElement[bool]) -> dict[str, int]:
    words = col(column)
    rows = await session.execute(select(words, func.count()).where(*where).group_by(words))
    return {str(word): n for word, n in sorted(rows.tuples(), key=lambda row: -row[1])}
