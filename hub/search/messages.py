"""What was said: words in and out of every channel, notes and names of files, newest first.

Words that nearly every message has are soon found among the newest; words that few have, by the index. So the newest
are looked through first. What some of them have is asked of the index in spans of time, each longer than the last,
until there is enough; what none of them has, at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.clock import first_uuid7, moment
from hub.models.vocabulary import Direction
from hub.search import excerpts, people
from hub.search.excerpts import Piece, Sought
from hub.search.query import Query

_LAST = UUID(int=2**128 - 1)
_SPANS = (timedelta(days=60), timedelta(days=360))


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was found."""

    id: UUID
    at: datetime
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    direction: Direction
    kind: Kind | None  # None: a note
    channel: str
    writer: str  # the colleague who wrote it; empty: the customer, or nobody
    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    files: tuple[tuple[Piece, ...], ...]


# Which rows are looked at, before anything else is asked of them: `offset 0` keeps the planner from another way.
_NEWEST = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high
  order by i.id desc limit 500)"""
_WORDED = """(select i.* from interaction i where i.search @@ cast(:query as tsquery)
  and i.id >= :low and i.id < :high offset 0)"""
_FILED = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high and i.id in (
  select a.interaction_id from attachment a where not a.inline
    and to_tsvector('simple'::regconfig, plain_words(a.name)) @@ cast(:query as tsquery)) offset 0)"""
_THEIRS = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high
  and i.customer_id = any(cast(:customers as uuid[])) offset 0)"""
_EVERY = "interaction"

_FOUND = """
select i.id from {among} i
left join conversation c on c.id = i.conversation_id
join customer p on p.id = i.customer_id
where i.search is not null and i.id >= :low and i.id < :high and not (i.state = 'cancelled' and i.reason = 'taken_back')
  and {conditions}
order by i.id desc limit :limit
"""
_TOLD = """
select i.id, i.at, i.customer_id, p.name as customer_name, i.conversation_id, i.direction, i.kind, i.channel,
  coalesce(s.name, '') as writer, left(i.subject, 300) as subject, left(i.body_text, 6000) as text,
  array(select a.name from attachment a where a.interaction_id = i.id and not a.inline order by a.name limit 5) as files
from interaction i
join customer p on p.id = i.customer_id
left join staff s on s.id = i.staff_id
where i.id = any(cast(:ids as uuid[])) and i.id between :low and :high
order by i.id desc
"""


async def found(
    session: AsyncSession,
    query: Query,
    looked_for: str,
    *,
    staff_id: int,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[Said]:
    """Newest first, older than `before`. `looked_for`: the words as `matching.compiled` gives them."""
    if query.words and not looked_for:
        return []
    conditions, values = await _conditions(session, query, staff_id)
    values |= {"query": looked_for, "limit": limit}
    low, high = _bounds(query, before)
    search = _Search(session, " and ".join(conditions), values, low, high)
    ids = await _ids(search, query, bool(looked_for), limit, now)
    span = {"low": min(ids), "high": max(ids)} if ids else {}
    rows = (await session.execute(text(_TOLD), {"ids": ids, **span})).mappings().all() if ids else []
    sought = Sought.of(query.words, beginning=query.beginning)
    return [_said(dict(row), sought) for row in rows]


@dataclass(frozen=True, slots=True)
class _Search:
    session: AsyncSession
    conditions: str
    values: Mapping[str, object]
    low: UUID
    high: UUID

    async def among(
        self, rows: str, *, also: str = "true", low: UUID | None = None, high: UUID | None = None
    ) -> list[UUID]:
        statement = text(_FOUND.format(among=rows, conditions=f"{self.conditions} and {also}"))
        span = {"low": low or self.low, "high": high or self.high}
        return list((await self.session.execute(statement, {**self.values, **span})).scalars())


async def _ids(search: _Search, query: Query, worded: bool, limit: int, now: datetime) -> list[UUID]:
    has = "i.search @@ cast(:query as tsquery)" if worded else "true"
    found: list[UUID] = []
    if search.values.get("customers"):
        found += await search.among(_THEIRS, also=has)
    if search.values.get("staff") or not (query.writers or query.recipients):
        found += await _by_words(search, query, has, limit, now)
    return _newest([*found, *(await _filed(search, query))], limit)


async def _by_words(search: _Search, query: Query, has: str, limit: int, now: datetime) -> list[UUID]:
    if not query.words:  # nothing that an index of words could find
        return await search.among(_EVERY, also=has)
    found = await search.among(_NEWEST, also=has)
    if len(found) >= limit:
        return found
    return await (_by_spans(search, limit, now) if found else search.among(_WORDED))  # not one: it is rare


async def _by_spans(search: _Search, limit: int, now: datetime) -> list[UUID]:
    found: list[UUID] = []
    for low, high in _spans(search.low, search.high, now):
        found += await search.among(_WORDED, low=low, high=high)
        if len(found) >= limit:
            break
    return found


def _spans(low: UUID, high: UUID, now: datetime) -> Iterator[tuple[UUID, UUID]]:
    """Newest first; together all from `low` to `high`."""
    begin = min(now, moment(high)) if high != _LAST else now
    for span in _SPANS:
        edge = max(first_uuid7(begin - span), low)
        if edge >= high:
            continue
        yield edge, high
        high = edge
    if low < high:
        yield low, high


async def _filed(search: _Search, query: Query) -> list[UUID]:
    """Messages with a file of this name. What must not be there is asked of the name alone."""
    return await search.among(_FILED) if query.words else []


def _newest(ids: list[UUID], limit: int) -> list[UUID]:
    return sorted(set(ids), reverse=True)[:limit]


def _bounds(query: Query, before: UUID | None) -> tuple[UUID, UUID]:
    high = min(first_uuid7(query.until) if query.until else _LAST, before or _LAST)
    return first_uuid7(query.since) if query.since else UUID(int=0), high


async def _conditions(session: AsyncSession, query: Query, staff_id: int) -> tuple[list[str], dict[str, object]]:
    """On message `i`, its conversation `c` and customer `p`."""
    parts, values = conversation_conditions(query), conversation_values(query)
    parts += await labelled(session, query, values, customer="i.customer_id", talk="i.conversation_id")
    if query.assigned:
        parts.append(await assigned(session, query, staff_id, values))
    if query.kinds or query.channels:
        values |= {"kinds": [one.value if one else "" for one in query.kinds], "channels": list(query.channels)}
        parts.append(
            "(coalesce(i.kind, '') = any(cast(:kinds as text[])) or i.channel = any(cast(:channels as text[])))"
        )
    if query.files:
        parts.append("exists (select from attachment a where a.interaction_id = i.id and not a.inline)")
    parts += await _between(session, query, staff_id, values)
    return parts or ["true"], values


def conversation_conditions(query: Query) -> list[str]:
    """What is asked of conversation `c`."""
    return ["c.state = any(cast(:states as text[]))"] if query.states else []


def conversation_values(query: Query) -> dict[str, object]:
    values: dict[str, object] = {"states": [one.value for one in query.states]} if query.states else {}
    return values | {"labels": list(query.labels)} if query.labels else values


# Each label is the conversation's or the customer's; a message may be in no conversation.
_LABELLED = "(p.labels || coalesce(c.labels, '{}')) @> cast(:labels as varchar[])"
_HOLDERS = """
select array(select id from customer where labels @> cast(:labels as varchar[]) limit 501) as customers,
  array(select id from conversation where labels <> '{}' and labels @> cast(:labels as varchar[]) limit 501) as talks
