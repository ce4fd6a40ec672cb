"""Asking the database whom a segment means: how many, who for example, and all of them in slices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import purchases
from hub.customers.rfm import USUAL
from hub.models import Customer
from hub.segments import buying, compiling, history, last_contacts, saved, tree
from hub.segments.compiling import Terms
from hub.segments.tree import Raw, Tree


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a segment means."""

    id: UUID
    name: str
    language: str | None
    country: str | None


async def where(session: AsyncSession, raw: Raw, *, now: datetime) -> ColumnElement[bool]:
    """The predicate over `customer`, with the saved segments it names as they are now. Raises BadCondition.

    It is to be asked in the same transaction: what is kept beside the log is not made anew meanwhile.
    """
    return compiling.compile(*await _read(session, raw, now))


async def _read(session: AsyncSession, raw: Raw, now: datetime) -> tuple[Tree, Terms]:
    whole = await saved.written_out(session, tree.read(raw))
    asked = {one.name for one in tree.leaves(whole)}
    formula = await purchases.formula(session) if asked & buying.NEED_FORMULA else USUAL
    until = await last_contacts.until(session) if asked & history.KEPT.keys() else None
    return whole, Terms(now, formula, until)


async def count(session: AsyncSession, raw: Raw, *, now: datetime) -> int:
    """How many customers are meant. Raises BadCondition."""
    meant = compiling.whom(*await _read(session, raw, now)).subquery()
    await session.execute(_BY_ITSELF)
    number = (await session.exec(select(func.count()).select_from(meant))).one()
    await session.execute(_AS_USUAL)
    return number


# Workers in parallel each add up all purchases, and hash by pieces what one alone reads along its index: the answer
# takes as long, and more processors are busy.
_BY_ITSELF = text("select set_config('max_parallel_workers_per_gather', '0', true)")
_AS_USUAL = text("reset max_parallel_workers_per_gather")


async def sample(session: AsyncSession, raw: Raw, *, limit: int, now: datetime) -> list[Person]:
    """The newest few of them. Raises BadCondition."""
    columns = (col(Customer.id), col(Customer.name), col(Customer.language), col(Customer.country))
    meant = await where(session, raw, now=now)
    query = select(*columns).where(meant).order_by(col(Customer.id).desc()).limit(limit)
    return [Person(*row) for row in await session.exec(query)]


async def slice_after(
    session: AsyncSession, where: ColumnElement[bool], after: UUID | None, *, limit: int
) -> list[UUID]:
    """The next customers meant, in the order of their ids."""
    query = select(col(Customer.id)).where(where).order_by(col(Customer.id)).limit(limit)
    if after is not None:
        query = query.where(col(Customer.id) > after)
    return list((await session.exec(query)).all())
