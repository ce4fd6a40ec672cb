"""Campaigns whose recipients turn out to be one person: nobody is left out, nobody is written to twice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlmodel import col, select

from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.customers import directory, merging, parting
from hub.database.engine import Database
from hub.models import Interaction, Outbox
from hub.models.vocabulary import Origin, State
from hub.outbound.request import Gate
from tests.hub.campaigns.conftest import Enrol
from tests.hub.campaigns.running import feed, feed_all

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)


@pytest.fixture
async def campaign(database: Database, enrol: Enrol, spring: int, gate: Gate, now: datetime) -> int:
    """Running, for Ada, Ben and Cleo, in this order."""
    for name in ("Ada", "Ben", "Cleo"):
        await enrol(name)
    async with database.unit() as session:
        plan = Plan("Spring", spring, SPRING, variables={"offer": "now"})
        made = await lifecycle.create(session, plan, staff_id=None, now=now)
        await lifecycle.start(session, made.id or 0, gate=gate, now=now)
    return made.id or 0


async def _merge(database: Database, winner: str, loser: str, now: datetime) -> UUID:
    async with database.unit() as session:
        both = [(await directory.listing(session, query=name))[0].id for name in (winner, loser)]
        return (await merging.merge(session, *both, staff_id=None, now=now)).id


async def _leaving(database: Database) -> list[str]:
    """Addresses that a ticket is there for."""
    async with database.unit() as session:
        rows = select(Interaction.recipient).join(Outbox, col(Outbox.interaction_id) == col(Interaction.id))
        return sorted(await session.exec(rows.where(Interaction.origin == Origin.CAMPAIGN)))


async def test_two_who_wait_to_be_written_to_are_written_to_once(
    database: Database, campaign: int, gate: Gate, now: datetime
) -> None:
    await feed(database, campaign, gate, now, 1)  # whom it means is written down, and Ada's mail
    await _merge(database, "Cleo", "Ben", now)
    await feed_all(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org", "cleo@example.org"]


async def test_who_waited_is_not_forgotten_when_the_winner_s_place_has_been_passed(
    database: Database, campaign: int, enrol: Enrol, gate: Gate, now: datetime
) -> None:
    async with database.unit() as session:  # who is no recipient, and stands before them all
        first = await directory.create(session, directory.NewCustomer("Aaron"), now=now.replace(year=2020))
    for _ in range(2):
        await feed(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org", "ben@example.org"]
    async with database.unit() as session:
        cleo = (await directory.listing(session, query="Cleo"))[0].id
        await merging.merge(session, first.id, cleo, staff_id=None, now=now)
    await feed_all(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org", "ben@example.org", "cleo@example.org"]


async def test_of_two_mails_that_have_not_left_one_is_taken_back_and_given_back(
    database: Database, campaign: int, gate: Gate, now: datetime
) -> None:
    await feed_all(database, campaign, gate, now)
    merge = await _merge(database, "Ada", "Ben", now)
    assert await _leaving(database) == ["ada@example.org", "cleo@example.org"]
    async with database.unit() as session:
        states = (await session.exec(select(Interaction.state).where(Interaction.recipient == "ben@example.org"))).all()
    assert states == [State.CANCELLED]
    async with database.unit() as session:
        await parting.part(session, merge, staff_id=None, now=now)
    assert await _leaving(database) == ["ada@example.org", "ben@example.org", "cleo@example.org"]


async def test_what_the_loser_was_sent_counts_as_the_winner_s(
    database: Database, campaign: int, gate: Gate, now: datetime
) -> None:
    await feed(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org"]
    merge = await _merge(database, "Cleo", "Ada", now)
    await feed_all(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org", "ben@example.org"]
    async with database.unit() as session:
        await parting.part(session, merge, staff_id=None, now=now)
    await feed_all(database, campaign, gate, now, 1)
    assert await _leaving(database) == ["ada@example.org", "ben@example.org", "cleo@example.org"]
