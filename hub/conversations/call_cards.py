"""What is shown of calls that are under way or wait to be wrapped up: who it is, and what was said last. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models.vocabulary import Direction, State


@dataclass(frozen=True, slots=True)
class Card:
    """One call as a card. `staff_id` None: nobody's yet."""

    id: UUID
    at: datetime
    direction: Direction
    state: State
    number: str  # the customer's, as they called or are called
    customer_id: UUID
    customer_name: str
    provisional: bool  # nobody has looked at this customer yet
    vip: bool
    conversation_id: UUID | None  # the call's own, else the customer's latest that is not resolved
    conversation_about: str
    assignee_name: str
    last_at: datetime | None  # the last word before this call
    last_kind: str
    last_direction: str
    last_words: str
    rung: tuple[int, ...]
    staff_id: int | None
    staff_name: str
    taken_at: datetime | None
    talked_at: datetime | None
    ended_at: datetime | None
    note: str

    @property
    def rings(self) -> bool:
        return self.talked_at is None and self.ended_at is None


async def ringing_for(session: AsyncSession, staff_id: int) -> list[Card]:
    """The calls that ring for this person and nobody has taken, the longest waiting first."""
    return await _cards(session, "h.staff_id is null and c.rung @> to_jsonb(cast(:staff as int))", staff=staff_id)


async def of(session: AsyncSession, staff_id: int) -> list[Card]:
    """This person's own calls: under way, or to be wrapped up; the oldest first."""
    return await _cards(session, "h.staff_id = :staff and h.wrapped_at is null", staff=staff_id)


async def current(session: AsyncSession) -> list[Card]:
    """Every call that is under way, the longest first."""
    return await _cards(session, "c.interaction_id is not null")


async def not_wrapped_up(session: AsyncSession, *, staff_id: int | None = None) -> list[Card]:
    """Calls that are over and wait for their taker's words, the oldest first; of one person or of all."""
    condition = "h.ended_at is not null and h.wrapped_at is null"
    if staff_id is None:
        return await _cards(session, condition)
    return await _cards(session, f"{condition} and h.staff_id = :staff", staff=staff_id)


async def one(session: AsyncSession, call_id: UUID) -> Card | None:
    """A call that is under way or has a taker."""
    return next(iter(await _cards(session, "i.id = :this", this=call_id)), None)


async def _cards(session: AsyncSession, condition: str, **values: object) -> list[Card]:
    statement = text(f"{_CARDS} where {condition} order by i.id limit 100")
    return [_card(dict(row)) for row in (await session.execute(statement, values)).mappings()]


_CARDS = """
select i.id, i.at, i.direction, i.state, case when i.direction = 'in' then i.sender else i.recipient end as number,
  i.customer_id, p.name as customer_name, p.provisional, p.vip,
  v.id as conversation_id, coalesce(nullif(v.subject, ''), v.preview, '') as conversation_about,
  coalesce(a.name, '') as assignee_name,
  l.at as last_at, coalesce(l.kind, '') as last_kind, coalesce(l.direction, '') as last_direction,
  coalesce(l.words, '') as last_words,
  coalesce(c.rung, '[]') as rung, h.staff_id, coalesce(s.name, '') as staff_name,
  h.taken_at, h.talked_at, h.ended_at, coalesce(n.body_text, '') as note
from (select interaction_id from current_call
  union select interaction_id from handled_call where wrapped_at is null) w
join interaction i on i.id = w.interaction_id
join customer p on p.id = i.customer_id
left join current_call c on c.interaction_id = i.id
left join handled_call h on h.interaction_id = i.id and h.wrapped_at is null
left join staff s on s.id = h.staff_id
left join interaction n on n.id = h.note_id
left join lateral (select o.id, o.subject, o.preview, o.assignee_id from conversation o
  where o.id = i.conversation_id or i.conversation_id is null and o.customer_id = i.customer_id
    and o.state <> 'resolved' order by o.last_at desc limit 1) v on true
left join staff a on a.id = v.assignee_id
left join lateral (select b.at, b.kind, b.direction,
    left(coalesce(nullif(b.subject, ''), nullif(b.reply_text, ''), b.body_text), 140) as words
  from interaction b where b.customer_id = i.customer_id and b.id < i.id and b.kind is not null
    and b.state not in ('withheld', 'cancelled') order by b.id desc limit 1) l on true
"""


def _card(row: Mapping[str, Any]) -> Card:
    rung: Sequence[int] = row["rung"]
    words = {"direction": Direction(row["direction"]), "state": State(row["state"]), "rung": tuple(rung)}
    return Card(**{**row, **words})
