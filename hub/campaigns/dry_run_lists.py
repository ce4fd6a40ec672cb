"""Who stands behind the sums of a dry run: pages of people with the gate's reasons, and all of them as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database import paging
from hub.database.engine import Database
from hub.models import Customer, DryRunLine
from hub.models.vocabulary import Kind, Withheld

PAGE = 50
_PAGE_OF_CSV = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the audience: those on `kind` (only those who wait for the end of quiet hours with `later`), or those
    left out for `reason`. With neither, everybody. `learnt`: only those who get it on a kind because that was learnt.
    """

    kind: Kind | None = None
    reason: Withheld | None = None
    later: bool = False
    learnt: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """One customer and the gate's answer. `reason` None: it goes on `kind`, from `not_before` on when that is set."""

    customer_id: UUID
    name: str
    number: str  # the customer's own in another system
    language: str
    kind: Kind | None
    reason: Withheld | None
    not_before: datetime | None
    segments: int
    trace: tuple[str, ...]


async def people(
    session: AsyncSession, campaign_id: int, part: Part, *, after: UUID | None = None, limit: int = PAGE
) -> list[Person]:
    """The next of a part, in the order of the customers' ids, those above `after`."""
    line = DryRunLine
    columns = (
        *(line.customer_id, Customer.name, Customer.external_id, Customer.language),
        *(line.kind, line.reason, line.not_before, line.segments, line.trace),
    )
    query = select(*columns).join(Customer, col(Customer.id) == col(line.customer_id))  # type: ignore[call-overload]
    query = query.where(col(line.campaign_id) == campaign_id)
    if part.kind is not None or part.reason is not None:
        reason, kind = part.reason.value if part.reason else "", part.kind.value if part.kind else ""
        query = query.where(col(line.reason) == reason, col(line.kind) == kind)
    if part.later:
        query = query.where(col(line.not_before).is_not(None))
    if part.learnt:
        query = query.where(col(line.learnt))
    if after is not None:
        query = query.where(col(line.customer_id) > after)
    rows = await session.exec(query.order_by(col(line.customer_id)).limit(limit))
    return [_person(*row) for row in rows]


def pages(database: Database, campaign_id: int, part: Part) -> AsyncIterator[list[Person]]:
    """All of a part, a page at a time."""

    async def read(session: AsyncSession, after: UUID | None) -> list[Person]:
        return await people(session, campaign_id, part, after=after, limit=_PAGE_OF_CSV)

    return paging.pages(database, read, lambda last: last.customer_id)


def _person(
    customer_id: UUID,
    name: str,
    number: str | None,
    language: str,
    kind: str,
    reason: str,
    not_before: datetime | None,
    segments: int,
    trace: list[str],
) -> Person:
    return Person(
        customer_id,
        name,
        number or "",
        language,
        Kind(kind) if kind else None,
        Withheld(reason) if reason else None,
        not_before,
        segments,
        tuple(trace),
    )
