"""Keeping promises: reckoning them anew where something happened, warning before one is broken, escalating after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.conversations import policies, tasks, threads
from hub.conversations.policies import Policy
from hub.conversations.promises import Due, Word, reckon, settled_at
from hub.models import (
    Conversation,
    Customer,
    HeldReply,
    Interaction,
    MissedCall,
    Promise,
    Staff,
    Task,
    TeamChannel,
    TeamMember,
)
from hub.models.vocabulary import Direction, Origin, Promised, State
from hub.staff import timetables
from hub.staff.timetables import Hours

_AT_ONCE = 200
NOT_SAID = (State.WITHHELD, State.FAILED, State.EXPIRED, State.CANCELLED, State.MISSED, State.RINGING)
TALKED = (State.TALKING, State.DELIVERED)
# A planned answer is one when it has left, and nothing else stirs its conversation then.
_LEFT = text("""
update conversation set stirred = true where id in (
  select c.id from held_reply h
  join interaction i on i.id = h.interaction_id join conversation c on c.id = i.conversation_id
  where h.scheduled and h.leaves_at <= :now and i.state <> 'queued' and not i.state = any(:unsaid)
    and exists (select from promise p where p.conversation_id = c.id and p.settled_at is null
      and p.kind <> 'resolution' and p.since <= h.leaves_at)
  for update of c skip locked)
