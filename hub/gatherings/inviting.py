"""Whom an event means: choosing them, asking them through the gate, reminding those who come, telling them that it is
called off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, and_, case, func, literal, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import listing
from hub.gatherings import letters, plans
from hub.gatherings.plans import BadGathering
from hub.models import Customer, DedupeKey, Gathering, Guest, Interaction, TemplateVersion
from hub.models.vocabulary import GuestState, State
from hub.outbound.asking import Gate, Held, Request
from hub.outbound.request import send_many
from hub.segments import asking
from hub.segments.tree import Raw
from hub.sentences import Sentence

_SLICE = 200
Row = tuple[Guest, Gathering, Customer]
_Written = Callable[[Gathering, Guest, Customer, TemplateVersion, Gate], Request]


@dataclass(frozen=True, slots=True)
class Seen:
    """A guest as a list shows them. `state` and `reason`: of the invitation, where it has not come about."""

    guest: Guest
    name: str
    state: State | None = None
    reason: str = ""


async def choose_segment(session: AsyncSession, gathering_id: int, segment: Raw, *, now: datetime) -> int:
    """Everybody whom the segment means now and who is not a guest yet; how many. Raises BadCondition, BadGathering."""
    return await _choose(session, gathering_id, await asking.where(session, segment, now=now), now)


async def choose(session: AsyncSession, gathering_id: int, customers: Collection[UUID], *, now: datetime) -> int:
    """These, but for those who are guests already; how many. Raises BadGathering."""
    return await _choose(session, gathering_id, col(Customer.id).in_(customers), now)


async def guests(session: AsyncSession, gathering_id: int, *, words: str = "", limit: int = 1000) -> list[Seen]:
    """Who comes first, then who waits, in their order. `words`: in their name, an address, a number of theirs."""
    rows = select(Guest, Customer.name, Interaction.state, Interaction.reason)
    rows = rows.join(Customer, col(Customer.id) == col(Guest.customer_id))
    rows = rows.outerjoin(DedupeKey, and_(col(Guest.asked_id).is_(None), col(DedupeKey.key) == letters.first_key()))
    rows = rows.outerjoin(Interaction, _came_to_nothing())
    order = case({state.value: place for state, place in _PLACES.items()}, value=col(Guest.state), else_=9)
    mine = rows.where(col(Guest.gathering_id) == gathering_id)
    if called := words.replace("\0", "").split():
        mine = mine.where(_is_called(called))
    found = await session.exec(mine.order_by(order, col(Guest.waiting_since), func.lower(Customer.name)).limit(limit))
    return [Seen(row[0], row[1], State(row[2]) if row[2] else None, row[3] or "") for row in found]


async def send(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Ask those who were chosen, a slice of them in one transaction; how many were looked at."""
    rows = await _claimed(session, now, _STANDS, col(Guest.state) == GuestState.CHOSEN)
    asked = await _ask(session, rows, letters.INVITATION, letters.invitation, gate=gate, now=now)
    for (guest, _, _), interaction in zip(rows, asked, strict=True):
        guest.state = GuestState.INVITED if interaction else GuestState.WITHHELD
        guest.asked_id = interaction
    await _tell(session, rows)
    return len(rows)


async def remind(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Those who come, once, so long before as the event says; after an outage late, until it begins."""
    due = (
        _STANDS,
        col(Guest.state) == GuestState.COMING,
        col(Guest.reminded_at).is_(None),
        col(Gathering.remind_minutes) > 0,
        col(Gathering.starts_at) - func.make_interval(0, 0, 0, 0, 0, col(Gathering.remind_minutes)) <= now,
    )
    rows = await _claimed(session, now, *due)
    # Who has just said that they come need not hear of it again at once.
    late = [row for row in rows if row[0].answered_at is None or row[0].answered_at <= now - _JUST]
    asked = await _ask(session, late, letters.REMINDER, letters.reminder, gate=gate, now=now)
    for (guest, _, _), interaction in zip(late, asked, strict=True):
        guest.asked_id = interaction or guest.asked_id
    for guest, _, _ in rows:
        guest.reminded_at = now
    await _tell(session, rows)
    return len(late)


async def tell_off(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Whoever counts on an event that was called off (see `plans.counts_on_it`), once, until it would have begun."""
    rows = await _claimed(session, now, ~_STANDS, plans.counts_on_it(), col(Guest.told_off_at).is_(None))
    await _ask(session, rows, letters.CALLED_OFF, letters.called_off, gate=gate, now=now)
    for guest, _, _ in rows:
        guest.told_off_at = now
    await _tell(session, rows)
    return len(rows)


_JUST = timedelta(hours=1)
_LOST = (State.WITHHELD, State.FAILED, State.EXPIRED)
_STANDS = col(Gathering.cancelled_at).is_(None)
_PLACES = {GuestState.COMING: 0, GuestState.WAITING: 1, GuestState.INVITED: 2, GuestState.CHOSEN: 3}


def _is_called(words: Sequence[str]) -> TextClause:
    condition, values = listing.among(words)
    return text(f"exists (select from customer c where c.id = customer.id and {condition})").bindparams(**values)


def _came_to_nothing() -> ColumnElement[bool]:
    """The message by which a guest was to be asked, who has not answered, and which did not reach them."""
    asked = func.coalesce(col(Guest.asked_id), col(DedupeKey.interaction_id))
    silent = col(Guest.state).in_((GuestState.INVITED, GuestState.WITHHELD))
    return and_(col(Interaction.id) == asked, col(Interaction.state).in_(_LOST), silent)


async def _choose(session: AsyncSession, gathering_id: int, who: ColumnElement[bool], now: datetime) -> int:
    gathering = await plans.get(session, gathering_id)
    if gathering.cancelled_at is not None or gathering.starts_at <= now:
        raise BadGathering(Sentence("The event is over or called off: nobody can be invited any more"))
    chosen = select(literal(gathering_id), col(Customer.id), literal(GuestState.CHOSEN.value)).where(who)
    rows = insert(Guest).from_select(["gathering_id", "customer_id", "state"], chosen)
    added = (await session.execute(rows.on_conflict_do_nothing().returning(col(Guest.id)))).scalars().all()
    await plans.tell(session, gathering)
    return len(added)


async def _claimed(session: AsyncSession, now: datetime, *conditions: Any) -> list[Row]:
    """Of events that are ahead; what another worker holds is that worker's."""
    query = (
        select(Guest, Gathering, Customer)
        .join(Gathering, col(Gathering.id) == col(Guest.gathering_id))
        .join(Customer, col(Customer.id) == col(Guest.customer_id))
        .where(col(Gathering.starts_at) > now, *conditions)
        .order_by(col(Guest.id))
        .limit(_SLICE)
        .with_for_update(of=Guest, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [(guest, gathering, customer) for guest, gathering, customer in await session.exec(query)]


async def _ask(
    session: AsyncSession, rows: Sequence[Row], template: str, written: _Written, *, gate: Gate, now: datetime
) -> list[UUID | None]:
    """The messages, None where the gate withheld one."""
    if not rows:
        return []
    version = await letters.current(session, template, now=now)
    requests = [written(gathering, guest, customer, version, gate) for guest, gathering, customer in rows]
    answers = await send_many(session, requests, gate=gate, now=now)
    return [None if isinstance(one, Held) else one.interaction_id for one in answers]


async def _tell(session: AsyncSession, rows: Sequence[Row]) -> None:
    for gathering in {row[1].id: row[1] for row in rows}.values():
        await plans.tell(session, gathering)
