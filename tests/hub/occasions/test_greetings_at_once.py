"""Greetings made thousands at a time are as those that are asked for alone; slices and lanes leave nobody out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from channels.adapter import Channel
from channels.message import Address
from hub.customers import consent, directory
from hub.database.engine import Database
from hub.models import Customer, Greeting, Interaction, Outbox
from hub.models.vocabulary import Kind, OccasionKind, Purpose, State, Withheld
from hub.occasions import due, greeting, rules, waiting
from hub.occasions.rules import Wish
from hub.outbound import outbox, planning, preparing, senders, templates
from hub.outbound.request import Gate

NOON = datetime(2026, 9, 21, 10, tzinfo=UTC)
BORN = date(1990, 9, 21)
ZONES = ("Europe/Warsaw", "Europe/Sofia", "Africa/Cairo", "Asia/Kolkata", "UTC", None)
MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "us@meadow.example"), None, None)  # type: ignore[arg-type]
WORDS = {
    one: {"subject": "{{ occasion }}", "body": "Dear {{ given_name }}{% if age %}, {{ age }}{% endif %}", "sms": "Hail"}
    for one in ("en", "pl")
}


async def _town(database: Database, people: int = 40) -> None:
    chance = random.Random(7)
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=1000, burst=1000, now=NOON)
        await templates.save(session, "ours", WORDS, now=NOON)
        for number in range(people):
            year = chance.choice((None, 1990, 2004))
            new = directory.NewCustomer(
                name=f"Person {number}",
                given_name=chance.choice(("", "Ana")),
                language=chance.choice(("en", "pl", "bg")),
                timezone=chance.choice(ZONES),
                emails=tuple(f"p{number}.{n}@example.org" for n in range(chance.choice((0, 1, 1, 2)))),
                phones=tuple(f"+4873223{number:03d}{n}" for n in range(chance.choice((0, 0, 1, 2)))),
                birthday=(year, BORN.month, BORN.day),
            )
            customer = await directory.create(session, new, now=NOON)
            card: dict[str, Any] = {"deceased": chance.random() < 0.1, "quiet_until": chance.choice((None, time(23)))}
            await directory.change(session, customer.id, card, now=NOON)
            if chance.random() < 0.8:
                said = consent.Statement(customer.id, Purpose.GREETINGS, None, granted=True, source="test")
                await consent.record(session, said, now=NOON)


async def _festival(database: Database, **more: Any) -> None:
    async with database.unit() as session:
        titles = {"titles": {"pl": "Nasz dzień"}}
        wish = Wish(OccasionKind.FESTIVAL, "Our day", "ours", {"date": "09-21", **titles}, late_days=0, **more)
        await rules.save(session, wish, now=NOON)
        await rules.change_birthdays(session, template="ours", enabled=False, now=NOON)


async def _born(database: Database) -> None:
    async with database.unit() as session:
        await rules.change_birthdays(session, template="ours", late_days=0, now=NOON)


async def _alone(database: Database, gate: Gate, now: datetime) -> list[tuple[Any, ...]]:
    """What each would be sent, in the order of their ids."""
    zone = gate.rules.company_zone
    async with database.unit() as session:
        (occasion,) = await rules.listing(session, enabled=True)
        version = await templates.current(session, occasion.template, now=now)
        keepers = await waiting.find(session, occasion, zone=zone, now=now)
        _, first = await due.take(session, keepers, (), waiting.EVERYBODY, now=now) if keepers else (0, 0)
        everybody = (await session.exec(select(Customer.id))).all()
        some = await due.taken(session, everybody, first, zone=zone)
        requests = [greeting.request(occasion, version, one) for one in some]
        plans = await planning.plans(session, requests, gate=gate, now=now)
        await session.rollback()
    return [_planned(one) for one in plans]


def _planned(plan: planning.Plan) -> tuple[Any, ...]:
    row, made_of = plan.interaction, plan.request.content.variables  # type: ignore[union-attr]
    queued = (plan.due_at, plan.request.expires_at) if plan.channel else None
    return _said(row, made_of), queued


async def _logged(database: Database) -> list[tuple[Any, ...]]:
    async with database.unit() as session:
        rows = (await session.exec(select(Interaction).order_by(col(Interaction.customer_id)))).all()
        tickets = {one.interaction_id: (one.due_at, one.expires_at) for one in await session.exec(select(Outbox))}
        kept = {one.interaction_id for one in await session.exec(select(Greeting))}
    assert kept == {row.id for row in rows}
    return [(_said(row, row.variables or {}), tickets.get(row.id)) for row in rows]


def _said(row: Interaction, variables: Any) -> tuple[Any, ...]:
    """Whom one by one is asked for has the customer's own values among the variables already."""
    own = {name: variables[name] for name in ("given_name", "occasion", "age", "years") if name in variables}
    what = (row.customer_id, row.kind, row.channel, row.origin, row.purpose, row.state, row.reason, row.recipient)
    return *what, row.occasion, row.trace, row.template_version_id, row.auto, own


