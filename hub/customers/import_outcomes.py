"""What came of a file that was brought in: the rows that were not taken, and the people whom the others were about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import sentences
from hub.database import paging
from hub.database.engine import Database
from hub.models import Customer, ImportedCustomer, RejectedRow
from hub.models.vocabulary import Outcome
from hub.sentences import Sentence

_PAGE_OF_CSV = 1000


async def rejected(session: AsyncSession, import_id: UUID, *, after: int = 0, limit: int) -> list[RejectedRow]:
    """Its rows that were not taken, in the order of the file; `after` the one of that id."""
    line, number = col(RejectedRow.line), col(RejectedRow.id)
    query = select(RejectedRow).where(col(RejectedRow.import_id) == import_id)
    if after and (last := await session.get(RejectedRow, after)):
        query = query.where((line > last.line) | ((line == last.line) & (number > after)))
    return list(await session.exec(query.order_by(line, number).limit(limit)))


def pages_of_rejected(database: Database, import_id: UUID) -> AsyncIterator[list[RejectedRow]]:
    """All of them, a page at a time."""

    async def read(session: AsyncSession, after: int | None) -> list[RejectedRow]:
        return await rejected(session, import_id, after=after or 0, limit=_PAGE_OF_CSV)

    return paging.pages(database, read, lambda last: last.id or 0)


def why(row: RejectedRow) -> Sentence:
    """The cause and the remedy."""
    return Sentence(row.words, sentences.of_json(row.gaps))


async def people(
    session: AsyncSession, import_id: UUID, *, after: int = 0, limit: int
) -> list[tuple[int, UUID, str, Outcome]]:
    """Whom its rows were about, in their order: a number for the page after, who, their name, what became of them."""
    number = col(ImportedCustomer.id)
    query = select(number, col(Customer.id), col(Customer.name), col(ImportedCustomer.outcome))
    query = query.join(Customer, col(Customer.id) == col(ImportedCustomer.customer_id))
    query = query.where(col(ImportedCustomer.import_id) == import_id, number > after)
    rows = await session.exec(query.order_by(number).limit(limit))
    return [(int(one or 0), who, name, outcome) for one, who, name, outcome in rows]
