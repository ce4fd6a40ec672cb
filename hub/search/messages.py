"""What was said: words in and out of every channel, notes and names of files, newest first.

Words that nearly every message has are soon found among the newest; words that few have, by the index. So the newest
are looked through first. How often they have the words tells how far back there will be enough: so much is asked of the
index, then spans that are longer and longer; a word that none of the newest has, all at once. What spans few months
of the log is planned quickly, which else takes longer than to run it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
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
_RECENT = timedelta(days=60)
_SHORTEST, _LONGER, _MOST_SPANS = timedelta(hours=12), 6, 4
_LADDER = tuple(timedelta(days=2) * _LONGER**number for number in range(_MOST_SPANS))
_FEW = 500  # conversations, or files, that are looked up one by one
_FEW_CUSTOMERS = 50  # whose words are all looked at together


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
  and i.id >= :low and i.id < :high and {narrow} offset 0)"""
_NAMED = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high
  and i.id = any(cast(:files as uuid[])) offset 0)"""
_THEIRS = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high
  and i.customer_id = any(cast(:customers as uuid[])) offset 0)"""
_NARROW = """(select i.* from interaction i where i.search is not null and i.id >= :low and i.id < :high
  and {narrow} offset 0)"""
_EVERY = "interaction"

_FOUND = """
select i.id from {among} i {join}
where i.search is not null and i.id >= :low and i.id < :high and not (i.state = 'cancelled' and i.reason = 'taken_back')
  and {conditions}
order by i.id desc limit :limit
"""
_CONVERSATION = "left join conversation c on c.id = i.conversation_id"
_CUSTOMER = "join customer p on p.id = i.customer_id"
_FILES = """
select distinct a.interaction_id from attachment a
where not a.inline and to_tsvector('simple'::regconfig, plain_words(a.name)) @@ cast(:query as tsquery)
  and a.interaction_id >= :low and a.interaction_id < :high
order by a.interaction_id desc limit :most
"""
_TALKS = "select array(select c.id from conversation c where {conditions} limit :most)"
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
    conditions, narrow, values = await _conditions(session, query, staff_id)
    values |= {"query": looked_for, "limit": limit}
    low, high = _bounds(query, before)
    join = f"{_CONVERSATION} {_CUSTOMER}" if query.labels else _CONVERSATION if query.states or query.assigned else ""
    search = _Search(session, " and ".join(conditions), " and ".join(narrow), join, values, low, high, now)
    ids = await _ids(search, query, bool(looked_for), limit)
    span = {"low": min(ids), "high": max(ids)} if ids else {}
    rows = (await session.execute(text(_TOLD), {"ids": ids, **span})).mappings().all() if ids else []
    sought = Sought.of(query.words, beginning=query.beginning)
    return [_said(dict(row), sought) for row in rows]


@dataclass(frozen=True, slots=True)
class _Search:
    """`narrow` is what an index knows of the message itself; empty: nothing."""

    session: AsyncSession
    conditions: str
    narrow: str
    join: str
    values: Mapping[str, object]
    low: UUID
    high: UUID
    now: datetime

    @property
    def begin(self) -> datetime:
        """The latest moment that is looked at."""
        return moment(min(self.high, first_uuid7(self.now)))

    async def among(
        self, rows: str, *, also: str = "true", low: UUID | None = None, high: UUID | None = None, **more: object
    ) -> list[UUID]:
        source = rows.format(narrow=self.narrow or "true")
        found = text(_FOUND.format(among=source, join=self.join, conditions=f"{self.conditions} and {also}"))
        span = {"low": low or self.low, "high": high or self.high}
        return list((await self.session.execute(found, {**self.values, **span, **more})).scalars())

    async def within(self, spans: Sequence[timedelta], rows: str, limit: int, *, also: str = "true") -> list[UUID]:
        """Span after span, until there is enough."""
        found: list[UUID] = []
        for low, high in _spans(self.low, self.high, self.begin, spans):
            found += await self.among(rows, also=also, low=low, high=high)
            if len(found) >= limit:
                break
        return found


async def _ids(search: _Search, query: Query, worded: bool, limit: int) -> list[UUID]:
    has = "i.search @@ cast(:query as tsquery)" if worded else "true"
    found: list[UUID] = []
    if customers := search.values.get("customers"):
        spans = _LADDER if len(cast("Sized", customers)) > _FEW_CUSTOMERS else ()
        found += await search.within(spans, _THEIRS, limit, also=has)
    if search.values.get("staff") or not (query.writers or query.recipients):
        found += await _by_words(search, query, has, limit)
    if query.words:
        found = _newest(found, limit)
        found += await _filed(search, limit, low=found[-1] if len(found) == limit else search.low)
    return _newest(found, limit)


