"""New conversations come to a team's people: in turn or to the least busy, to those who are there and have room."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from channels.message import Kind
from hub.conversations import assignment, routing, threads
from hub.conversations.routing import Candidate, chosen
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Conversation, Staff, StaffSession
from hub.models.vocabulary import Assigning, Role
from hub.staff import accounts, teams

MINUTE = timedelta(minutes=1)
ROUND, LEAST, HAND = Assigning.ROUND_ROBIN, Assigning.LEAST_BUSY, Assigning.BY_HAND


async def people(database: Database, now: datetime, *names: str, role: Role = Role.AGENT) -> list[int]:
    """Signed in, with an open page."""
    async with database.unit() as session:
        rows = [Staff(email=f"{n}@x.test", name=n, role=role, password_hash="", created_at=now) for n in names]
        session.add_all(rows)
        await session.flush()
        ids = [one.id or 0 for one in rows]
        for one in ids:
            times = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(days=1)}
            session.add(StaffSession(token_hash=f"{one}", staff_id=one, csrf="", **times))
    return ids


async def team(
    database: Database,
    now: datetime,
    rule: Assigning,
    members: Sequence[int],
    capacity: int | None = None,
    channel: str = "mail",
) -> int:
    async with database.unit() as session:
        number = (await teams.create(session, f"Team of {channel}", now=now)).id or 0
        await teams.set_members(session, number, members, now=now)
        await teams.set_channels(session, number, [channel], now=now)
        await teams.set_assigning(session, number, rule, capacity, now=now)
    return number


async def arrive(database: Database, count: int, at: datetime, channel: str = "mail") -> list[UUID]:
    """So many conversations, a minute apart."""
    async with database.unit() as session:
        customer = await directory.create(session, directory.NewCustomer("Ana"), now=at)
        rows = []
        for n in range(count):
            moment = at + n * MINUTE
            row = threads.opened(customer.id, Kind.EMAIL, channel, subject=f"{n}", now=moment)
            row.last_inbound_at = moment
            rows.append(row)
        session.add_all(rows)
        return [row.id for row in rows]


async def give(database: Database, now: datetime) -> int:
    async with database.unit() as session:
        return await routing.give_out(session, now=now)


async def whose(database: Database, ids: Sequence[UUID]) -> list[int | None]:
    async with database.unit() as session:
        rows = {one.id: one.assignee_id for one in await session.exec(select(Conversation))}
    return [rows[one] for one in ids]


async def test_one_after_the_other_in_the_order_in_which_they_came(database: Database, now: datetime) -> None:
    ana, ben, eva = await people(database, now, "ana", "ben", "eva")
    await team(database, now, ROUND, [ana, ben, eva])
    ids = await arrive(database, 4, now)
    assert await give(database, now) == 4
    assert await whose(database, ids) == [ana, ben, eva, ana]
    later = await arrive(database, 2, now + timedelta(hours=1))
    await give(database, now)
    assert await whose(database, later) == [ben, eva]


async def test_the_least_busy_first_until_nobody_has_room(database: Database, now: datetime) -> None:
    ana, ben = await people(database, now, "ana", "ben")
    old = await arrive(database, 2, now - timedelta(days=1))
    async with database.unit() as session:
        for one in old:
            await assignment.assign(session, one, ana)
    await team(database, now, LEAST, [ana, ben], capacity=3)
    ids = await arrive(database, 6, now)
    assert await give(database, now) == 4
    assert Counter(await whose(database, old + ids)) == Counter({ana: 3, ben: 3, None: 2})
    assert (await whose(database, ids))[:2] == [ben, ben]
    async with database.unit() as session:
        await assignment.resolve(session, old[0], now=now)
    assert await give(database, now) == 1
    assert (await whose(database, ids))[4:] == [ana, None]


async def test_parallel_arrivals_are_given_out_once_evenly_and_within_capacity(
    database: Database, now: datetime
) -> None:
    """Two teams share a person; several workers give out while more comes in."""
    ana, ben, eva = await people(database, now, "ana", "ben", "eva")
    await team(database, now, LEAST, [ana, ben], capacity=5)
    await team(database, now, ROUND, [ben, eva], capacity=5, channel="sales")

    async def work(n: int) -> int:
        await arrive(database, 2, now + n * MINUTE, channel=("mail", "sales")[n % 2])
        return await give(database, now)

    given = sum(await asyncio.gather(*(work(n) for n in range(10))))
    given += await give(database, now)
    async with database.unit() as session:
        loads = Counter(one.assignee_id for one in await session.exec(select(Conversation)))
    assert sum(loads.values()) == 20
    assert given == 15
    assert loads == Counter({ana: 5, ben: 5, eva: 5, None: 5})


async def test_only_to_people_of_the_team_who_are_there_and_answer_customers(database: Database, now: datetime) -> None:
    ana, away, gone, off, stranger = await people(database, now, "ana", "away", "gone", "off", "stranger")
    (marketer,) = await people(database, now, "marek", role=Role.MARKETER)
    await team(database, now, ROUND, [ana, away, gone, off, marketer])
    async with database.unit() as session:
        await accounts.set_away(session, away, True)
        await session.delete(await session.get(StaffSession, f"{gone}"))
        closed = await session.get(StaffSession, f"{off}")
        assert closed is not None
        closed.seen_at = now - timedelta(hours=1)  # the page was closed without signing out
        assert await routing.present(session, now=now) == {ana, stranger, marketer}
    ids = await arrive(database, 3, now)
    await give(database, now)
    assert await whose(database, ids) == [ana] * 3


async def test_what_nobody_can_take_waits_for_whoever_comes_back(database: Database, now: datetime) -> None:
    (ana,) = await people(database, now, "ana")
    await team(database, now, ROUND, [ana])
    ids = await arrive(database, 1, now)
    async with database.unit() as session:
        await accounts.set_away(session, ana, True)
    assert await give(database, now) == 0
    async with database.unit() as session:
        await accounts.set_away(session, ana, False)
    assert await give(database, now) == 1
    assert await whose(database, ids) == [ana]


async def test_a_full_team_keeps_no_other_team_waiting(database: Database, now: datetime) -> None:
    ana, ben = await people(database, now, "ana", "ben")
    await team(database, now, ROUND, [ana], capacity=1)
    await team(database, now, ROUND, [ben], channel="sales")
    await arrive(database, 120, now)
    sales = await arrive(database, 1, now + timedelta(hours=3), channel="sales")
    await give(database, now)
    assert await whose(database, sales) == [ben]


async def test_given_back_by_hand_it_is_not_given_out_again(database: Database, now: datetime) -> None:
    (ana,) = await people(database, now, "ana")
    await team(database, now, ROUND, [ana])
    (one,) = await arrive(database, 1, now)
    await give(database, now)
    async with database.unit() as session:
        await assignment.assign(session, one, None)
    assert await give(database, now) == 0


async def test_what_came_before_and_what_is_settled_is_left_alone(database: Database, now: datetime) -> None:
    (ana,) = await people(database, now, "ana")
    await arrive(database, 2, now - timedelta(days=3))
    await team(database, now, ROUND, [ana])
    (settled,) = await arrive(database, 1, now)
    async with database.unit() as session:
        await assignment.resolve(session, settled, now=now)
    await arrive(database, 1, now, channel="nobodys")
    assert await give(database, now) == 0


@pytest.mark.parametrize("capacity", [0, -1, 10_001])
async def test_a_capacity_that_makes_no_sense_is_refused(capacity: int, database: Database, now: datetime) -> None:
    number = await team(database, now, HAND, [])
    async with database.unit() as session:
        with pytest.raises(teams.TeamProblem):
            await teams.set_assigning(session, number, ROUND, capacity, now=now)


@given(
    st.lists(st.integers(0, 9), max_size=6),
    st.integers(0, 8),
    st.none() | st.integers(1, 9),
    st.sampled_from(Assigning),
)
def test_whoever_is_chosen_has_room_and_with_the_least_busy_nobody_has_less(
    loads: list[int], turn: int, capacity: int | None, rule: Assigning
) -> None:
    there = [Candidate(n, load) for n, load in enumerate(loads, start=1)]
    room = [one for one in there if capacity is None or one.load < capacity]
    who = chosen(rule, there, capacity=capacity, turn=turn)
    if rule is HAND or not room:
        assert who is None
        return
    found = next(one for one in room if one.staff_id == who)
    if rule is LEAST:
        assert found.load == min(one.load for one in room)


def test_in_turn_nobody_is_passed_over() -> None:
    there, turn, had = [Candidate(n, 0) for n in (3, 5, 9)], 0, []
    for _ in range(7):
        turn = chosen(ROUND, there, capacity=None, turn=turn) or 0
        had.append(turn)
    assert had == [3, 5, 9, 3, 5, 9, 3]
