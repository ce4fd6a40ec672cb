"""Rows that the benchmarks need in great number, put into the database directly: they are not what is measured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from hub import clock
from hub.models import Interaction
from hub.models.columns import defaults

_CUSTOMER = """
insert into customer (id, name, given_name, language, attributes, labels, provisional, vip, deceased, do_not_contact,
  created_at, updated_at)
values ($1, 'Ana', '', 'en', '{}', '{}', false, false, false, false, now(), now())
"""
_INTERACTIONS = """
insert into interaction (id, at, customer_id, direction, kind, channel, origin, purpose, state, state_rank, state_at,
  recipient, body_text, language, {words})
select id, now(), $2, 'out', $3, $4, 'agent', 'service', $5, $6, now(), $7, 'hello', 'en', {nothing}
from unnest($1::uuid[]) as id
"""
_SAID = {"channel", "recipient", "body_text", "language"}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection, closed afterwards."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def add_customer(connection: asyncpg.Connection) -> UUID:
    """Somebody to write to."""
    customer = clock.uuid7(clock.now())
    await connection.execute(_CUSTOMER, customer)
    return customer


async def add_interactions(
    connection: asyncpg.Connection, customer: UUID, count: int, *, kind: str, state: tuple[str, int], recipient: str
) -> Sequence[UUID]:
    """`count` outbound messages on the channel named like its kind, in `state` (its word and rank)."""
    now = clock.now()
    ids = [clock.uuid7(now) for _ in range(count)]
    empty = [name for name, value in defaults(Interaction).items() if value == "" and name not in _SAID]
    insert = _INTERACTIONS.format(words=", ".join(empty), nothing=", ".join(["''"] * len(empty)))
    await connection.execute(insert, ids, customer, kind, kind, *state, recipient)
    return ids
