"""Giving a customer's rows to another customer, so that they can be given back: each by its id.

Every table that names a customer in `customer_id` is meant. Those whose rows' keys hold the customer are `keyed`'s.
"""
# ruff: noqa: S608 - the statements are made of our own tables' names; values are bound

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import METADATA

# Reckoned anew, or looked after by whoever makes suggestions and merges.
ELSEWHERE = frozenset({
    "customer_keys", "merge_suggestion", "customer_merge", "dry_run_line", "last_contact", "stale_contact",
})  # fmt: skip
KEYED = frozenset({"channel_preference", "campaign_recipient"})
# Rows that the other customer has as well: they stay behind, and are kept with the merge.
_DOUBLE: Mapping[str, str] = {
    "customer_event": "exists (select from customer_event w where w.customer_id = :into"
    " and w.name = t.name and w.key = t.key)",
    "greeting": "exists (select from greeting w where w.customer_id = :into and (w.kept = t.kept or w.day = t.day"
    " or w.birthday_of = t.birthday_of))",
    "greeting_skip": "exists (select from greeting_skip w where w.customer_id = :into"
    " and w.occasion_id = t.occasion_id and w.day = t.day)",
    "segment_member": "exists (select from segment_member w where w.customer_id = :into"
    " and w.segment_id = t.segment_id)",
    "guest": "exists (select from guest w where w.customer_id = :into and w.gathering_id = t.gathering_id)",
    "call_list_person": "exists (select from call_list_person w where w.customer_id = :into"
    " and w.call_list_id = t.call_list_id)",
    "draft": "t.conversation_id is null and exists (select from draft w where w.customer_id = :into"
    " and w.conversation_id is null and w.staff_id = t.staff_id)",
}


@dataclass(frozen=True, slots=True)
class Way:
    """From whom to whom."""

    of: UUID
    into: UUID

    @property
    def values(self) -> dict[str, Any]:
        return {"of": self.of, "into": self.into}

    @property
    def back(self) -> Way:
        return Way(self.into, self.of)


@cache
def tables() -> Mapping[str, str]:
    """Tables whose rows have an id of their own → its column. TypeError for one that nobody has thought of."""
    found = {}
    for table in METADATA.sorted_tables:
        if "customer_id" in table.columns and table.name not in ELSEWHERE | KEYED:
            keys = [column.name for column in table.primary_key]
            if len(keys) != 1 or keys == ["customer_id"]:
                raise TypeError(f"{table.name}: say in hub.customers.keyed how its rows go to another customer")
            found[table.name] = keys[0]
    return found


async def move(session: AsyncSession, way: Way) -> dict[str, list[str]]:
    """Everything; which rows these are. What is double stays (`left_behind`)."""
    moved: dict[str, list[str]] = {}
    async with _allowed(session):
        for table, key in tables().items():
            but = f"and not ({_DOUBLE[table]})" if table in _DOUBLE else ""
            statement = f"update {table} t set customer_id = :into where customer_id = :of {but} returning {key}"
            if rows := [str(one) for one in (await session.execute(text(statement), way.values)).scalars()]:
                moved[table] = rows
    return moved


async def move_these(session: AsyncSession, rows: Mapping[str, Sequence[str]], way: Way) -> None:
    """These rows of these tables, where they are still the first one's."""
    async with _allowed(session):
        for table, key in tables().items():
            if rows.get(table):
                ids = f"cast(cast(:rows as text[]) as {_type(table, key)}[])"
                statement = f"update {table} set customer_id = :into where customer_id = :of and {key} = any({ids})"
                await session.execute(text(statement), {**way.values, "rows": list(rows[table])})


async def left_behind(session: AsyncSession, way: Way) -> dict[str, list[dict[str, Any]]]:
    """What the other one has as well, as rows: to be kept before the customer goes."""
    left: dict[str, list[dict[str, Any]]] = {}
    for table, double in _DOUBLE.items():
        statement = f"select to_jsonb(t) from {table} t where customer_id = :of and {double}"
        if rows := list((await session.execute(text(statement), way.values)).scalars()):
            left[table] = rows
    return left


async def bring_back(session: AsyncSession, left: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Rows that stayed behind, as they were."""
    for table, rows in left.items():
        for row in rows:
            await insert(session, table, row)


async def insert(session: AsyncSession, table: str, row: Mapping[str, Any]) -> None:
    """A row as `to_jsonb` told it. One with the same key that is there stays."""
    columns = ", ".join(column.name for column in METADATA.tables[table].columns if not column.computed)
    statement = f"insert into {table} ({columns}) select {columns} from jsonb_populate_record(null::{table}, :row)"
    await session.execute(text(f"{statement} on conflict do nothing").bindparams(as_json("row")), {"row": dict(row)})


async def rows_of(session: AsyncSession, table: str, where: str, **values: Any) -> list[dict[str, Any]]:
    """Rows as JSON."""
    return list((await session.execute(text(f"select to_jsonb(t) from {table} t where {where}"), values)).scalars())


def as_json(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=JSONB)


@asynccontextmanager
async def _allowed(session: AsyncSession) -> AsyncIterator[None]:
    """The consent ledger lets nothing be changed but by whom it was said, and only where somebody says so."""
    await session.execute(text("select set_config('hub.merging', 'on', true)"))
    yield
    await session.execute(text("select set_config('hub.merging', 'off', true)"))


def _type(table: str, key: str) -> str:
    return "uuid" if isinstance(METADATA.tables[table].columns[key].type, Uuid) else "bigint"
