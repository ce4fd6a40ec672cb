"""Which rows are one person's: followed from table to table by the keys, so that a new table is never forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Table, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import directory, identities
from hub.models import METADATA, CustomerMerge, Identity

# Rows that name somebody without a key that the database follows.
_PLAIN = {"customer_id": "customer", "interaction_id": "interaction", "conversation_id": "conversation"}
_BESIDES: Mapping[str, str] = {
    "customer_merge": "loser_id = any(cast(:them as uuid[])) or into_id = any(cast(:them as uuid[]))",
    "task": "conversation_id in (select id from conversation where customer_id = any(cast(:them as uuid[])))",
}
# Of no person in particular once the address is out of them: see `emptying`.
COUNTED = frozenset({"campaign_recipient"})


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, and those who have become part of them."""

    customer_id: UUID
    them: tuple[UUID, ...]
    addresses: tuple[Identity, ...]

    @property
    def values(self) -> dict[str, list[UUID]]:
        """What `where` needs."""
        return {"them": list(self.them)}

    @property
    def spelled(self) -> list[str]:
        """The addresses that are nobody else's."""
        return [one.value for one in self.addresses if one.value != identities.HIDDEN]


async def person(session: AsyncSession, customer_id: UUID) -> Person:
    """Raises directory.NotFound, and Merged where they have become part of somebody else."""
    await directory.get(session, customer_id)
    parts = select(CustomerMerge.loser_id).where(
        col(CustomerMerge.winner_id) == customer_id, col(CustomerMerge.undone_at).is_(None)
    )
    them = (customer_id, *(await session.exec(parts)).all())
    return Person(customer_id, them, tuple(await identities.of(session, customer_id)))


@cache
def tables() -> Sequence[str]:
    """Every table with rows of a person, those first that name rows of others."""
    named = [table for table in reversed(METADATA.sorted_tables) if where(table.name) and table.name not in COUNTED]
    loose = [one.name for one in named if not any(key.ondelete == "CASCADE" for key in one.foreign_keys)]
    return (
        [one for one in loose if one != "customer"]
        + [one.name for one in named if one.name not in loose]
        + ["customer"]
    )


@cache
def where(table: str) -> str:
    """The condition on its rows, with `:them`; empty for a table that holds nobody."""
    if table == "customer":
        return "id = any(cast(:them as uuid[]))"
    found = list(_ways(METADATA.tables[table]))
    return " or ".join([*found, *([_BESIDES[table]] if table in _BESIDES else [])])


def _ways(table: Table) -> Sequence[str]:
    followed = {
        key.parent.name: key.column.table.name
        for key in table.foreign_keys
        if key.ondelete == "CASCADE" and key.column.table.name != table.name
    }
    keyed = {key.parent.name for key in table.foreign_keys}
    followed |= {name: goal for name, goal in _PLAIN.items() if name in table.columns and name not in keyed}
    return [_way(name, goal) for name, goal in followed.items() if where(goal)]


def _way(column: str, goal: str) -> str:
    """By the customer's own number where it is at hand: that needs no look at the customer."""
    if goal == "customer":
        return f"{column} = any(cast(:them as uuid[]))"
    return f"{column} in (select id from {goal} where {where(goal)})"  # noqa: S608 - the tables' own names


async def count(session: AsyncSession, whose: Person) -> dict[str, int]:
    """How many rows of each table are this person's; tables without any are left out."""
    parts = [f"select '{table}', count(*) from {table} where {where(table)}" for table in tables()]  # noqa: S608
    rows = (await session.execute(text(" union all ".join(parts)), whose.values)).all()
    return {str(table): int(n) for table, n in rows if n}
