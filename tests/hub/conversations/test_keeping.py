"""Promises over rows: kept on the conversation, recomputed when something happens, warned of and escalated once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from channels.message import Kind
from hub.clock import uuid7
from hub.conversations import assignment, keeping, logged, missed_calls, policies, rearranging, replies, threads
from hub.conversations.logged import Contact, What
from hub.conversations.policies import NoSuchPolicy, Policy, PolicyProblem
from hub.conversations.replies import Reply
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import record
from hub.models import Conversation, Interaction, Promise, Staff, Task
from hub.models.vocabulary import ConversationState, Direction, Origin, Promised, State
from hub.outbound.request import Gate
from hub.staff import teams, timetables
from hub.staff.opening import Opening
from hub.staff.timetables import Timetable
from tests.hub.conversations.conftest import Story

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GOLD = Policy("Gold", first=90, next=120, resolution=480, warn=15)


async def promise(database: Database, now: datetime, *made: Policy) -> None:
    async with database.unit() as session:
        for one in made:
            await policies.save(session, one, now=now, by=None)
        await keeping.reckon_anew(session, now=now)


async def kept(database: Database, story: Story, now: datetime) -> Sequence[Promise]:
    """After all that happened was reckoned."""
    async with database.unit() as session:
        await keeping.reckon_anew(session, now=now)
    async with database.unit() as session:
        rows = select(Promise).where(Promise.conversation_id == story.conversation).order_by(Promise.id)  # type: ignore[arg-type]
        return (await session.exec(rows)).all()


async def due(database: Database, story: Story) -> datetime | None:
    async with database.unit() as session:
        found = await session.get(Conversation, story.conversation)
        assert found is not None
        return found.due_at


async def asks(
    database: Database, story: Story, at: datetime, *, conversation: Any = None, state: State | None = None
) -> None:
    """The customer says something more, or calls."""
    async with database.unit() as session:
        row = await threads.locked(session, conversation or story.conversation)
        threads.heard(row, "And?", Kind.EMAIL, "mail", now=at)
        row.state = ConversationState.OPEN
        said = Interaction(
            id=uuid7(at),
            at=at,
            customer_id=story.customer,
            conversation_id=row.id,
            direction=Direction.IN,
            kind=Kind.EMAIL if state is None else Kind.VOICE,
            channel="mail",
            origin=Origin.CUSTOMER,
            state=state or State.RECEIVED,
            state_at=at,
        )
        await record.add(session, said)


async def answers(database: Database, story: Story, gate: Gate, at: datetime, *, resolve: bool = False) -> None:
    words = Reply(story.conversation, story.customer, Kind.EMAIL, "At nine.", story.magda, f"f{at}", resolve=resolve)
    async with database.unit() as session:
        await replies.answer(session, words, gate=gate, now=at)


async def test_an_answer_keeps_the_promise_and_the_next_question_makes_another(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    asked = now - HOUR
    await promise(database, now, GOLD)
    assert await due(database, story) == asked + 90 * MINUTE
    await answers(database, story, gate, now)
    first, whole = await kept(database, story, now)
    assert (first.kind, first.settled_at, first.kept) == (Promised.FIRST, now, True)
    assert (whole.kind, whole.due_at, whole.settled_at) == (Promised.RESOLUTION, None, None)
    assert await due(database, story) is None
    await asks(database, story, now + HOUR)
    await kept(database, story, now + HOUR)
    assert await due(database, story) == now + HOUR + 120 * MINUTE
    await answers(database, story, gate, now + 4 * HOUR, resolve=True)
    _first, whole, later = await kept(database, story, now + 4 * HOUR)
    assert (later.kind, later.settled_at, later.kept) == (Promised.NEXT, now + 4 * HOUR, False)
    assert (whole.settled_at, whole.kept) == (now + 4 * HOUR, True)
    assert await due(database, story) is None


async def test_a_planned_answer_is_one_when_it_leaves(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    asked, leaves = now - HOUR, now + HOUR
    await promise(database, now, GOLD)
    words = Reply(story.conversation, story.customer, Kind.EMAIL, "At nine.", story.magda, "f")
    async with database.unit() as session:
        await replies.answer(session, replace(words, leaves_at=leaves, scheduled=True), gate=gate, now=now)
    first, _whole = await kept(database, story, now)
    assert (first.settled_at, await due(database, story)) == (None, asked + 90 * MINUTE)
    async with database.unit() as session:
        answer = (await session.exec(select(Interaction).where(Interaction.staff_id == story.magda))).one()
        answer.state, answer.state_at = State.SENT, leaves
    first, _whole = await kept(database, story, leaves + MINUTE)
    assert (first.settled_at, first.kept, await due(database, story)) == (leaves, False, None)


async def test_time_counts_within_the_hours_of_the_team_whose_mailbox_it_is(
    database: Database, story: Story, now: datetime
) -> None:
    morning = Opening("UTC", (((8 * 60, 12 * 60),),) * 7)  # the question came at eleven
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_channels(session, team, ["mail"], now=now)
        await timetables.save(session, Timetable(morning, team), now=now, by=None)
    await promise(database, now, GOLD)
    assert await due(database, story) == now + timedelta(hours=20, minutes=30)


async def test_the_first_policy_that_fits_holds(database: Database, story: Story, now: datetime) -> None:
    vip, labelled = Policy("VIP", 1, vip_only=True, first=10), Policy("Gold", 2, label="gold", first=20)
    async with database.unit() as session:
        other = (await teams.create(session, "Sales", now=now)).id
    await promise(database, now, vip, labelled, Policy("Sales", 3, team_id=other, first=30), Policy("All", 4, first=40))
    assert await due(database, story) == now - HOUR + 40 * MINUTE
    async with database.unit() as session:
        customer = await directory.get(session, story.customer)
        customer.labels = ["gold"]
        session.add(customer)
        await policies.again(session)
    assert (await kept(database, story, now))[0].due_at == now - HOUR + 20 * MINUTE


async def test_a_warning_and_an_escalation_come_once_however_many_look(
    database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_members(session, team, [story.magda, story.oleg], now=now)
        await assignment.mark_read(session, story.conversation)
    await promise(database, now, Policy("Gold", first=90, warn=15, escalate_to_team=team))

    async def look(at: datetime) -> tuple[int, int]:
        async with database.unit() as session:
            return await keeping.watch(session, now=at)

    assert await look(now + 14 * MINUTE) == (0, 0)
    together = await asyncio.gather(*(look(now + 15 * MINUTE) for _ in range(4)))
    assert sorted(together) == [(0, 0), (0, 0), (0, 0), (1, 0)]
    async with database.unit() as session:
        conversation = await session.get(Conversation, story.conversation)
        assert conversation is not None
        assert conversation.unread
    together = await asyncio.gather(*(look(now + 30 * MINUTE) for _ in range(4)))
    assert sorted(together) == [(0, 0), (0, 0), (0, 0), (0, 1)]
    assert await look(now + HOUR) == (0, 0)
    async with database.unit() as session:
        (task,) = await session.exec(select(Task))
        told = await keeping.open_promises(session, story.conversation)
    assert (task.title, task.assignee_id) == ("Late: Ana waits for the first answer", story.magda)
    assert (task.conversation_id, task.due_at) == (story.conversation, now + 30 * MINUTE)
    assert [(one.kind, one.warned, one.escalated, one.policy) for one in told] == [(Promised.FIRST, True, True, "Gold")]


async def test_a_promise_that_was_broken_before_anybody_looked_is_escalated_without_a_warning(
    database: Database, story: Story, now: datetime
) -> None:
    await promise(database, now, Policy("Gold", first=30, warn=15, escalate_to=story.oleg))
    async with database.unit() as session:
        warned, broken = await keeping.watch(session, now=now)
        tasks = [task.assignee_id for task in await session.exec(select(Task))]
    assert (warned, broken, tasks) == (0, 1, [story.oleg])


async def test_who_has_no_account_any_more_gets_no_task_that_nobody_sees(
    database: Database, story: Story, now: datetime
) -> None:
    await promise(database, now, Policy("Gold", first=30, escalate_to=story.oleg))
    async with database.unit() as session:
        oleg = await session.get(Staff, story.oleg)
        assert oleg is not None
        oleg.active = False
    async with database.unit() as session:
        assert await keeping.watch(session, now=now + 2 * HOUR) == (0, 1)
        assert list(await session.exec(select(Task.assignee_id))) == [None]


async def test_what_is_promised_no_more_is_neither_kept_nor_broken(
    database: Database, story: Story, now: datetime
) -> None:
    await promise(database, now, GOLD)
    async with database.unit() as session:
        (one,) = await policies.listing(session)
        await policies.remove(session, one.id or 0, now=now, by=None)
    assert await kept(database, story, now) == []
    assert await due(database, story) is None
    async with database.unit() as session:
        with pytest.raises(NoSuchPolicy):
            await policies.remove(session, one.id or 0, now=now, by=None)


async def test_words_that_go_elsewhere_take_their_promise_along(
    database: Database, story: Story, now: datetime
) -> None:
    await asks(database, story, now)
    await promise(database, now, GOLD)
    async with database.unit() as session:
        await rearranging.split(session, story.question, rearranging.Reach.MESSAGE, staff_id=story.magda, now=now)
    first, *_ = await kept(database, story, now)
    assert await due(database, story) == now + 90 * MINUTE
    assert first.settled_at == now


@pytest.mark.parametrize(("state", "waits"), [(State.MISSED, True), (State.DELIVERED, False), (State.RINGING, False)])
async def test_who_was_talked_to_waits_for_nothing_and_who_was_missed_does(
    state: State, waits: bool, database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await answers(database, story, gate, now)
    await asks(database, story, now + HOUR, state=state)
    await promise(database, now, Policy("Calls", next=60))
    assert await due(database, story) == (now + 2 * HOUR if waits else None)


async def test_without_a_policy_nothing_is_marked(database: Database, story: Story, now: datetime) -> None:
    await asks(database, story, now)
    async with database.unit() as session:
        assert await keeping.reckon_anew(session, now=now) == 0


@pytest.mark.parametrize(
    "policy",
    [
        Policy(" ", first=5),
        Policy("Nothing"),
        Policy("Never", first=0),
        Policy("Long", first=policies.LONGEST + 1),
        Policy("Warn", first=5, warn=-1),
        Policy("Gone", first=5, team_id=99),
        Policy("Gone", first=5, escalate_to=99),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(policy: Policy, database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(PolicyProblem):
            await policies.save(session, policy, now=now, by=None)


async def test_who_saw_to_a_missed_call_has_answered_it_and_whoever_takes_that_back_has_not(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await answers(database, story, gate, now)
    await asks(database, story, now + HOUR, state=State.MISSED)
    async with database.unit() as session:
        rows = select(Interaction).where(Interaction.state == State.MISSED)
        call = (await session.exec(rows)).one()
        await missed_calls.keep(session, call.id, story.customer, voicemail=True)
    await promise(database, now, Policy("Calls", next=60))
    assert await due(database, story) == now + 2 * HOUR
    async with database.unit() as session:
        await missed_calls.done(session, call.id, staff_id=story.magda, now=now + 90 * MINUTE)
    (promised,) = await kept(database, story, now + 3 * HOUR)
    assert (promised.settled_at, promised.kept, await due(database, story)) == (now + 90 * MINUTE, True, None)
    async with database.unit() as session:
        await missed_calls.undone(session, call.id)
    (promised,) = await kept(database, story, now + 3 * HOUR)
    assert (promised.settled_at, await due(database, story)) == (None, now + 2 * HOUR)


async def test_a_call_that_somebody_logged_as_theirs_is_an_answer(
    database: Database, story: Story, now: datetime
) -> None:
    await promise(database, now, Policy("Calls", first=60))
    assert await due(database, story) == now
    said = Contact(What.CALL, inward=False, at=now - MINUTE, minutes=3)
    async with database.unit() as session:
        await logged.log(session, story.customer, story.conversation, said, staff_id=story.magda, now=now)
    (promised,) = await kept(database, story, now)
    assert (promised.settled_at, promised.kept, await due(database, story)) == (now - MINUTE, True, None)
