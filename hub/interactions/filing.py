"""What a group of receipts needs to know of the log, and what it leaves there: one statement each, however many."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind, Progress, Reason, Receipt
from hub.interactions import record
from hub.interactions.reckoning import Fact, Name, News, Reckoning, Standing, Told
from hub.models.vocabulary import State

_NAMES = text("""
select p.channel, p.provider_id, p.interaction_id
from unnest(cast(:channels as text[]), cast(:names as text[])) as t(channel, name)
join provider_reference p on p.channel = t.channel and p.provider_id = t.name
""")
# In one order, so that two groups about the same messages wait for each other instead of for ever.
_STANDINGS = text("""
select id, customer_id, conversation_id, campaign_id, kind, recipient, state, flag
from interaction where id = any(cast(:ids as uuid[])) order by id for no key update
""")
_TOLD = text("select interaction_id, progress, code, leg from receipt where interaction_id = any(cast(:ids as uuid[]))")
_FACTS = text("""
insert into receipt (interaction_id, at, progress, reason, code, leg, detail, payload)
select id, at, progress, reason, code, leg, detail, cast(payload as jsonb)
from unnest(
  cast(:ids as uuid[]), cast(:ats as timestamptz[]), cast(:progresses as text[]), cast(:reasons as text[]),
  cast(:codes as text[]), cast(:legs as text[]), cast(:details as text[]), cast(:payloads as text[])
) as t(id, at, progress, reason, code, leg, detail, payload)
on conflict do nothing
""")
_NAME = text("""
insert into provider_reference (channel, provider_id, interaction_id)
select * from unnest(cast(:channels as text[]), cast(:names as text[]), cast(:ids as uuid[])) on conflict do nothing
""")
_CHANGED = text("""
update interaction i set
  state = t.state, state_rank = t.rank, flag = t.flag,
  state_at = case when t.moved then :now else i.state_at end,
  reason = case when t.moved then t.reason else i.reason end,
  detail = case when t.moved then t.detail else i.detail end
from unnest(
  cast(:ids as uuid[]), cast(:states as text[]), cast(:ranks as smallint[]), cast(:flags as text[]),
  cast(:reasons as text[]), cast(:details as text[]), cast(:moved as boolean[])
) as t(id, state, rank, flag, reason, detail, moved)
where i.id = t.id and i.id = any(cast(:ids as uuid[]))
""")
_UNCLAIMED = text("""
insert into early_receipt (channel, provider_id, at, receipt)
select channel, name, :now, cast(receipt as jsonb)
from unnest(cast(:channels as text[]), cast(:names as text[]), cast(:receipts as text[])) with ordinality
  as t(channel, name, receipt, place)
order by place
""")


async def look(session: AsyncSession, news: Sequence[News]) -> Reckoning:
    """What the log knows of these messages, which nobody else moves until the caller's transaction ends.

    Names are held before rows are locked, as they are where an outcome is settled.
    """
    names = await _names(session, {name for one in news for name in one.names})
    ids = {*names.values(), *(one.signed for one in news if one.signed is not None)}
    standings = await _standings(session, ids) if ids else []
    told = await _told(session, ids) if ids else []
    return Reckoning(names=names, standings=standings, told=told)


async def write(session: AsyncSession, reckoning: Reckoning, *, now: datetime) -> None:
    """Everything that a reckoning has gathered, but for what is learnt from it."""
    if reckoning.facts:
        await session.execute(_FACTS, _columns(_fact(one, now) for one in reckoning.facts))
    if reckoning.named:
        await name(session, reckoning.named)
    if reckoning.changed:
        await session.execute(_CHANGED, _columns(_change(one) for one in reckoning.changed) | {"now": now})
    if reckoning.unclaimed:
        await session.execute(_UNCLAIMED, _columns(_early(one) for one in reckoning.unclaimed) | {"now": now})


async def name(session: AsyncSession, named: Mapping[Name, UUID]) -> None:
    """Remember providers' identifiers of interactions; one that means something already keeps its meaning."""
    rows = ({"channels": channel, "names": one, "ids": named[channel, one]} for channel, one in sorted(named))
    await session.execute(_NAME, _columns(rows))


async def _names(session: AsyncSession, names: Collection[Name]) -> dict[Name, UUID]:
    if not names:
        return {}
    for channel in sorted({channel for channel, _ in names}):
        await record.hold(session, channel, [one for where, one in names if where == channel])
    asked = _columns({"channels": channel, "names": one} for channel, one in names)
    return {(channel, one): found for channel, one, found in await session.execute(_NAMES, asked)}


async def _standings(session: AsyncSession, ids: Iterable[UUID]) -> list[Standing]:
    rows = await session.execute(_STANDINGS, {"ids": sorted(ids)})
    return [
        Standing(one, customer, conversation, campaign, Kind(kind) if kind else None, to, State(state), flag)
        for one, customer, conversation, campaign, kind, to, state, flag in rows
    ]


async def _told(session: AsyncSession, ids: Iterable[UUID]) -> list[Told]:
    rows = await session.execute(_TOLD, {"ids": list(ids)})
    return [(one, progress, code, leg) for one, progress, code, leg in rows]


# ---- rows -----------------------------------------------------------------------------------


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of equal keys as one list for each key."""
    columns: dict[str, Any] = {}
    for row in rows:
        for key, value in row.items():
            columns.setdefault(key, []).append(value)
    return columns


def _fact(fact: Fact, now: datetime) -> dict[str, Any]:
    receipt = fact.news.receipt
    return {
        "ids": fact.about,
        "ats": receipt.at or now,
        "progresses": receipt.progress.value,
        "reasons": receipt.reason.value if receipt.reason else "",
        "codes": receipt.code,
        "legs": receipt.recipient,
        "details": receipt.detail[:2000],
        "payloads": json.dumps(dict(receipt.payload)),
    }


def _change(standing: Standing) -> dict[str, Any]:
    return {
        "ids": standing.id,
        "states": standing.state.value,
        "ranks": standing.state.rank,
        "flags": standing.flag,
        "reasons": standing.reason,
        "details": standing.detail,
        "moved": standing.moved,
    }


def _early(news: News) -> dict[str, Any]:
    channel, one = news.names[0]
    return {"channels": channel, "names": one, "receipts": json.dumps(words(news.receipt))}


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