@pytest.mark.parametrize("hour", [8, 10, 19, 21])
@pytest.mark.parametrize("arrange", [_festival, _born], ids=["festival", "birthday"])
async def test_a_greeting_among_many_is_as_one_that_is_asked_for_alone(
    database: Database, gate: Gate, arrange: Any, hour: int
) -> None:
    now = NOON.replace(hour=hour)
    await _town(database)
    await arrange(database)
    expected = await _alone(database, gate, now)
    await greeting.greet(database, gate=gate, clock=lambda: now)
    assert await _logged(database) == expected
    assert {row[0][6] for row in expected} >= {"", Withheld.NO_CONSENT, Withheld.DECEASED}
    if hour == 21:
        assert Withheld.TOO_LATE in {row[0][6] for row in expected}


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_in_slices_of_any_size_and_by_several_at_once_everybody_is_greeted_once(
    database: Database, gate: Gate, size: int
) -> None:
    await _town(database, 14)
    await _festival(database)
    working = [greeting.greet(database, gate=gate, clock=lambda: NOON, size=size) for _ in range(2)]
    placed = sum(await asyncio.gather(*working))
    async with database.unit() as session:
        rows = (await session.exec(select(Interaction))).all()
        everybody = set(await session.exec(select(Customer.id)))
    assert sorted(row.customer_id for row in rows) == sorted(everybody)
    assert placed == sum(row.state is State.QUEUED for row in rows)


async def _found(database: Database, gate: Gate) -> waiting.Waiting:
    async with database.unit() as session:
        (occasion,) = await rules.listing(session, enabled=True)
        found = await waiting.find(session, occasion, zone=gate.rules.company_zone, now=NOON)
    assert found is not None
    return found


async def _taken(database: Database, found: waiting.Waiting) -> int:
    async with database.unit() as session:
        return (await due.take(session, found, (), waiting.EVERYBODY, now=NOON))[0]


async def _somebody_waits(database: Database) -> None:
    """Until a statement waits for what another has locked."""
    locked = text(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(30):
        while True:
            async with database.unit() as session:
                if (await session.execute(locked)).scalar_one():
                    return


async def test_who_is_taken_by_somebody_else_at_the_same_moment_is_left_out(database: Database, gate: Gate) -> None:
    await _town(database, 5)
    await _festival(database)
    found = await _found(database, gate)
    async with database.unit() as session:
        number, _ = await due.take(session, found, (), waiting.EVERYBODY, now=NOON)
        other = asyncio.create_task(_taken(database, found))
        await _somebody_waits(database)
    assert (number, await other) == (5, 0)
    async with database.unit() as session:
        assert len((await session.exec(select(Greeting))).all()) == 5


async def test_who_keeps_several_days_at_once_is_greeted_for_the_first(database: Database, gate: Gate) -> None:
    await _town(database, 1)
    await _festival(database)
    found = await _found(database, gate)
    assert found.keepers is not None
    eve, day = NOON.date() - timedelta(days=1), NOON.date()
    several = waiting.Keepers([*found.keepers.customer_id] * 3, [day, eve, eve], [None] * 3)
    late = replace(found, occasion=found.occasion.model_copy(update={"late_days": 2}), keepers=several)
    assert await _taken(database, late) == 1
    async with database.unit() as session:
        (made,) = (await session.exec(select(Greeting))).all()
    assert (made.kept, made.day) == (eve, day)


async def _leaving(database: Database, gate: Gate) -> Sequence[preparing.Ready]:
    async with database.unit() as session:
        tickets = await outbox.claim(session, "mail", limit=9, worker="test")
        return await preparing.prepare(session, tickets, MAIL, gate=gate, claimed=0.0, now=NOON + timedelta(minutes=1))


async def test_the_words_of_a_greeting_are_made_when_it_leaves(database: Database, gate: Gate) -> None:
    await _town(database, 0)
    await _born(database)
    async with database.unit() as session:
        new = directory.NewCustomer("Ana Nowak", emails=("ana@example.org",), birthday=(1990, 9, 21), timezone="UTC")
        customer = await directory.create(session, new, now=NOON)
        said = consent.Statement(customer.id, Purpose.GREETINGS, None, granted=True, source="test")
        await consent.record(session, said, now=NOON)
    assert await greeting.greet(database, gate=gate, clock=lambda: NOON) == 1
    (ready,) = await _leaving(database, gate)
    assert str(ready.message.content.text) == "Dear Ana Nowak, 36"