"""


async def labelled(
    session: AsyncSession, query: Query, values: dict[str, object], *, customer: str, talk: str
) -> list[str]:
    """What labels ask of customer `p` and conversation `c`. What few have is found by these two columns' indexes."""
    if not query.labels:
        return []
    holders = (await session.execute(text(_HOLDERS), {"labels": list(query.labels[:1])})).one()
    if max(map(len, holders)) > 500:
        return [_LABELLED]
    values |= {"labelled": list(holders.customers), "labelled_talks": list(holders.talks)}
    few = f"({customer} = any(cast(:labelled as uuid[])) or {talk} = any(cast(:labelled_talks as uuid[])))"
    return [_LABELLED, few]


async def assigned(session: AsyncSession, query: Query, staff_id: int, values: dict[str, object]) -> str:
    """The condition on conversation `c`; what it needs is put into `values`."""
    nobody = any(name.lower() in people.NOBODY for name in query.assigned)
    names = [name for name in query.assigned if name.lower() not in people.NOBODY]
    values["assignees"] = list(await people.colleagues(session, names, staff_id=staff_id))
    alone = " or (c.id is not null and c.assignee_id is null)" if nobody else ""
    return f"(c.assignee_id = any(cast(:assignees as int[])){alone})"


_FROM = """(i.direction = 'in' and i.customer_id = any(cast(:from_customers as uuid[]))
  or i.direction <> 'in' and i.staff_id = any(cast(:from_staff as int[])))"""
_TO = "(i.direction = 'out' and i.customer_id = any(cast(:to_customers as uuid[])))"


async def _between(session: AsyncSession, query: Query, staff_id: int, values: dict[str, object]) -> list[str]:
    """Who wrote it, and to whom."""
    if not (query.writers or query.recipients):
        return []
    writers = await people.called(session, query.writers, staff_id=staff_id)
    recipients = await people.called(session, query.recipients, staff_id=staff_id)
    narrower = recipients if query.recipients else writers
    values["customers"] = list(narrower.customers)
    values["staff"] = [] if query.recipients else list(writers.staff)
    parts = []
    if query.writers:
        values |= {"from_customers": list(writers.customers), "from_staff": list(writers.staff)}
        parts.append(_FROM)
    if query.recipients:
        values["to_customers"] = list(recipients.customers)
        parts.append(_TO)
    return parts


def _said(row: dict[str, Any], sought: Sought) -> Said:
    plain = {
        name: row[name] for name in ("id", "at", "customer_id", "customer_name", "conversation_id", "channel", "writer")
    }
    return Said(
        **plain,
        direction=Direction(row["direction"]),
        kind=Kind(row["kind"]) if row["kind"] else None,
        subject=excerpts.marked(" ".join(row["subject"].split()), sought),
        text=excerpts.excerpt(row["text"], sought),
        files=tuple(excerpts.marked(name, sought) for name in row["files"]),
    )
