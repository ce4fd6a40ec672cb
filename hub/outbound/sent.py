"""Mails that the server took, written down in one go: nearly all that ever becomes of a campaign's. `settling` does the
rest, and means the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from channels.message import Accepted
from hub import live
from hub.database.engine import Database
from hub.interactions import receipts
from hub.models.vocabulary import Kind, State
from hub.outbound.settling import Outcome

# Whose fence has moved is somebody else's. Where a receipt came first, or a sender is in trouble or slowed down, more
# has to be done: then nothing of this is. One statement, for each more is waited for by the group and the database.
_WRITE = """
with t as materialized (
  select * from unnest($1::bigint[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[],
    $7::text[]) as t(ticket, fence, id, name, started_at, ended_at, reply)),
usual as materialized (
  select not receipt_was_faster($8, $4) and not exists (
    select from sender where id = any($9::int[]) and (trouble <> '' or pace < 1)) as yes),
mine as (
  delete from outbox o using usual, t where usual.yes and o.id = t.ticket and o.fence = t.fence returning o.id),
told as (
  update interaction i set
    message_id = t.name,
    state = case when i.state_rank < $11 then 'sent' else i.state end,
    state_at = case when i.state_rank < $11 then $12 else i.state_at end,
    state_rank = greatest(i.state_rank, $11)
  from t join mine on mine.id = t.ticket where i.id = t.id and i.id = any($3::uuid[])
  returning i.id, i.campaign_id, i.conversation_id, i.customer_id),
named as (
  insert into provider_reference (channel, provider_id, interaction_id)
  select $8, name, id from t join told using (id) order by name on conflict do nothing),
tried as (
  insert into attempt (interaction_id, started_at, ended_at, worker, outcome, stage, code, reply)
  select id, started_at, ended_at, $10, 'accepted', '', '', reply from t join told using (id))
select usual.yes, news.* from usual left join (
  select distinct campaign_id, case when campaign_id is null then conversation_id end,
    case when campaign_id is null then customer_id end
  from told) news on true
"""


async def settle(database: Database, outcomes: Sequence[Outcome], *, now: datetime) -> list[Outcome]:
    """Gives those of which more has to be said; the others are committed."""
    groups, others = defaultdict[tuple[str, str], list[Outcome]](list), list[Outcome]()
    for one in outcomes:
        (groups[one.channel, one.worker] if _is_plain(one) else others).append(one)
    for (channel, worker), mails in groups.items():
        if not await _written(database, channel, worker, mails, now):
            others += mails
    return others


def _is_plain(outcome: Outcome) -> bool:
    """A mail that everybody has who was to get it."""
    result = outcome.result
    return outcome.kind is Kind.EMAIL and isinstance(result, Accepted) and not (result.not_taken or outcome.only)


async def _written(database: Database, channel: str, worker: str, mails: list[Outcome], now: datetime) -> bool:
    """False when they are not as usual, and nothing has been written."""
    mails.sort(key=lambda one: one.ticket.id)  # one order: no deadlock
    rows = await database.alone(
        _WRITE,
        [o.ticket.id for o in mails],
        [o.ticket.fence for o in mails],
        [o.ticket.interaction_id for o in mails],
        [_name(o) for o in mails],
        [o.started_at for o in mails],
        [o.ended_at for o in mails],
        [_reply(o) for o in mails],
        channel,
        list({o.ticket.sender_id for o in mails}),
        worker,
        State.SENT.rank,
        now,
    )
    told = [receipts.change_in(*about) for _, *about in rows if any(about)]
    if told:
        await live.tell(database, told)
    return bool(rows[0][0])


def _name(outcome: Outcome) -> str:
    assert isinstance(outcome.result, Accepted)
    return outcome.result.provider_id


def _reply(outcome: Outcome) -> str:
    assert isinstance(outcome.result, Accepted)
    return outcome.result.detail[:2000]