async def _by_words(search: _Search, query: Query, has: str, limit: int) -> list[UUID]:
    if not query.words:  # nothing that an index of words could find
        return await search.within(_LADDER, _NARROW if search.narrow else _EVERY, limit, also=has)
    if search.narrow:
        return await search.within(_LADDER, _WORDED, limit)
    found = await search.among(_NEWEST, also=has, low=max(search.low, first_uuid7(search.begin - _RECENT)))
    if len(found) >= limit:
        return found
    return await search.within(_reach(search, found, limit), _WORDED, limit)


def _reach(search: _Search, found: Sequence[UUID], limit: int) -> Sequence[timedelta]:
    """How long ago there will be as many, if they come as often as the first ones did; then longer and longer.

    Without a first one it may be the word that is rare, or the rest of what is asked.
    """
    if not found:
        return () if search.conditions == "true" else _LADDER
    first = (search.begin - moment(found[-1])) * 2 * limit / len(found)
    return [max(first, _SHORTEST) * _LONGER**number for number in range(_MOST_SPANS)]


def _spans(low: UUID, high: UUID, begin: datetime, spans: Sequence[timedelta]) -> Iterator[tuple[UUID, UUID]]:
    """Newest first; together all from `low` to `high`."""
    for span in spans:
        if span > begin - moment(low):
            break
        edge = first_uuid7(begin - span)
        if edge >= high:
            continue
        yield edge, high
        high = edge
    if low < high:
        yield low, high


async def _filed(search: _Search, limit: int, *, low: UUID) -> list[UUID]:
    """Messages from `low` on with a file of this name. What must not be there is asked of the name alone."""
    found: list[UUID] = []
    high, most = search.high, _FEW
    while len(found) < limit and most == _FEW:
        values = {"query": search.values["query"], "low": low, "high": high, "most": _FEW}
        files = list((await search.session.execute(text(_FILES), values)).scalars())
        if files:
            found += await search.among(_NAMED, low=files[-1], high=high, files=files)
            high = files[-1]
        most = len(files)
    return found


def _newest(ids: list[UUID], limit: int) -> list[UUID]:
    return sorted(set(ids), reverse=True)[:limit]


def _bounds(query: Query, before: UUID | None) -> tuple[UUID, UUID]:
    high = min(first_uuid7(query.until) if query.until else _LAST, before or _LAST)
    return first_uuid7(query.since) if query.since else UUID(int=0), high


async def _conditions(
    session: AsyncSession, query: Query, staff_id: int
) -> tuple[list[str], list[str], dict[str, object]]:
    """On message `i`, its conversation `c` and customer `p`; what of it an index knows; and the values."""
    parts, values = conversation_conditions(query), conversation_values(query)
    if query.assigned:
        parts.append(await assigned(session, query, staff_id, values))
    narrow = await _talks(session, parts, values)
    found = await labelled(session, query, values, customer="i.customer_id", talk="i.conversation_id")
    parts, narrow = [*parts, *found], [*narrow, *found[1:]]
    if query.kinds or query.channels:
        values |= {"kinds": [one.value if one else "" for one in query.kinds], "channels": list(query.channels)}
        parts.append(
            "(coalesce(i.kind, '') = any(cast(:kinds as text[])) or i.channel = any(cast(:channels as text[])))"
        )
    if query.files:
        parts.append("exists (select from attachment a where a.interaction_id = i.id and not a.inline)")
    parts += await _between(session, query, staff_id, values)
    if values.get("staff"):
        narrow.append("i.staff_id = any(cast(:staff as int[]))")
    return parts or ["true"], narrow, values


async def _talks(session: AsyncSession, parts: list[str], values: dict[str, object]) -> list[str]:
    """What is asked of conversations holds for few of them: those are looked up."""
    if not parts:
        return []
    statement = text(_TALKS.format(conditions=" and ".join(parts)))
    found = (await session.execute(statement, {**values, "most": _FEW + 1})).scalar_one()
    if len(found) > _FEW:
        return []
    values["talks"] = list(found)
    return ["i.conversation_id = any(cast(:talks as uuid[]))"]


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
