"""Rows that the benchmarks need in great number, put into the database directly: they are not what is measured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from hub import clock

_CUSTOMER = """
insert into customer (id, name, given_name, language, attributes, labels, provisional, vip, deceased, do_not_contact,
  created_at, updated_at)
values ($1, 'Ana', '', 'en', '{}', '{}', false, false, false, false, now(), now())
"""
_INTERACTIONS = """
insert into interaction (id, at, customer_id, direction, kind, channel, origin, purpose, state, state_rank, state_at,
  reason, detail, sender, recipient, subject, body_text, body_html, reply_text, language, content_hash, message_id,
  in_reply_to, auto, flag, occasion)
select id, now(), $2, 'out', $3, $4, 'agent', 'service', $5, $6, now(),
  '', '', '', $7, '', 'hello', '', '', 'en', '', '', '', '', '', ''
from unnest($1::uuid[]) as id
"""


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
    await connection.execute(_INTERACTIONS, ids, customer, kind, kind, *state, recipient)
    return ids
