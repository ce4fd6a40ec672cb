"""Calls that are under way: whose telephones ring for them, who took one, and when each is over.

One call has one taker. Whoever is joined with the caller is that, whatever anybody pressed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.conversations import threads
from hub.models import CurrentCall, HandledCall, Interaction
from hub.models.vocabulary import ConversationState, Direction, Kind, State
from hub.sentences import Sentence
from hub.staff import accounts

LONGEST = timedelta(hours=4)  # what carriers let a call last; news of one that is older got lost
BUSY = Sentence("You have a call already, or one to wrap up. Finish that first.")
_CALL = "Call"


class TakenAlready(Exception):
    """Somebody else was first, the call is over, or one has another; the message says so, for the person."""


async def lock(session: AsyncSession, call_id: UUID) -> None:
    """Until this transaction ends nobody else changes whose the call is.

    The one order in which whoever changes a call locks its rows: the interaction, then what rings for it
    (current_call), then whose it is (handled_call). News from the carrier holds the interaction already. In any other
    order a person at the desk and the carrier would wait for each other.
    """
    for known in (col(Interaction.id), col(CurrentCall.interaction_id)):
        await session.exec(select(known).where(known == call_id).with_for_update(key_share=True))


async def one_at_a_time(session: AsyncSession, staff_id: int) -> None:
    """Until this transaction ends nobody gives this person a call besides. Before anything else is locked.

    No lock of the person's row: whoever gives work out holds those behind conversations.
    """
    name = f"calls of {staff_id}"
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def ring(session: AsyncSession, call_id: UUID, staff_ids: Collection[int], *, now: datetime) -> None:
    """From now on the telephones of these people ring for the call, and nobody else's."""
    rung = sorted(staff_ids)
    before = await session.get(CurrentCall, call_id, with_for_update=True)
    if before is None:
        row = insert(CurrentCall).values(interaction_id=call_id, at=now, rung=rung)
        await session.exec(row.on_conflict_do_nothing())
        await tell(session, call_id, rung)
        return
    told, before.rung = {*before.rung, *rung}, rung
    await session.flush()
    await tell(session, call_id, told)


async def claim(session: AsyncSession, call_id: UUID, staff_id: int, *, now: datetime) -> None:
    """It is to ring at this person's telephone alone: everybody else's card of it goes. Raises TakenAlready."""
    await one_at_a_time(session, staff_id)
    await lock(session, call_id)
    current = await session.get(CurrentCall, call_id, populate_existing=True)
    call = await session.get(Interaction, call_id, populate_existing=True)
    if current is None or call is None or call.direction is not Direction.IN or call.state is not State.RINGING:
        await _refuse(session, call_id)
        raise TakenAlready(Sentence("This call does not ring any more."))
    if staff_id in await busy(session, but=call_id):
        raise TakenAlready(BUSY)
    mine = insert(HandledCall).values(interaction_id=call_id, staff_id=staff_id, taken_at=now)
    if (await session.exec(mine.on_conflict_do_nothing().returning(col(HandledCall.staff_id)))).first() is None:
        await _refuse(session, call_id, but=staff_id)
    told, current.rung = {*current.rung, staff_id}, [staff_id]
    await session.flush()
    await tell(session, call_id, told)


async def _refuse(session: AsyncSession, call_id: UUID, *, but: int = 0) -> None:
    """Raises TakenAlready with who was first; nothing when that is `but`, or nobody."""
    first = await session.get(HandledCall, call_id)
    if first is not None and first.staff_id != but:
        name = (await accounts.get(session, first.staff_id)).name
        raise TakenAlready(Sentence("%(name)s took this call.", {"name": name}))


async def release(session: AsyncSession, call_id: UUID) -> None:
    """Whoever wanted it did not pick up: it is nobody's again."""
    await lock(session, call_id)
    gone = delete(HandledCall).where(col(HandledCall.interaction_id) == call_id, col(HandledCall.talked_at).is_(None))
    freed = (await session.exec(gone.returning(col(HandledCall.staff_id)))).scalars().all()
    await tell(session, call_id, freed)


async def taker(session: AsyncSession, call_id: UUID) -> int | None:
    """Whose the call is, if it is anybody's."""
    found = await session.get(HandledCall, call_id, populate_existing=True)
    return found.staff_id if found is not None else None