""")
_LATE = {  # kept in English; hub.web.retold knows them
    Promised.FIRST: "Late: %(name)s waits for the first answer",
    Promised.NEXT: "Late: %(name)s waits for an answer",
    Promised.RESOLUTION: "Late: the matter of %(name)s is not settled",
}


@dataclass(frozen=True, slots=True)
class Open:
    """A promise that somebody should keep, and by which policy."""

    kind: Promised
    since: datetime
    due_at: datetime | None
    warned: bool
    escalated: bool
    policy: str


async def reckon_anew(session: AsyncSession, *, now: datetime, limit: int = _AT_ONCE) -> int:
    """The promises of conversations to which something happened; how many those were. Several may do so at once."""
    await session.execute(_LEFT, {"now": now, "unsaid": [state.value for state in NOT_SAID]})
    stirred = select(Conversation).where(col(Conversation.stirred)).order_by(col(Conversation.id)).limit(limit)
    held = await session.exec(stirred.with_for_update(skip_locked=True), execution_options={"populate_existing": True})
    conversations = held.all()
    if not conversations:
        return 0
    rules, hours = await policies.listing(session), await timetables.hours(session)
    owners = dict((await session.exec(select(TeamChannel.channel, TeamChannel.team_id))).all())
    customers = await _customers(session, {one.customer_id for one in conversations})
    said = await _words(session, [one.id for one in conversations])
    kept = await _promises(session, [one.id for one in conversations])
    for one in conversations:
        team, (labels, vip) = owners.get(one.channel), customers[one.customer_id]
        policy = policies.first_that_fits(rules, team, [*labels, *one.labels], vip=vip)
        words = said.get(one.id, [])
        await _reckon(session, one, policy, words, kept.get(one.id, []), hours=hours, team=team, now=now)
    await session.flush()
    return len(conversations)


async def watch(session: AsyncSession, *, now: datetime) -> tuple[int, int]:
    """Warn of what is due soon and escalate what is broken, each once; how many of each."""
    broken = await _take(session, Promise.due_at, Promise.escalated_at, now)
    rules = {one.id: one for one in await policies.listing(session)} if broken else {}
    for promise, conversation, name in broken:
        promise.escalated_at, promise.warned_at = now, promise.warned_at or now  # a warning would come too late
        await _escalate(session, promise, conversation, name, rules.get(promise.policy_id), now=now)
    await session.flush()
    warned = await _take(session, Promise.warn_at, Promise.warned_at, now)
    for promise, conversation, _name in warned:
        promise.warned_at, conversation.unread = now, True
        await threads.tell(session, conversation.id, conversation.customer_id)
    await session.flush()
    return len(warned), len(broken)


async def open_promises(session: AsyncSession, conversation_id: UUID) -> list[Open]:
    """What somebody should keep in this conversation, the earliest first; those whose clock stands last."""
    rows = select(Promise).where(Promise.conversation_id == conversation_id, col(Promise.settled_at).is_(None))
    found = (await session.exec(rows.order_by(col(Promise.due_at).nulls_last()))).all()
    names = {one.id: one.name for one in await policies.listing(session)} if found else {}
    return [
        Open(one.kind, one.since, one.due_at, bool(one.warned_at), bool(one.escalated_at), names.get(one.policy_id, ""))
        for one in found
    ]


# ---- reckoning ------------------------------------------------------------------------------


async def _reckon(
    session: AsyncSession,
    conversation: Conversation,
    policy: Policy | None,
    words: Sequence[Word],
    kept: Sequence[Promise],
    *,
    hours: Hours,
    team: int | None,
    now: datetime,
) -> None:
    resolved_at, before = conversation.resolved_at, (conversation.due_at, conversation.warn_at)
    wanted: list[Due] = []
    if policy is not None and conversation.merged_into_id is None:
        opening = hours.of(team)
        wanted = reckon(words, policy.terms, opening, state=conversation.state, resolved_at=resolved_at)
    known = {(one.kind, one.since): one for one in kept}
    for due in wanted:
        _promise(session, conversation.id, due, known.pop((due.kind, due.since), None), policy)
    for promise in known.values():
        await _settle(session, promise, words, policy, resolved_at=resolved_at, now=now)
    conversation.due_at = min((one.at for one in wanted if one.at is not None), default=None)
    conversation.warn_at = min((one.warn_at for one in wanted if one.warn_at is not None), default=None)
    conversation.stirred = False
    if before != (conversation.due_at, conversation.warn_at):
        await threads.tell(session, conversation.id, conversation.customer_id)


def _promise(
    session: AsyncSession, conversation_id: UUID, due: Due, known: Promise | None, policy: Policy | None
) -> None:
    promise = known or Promise(conversation_id=conversation_id, kind=due.kind, since=due.since)
    promise.due_at, promise.warn_at = due.at, due.warn_at
    promise.settled_at, promise.kept = None, None  # an answer that was taken back settles nothing
    promise.policy_id = policy.id if policy is not None else None
    session.add(promise)


async def _settle(
    session: AsyncSession,
    promise: Promise,
    words: Sequence[Word],
    policy: Policy | None,
    *,
    resolved_at: datetime | None,
    now: datetime,
) -> None:
    """What is promised no more, because its policy is gone, was neither kept nor broken."""
    if promise.settled_at is not None:
        return
    if policy is None:
        await session.delete(promise)
        return
    due = Due(promise.kind, promise.since, promise.due_at)
    promise.settled_at = settled_at(due, words, resolved_at=resolved_at, now=now)
    promise.kept = promise.due_at is None or promise.settled_at <= promise.due_at


async def _customers(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[Sequence[str], bool]]:
    rows = await session.exec(select(Customer.id, Customer.labels, Customer.vip).where(col(Customer.id).in_(ids)))
    return {id_: (labels, vip) for id_, labels, vip in rows}


async def _promises(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Promise]]:
    found: dict[UUID, list[Promise]] = {}
    for one in await session.exec(select(Promise).where(col(Promise.conversation_id).in_(ids))):
        found.setdefault(one.conversation_id, []).append(one)
    return found


async def _words(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, list[Word]]:
    """What people said in each conversation, oldest first; what was planned, when it left.

    Whoever saw to a missed call, by calling back or by saying that nothing is to do, has answered it.
    """
    columns = (Interaction.at, Interaction.direction, Interaction.kind, Interaction.origin, Interaction.state)
    moments = (HeldReply.leaves_at, MissedCall.done_at)
    rows = select(col(Interaction.conversation_id), Interaction.auto, *moments, *columns)  # type: ignore[call-overload]
    held = and_(col(HeldReply.interaction_id) == col(Interaction.id), col(HeldReply.scheduled))
    here = rows.where(col(Interaction.conversation_id).in_(ids), col(Interaction.direction) != Direction.NOTE)
    found: dict[UUID, list[Word]] = {}
    seen_to = col(MissedCall.interaction_id) == col(Interaction.id)
    every = here.outerjoin(HeldReply, held).outerjoin(MissedCall, seen_to)
    for row in await session.exec(every.order_by(col(Interaction.id))):
        ours = _ours(row)
        if row.done_at is not None:
            found.setdefault(row.conversation_id, []).append(Word(row.done_at, ours=True))
        if ours is not None:
            planned = row.leaves_at is not None and row.state is State.QUEUED
            found.setdefault(row.conversation_id, []).append(Word(row.leaves_at or row.at, ours, planned))
    return {conversation: sorted(words, key=lambda word: word.at) for conversation, words in found.items()}


def _ours(row: Row[Any]) -> bool | None:
    """Did we say it? None: it is nobody's word, or did not reach anybody. A call that was held answers its caller."""
    if row.direction is Direction.OUT:
        return True if row.origin in (Origin.AGENT, Origin.API) and row.state not in NOT_SAID else None
    if row.kind is Kind.VOICE:
        return None if row.state is State.RINGING else row.state in TALKED
    return None if row.auto else False


