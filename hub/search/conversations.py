"""Conversations by subject, by whose they are, and by where they stand: newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.models.vocabulary import ConversationState
from hub.search import excerpts, messages, people
from hub.search.excerpts import Piece, Sought
from hub.search.query import Query


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that was found."""

    id: UUID
    customer_id: UUID
    customer_name: str
    kind: Kind
    channel: str
    state: ConversationState
    assignee_name: str
    last_at: datetime
    subject: tuple[Piece, ...]
    preview: str

    @property
    def cursor(self) -> str:
        """What to pass as `after` for the page that begins behind this line."""
        return f"{self.last_at.isoformat()}|{self.id}"


# The newest are looked through one by one; further back the index of subjects is asked, and whose they are.
_NEWEST = "(select c.* from conversation c where {page} order by c.last_at desc, c.id desc limit 500)"
_INDEXED = "(select c.* from conversation c where {named} and {page} offset 0)"
_EVERY = "conversation"
_WORDED = "c.search @@ cast(:query as tsquery)"
_NAMED = "(c.search @@ cast(:query as tsquery) or c.customer_id = any(cast(:customers as uuid[])))"
_PAGE = "(cast(:at as timestamptz) is null or (c.last_at, c.id) < (cast(:at as timestamptz), cast(:id as uuid)))"

_FOUND = """
select c.id, c.customer_id, p.name as customer_name, c.kind, c.channel, c.state, coalesce(s.name, '') as assignee_name,
  c.last_at, left(c.subject, 300) as subject, left(c.preview, 200) as preview
from (
  select c.* from {among} c {join} where c.merged_into_id is null and {page} and {conditions}
  order by c.last_at desc, c.id desc limit :limit
) c
join customer p on p.id = c.customer_id
left join staff s on s.id = c.assignee_id
order by c.last_at desc, c.id desc
"""
_LABELLED = "join customer p on p.id = c.customer_id"


async def found(
    session: AsyncSession, query: Query, looked_for: str, *, staff_id: int, after: str | None, limit: int
) -> list[Talk]:
    """The latest first, behind the `cursor` of one. `looked_for`: the words as `matching.compiled` gives them."""
    if query.words and not looked_for:
        return []
    parts, values = messages.conversation_conditions(query), messages.conversation_values(query)
    parts += await messages.labelled(session, query, values, customer="c.customer_id", talk="c.id")
    if query.assigned:
        parts.append(await messages.assigned(session, query, staff_id, values))
    parts += _narrowed(query, values)
    at, last = _position(after)
    values |= {"at": at, "id": last, "limit": limit, "query": looked_for}
    sought = Sought.of(query.words, beginning=query.beginning)
    if not query.words:
        return await _talks(session, _EVERY, [*parts, *_without(query)], values, sought)
    values["customers"] = await people.named(session, query.words)
    named = _NAMED if values["customers"] else _WORDED
    newest = await _talks(session, _NEWEST.format(page=_PAGE), [*parts, named], values, sought)
    if len(newest) >= limit:
        return newest
    return await _talks(session, _INDEXED.format(named=named, page=_PAGE), parts, values, sought)


def _narrowed(query: Query, values: dict[str, object]) -> list[str]:
    parts = []
    if query.kinds or query.channels:
        values |= {"kinds": [one.value for one in query.kinds if one], "channels": list(query.channels)}
        parts.append("(c.kind = any(cast(:kinds as text[])) or c.channel = any(cast(:channels as text[])))")
    if query.since:
        values["since"] = query.since
        parts.append("c.last_at >= :since")
    if query.until:
        values["until"] = query.until
        parts.append("c.last_at < :until")
    return parts


def _without(query: Query) -> list[str]:
    return [_WORDED] if query.without else []


async def _talks(
    session: AsyncSession, among: str, parts: list[str], values: Mapping[str, object], sought: Sought
) -> list[Talk]:
    conditions, join = " and ".join(parts) or "true", _LABELLED if "labels" in values else ""
    statement = _FOUND.format(among=among, join=join, page=_PAGE, conditions=conditions)
    rows = await session.execute(text(statement), dict(values))
    return [_talk(dict(row), sought) for row in rows.mappings()]


def _talk(row: dict[str, Any], sought: Sought) -> Talk:
    said = {
        "kind": Kind(row["kind"]),
        "state": ConversationState(row["state"]),
        "subject": excerpts.marked(" ".join(row["subject"].split()), sought),
        "preview": " ".join(row["preview"].split()),
    }
    return Talk(**{**row, **said})


def _position(after: str | None) -> tuple[datetime | None, UUID | None]:
    """A cursor read back; anything that is none begins at the top."""
    at, _, last = (after or "").partition("|")
    try:
        found = datetime.fromisoformat(at)
        return (found, UUID(last)) if found.tzinfo else (None, None)
    except ValueError:
        return None, None
