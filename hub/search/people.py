"""Customers by their names, however spelt, their addresses and numbers; and whom `from:`, `to:`, `assigned:` mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import listing
from hub.customers.listing import CustomerLine
from hub.search import matching
from hub.search.query import Query
from hub.staff import accounts

_MOST = 500  # customers that one name in an operator may mean
ME, NOBODY = "me", frozenset({"nobody", "none", "unassigned"})


@dataclass(frozen=True, slots=True)
class Whom:
    """Customers and colleagues whom a few names mean, taken together."""

    customers: tuple[UUID, ...] = ()
    staff: tuple[int, ...] = ()


async def found(session: AsyncSession, query: Query, *, after: str | None, limit: int) -> list[CustomerLine]:
    """By name, behind the `cursor` of a line. All the words have to be in the name, or one address has them."""
    ids = await listing.found(
        session, query.words, without=query.without, labels=query.labels, after=after, limit=limit
    )
    if not ids:
        return []
    async with matching.planned_once(session):
        return await listing.lines(session, ids)


async def called(session: AsyncSession, names: Sequence[str], *, staff_id: int) -> Whom:
    """Whom these names or addresses mean: customers and colleagues. "me" is `staff_id`."""
    customers: list[UUID] = []
    for name in names:
        if name.lower() != ME:
            customers += await named(session, (name,), most=_MOST)
    return Whom(tuple(dict.fromkeys(customers)), await colleagues(session, names, staff_id=staff_id))


async def colleagues(session: AsyncSession, names: Sequence[str], *, staff_id: int) -> tuple[int, ...]:
    """Members of staff, also former ones, whose name or address has one of these in it."""
    people = await accounts.listing(session)
    wanted = [name.casefold() for name in names]
    return tuple(
        one.id or 0
        for one in people
        if any(
            one.id == staff_id if name == ME else name in one.name.casefold() or name in one.email for name in wanted
        )
    )


async def named(session: AsyncSession, words: Sequence[str], *, most: int = 50) -> list[UUID]:
    """Customers with all of these in their name, or in an address of theirs."""
    return await listing.anybody(session, words, most=most)
