"""The usual receipt: of a message that is known, for the first time or again, with nothing to learn of its address.

Nearly all are, in floods of thousands a minute: two statements do for a group of them, each a transaction by itself.
Whatever is not usual, or was moved by somebody else in between, is left to `receipts.apply_all`, which takes its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.message import Kind, Progress
from hub import live
from hub.database.engine import Database
from hub.interactions import filing, receipts
from hub.interactions.reckoning import Name, News, Reckoning, Standing, Told, meant
from hub.models.vocabulary import State

# For each piece of news what its provider's name means, the message it is about, what was told of it, and whether its
# address is tired. Each is looked up by its key, whatever the planner thinks of tables that were empty yesterday.
_LOOK = """
select a.place, p.interaction_id, i.*, told.words, exists (
  select from identity n where n.value = i.recipient and (n.soft_bounces > 0 or n.state = 'soft'))
from unnest($1::text[], $2::text[], $3::uuid[]) with ordinality as a(channel, name, signed, place)
join lateral (
  select interaction_id from provider_reference where channel = a.channel and provider_id = a.name limit 1) p on true
join lateral (
  select id, customer_id, conversation_id, campaign_id, kind, recipient, state, flag
  from interaction where id = coalesce(a.signed, p.interaction_id) limit 1) i on true
cross join lateral (
  select array_agg(array[progress, code, leg]) as words from receipt where interaction_id = i.id) told
"""
# Who stands where it stood is held until all is written; of the others nothing is.
_WRITE = """
with held as materialized (
  select i.id from unnest($1::uuid[], $2::text[], $3::text[]) as t(id, state, flag)
  join interaction i on i.id = t.id and i.state = t.state and i.flag = t.flag
  where i.id = any($1::uuid[]) and i.id between $4 and $5
  order by i.id for no key update of i),
facts as (
  insert into receipt (interaction_id, at, progress, reason, code, leg, detail, payload)
  select id, at, progress, reason, code, leg, detail, payload::jsonb
  from unnest(
    $6::uuid[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[]
  ) as t(id, at, progress, reason, code, leg, detail, payload)
  where id in (select id from held)
  on conflict do nothing),
changed as (
  update interaction i set
    state = t.state, state_rank = t.rank, flag = t.flag,
    state_at = case when t.moved then $21 else i.state_at end,
    reason = case when t.moved then t.reason else i.reason end,
    detail = case when t.moved then t.detail else i.detail end
  from unnest(
    $14::uuid[], $15::text[], $16::smallint[], $17::text[], $18::text[], $19::text[], $20::boolean[]
  ) as t(id, state, rank, flag, reason, detail, moved)
  where i.id = t.id and i.id = any($14::uuid[]) and i.id between $4 and $5 and i.id in (select id from held)),
announced as materialized (select pg_notify($22, payload) from unnest($23::text[]) as t(payload))
select id from held where (select count(*) from announced) >= 0
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the log says about one piece of news."""

    means: UUID  # the provider's name
    standing: Standing
    told: Sequence[Told]
    tired: bool


async def settle(database: Database, news: Sequence[News], *, now: datetime) -> list[News]:
    """Write down those that are usual; gives those that are not, and those that somebody overtook. Committed."""
    known = await _look(database, news)
    usual = [(one, known[place]) for place, one in enumerate(news) if place in known and _is_usual(one, known[place])]
    if not usual:
        return list(news)
    held = await _write(database, _reckoned(usual), {one.standing.id: one.standing for _, one in usual}, now)
    done = {id(one) for one, about in usual if about.standing.id in held}
    return [one for one in news if id(one) not in done]


async def _look(database: Database, news: Sequence[News]) -> dict[int, _Known]:
    asked = [(one.channel, one.receipt.provider_id, one.signed) for one in news]
    rows = await database.alone(_LOOK, *(list(column) for column in zip(*asked, strict=True)))
    return {place - 1: _known(*rest) for place, *rest in rows}


def _known(
    means: UUID,
    one: UUID,
    customer: UUID,
    conversation: UUID | None,
    campaign: int | None,
    kind: str | None,
    to: str,
    state: str,
    flag: str,
    told: Sequence[Sequence[str]] | None,
    tired: bool,
) -> _Known:
    standing = Standing(one, customer, conversation, campaign, Kind(kind) if kind else None, to, State(state), flag)
    return _Known(means, standing, [(one, *words) for words in told or ()], tired)  # type: ignore[misc]


def _is_usual(news: News, known: _Known) -> bool:
    receipt = news.receipt
    warns = receipt.reason is not None or receipt.progress is Progress.FAILED
    return not known.tired and not warns and meant(known.standing, receipt)


def _reckoned(usual: Iterable[tuple[News, _Known]]) -> Reckoning:
    pairs = list(usual)
    names: dict[Name, UUID] = {(one.channel, one.receipt.provider_id): about.means for one, about in pairs}
    standings = {about.standing.id: about.standing for _, about in pairs}
    told = {words for _, about in pairs for words in about.told}
    reckoning = Reckoning(names=names, standings=list(standings.values()), told=told)
    for one, _ in pairs:
        reckoning.hear(one)
    return reckoning


async def _write(database: Database, reckoning: Reckoning, before: dict[UUID, Standing], now: datetime) -> set[UUID]:
    """The messages that still stood where they were seen."""
    if not reckoning.facts and not reckoning.changed:
        return set(before)
    ids = sorted(before)
    rows = await database.alone(
        _WRITE,
        ids,
        [before[one].state.value for one in ids],
        [before[one].flag for one in ids],
        ids[0],
        ids[-1],
        *filing.fact_columns(reckoning.facts, now),
        *filing.change_columns(reckoning.changed),
        now,
        *live.notices(receipts.happening(one) for one in reckoning.announced),
    )
    return {row[0] for row in rows}