async def placed(session: AsyncSession, call_id: UUID, staff_id: int, *, now: datetime) -> None:
    """Somebody calls a customer: theirs from the beginning."""
    session.add(CurrentCall(interaction_id=call_id, at=now, rung=[]))
    session.add(HandledCall(interaction_id=call_id, staff_id=staff_id, taken_at=now))
    await session.flush()
    await tell(session, call_id, [staff_id])


async def talks(session: AsyncSession, call: Interaction, staff_id: int, *, now: datetime) -> None:
    """This person and the customer are joined: the call stands in a conversation, and its cards go."""
    await lock(session, call.id)
    row = await session.get(HandledCall, call.id, with_for_update=True, populate_existing=True)
    if row is None:
        row = HandledCall(interaction_id=call.id, staff_id=staff_id, taken_at=now)
        session.add(row)
    elif row.talked_at is None:
        row.staff_id = staff_id
    elif row.staff_id != staff_id:
        return
    if row.talked_at is None:
        row.talked_at = now
        call.staff_id = staff_id
        await _in_conversation(session, call, staff_id, now=now)
        await _with_its_note(session, call, row)
        await ring(session, call.id, [], now=now)
    await session.flush()
    await tell(session, call.id, [staff_id])


async def _in_conversation(session: AsyncSession, call: Interaction, staff_id: int, *, now: datetime) -> None:
    """Where its notes stand: the one that is open, else a new one of whoever talks."""
    if call.conversation_id is None:
        fresh = threads.opened(call.customer_id, Kind.VOICE, call.channel, subject="", now=call.at)
        fresh.unread, fresh.assignee_id, fresh.preview = False, staff_id, _CALL
        session.add(fresh)
        await session.flush()
        call.conversation_id = fresh.id
        conversation = fresh
    else:
        conversation = await threads.locked(session, call.conversation_id)
    conversation.assignee_id = conversation.assignee_id or staff_id
    if call.direction is Direction.IN:
        threads.heard(conversation, _CALL, Kind.VOICE, call.channel, now=now)
        conversation.state, conversation.snoozed_until = ConversationState.OPEN, None
    await session.flush()
    await threads.stir(session, [conversation.id])
    await threads.tell(session, conversation.id, call.customer_id)


async def _with_its_note(session: AsyncSession, call: Interaction, row: HandledCall) -> None:
    """What was noted before the call stood anywhere."""
    note = await session.get(Interaction, row.note_id) if row.note_id is not None else None
    if note is not None and note.conversation_id is None:
        note.conversation_id = call.conversation_id


async def over(session: AsyncSession, call_id: UUID, *, now: datetime) -> None:
    """Nothing rings any more. Whoever talked has the call to wrap up; whoever did not has nothing."""
    await lock(session, call_id)
    gone = delete(CurrentCall).where(col(CurrentCall.interaction_id) == call_id).returning(col(CurrentCall.rung))
    rung = (await session.exec(gone)).scalars().all()
    row = await session.get(HandledCall, call_id, with_for_update=True, populate_existing=True)
    told = {one for group in rung for one in group} | ({row.staff_id} if row is not None else set())
    if row is not None and row.talked_at is None:
        await session.delete(row)
    elif row is not None and row.ended_at is None:
        row.ended_at = now
    await session.flush()
    await tell(session, call_id, told)


async def end_lost(session: AsyncSession, *, now: datetime) -> int:
    """Calls of whose end no news came, or that never left: over. How many there were."""
    rows = await session.execute(_LOST, {"old": now - LONGEST})
    lost = sorted(one.interaction_id for one in rows)
    for call_id in lost:
        await over(session, call_id, now=now)
    return len(lost)


_LOST = text("""
select c.interaction_id from current_call c join interaction i on i.id = c.interaction_id
where c.at < :old or i.state in ('failed', 'delivered', 'missed', 'withheld', 'expired', 'cancelled', 'unknown')
""")


async def busy(session: AsyncSession, *, but: UUID | None = None) -> frozenset[int]:
    """Who has a call (`but` this one), or one to wrap up: for them nothing rings, and nothing is given to them."""
    rows = select(HandledCall.staff_id).where(col(HandledCall.wrapped_at).is_(None)).distinct()
    if but is not None:
        rows = rows.where(col(HandledCall.interaction_id) != but)
    return frozenset(await session.exec(rows))


async def tell(session: AsyncSession, call_id: UUID, staff_ids: Iterable[int]) -> None:
    """The pages of these people, and whoever looks at the calls, hear of it when the transaction commits."""
    people = {f"s{one}": f"staff-{one}" for one in staff_ids}
    await live.publish(session, "call", id=call_id, **people)
