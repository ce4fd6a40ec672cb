"""Mails that the server took, written down in one go: nearly all that ever becomes of a campaign's. `settling` does the
rest, and means the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from channels.message import Accepted
from hub import live
from hub.database.engine import Database
from hub.interactions import receipts, record
from hub.models.vocabulary import Kind, State
from hub.outbound.settling import Outcome

# Whose fence has moved is somebody else's. Where a receipt came first, or a sender is in trouble or slowed down, more
# has to be done. It is looked up when the identifiers are held: what was written until then is seen.
_LOOK = """
select array(select t.id from unnest($1::bigint[], $2::int[]) as t(id, fence)
    join outbox o on o.id = t.id and o.fence = t.fence order by o.id for update of o) as mine,
  exists (select from early_receipt where provider_id = any($3::text[]))
    or exists (select from sender where id = any($4::int[]) and (trouble <> '' or pace < 1)) as more
"""
_WRITE = """
with t as materialized (
  select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
    $7::text[], $8::text[]) as t(ticket, id, channel, name, started_at, ended_at, worker, reply)),
gone as (delete from outbox where id = any($1::bigint[])),
told as (
  update interaction i set
    message_id = t.name,
    state = case when i.state_rank < $9 then 'sent' else i.state end,
    state_at = case when i.state_rank < $9 then $10 else i.state_at end,
    state_rank = greatest(i.state_rank, $9)
  from t where i.id = t.id and i.id = any($2::uuid[])
  returning i.id, i.campaign_id, i.conversation_id, i.customer_id),
named as (
  insert into provider_reference (channel, provider_id, interaction_id)
  select channel, name, id from t join told using (id) order by channel, name on conflict do nothing),
tried as (
  insert into attempt (interaction_id, started_at, ended_at, worker, outcome, stage, code, reply)
  select id, started_at, ended_at, worker, 'accepted', '', '', reply from t join told using (id))
select distinct campaign_id, case when campaign_id is null then conversation_id end,
  case when campaign_id is null then customer_id end
from told
"""


async def settle(database: Database, outcomes: Sequence[Outcome], *, now: datetime) -> list[Outcome]:
    """Gives those of which more has to be said; the others are committed."""
    mails = [o for o in outcomes if _is_plain(o)]
    if not mails:
        return list(outcomes)
    async with database.bare() as connection:
        mine = await _mine(connection, mails)
        if mine is None:
            return list(outcomes)
        await _write(connection, mine, now)
    written = set(map(id, mails))
    return [o for o in outcomes if id(o) not in written]


def _is_plain(outcome: Outcome) -> bool:
    """A mail that everybody has who was to get it."""
    result = outcome.result
    return outcome.kind is Kind.EMAIL and isinstance(result, Accepted) and not (result.not_taken or outcome.only)


async def _mine(connection: asyncpg.Connection, mails: Sequence[Outcome]) -> list[Outcome] | None:
    """Those that nobody else has claimed since, locked until the transaction ends; None when they are not as usual."""
    for channel in {o.channel for o in mails}:
        await connection.fetch(*record.holding(channel, [_name(o) for o in mails if o.channel == channel]))
    tickets, senders = [o.ticket for o in mails], {o.ticket.sender_id for o in mails}
    names = [_name(o) for o in mails]
    row = await connection.fetchrow(_LOOK, [t.id for t in tickets], [t.fence for t in tickets], names, list(senders))
    if row["more"]:
        return None
    mine = set(row["mine"])
    return [o for o in mails if o.ticket.id in mine]


async def _write(connection: asyncpg.Connection, mails: Sequence[Outcome], now: datetime) -> None:
    rows = await connection.fetch(
        _WRITE,
        [o.ticket.id for o in mails],
        [o.ticket.interaction_id for o in mails],
        [o.channel for o in mails],
        [_name(o) for o in mails],
        [o.started_at for o in mails],
        [o.ended_at for o in mails],
        [o.worker for o in mails],
        [_reply(o) for o in mails],
        State.SENT.rank,
        now,
    )
    told = [receipts.change_in(*about) for about in dict.fromkeys(map(tuple, rows))]
    await connection.fetch(live.NOTIFY, *live.notices(told))


def _name(outcome: Outcome) -> str:
    assert isinstance(outcome.result, Accepted)
    return outcome.result.provider_id


def _reply(outcome: Outcome) -> str:
    assert isinstance(outcome.result, Accepted)
    return outcome.result.detail[:2000]
