"""What became of a row of a file, and what would become of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers.sheets import Line
from hub.models.vocabulary import Outcome
from hub.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Result:
    """`reason`: of a rejected row, the cause and the remedy; of a known one, as whom. `customer_id`: whom it is about,
    where rows are people.
    """

    line: Line
    outcome: Outcome
    reason: Sentence | None = None
    customer_id: UUID | None = None


async def try_out(session: AsyncSession, write: Callable[[], Awaitable[list[Result]]]) -> list[Result]:
    """What would become of the rows that `write` writes; nothing of it stays."""
    results: list[Result] = []
    try:
        async with session.begin_nested():
            results += await write()
            raise _TriedOutError
    except _TriedOutError:
        return results


class _TriedOutError(Exception):
    """Takes back on purpose what was written."""
