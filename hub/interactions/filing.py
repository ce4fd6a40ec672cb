"""What a group of receipts needs to know of the log, and what it leaves there: one statement each, however many."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind, Progress, Reason, Receipt
from hub.database.engine import fetch
from hub.interactions import record
from hub.interactions.reckoning import Fact, Name, News, Reckoning, Standing, Told
from hub.models.vocabulary import State

_NAMES = """
select p.channel, p.provider_id, p.interaction_id
from unnest($1::text[], $2::text[]) as t(channel, name)
join provider_reference p on p.channel = t.channel and p.provider_id = t.name
"""
# In one order, so that two groups about the same messages wait for each other instead of for ever. The bounds tell
# which months to look at.
_STANDINGS = """
select id, customer_id, conversation_id, campaign_id, kind, recipient, state, flag
from interaction where id = any($1::uuid[]) and id between $2 and $3 order by id for no key update
"""
# By the recipients that reports name besides those whom the messages went to: hardly any report does.
_COPIES = "select interaction_id, address from mail_copy where interaction_id = any($1::uuid[]) and address = any($2)"
_TOLD = "select interaction_id, progress, code, leg from receipt where interaction_id = any($1::uuid[])"
_FACTS = """
insert into receipt (interaction_id, at, progress, reason, code, leg, detail, payload)
select id, at, progress, reason, code, leg, detail, payload::jsonb
from unnest(
  $1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]
) as t(id, at, progress, reason, code, leg, detail, payload)
on conflict do nothing
"""
_NAME = """
insert into provider_reference (channel, provider_id, interaction_id)
select t.* from unnest($1::text[], $2::text[], $3::uuid[]) as t(channel, name, about)
join interaction i on i.id = t.about where i.id = any($3::uuid[]) on conflict do nothing
"""
_CHANGED = """
update interaction i set
  state = t.state, state_rank = t.rank, flag = t.flag,
  state_at = case when t.moved then $8 else i.state_at end,
  reason = case when t.moved then t.reason else i.reason end,
  detail = case when t.moved then t.detail else i.detail end
from unnest(
  $1::uuid[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::boolean[]
) as t(id, state, rank, flag, reason, detail, moved)
where i.id = t.id and i.id = any($1::uuid[]) and i.id between $9 and $10
"""
_UNCLAIMED = """
insert into early_receipt (channel, provider_id, at, receipt)
select channel, name, $4, receipt::jsonb
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as t(channel, name, receipt, place)
order by place
"""


async def look(session: AsyncSession, news: Sequence[News]) -> Reckoning:
    """What the log knows of these messages, which nobody else moves until the caller's transaction ends.

    Names are held before rows are locked, as they are where an outcome is settled. Those that mean something already
    mean it for good, and need not be held.
    """
    names = await _names(session, {name for one in news for name in one.names})
    ids = {*names.values(), *(one.signed for one in news if one.signed is not None)}
    standings = await _standings(session, ids) if ids else []
    told = await _told(session, ids) if ids else []
    others = {one.receipt.recipient.lower() for one in news} - {one.recipient.lower() for one in standings} - {""}
    copies = await fetch(session, _COPIES, list(ids), list(others)) if ids and others else []
    return Reckoning(names=names, standings=standings, told=told, copies={(one, to) for one, to in copies})


async def write(session: AsyncSession, reckoning: Reckoning, *, now: datetime) -> None:
    """Everything that a reckoning has gathered, but for what is learnt from it."""
    if reckoning.facts:
        await fetch(session, _FACTS, *fact_columns(reckoning.facts, now))
    if reckoning.named:
        await name(session, reckoning.named)
    if reckoning.changed:
        ids = [one.id for one in reckoning.changed]
        await fetch(session, _CHANGED, *change_columns(reckoning.changed), now, min(ids), max(ids))
    if reckoning.unclaimed:
        await fetch(session, _UNCLAIMED, *_columns(_early(one) for one in reckoning.unclaimed), now)


async def name(session: AsyncSession, named: Mapping[Name, UUID]) -> None:
    """Remember providers' identifiers of interactions; one that means something already keeps its meaning."""
    await fetch(session, _NAME, *_columns((*one, named[one]) for one in sorted(named)))


async def _names(session: AsyncSession, names: Collection[Name]) -> dict[Name, UUID]:
    known = await _known(session, names)
    fresh = [one for one in names if one not in known]
    if not fresh:
        return known
    for channel in sorted({channel for channel, _ in fresh}):
        await record.hold(session, channel, [one for where, one in fresh if where == channel])
    return known | await _known(session, fresh)


async def _known(session: AsyncSession, names: Collection[Name]) -> dict[Name, UUID]:
    rows = await fetch(session, _NAMES, *_columns(names)) if names else []
    return {(channel, one): found for channel, one, found in rows}


async def _standings(session: AsyncSession, ids: Collection[UUID]) -> list[Standing]:
    rows = await fetch(session, _STANDINGS, list(ids), min(ids), max(ids))
    return [
        Standing(one, customer, conversation, campaign, Kind(kind) if kind else None, to, State(state), flag)
        for one, customer, conversation, campaign, kind, to, state, flag in rows
    ]


async def _told(session: AsyncSession, ids: Collection[UUID]) -> list[Told]:
    return [(one, progress, code, leg) for one, progress, code, leg in await fetch(session, _TOLD, list(ids))]


def fact_columns(facts: Sequence[Fact], now: datetime) -> list[list[Any]]:
    """Facts as columns of `receipt`: interaction_id, at, progress, reason, code, leg, detail, payload."""
    return _columns(_fact(one, now) for one in facts) or [[] for _ in range(8)]


def change_columns(changed: Sequence[Standing]) -> list[list[Any]]:
    """Where messages stand now as columns: id, state, its rank, flag, reason, detail, and whether it moved."""
    return _columns(_change(one) for one in changed) or [[] for _ in range(7)]


# ---- rows -----------------------------------------------------------------------------------


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows of equal length as one list for each of their places."""
    return [list(column) for column in zip(*rows, strict=True)]


def _fact(fact: Fact, now: datetime) -> tuple[Any, ...]:
    receipt = fact.news.receipt
    return (
        fact.about,
        receipt.at or now,
        receipt.progress.value,
        receipt.reason.value if receipt.reason else "",
        receipt.code,
        receipt.recipient,
        receipt.detail[:2000],
        json.dumps(dict(receipt.payload)),
    )


def _change(one: Standing) -> tuple[Any, ...]:
    return one.id, one.state.value, one.state.rank, one.flag, one.reason, one.detail, one.moved


def _early(news: News) -> tuple[str, str, str]:
    channel, one = news.names[0]
    return channel, one, json.dumps(words(news.receipt))


def words(receipt: Receipt) -> dict[str, object]:
    """A receipt as JSON keeps it."""
    kept = asdict(receipt)
    return kept | {"payload": dict(receipt.payload), "at": receipt.at.isoformat() if receipt.at else None}


def receipt_of(kept: Mapping[str, object]) -> Receipt:
    """The receipt that `words` were made from."""
    known = dict(kept)
    at, reason = known.pop("at"), known.pop("reason")
    return Receipt(
        **{**known, "progress": Progress(str(known["progress"]))},  # type: ignore[arg-type]
        at=datetime.fromisoformat(str(at)) if at else None,
        reason=Reason(str(reason)) if reason else None,
    )
