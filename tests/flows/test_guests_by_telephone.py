"""Guests whose channel is the telephone: they are called, press a key, and have a seat, wait for one, or give it up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from channels.sandbox.telephone import Behaviour
from hub import clock
from hub.customers import consent, preferences
from hub.customers.consent import Statement
from hub.gatherings import inviting, plans
from hub.gatherings.plans import Plan
from hub.models import Guest
from hub.models.vocabulary import GuestState, Kind, Purpose
from tests.flows.town import Town, town, working

ANA, BOB, EVE = "+48601123451", "+48601123452", "+48601123453"
PRESSED = {ANA: "1", BOB: "2", EVE: "7"}


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def test_key_1_takes_a_seat_key_2_refuses_it_and_another_key_says_nothing(meadow: Town) -> None:
    people = {number: await _who_likes_calls(meadow, number) for number in PRESSED}
    for number, key in PRESSED.items():
        meadow.world.carrier.behave(number, Behaviour(always=key))
    await _invite(meadow, list(people.values()), capacity=None)
    await meadow.until(lambda: _answered(meadow, 2))
    await meadow.world.carrier.settled()
    states = {guest.customer_id: (guest.state, guest.answered_by) for guest in await _guests(meadow)}
    assert states == {
        people[ANA]: (GuestState.COMING, Kind.VOICE),
        people[BOB]: (GuestState.NOT_COMING, Kind.VOICE),
        people[EVE]: (GuestState.INVITED, None),
    }
    for number, heard in ((ANA, "If you are coming, press 1"), (BOB, "If you are coming, press 1")):
        (call,) = meadow.world.carrier.calls(number)
        assert any(heard in one.what for one in call.heard), [one.what for one in call.heard]
        assert ("pressed", PRESSED[number]) in [(one.verb, one.what) for one in call.heard]


async def test_key_1_when_all_seats_are_taken_waits_and_is_told_so(meadow: Town) -> None:
    first, second = [await _who_likes_calls(meadow, number) for number in (ANA, BOB)]
    for number in (ANA, BOB):
        meadow.world.carrier.behave(number, Behaviour(always="1"))
    event = await _invite(meadow, [first], capacity=1)
    await meadow.until(lambda: _answered(meadow, 1))
    await _ask(meadow, event, [second])
    await meadow.until(lambda: _answered(meadow, 2))
    states = {guest.customer_id: guest.state for guest in await _guests(meadow)}
    assert states == {first: GuestState.COMING, second: GuestState.WAITING}
    await meadow.until(lambda: _heard(meadow, BOB, "All seats are taken"))


async def _who_likes_calls(meadow: Town, number: str) -> UUID:
    customer = await meadow.customer(f"Guest {number[-1]}", phone=number)
    async with meadow.hub.database.unit() as session:
        yes = Statement(customer, Purpose.MARKETING, None, granted=True, source="web form")
        await consent.record(session, yes, now=clock.now())
        for purpose in (Purpose.MARKETING, Purpose.SERVICE):
            await preferences.rank(session, customer, purpose, [Kind.VOICE], now=clock.now())
    return customer


async def _invite(meadow: Town, people: list[UUID], *, capacity: int | None) -> int:
    async with meadow.hub.database.unit() as session:
        plan = Plan("Open garden", clock.now() + timedelta(days=5), "UTC", capacity=capacity)
        event = await plans.create(session, plan, staff_id=None, now=clock.now())
    await _ask(meadow, event.id or 0, people)
    return event.id or 0


async def _ask(meadow: Town, event: int, people: list[UUID]) -> None:
    async with meadow.hub.database.unit() as session:
        await inviting.choose(session, event, people, now=clock.now())


async def _guests(meadow: Town) -> list[Guest]:
    async with meadow.hub.database.unit() as session:
        return list(await session.exec(select(Guest).order_by(col(Guest.id))))


async def _answered(meadow: Town, many: int) -> bool:
    return sum(guest.answered_at is not None for guest in await _guests(meadow)) == many


async def _heard(meadow: Town, number: str, words: str) -> bool:
    return any(words in one.what for call in meadow.world.carrier.calls(number) for one in call.heard)
