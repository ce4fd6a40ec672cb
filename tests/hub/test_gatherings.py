"""Events: asked through the gate, seats given out one by one, a waiting list that moves up, reminders, attendance."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, delete, select

from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.gatherings import inviting, letters, plans, seats
from hub.gatherings.plans import BadGathering, Plan
from hub.inbound.receive import Reception
from hub.models import Guest, Interaction, Outbox
from hub.models.vocabulary import GuestState, Kind, Purpose, Recalled, State, Withheld
from hub.outbound import senders, templates
from hub.outbound.asking import Gate
from hub.personal import erasing
from tests.gates import PLAIN, gate_of
from tests.hub.inbound.conftest import channels, reception

__all__ = ["channels", "reception"]

DAY = timedelta(days=1)


@pytest.fixture
def gate() -> Gate:
    return gate_of(PLAIN, Kind.EMAIL, Kind.SMS)


class Party:
    """An event with some people who agreed to marketing, all of them asked."""

    def __init__(self, database: Database, gate: Gate, now: datetime) -> None:
        self.database, self.gate, self.now = database, gate, now
        self.event = 0
        self.people: list[UUID] = []

    async def prepare(self, people: int, capacity: int | None) -> None:
        async with self.database.unit() as session:
            for kind, name in ((Kind.EMAIL, "email"), (Kind.SMS, "sms")):
                await senders.register(session, name, kind, rate=100, burst=100, now=self.now)
            plan = Plan("Open garden", self.now + 5 * DAY, "UTC", place="Main St", capacity=capacity)
            self.event = (await plans.create(session, plan, staff_id=None, now=self.now)).id or 0
            for n in range(people):
                new = directory.NewCustomer(f"P{n}", emails=(f"p{n}@x.example",), timezone="UTC", language="en")
                made = await directory.create(session, new, now=self.now)
                yes = Statement(made.id, Purpose.MARKETING, None, granted=True, source="test")
                await consent.record(session, yes, now=self.now)
                self.people.append(made.id)
            assert await inviting.choose(session, self.event, self.people, now=self.now) == people
        async with self.database.unit() as session:
            await inviting.send(session, gate=self.gate, now=self.now)

    async def guests(self) -> list[Guest]:
        async with self.database.unit() as session:
            return list(await session.exec(select(Guest).order_by(col(Guest.id))))

    async def states(self) -> list[str]:
        return [one.state.value for one in await self.guests()]

    async def say(self, guest: int, coming: bool, by: Kind | None = None, minutes: int = 0) -> GuestState:
        at = self.now + timedelta(minutes=minutes)
        async with self.database.unit() as session:
            return (await seats.answer(session, guest, coming=coming, gate=self.gate, now=at, by=by)).state

    async def log(self) -> list[Interaction]:
        async with self.database.unit() as session:
            return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


@pytest.fixture
def party(database: Database, gate: Gate, now: datetime) -> Party:
    return Party(database, gate, now)


async def test_everybody_chosen_is_asked_once_through_the_gate(party: Party) -> None:
    await party.prepare(2, None)
    async with party.database.unit() as session:
        silent = await directory.create(session, directory.NewCustomer("S", emails=("s@x.example",)), now=party.now)
        chosen = [*party.people, silent.id]
        assert await inviting.choose(session, party.event, chosen, now=party.now) == 1
    for _ in range(2):
        async with party.database.unit() as session:
            await inviting.send(session, gate=party.gate, now=party.now)
    assert await party.states() == ["invited", "invited", "withheld"]
    log = await party.log()
    assert [(row.state, row.purpose) for row in log[:2]] == [(State.QUEUED, Purpose.MARKETING)] * 2
    assert [row.reason for row in log[2:]] == [Withheld.NO_CONSENT]


async def test_beside_whom_no_invitation_reached_the_reason_is_known(party: Party) -> None:
    await party.prepare(3, None)
    async with party.database.unit() as session:
        silent = await directory.create(session, directory.NewCustomer("S", emails=("s@x.example",)), now=party.now)
        await inviting.choose(session, party.event, [silent.id], now=party.now)
    async with party.database.unit() as session:
        await inviting.send(session, gate=party.gate, now=party.now)
    guests = await party.guests()
    await party.say(guests[2].id or 0, coming=True)
    async with party.database.unit() as session:
        for guest in (guests[1], guests[2]):
            bounced = await session.get_one(Interaction, guest.asked_id)
            bounced.state, bounced.reason = State.FAILED, "no_such_address"
    async with party.database.unit() as session:
        seen = {one.name: (one.state, one.reason) for one in await inviting.guests(session, party.event)}
    assert seen == {
        "P0": (None, ""),
        "P1": (State.FAILED, "no_such_address"),
        "P2": (None, ""),  # has answered all the same
        "S": (State.WITHHELD, Withheld.NO_CONSENT),
    }


async def test_a_saved_segment_is_invited_but_for_those_who_are_already(party: Party) -> None:
    await party.prepare(1, None)
    async with party.database.unit() as session:
        other = directory.NewCustomer("Q", emails=("q@x.example",), language="en")
        await directory.create(session, other, now=party.now)
        segment = [{"field": "language", "op": "eq", "value": "en"}]
        assert await inviting.choose_segment(session, party.event, segment, now=party.now) == 1


async def test_of_many_who_say_yes_at_once_as_many_come_as_there_are_seats(party: Party) -> None:
    await party.prepare(6, 2)
    guests = [one.id or 0 for one in await party.guests()]
    said = await asyncio.gather(*(party.say(one, True) for one in guests))
    assert sorted(said) == ["coming"] * 2 + ["waiting"] * 4
    assert sorted(await party.states()) == sorted(said)


async def test_who_waits_longest_moves_up_is_told_by_the_way_they_answered_and_only_once(party: Party) -> None:
    await party.prepare(3, 1)
    first, second, third = (one.id or 0 for one in await party.guests())
    assert await party.say(first, True, Kind.EMAIL) is GuestState.COMING
    assert await party.say(third, True, Kind.EMAIL, 1) is GuestState.WAITING
    assert await party.say(second, True, Kind.EMAIL, 2) is GuestState.WAITING
    assert await party.say(first, False, Kind.EMAIL, 3) is GuestState.NOT_COMING
    await party.say(first, False, Kind.EMAIL, 4)
    assert await party.states() == ["not_coming", "waiting", "coming"]
    told = [
        (row.customer_id, row.variables["outcome"])
        for row in await party.log()
        if row.variables and "outcome" in row.variables
    ]
    one, two, three = party.people
    assert sorted(told, key=str) == sorted(
        [(one, "coming"), (three, "waiting"), (two, "waiting"), (one, "not_coming"), (three, "moved_up")], key=str
    )
    assert {row.kind for row in await party.log()} == {Kind.EMAIL}


async def test_two_who_give_up_their_seats_at_once_let_two_move_up(party: Party) -> None:
    await party.prepare(5, 2)
    guests = [one.id or 0 for one in await party.guests()]
    for n, one in enumerate(guests):
        await party.say(one, True, None, n)
    await asyncio.gather(*(party.say(one, False, None, 9) for one in guests[:2]))
    assert await party.states() == ["not_coming", "not_coming", "coming", "coming", "waiting"]


async def test_more_seats_let_the_waiting_list_move_up(party: Party) -> None:
    await party.prepare(3, 1)
    for n, one in enumerate(await party.guests()):
        await party.say(one.id or 0, True, None, n)
    async with party.database.unit() as session:
        plan = Plan("Open garden", party.now + 5 * DAY, "UTC", capacity=2)
        changed = await plans.change(session, party.event, plan, now=party.now)
        assert await seats.fill(session, changed, gate=party.gate, now=party.now) == 1
    assert await party.states() == ["coming", "coming", "waiting"]


async def test_who_comes_is_reminded_once_and_again_only_at_another_time(party: Party) -> None:
    await party.prepare(2, None)
    first, _ = await party.guests()
    await party.say(first.id or 0, True)

    async def remind(at: datetime) -> int:
        async with party.database.unit() as session:
            return await inviting.remind(session, gate=party.gate, now=at)

    begins = party.now + 5 * DAY
    said = [await remind(begins - DAY - timedelta(minutes=1)), await remind(begins - DAY), await remind(begins - DAY)]
    assert said == [0, 1, 0]
    async with party.database.unit() as session:
        plan = Plan("Open garden", begins + DAY, "UTC")
        await plans.change(session, party.event, plan, now=party.now)
    assert [await remind(begins - DAY), await remind(begins), await remind(begins + 2 * DAY)] == [0, 1, 0]


async def test_nobody_is_asked_or_answers_once_it_is_called_off_or_has_begun(party: Party) -> None:
    await party.prepare(1, None)
    (guest,) = await party.guests()
    await _leave(party, guest.id or 0)
    async with party.database.unit() as session:
        await plans.cancel(session, party.event, now=party.now)
        assert await seats.awaiting_answer(session, party.people[0], now=party.now) is None
        with pytest.raises(BadGathering):
            await inviting.choose(session, party.event, party.people, now=party.now)
    assert await party.say(guest.id or 0, True) is GuestState.INVITED
    async with party.database.unit() as session:
        await plans.restore(session, party.event)
    assert await party.say(guest.id or 0, True, None, 6 * 24 * 60) is GuestState.INVITED


async def _tell_off(party: Party, at: datetime) -> int:
    async with party.database.unit() as session:
        return await inviting.tell_off(session, gate=party.gate, now=at)


async def _call_off(party: Party, at: datetime) -> None:
    async with party.database.unit() as session:
        await plans.cancel(session, party.event, now=at)


async def _told_off(party: Party) -> list[tuple[UUID, State, Purpose]]:
    """Everything in the log about its being called off."""
    async with party.database.unit() as session:
        version = await templates.current(session, letters.CALLED_OFF, now=party.now)
    mine = [row for row in await party.log() if row.template_version_id == version.id]
    return [(row.customer_id, row.state, row.purpose) for row in mine]


async def _leave(party: Party, *guests: int, state: State = State.SENT) -> None:
    """Their invitations have."""
    async with party.database.unit() as session:
        for number in guests:
            asked = (await session.get_one(Guest, number)).asked_id
            row = await session.get_one(Interaction, asked)
            row.state, row.state_rank = state, state.rank
            await session.exec(delete(Outbox).where(col(Outbox.interaction_id) == asked))


async def test_who_comes_or_waits_is_told_once_that_it_is_called_off(party: Party) -> None:
    await party.prepare(3, 1)
    coming, waiting, no = (one.id or 0 for one in await party.guests())
    for n, (guest, said) in enumerate(((coming, True), (waiting, True), (no, False))):
        await party.say(guest, said, None, n)
    assert await _tell_off(party, party.now) == 0, "it takes place"
    await _call_off(party, party.now)
    await _call_off(party, party.now + timedelta(minutes=1))
    counts = await asyncio.gather(*(_tell_off(party, party.now + timedelta(minutes=2)) for _ in range(3)))
    assert (sum(counts), await _tell_off(party, party.now + DAY)) == (2, 0)
    one, two, *_ = party.people
    assert await _told_off(party) == [(who, State.QUEUED, Purpose.SERVICE) for who in (one, two)]


async def test_who_got_the_invitation_and_has_not_answered_is_told_once_as_well(party: Party) -> None:
    await party.prepare(6, None)
    reached, read, refused, late, bounced, unsubscribed = (one.id or 0 for one in await party.guests())
    await party.say(refused, False)
    await _leave(party, reached, refused, unsubscribed)
    await _leave(party, read, state=State.READ)
    await _leave(party, bounced, state=State.FAILED)
    async with party.database.unit() as session:
        no = Statement(party.people[5], Purpose.MARKETING, None, granted=False, source="link")
        await consent.record(session, no, now=party.now + timedelta(minutes=1))
    await _call_off(party, party.now + timedelta(minutes=2))
    async with party.database.unit() as session:
        assert await plans.expecting(session, party.event) == 2
    counts = await asyncio.gather(*(_tell_off(party, party.now + timedelta(minutes=3)) for _ in range(3)))
    assert (sum(counts), await _tell_off(party, party.now + DAY)) == (2, 0)
    told = [(who, State.QUEUED, Purpose.SERVICE) for who in party.people[:2]]
    assert await _told_off(party) == told
    assert (await party.states())[3] == "chosen", f"the invitation of {late} has not left"


async def test_an_invitation_that_has_not_left_is_taken_back_and_sent_if_it_takes_place_after_all(party: Party) -> None:
    await party.prepare(2, None)
    await _call_off(party, party.now)
    assert [(row.state, row.reason) for row in await party.log()] == [(State.CANCELLED, Recalled.NO_LONGER_SO)] * 2
    assert await _tell_off(party, party.now) == 0
    async with party.database.unit() as session:
        assert await inviting.send(session, gate=party.gate, now=party.now) == 0
        await plans.restore(session, party.event)
    for asked in (2, 0):
        async with party.database.unit() as session:
            assert await inviting.send(session, gate=party.gate, now=party.now) == asked
    assert await party.states() == ["invited"] * 2
    assert [row.state for row in await party.log()] == [State.CANCELLED] * 2 + [State.QUEUED] * 2


async def test_who_was_told_is_told_again_only_if_they_have_said_yes_since(party: Party) -> None:
    await party.prepare(2, None)
    first, second = (one.id or 0 for one in await party.guests())
    for guest in (first, second):
        await party.say(guest, True)
    await _call_off(party, party.now)
    assert await _tell_off(party, party.now) == 2
    async with party.database.unit() as session:
        await plans.restore(session, party.event)
    assert await _tell_off(party, party.now + timedelta(minutes=1)) == 0
    await party.say(second, True, None, 2)
    await _call_off(party, party.now + timedelta(minutes=3))
    assert await _tell_off(party, party.now + timedelta(minutes=4)) == 1
    assert [who for who, *_ in await _told_off(party)] == [*party.people, party.people[1]]


async def test_nobody_is_told_any_more_once_it_would_have_begun(party: Party) -> None:
    await party.prepare(1, None)
    (guest,) = await party.guests()
    await party.say(guest.id or 0, True)
    await _call_off(party, party.now)
    assert await _tell_off(party, party.now + 5 * DAY) == 0


async def test_the_seat_of_somebody_who_is_erased_goes_to_whoever_waits_longest(
    party: Party, reception: Reception
) -> None:
    await party.prepare(3, 1)
    for n, one in enumerate(await party.guests()):
        await party.say(one.id or 0, True, None, n)

    async def fill() -> int:
        async with party.database.unit() as session:
            return await seats.fill_freed(session, gate=party.gate, now=party.now + timedelta(minutes=9))

    assert await fill() == 0, "nobody has gone"
    async with party.database.unit() as session:
        gone = (await erasing.ask(session, party.people[0], name="P0", staff_id=None, now=party.now)).id
    await erasing.carry_out(party.database, reception.storage, gone, clock=lambda: party.now)
    assert sorted(await asyncio.gather(fill(), fill())) == [0, 1]
    assert await party.states() == ["coming", "waiting"]
    told = [row.customer_id for row in await party.log() if (row.variables or {}).get("outcome") == "moved_up"]
    assert told == [party.people[1]]


async def test_attendance_is_ticked_and_taken_back_and_counted(party: Party) -> None:
    await party.prepare(2, None)
    first, second = await party.guests()
    async with party.database.unit() as session:
        await seats.attend(session, first.id or 0, True, now=party.now)
        await seats.attend(session, second.id or 0, True, now=party.now)
        await seats.attend(session, second.id or 0, False, now=party.now)
        (event,) = await plans.listing(session, now=party.now)
    assert (event.attended, event.counts[GuestState.INVITED]) == (1, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"capacity": 0},
        {"timezone": "Mars"},
        {"about": "x" * 2001},
        {"starts": -1},
    ],
)
async def test_an_event_that_cannot_be_is_refused(database: Database, now: datetime, wrong: dict[str, object]) -> None:
    starts = now + DAY * int(str(wrong.pop("starts", 1)))
    plan = Plan(**({"title": "Garden", "starts_at": starts, "timezone": "UTC"} | wrong))  # type: ignore[arg-type]
    async with database.unit() as session:
        with pytest.raises(BadGathering):
            await plans.create(session, plan, staff_id=None, now=now)
