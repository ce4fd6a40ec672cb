"""What is learnt of many customers in one statement is what is learnt of each by themselves."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.interactions import partitions, reach_log
from hub.interactions.reaching import Reached, Suggestion
from hub.models import Customer, Interaction
from hub.models.vocabulary import Direction, Kind, Origin, State
from tests.mixed_town import MOMENTS

WARSAW, USUAL = "Europe/Warsaw", (Kind.EMAIL, Kind.SMS, Kind.VOICE)
ZONES = (None, "Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Nowhere/At_All")
PEOPLE, WORDS = 12, (0, 1, 4, 20, 40, 60)


def test_many_at_once_are_told_what_each_is_told_alone(own_url: str) -> None:
    with asyncio.Runner() as runner:
        database, seen = Database(own_url, pool_size=1), Counter[str]()
        runner.run(_months(database))

        @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(seed=st.integers(0, 2**32), now=st.sampled_from(MOMENTS))
        def same(seed: int, now: datetime) -> None:
            seen.update(runner.run(_compare(database, random.Random(seed), now)))

        same()
        runner.run(database.close())
    assert min(seen[one] for one in ("learnt", "hours", "nothing")) > 5


async def _months(database: Database) -> None:
    async with database.unit() as session:
        for days in range(0, 1000, 25):
            await partitions.ensure_months(session, max(MOMENTS) - timedelta(days=days))


class _Undo(Exception):
    """The town is taken back."""


async def _compare(database: Database, chance: random.Random, now: datetime) -> list[str]:
    usual = tuple(chance.sample(USUAL, chance.randint(1, 3)))
    with pytest.raises(_Undo):
        async with database.unit() as session:
            customers = [await _customer(session, chance, now) for _ in range(PEOPLE)]
            await reach_log.reckon(session, company_zone=WARSAW, now=now)
            ids = [one.id for one in customers]
            found = await reach_log.of_many(session, ids, usual, company_zone=WARSAW, now=now)
            alone = {one.id: await reach_log.of(session, one, usual, company_zone=WARSAW, now=now) for one in customers}
            raise _Undo
    assert found.keys() <= alone.keys()
    assert {one: _plain(found[one]) for one in found} == {one: _plain(alone[one]) for one in found}
    assert not any(alone[one].known for one in alone.keys() - found.keys())
    return [word for one in alone.values() for word in _sorts(one)]


def _plain(one: Suggestion) -> Any:
    return one.usual, [(*_counts(channel), pytest.approx(channel.rate.mean)) for channel in one.channels]


def _counts(one: Reached) -> tuple[Any, ...]:
    return one.kind, one.tried, one.arrived, one.answered, one.hours, one.general, str(one.why)


def _sorts(one: Suggestion) -> list[str]:
    hours = ["hours"] if any(channel.hours for channel in one.channels) else []
    return [*hours, "learnt" if one.learnt else "usual" if one.known else "nothing"]


async def _customer(session: AsyncSession, chance: random.Random, now: datetime) -> Customer:
    """One who likes one channel and one part of the day more than others, with what was said to and by them."""
    made = await directory.create(session, NewCustomer("Ana"), now=now - timedelta(days=800))
    made.timezone = chance.choice(ZONES)
    liked, hour = chance.choice(USUAL), chance.randrange(24)
    at = now - timedelta(days=chance.choice((20, 200, 600)))
    for _ in range(chance.choice(WORDS)):
        at += timedelta(minutes=chance.choice((1, 700, 1440, 2000, 6000)))
        at = at.replace(hour=hour) if chance.random() < 0.3 else at
        if at < now:
            session.add_all(_exchange(chance, made.id, at, liked, hour))
    await session.flush()
    return made


def _exchange(chance: random.Random, customer: UUID, at: datetime, liked: Kind, hour: int) -> list[Interaction]:
    kind = chance.choice((liked, *USUAL))
    likely = 0.05 + 0.25 * (kind is liked) + 0.65 * (at.hour in (hour, (hour + 1) % 24))
    answers = chance.random() < likely
    state = chance.choice((State.SENT, State.SENT, State.DELIVERED, State.READ, State.FAILED, State.WITHHELD))
    if kind is Kind.VOICE:
        state = State.DELIVERED if answers else State.FAILED
    about = {
        "origin": Origin.AGENT if chance.random() < 0.9 else chance.choice((Origin.TEST, Origin.CAMPAIGN)),
        "state": state,
        "auto": "replied" if chance.random() < 0.1 else "",
        "call": {"answered_by": chance.choice(("human", "machine"))} if kind is Kind.VOICE else None,
    }
    rows = [_row(customer, at, kind, Direction.OUT, about)]
    if answers and kind is not Kind.VOICE:
        later = at + timedelta(minutes=chance.choice((0, 5, 300, 3000, 5000)))
        heard = {"origin": Origin.CUSTOMER, "state": State.RECEIVED, "auto": chance.choice(("", "", "", "replied"))}
        rows.append(_row(customer, later, chance.choice(USUAL[:2]), Direction.IN, heard))
    return rows


def _row(customer: UUID, at: datetime, kind: Kind, way: Direction, about: dict[str, Any]) -> Interaction:
    return Interaction(id=uuid7(at), at=at, state_at=at, customer_id=customer, kind=kind, direction=way, **about)
