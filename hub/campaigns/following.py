"""Carrying out what a campaign does at moments of its recipients' own: later steps, and everybody's own hour.

Turns come up by their time, slice by slice, in the transaction that writes what they cause: killed at any instant, what
was not committed comes up again, and what was has its row. The campaign's lock is held by the caller.
"""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import beginning, learning, portions, reactions, steps, waiting
from hub.campaigns.learning import Known
from hub.campaigns.portions import Portion
from hub.campaigns.waiting import Turn
from hub.models import Campaign, CampaignStep
from hub.models.vocabulary import Kind, Passed, State, When
from hub.outbound import evidence, planning
from hub.outbound.mailings import Mailing
from hub.outbound.request import Gate
from hub.outbound.uncertain import LEFT

_CALLING = (State.RINGING, State.TALKING)
_OPEN = (State.QUEUED, State.SENDING, *_CALLING)
_LONGEST_CALL = timedelta(hours=4)  # then the word of its end was lost
_LEFT = (State.SENT, State.DELIVERED, State.READ, State.MISSED)
_ARRIVED = (State.DELIVERED, State.READ)
_AGAIN = timedelta(seconds=10)  # a message whose fate is open is looked at again, at the soonest


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one customer when their turn comes: their latest message, and what they did with all of them."""

    state: State
    since: datetime  # when it came to that state
    reason: str
    kind: Kind
    left_at: datetime | None  # when the provider took it
    opened: bool
    clicked: bool
    answered: bool  # the latest one
    has_answered: bool  # any of them, or had a word for us after the first had left, by whatever medium
    has_refused: bool
    tried: frozenset[Kind]  # channel kinds that messages of this campaign were made for


async def feed(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime, limit: int) -> bool:
    """Act on the next `limit` turns that have come; False when there were none."""
    turns = await waiting.due(session, campaign.id or 0, now=now, limit=limit)
    for number, mine in waiting.by_step(turns).items():
        if number == 0:
            await beginning.turn(session, campaign, mine, gate=gate, now=now)
        else:
            await _later(session, campaign, number, mine, gate, now)
    return bool(turns)


def judge(seen: Seen | None, step: CampaignStep, turn: Turn, now: datetime) -> Passed | datetime | None:
    """None: the message is made. Otherwise why not, or when to look again. Pure.

    Late or never: after an outage a step is passed over when its time is `late_seconds` ago.
    """
    if seen is None:
        return Passed.GONE
    if seen.has_refused:
        return Passed.UNSUBSCRIBED
    if seen.has_answered and step.condition is not When.ANSWERED:
        return Passed.ANSWERED
    wait = timedelta(seconds=step.wait_seconds)
    if seen.state is State.UNKNOWN:
        return _unsure(seen, wait, now)
    if seen.state in _OPEN and seen.left_at is None:
        return now + max(wait, _AGAIN)
    if seen.left_at is not None and seen.left_at + wait > now:
        return seen.left_at + wait
    if seen.state in _CALLING and now < seen.since + _LONGEST_CALL:
        return now + max(wait, _AGAIN)
    if now - turn.due_at > timedelta(seconds=step.late_seconds):
        return Passed.LATE
    return None if holds(seen, step.condition) else Passed.CONDITION


def _unsure(seen: Seen, wait: timedelta, now: datetime) -> Passed | datetime:
    """It may have left or not: waited for while evidence may still come and nobody has decided to leave it so."""
    given_up = seen.since + evidence.AT_MOST
    if seen.reason == LEFT or now >= given_up:
        return Passed.UNKNOWN
    return min(now + max(wait, _AGAIN), given_up)


def holds(seen: Seen, condition: When) -> bool:
    """Is it so? What never left was neither opened nor left unopened. A mail that was taken and did not come back
    counts as delivered: mail servers say no more. An SMS of which no word came after it was taken did leave."""
    left = seen.state in _LEFT or (seen.state in _OPEN and seen.left_at is not None)
    arrived = seen.state in _ARRIVED or (seen.kind is Kind.EMAIL and seen.state is State.SENT)
    return {
        When.ALWAYS: True,
        When.DELIVERED: arrived,
        When.NOT_DELIVERED: not arrived,
        When.OPENED: seen.opened,
        When.NOT_OPENED: left and not seen.opened,
        When.CLICKED: seen.clicked,
        When.NOT_CLICKED: left and not seen.clicked,
        When.ANSWERED: seen.answered,
        When.NO_REACTION: left and not (seen.opened or seen.clicked or seen.answered),
    }[condition]


async def _later(
    session: AsyncSession, campaign: Campaign, number: int, turns: Sequence[Turn], gate: Gate, now: datetime
) -> None:
    """The turns of one step: its messages are made; who has theirs, or is passed over, waits for the step behind it."""
    all_steps = {step.step: step for step in await steps.of(session, campaign.id or 0)}
    step = all_steps[number]
    by_kinds, later, passed = await _judged(session, campaign, step, turns, gate, now)
    meant = [one for some in by_kinds.values() for one in some]
    known = await learning.look(session, campaign, meant, gate=gate, now=now)
    words = {kinds: await _words(session, campaign, step, kinds, known) for kinds in by_kinds}
    for kinds, some in by_kinds.items():
        theirs = {one: known[one] for one in some if one in known} if known else {}
        later |= await learning.hours_of(session, words[kinds], theirs, gate=gate, now=now)
    made = [one for one in meant if one not in later]
    await waiting.settle(session, campaign.id or 0, number, now_due=made, later=later, passed=passed)
    for kinds, some in by_kinds.items():
        if ready := [one for one in some if one not in later]:
            campaign.fed += await portions.feed(session, Portion.of(words[kinds], ready), gate=gate, now=now)
    if number + 1 in all_steps:
        await waiting.enlist(session, all_steps[number + 1], now=now, customers=[*made, *passed])


async def _judged(
    session: AsyncSession, campaign: Campaign, step: CampaignStep, turns: Sequence[Turn], gate: Gate, now: datetime
) -> tuple[dict[tuple[Kind, ...], list[UUID]], dict[UUID, datetime], dict[UUID, Passed]]:
    """For whom it is made, by the channel kinds it may go by; who is looked at again, and when; who is passed over."""
    seen = await look(session, campaign, step.step, [turn.customer_id for turn in turns])
    outcomes = {turn.customer_id: judge(seen.get(turn.customer_id), step, turn, now) for turn in turns}
    by_kinds = _channels(campaign, step, gate, {one: seen[one] for one, what in outcomes.items() if what is None})
    later = {one: outcome for one, outcome in outcomes.items() if isinstance(outcome, datetime)}
    passed = {one: outcome for one, outcome in outcomes.items() if isinstance(outcome, Passed)}
    return by_kinds, later, passed | dict.fromkeys(by_kinds.pop((), ()), Passed.NO_CHANNEL)


async def _words(
    session: AsyncSession, campaign: Campaign, step: CampaignStep, kinds: tuple[Kind, ...], known: Known | None
) -> Mailing:
    return await portions.mailing(
        session,
        campaign,
        step=step.step,
        version_id=step.template_version_id,
        kinds=kinds if step.next_channel else None,
        learnt=learning.told(known),
    )


def _channels(
    campaign: Campaign, step: CampaignStep, gate: Gate, ready: dict[UUID, Seen]
) -> dict[tuple[Kind, ...], list[UUID]]:
    """Customers by the channel kinds that may be used for them: those not used yet, when the step says so."""
    asked = [Kind(kind) for kind in campaign.kinds] or list(gate.rules.default_ranking)
    there = [kind for kind in asked if kind in planning.available(gate, "")]
    found: dict[tuple[Kind, ...], list[UUID]] = {}
    for customer, seen in ready.items():
        kinds = tuple(kind for kind in there if kind not in seen.tried) if step.next_channel else tuple(asked)
        found.setdefault(kinds, []).append(customer)
    return found


async def look(session: AsyncSession, campaign: Campaign, step: int, customers: Collection[UUID]) -> dict[UUID, Seen]:
    """What is known of these customers before this step; of whom there is no customer or message, nothing."""
    values = {**reactions.values(campaign.id or 0, step), "customers": list(customers)}
    rows = (await session.execute(text(_SEEN), values)).all()
    return {
        row.customer_id: Seen(
            state=State(row.state),
            since=row.state_at,
            reason=row.reason,
            kind=Kind(row.kind),
            left_at=row.left_at,
            opened=row.opened is not None,
            clicked=row.clicked is not None,
            answered=row.answered is not None,
            has_answered=row.has_answered or row.has_spoken,
            has_refused=row.has_refused,
            tried=frozenset(Kind(kind) for kind in row.tried or ()),
        )
        for row in rows
    }


_EARLIER = reactions.facts("""
  select r.campaign_id, r.step, r.customer_id, r.interaction_id,
    i.kind, i.state, i.state_at, i.reason, i.message_id, i.purpose, i.at
  from campaign_recipient r join interaction i on i.id = r.interaction_id
  where r.campaign_id = :campaign and r.step < :step and r.customer_id = any(cast(:customers as uuid[]))""")

_SEEN = f"""
with {_EARLIER},
whole as (
  select customer_id, bool_or(answered is not null) as has_answered, bool_or(unsubscribed is not null) as has_refused,
    array_agg(distinct kind) filter (where state <> '{State.WITHHELD.value}') as tried
  from facts group by customer_id),
departed as (
  select f.customer_id, min(f.interaction_id::text)::uuid as interaction_id, min(a.ended_at) as at
  from facts f join attempt a on a.interaction_id = f.interaction_id
    and a.outcome in ('accepted', 'unknown', 'lease_expired')
  group by f.customer_id),
spoken as (
  select d.customer_id from departed d where exists (
    select 1 from interaction i where i.customer_id = d.customer_id and i.direction = 'in' and i.auto = ''
      and i.id > d.interaction_id and i.at > d.at))
select distinct on (f.customer_id) f.customer_id, f.state, f.state_at, f.reason, f.kind, f.opened, f.clicked,
  f.answered, w.has_answered, w.has_refused, w.tried, f.customer_id in (select customer_id from spoken) as has_spoken,
  (select max(a.ended_at) from attempt a
   where a.interaction_id = f.interaction_id and a.outcome = 'accepted') as left_at
from facts f join whole w on w.customer_id = f.customer_id
order by f.customer_id, f.step desc"""