# ---- warning and escalating -----------------------------------------------------------------


async def _take(
    session: AsyncSession, moment: Any, done: Any, now: datetime
) -> Sequence[tuple[Promise, Conversation, str]]:
    """Promises whose moment has come and for which this was not done yet, locked: of several workers one has each."""
    rows = (
        select(Promise, Conversation, Customer.name)
        .join(Conversation, col(Conversation.id) == col(Promise.conversation_id))
        .join(Customer, col(Customer.id) == col(Conversation.customer_id))
        .where(col(moment) <= now, col(done).is_(None), col(Promise.settled_at).is_(None))
        .order_by(col(moment))
        .limit(_AT_ONCE)
        .with_for_update(of=[Promise, Conversation], skip_locked=True)
    )
    return (await session.exec(rows, execution_options={"populate_existing": True})).all()


async def _escalate(
    session: AsyncSession,
    promise: Promise,
    conversation: Conversation,
    name: str,
    policy: Policy | None,
    *,
    now: datetime,
) -> None:
    conversation.unread = True
    if policy is not None and (policy.escalate_to or policy.escalate_to_team):
        person = await _at_work(session, policy.escalate_to) or await _least_busy(session, policy.escalate_to_team or 0)
        title = _LATE[promise.kind] % {"name": name or "the customer"}
        new = tasks.NewTask(tasks.shortened(title), conversation.customer_id, conversation.id, now, person)
        await tasks.add(session, new, now=now)
    await threads.tell(session, conversation.id, conversation.customer_id)


async def _at_work(session: AsyncSession, staff_id: int | None) -> int | None:
    """Nobody when their account is off: then the task is for whoever sees it."""
    rows = select(Staff.id).where(col(Staff.id) == staff_id, col(Staff.active))
    return (await session.exec(rows)).first()


async def _least_busy(session: AsyncSession, team_id: int) -> int | None:
    """Who of a team has the fewest tasks; nobody when it has nobody: then the task is for whoever sees it."""
    count = func.count(col(Task.id))
    people = (
        select(Staff.id)
        .join(TeamMember, col(TeamMember.staff_id) == col(Staff.id))
        .outerjoin(Task, (col(Task.assignee_id) == col(Staff.id)) & col(Task.done_at).is_(None))
        .where(col(TeamMember.team_id) == team_id, col(Staff.active))
        .group_by(col(Staff.id))
        .order_by(count, col(Staff.id))
    )
    return (await session.exec(people.limit(1))).first()
