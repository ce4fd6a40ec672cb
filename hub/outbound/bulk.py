"""The gate asked about many customers at once: the answers of `setwise`, ready for statements. Writes nothing."""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Result, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models.vocabulary import Kind, Withheld
from hub.outbound.hours import Reach, hours
from hub.outbound.matter import Matter
from hub.outbound.setwise import decided


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one customer. `reason` None: it goes on `kind` to `recipient`."""

    customer_id: UUID
    kind: Kind | None
    recipient: str | None
    identity_id: int | None
    reason: Withheld | None
    not_before: datetime | None
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Table expressions that end in `decided` (see `setwise`), their values, and whom `permission` must judge."""

    tables: str
    values: Mapping[str, Any]
    by_hand: frozenset[UUID]


async def verdicts(
    session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime
) -> tuple[dict[UUID, Verdict], frozenset[UUID]]:
    """The gate's answers, and the customers for whom `permission` has to be asked. Writes nothing; see `dry_run`."""
    asked = await ask(session, about, customers, now=now)
    rows = (await run(session, f"{asked.tables} select * from decided", asked.values)).all()
    return {row.customer_id: verdict(row) for row in rows}, asked.by_hand


async def ask(session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime) -> Asked:
    """The question about these customers, of whom there is at least one, ready for `run`."""
    low = UUID(int=max(min(customers).int - 1, 0))
    return await ask_in(session, about, Reach(_NAMED, {"customers": list(customers)}, low, max(customers)), now=now)


async def ask_in(session: AsyncSession, about: Matter, reach: Reach, *, now: datetime) -> Asked:
    """The same about everybody in reach."""
    when = await hours(session, reach, purpose=about.question.purpose, rules=about.rules, now=now)
    return Asked(*decided(about, reach, when, now=now), when.by_hand)


async def run(session: AsyncSession, statement: str, values: Mapping[str, Any]) -> Result[Any]:
    """Execute a statement about a slice of customers, planned as such."""
    bound = text(statement)
    made_of = [bindparam(name, type_=JSONB) for name, value in values.items() if isinstance(value, Mapping)]
    bound = bound.bindparams(*made_of)
    await session.execute(text(_PLANNED))
    result = await session.execute(bound, values)
    await session.execute(text(_PLANNED_AS_USUAL))
    return result


def verdict(row: Any) -> Verdict:
    """A row of `decided`."""
    return Verdict(
        row.customer_id,
        Kind(row.kind) if row.kind else None,
        row.recipient,
        row.identity_id,
        Withheld(row.reason) if row.reason else None,
        row.not_before,
        tuple(row.trace),
    )


# A slice is a range of every table: each is read through once and joined by hash. What the planner believes of the
# sizes of common table expressions leads it to compare everybody with everybody; compiling takes longer than running.
# It has to know which customers are meant: a plan for any of them reads the whole month of the log for each slice.
_PLANNED = """select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),
  set_config('work_mem', '64MB', true), set_config('plan_cache_mode', 'force_custom_plan', true)"""
_PLANNED_AS_USUAL = """select set_config('enable_nestloop', 'on', true), set_config('jit', 'on', true),
  set_config('plan_cache_mode', 'auto', true)"""

_NAMED = "select unnest(cast(:customers as uuid[])) as customer_id"
