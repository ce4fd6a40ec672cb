"""A call at the desk: it rings for some, one takes it, notes it and wraps it up; what was missed is called back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from channels.message import Address, CallEvent, Direction, HangUp, Kind, Progress, Ring, Script
from hub.conversations import (
    assignment,
    call_cards,
    call_outcomes,
    calling_customers,
    current_calls,
    keeping,
    logged,
    missed_calls,
    policies,
    routing,
    threads,
    wrap_ups,
)
from hub.conversations.call_outcomes import OutcomeProblem
from hub.conversations.calling_customers import CannotCall
from hub.conversations.current_calls import TakenAlready
from hub.conversations.logged import Contact, LogProblem, What
from hub.conversations.missed_calls import NoSuchCall
from hub.conversations.policies import Policy
from hub.conversations.wrap_ups import WrapUp, WrapUpProblem
from hub.customers import directory
from hub.database.engine import Database
from hub.inbound.receive import Reception, answer
from hub.models import Conversation, CurrentCall, HandledCall, Interaction, MissedCall, Promise, Staff
from hub.models.vocabulary import Assigning, ConversationState, Promised, Role, Settled, State
from hub.models.vocabulary import Direction as Way
from hub.outbound.request import Held, Placed
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA_PHONE, HUB_PHONE, call, voicemail

MAGDA, OLEG = "+48601000011", "+48601000012"
Ask = Callable[..., Awaitable[Script]]


@pytest.fixture
async def agents(database: Database, now: datetime) -> dict[str, int]:
    """Two people with telephones, by name."""
    found = {}
    async with database.unit() as session:
        for name, phone, role in (("magda", MAGDA, Role.AGENT), ("oleg", OLEG, Role.SUPERVISOR)):
            email = f"{name}@meadow.example"
            row = Staff(email=email, name=name, role=role, password_hash="", phone=phone, created_at=now)
            session.add(row)
            await session.flush()
            found[name] = row.id or 0
    return found


@pytest.fixture
def ask(database: Database, reception: Reception, now: datetime) -> Ask:
    async def one(event: CallEvent, *, at: datetime = now) -> Script:
        async with database.unit() as session:
            return (await answer(session, reception.channels["voice"], event, reception, now=at))[0]

    return one


def pressed(number: str, digits: str = "1", sid: str = "CA1") -> CallEvent:
    """Somebody picked up a rung telephone and pressed a key."""
    event = call("screened", Progress.ANSWERED, sid, leg_id=f"leg{number}", digits=digits)
    return replace(event, recipient=Address(Kind.VOICE, number))


@pytest.fixture
async def taken(ask: Ask, agents: dict[str, int], rows: Rows) -> UUID:
    """Ana calls and Magda takes it."""
    await ask(call("incoming", Progress.RINGING))
    await ask(pressed(MAGDA))
    (word,) = await rows(Interaction)
    found: UUID = word.id
    return found


@pytest.fixture
async def ended(taken: UUID, bring: Bring, now: datetime) -> UUID:
    await bring(call(progress=Progress.DELIVERED, seconds=70), at=now + timedelta(seconds=70))
    return taken


async def cards(database: Database, staff_id: int) -> tuple[list[str], list[str]]:
    """The customers who ring for somebody, and those whose calls they have."""
    async with database.unit() as session:
        ringing = await call_cards.ringing_for(session, staff_id)
        own = await call_cards.of(session, staff_id)
    return [one.number for one in ringing], [one.number for one in own]


async def test_a_call_shows_its_card_to_those_whose_telephones_ring(
    ask: Ask, agents: dict[str, int], database: Database
) -> None:
    await ask(call("incoming", Progress.RINGING))
    assert await cards(database, agents["magda"]) == ([ANA_PHONE], [])
    assert await cards(database, agents["oleg"]) == ([ANA_PHONE], [])


async def test_only_the_one_who_knows_the_customer_sees_it_until_the_others_are_rung(
    ask: Ask, agents: dict[str, int], database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        customer = (await directory.resolve(session, Address(Kind.VOICE, ANA_PHONE), now=now)).customer
        customer.owner_id = agents["oleg"]
    await ask(call("incoming", Progress.RINGING))
    assert [(await cards(database, agents[one]))[0] for one in ("oleg", "magda")] == [[ANA_PHONE], []]
    await ask(call("assignee", Progress.FAILED))
    assert [(await cards(database, agents[one]))[0] for one in ("oleg", "magda")] == [[], [ANA_PHONE]]
    await ask(call("agents", Progress.FAILED))
    assert (await cards(database, agents["magda"]))[0] == []


async def test_who_presses_one_has_the_call_and_the_others_cards_go(
    taken: UUID, agents: dict[str, int], database: Database, rows: Rows
) -> None:
    assert await cards(database, agents["magda"]) == ([], [ANA_PHONE])
    assert await cards(database, agents["oleg"]) == ([], [])
    (conversation,) = await rows(Conversation)
    assert (conversation.assignee_id, conversation.unread, conversation.flag) == (agents["magda"], False, "")
    (word,) = await rows(Interaction)
    assert (word.state, word.staff_id, word.conversation_id) == (State.TALKING, agents["magda"], conversation.id)


async def test_a_call_joins_the_conversation_that_is_open_and_leaves_it_with_whom_it_is(
    ask: Ask, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        customer = (await directory.resolve(session, Address(Kind.VOICE, ANA_PHONE), now=now)).customer
        running = threads.opened(customer.id, Kind.VOICE, "voice", subject="", now=now)
        running.assignee_id, running.state = agents["oleg"], ConversationState.PENDING
        session.add(running)
    await ask(call("incoming", Progress.RINGING))
    await ask(pressed(MAGDA))
    (conversation,) = await rows(Conversation)
    assert (conversation.assignee_id, conversation.state) == (agents["oleg"], ConversationState.OPEN)


async def test_a_call_that_is_over_is_its_takers_work_until_it_is_wrapped_up(
    ended: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        (card,) = await call_cards.not_wrapped_up(session)
        assert (card.id, card.staff_name, card.ended_at) == (ended, "magda", now + timedelta(seconds=70))
        assert await current_calls.busy(session) == {agents["magda"]}
        outcome = (await call_outcomes.listing(session))[0]
        wrapping = WrapUp(outcome.id or 0, "All is well", resolve=True)
        await wrap_ups.wrap_up(session, ended, wrapping, staff_id=agents["magda"], others=False, now=now)
    async with database.unit() as session:
        assert await call_cards.not_wrapped_up(session) == []
        assert await current_calls.busy(session) == frozenset()
    (conversation,) = await rows(Conversation)
    word, note = await rows(Interaction)
    assert (conversation.state, word.call["outcome"], note.body_text) == (
        ConversationState.RESOLVED,
        "Settled",
        "All is well",
    )


async def test_for_whoever_has_a_call_to_wrap_up_nothing_rings(
    ended: UUID, ask: Ask, agents: dict[str, int], database: Database
) -> None:
    script = await ask(call("incoming", Progress.RINGING, "CA2"))
    assert [step.numbers for step in script.steps if isinstance(step, Ring)] == [(OLEG,)]
    assert (await cards(database, agents["magda"]))[0] == []


async def test_nothing_is_given_to_whoever_has_a_call_to_wrap_up(
    ended: UUID, agents: dict[str, int], database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        busy = await routing._candidates(session, agents.values(), now)
    assert busy.keys().isdisjoint({agents["magda"]})
    assert routing.chosen(Assigning.LEAST_BUSY, list(busy.values()), capacity=None, turn=0) != agents["magda"]


async def test_a_call_cannot_be_wrapped_up_by_a_colleague_before_its_end_or_without_an_outcome(
    taken: UUID, bring: Bring, agents: dict[str, int], database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        with pytest.raises(NoSuchCall):
            await wrap_ups.wrap_up(session, taken, WrapUp(1), staff_id=agents["oleg"], others=False, now=now)
        with pytest.raises(WrapUpProblem, match="not over"):
            await wrap_ups.wrap_up(session, taken, WrapUp(1), staff_id=agents["magda"], others=False, now=now)
    await bring(call(progress=Progress.DELIVERED))
    async with database.unit() as session:
        with pytest.raises(WrapUpProblem, match="choose an outcome"):
            await wrap_ups.wrap_up(session, taken, WrapUp(999), staff_id=agents["magda"], others=False, now=now)
        await wrap_ups.wrap_up(session, taken, WrapUp(1), staff_id=agents["oleg"], others=True, now=now)
        assert await call_cards.not_wrapped_up(session) == []


async def test_what_is_noted_while_talking_is_one_note_of_the_conversation(
    taken: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    for words in ("Invoice", "Invoice 118", "Invoice 118 is twice too high"):
        async with database.unit() as session:
            await wrap_ups.jot(session, taken, words, staff_id=agents["magda"], now=now)
    word, note = await rows(Interaction)
    assert (note.direction, note.body_text, note.conversation_id) == (
        Way.NOTE,
        "Invoice 118 is twice too high",
        word.conversation_id,
    )
    async with database.unit() as session:
        await wrap_ups.jot(session, taken, " ", staff_id=agents["magda"], now=now)
    assert [one.id for one in await rows(Interaction)] == [taken]


async def test_a_call_that_is_claimed_at_the_desk_rings_there_alone(
    ask: Ask, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING))
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        await current_calls.claim(session, word.id, agents["oleg"], now=now)
        with pytest.raises(TakenAlready, match="oleg took this call"):
            await current_calls.claim(session, word.id, agents["magda"], now=now)
    assert await cards(database, agents["magda"]) == ([], [])
    script = await ask(call("take", Progress.ANSWERED))
    assert isinstance(script.steps[0], Ring)
    assert (script.steps[0].step, script.steps[0].numbers) == ("taken", (OLEG,))
    assert await ask(pressed(MAGDA)) == Script((HangUp(),))
    assert await ask(pressed(OLEG)) == Script(())


async def test_a_claimed_call_that_is_not_picked_up_rings_for_everybody_again(
    ask: Ask, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING))
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        await current_calls.claim(session, word.id, agents["oleg"], now=now)
    await ask(call("take", Progress.ANSWERED))
    script = await ask(call("taken", Progress.FAILED))
    assert isinstance(script.steps[0], Ring)
    assert script.steps[0].numbers == (MAGDA, OLEG)
    assert await rows(HandledCall) == []
    assert (await cards(database, agents["magda"]))[0] == [ANA_PHONE]


async def test_a_call_that_is_over_cannot_be_claimed(
    ask: Ask, bring: Bring, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(call(progress=Progress.DELIVERED))
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        with pytest.raises(TakenAlready, match="does not ring any more"):
            await current_calls.claim(session, word.id, agents["oleg"], now=now)
    assert await rows(CurrentCall) == []


async def test_calls_of_whose_end_no_news_came_do_not_keep_people_from_others(
    taken: UUID, database: Database, agents: dict[str, int], now: datetime
) -> None:
    async with database.unit() as session:
        assert await current_calls.end_lost(session, now=now + timedelta(hours=3)) == 0
        assert await current_calls.end_lost(session, now=now + timedelta(hours=5)) == 1
        assert [one.id for one in await call_cards.not_wrapped_up(session)] == [taken]


async def test_a_call_of_whose_end_no_news_came_is_over_by_its_takers_word_or_a_supervisors(
    taken: UUID, database: Database, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        with pytest.raises(NoSuchCall):
            await wrap_ups.hung_up(session, taken, staff_id=agents["oleg"], others=False, now=now)
    for staff_id in agents.values():  # the second time nothing changes
        async with database.unit() as session:
            await wrap_ups.hung_up(session, taken, staff_id=staff_id, others=True, now=now)
    assert await rows(CurrentCall) == []
    async with database.unit() as session:
        assert [one.id for one in await call_cards.not_wrapped_up(session)] == [taken]
        await wrap_ups.wrap_up(session, taken, WrapUp(1), staff_id=agents["magda"], others=False, now=now)
        assert await current_calls.busy(session) == frozenset()


async def test_a_claimed_call_that_its_claimant_lets_go_rings_on_for_nobody_in_particular(
    ask: Ask, database: Database, agents: dict[str, int], rows: Rows, now: datetime
) -> None:
    await ask(call("incoming", Progress.RINGING))
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        await current_calls.claim(session, word.id, agents["oleg"], now=now)
        await wrap_ups.hung_up(session, word.id, staff_id=agents["oleg"], others=False, now=now)
    assert (await rows(HandledCall), len(await rows(CurrentCall))) == ([], 1)
    async with database.unit() as session:
        await current_calls.claim(session, word.id, agents["magda"], now=now)


async def test_what_was_noted_last_stays_when_an_older_saving_comes_late(
    ended: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        wrapping = WrapUp(1, "Final words")
        await wrap_ups.wrap_up(session, ended, wrapping, staff_id=agents["magda"], others=False, now=now)
        await wrap_ups.jot(session, ended, "Final words ", staff_id=agents["magda"], now=now)
        with pytest.raises(WrapUpProblem, match="wrapped up already"):
            await wrap_ups.jot(session, ended, "Fin", staff_id=agents["magda"], now=now)
    assert [one.body_text for one in await rows(Interaction) if one.state is State.NOTED] == ["Final words"]


# ---- what was missed ------------------------------------------------------------------------


@pytest.fixture
async def missed(ask: Ask, bring: Bring, rows: Rows) -> UUID:
    await ask(call("incoming", Progress.RINGING))
    await bring(call(progress=Progress.DELIVERED))
    return (await rows(Interaction))[0].id  # type: ignore[no-any-return]


async def due(database: Database, *, voicemail: bool = False, **filters: Any) -> list[UUID]:
    async with database.unit() as session:
        return [one.id for one in await missed_calls.listing(session, voicemail=voicemail, **filters)]


async def test_a_missed_call_is_listed_until_the_customer_is_talked_to(
    missed: UUID, agents: dict[str, int], ask: Ask, database: Database, rows: Rows, now: datetime
) -> None:
    assert await due(database) == [missed]
    await ask(call("incoming", Progress.RINGING, "CA2"), at=now + timedelta(minutes=5))
    await ask(pressed(MAGDA, sid="CA2"), at=now + timedelta(minutes=5))
    assert await due(database) == []
    (row,) = await rows(MissedCall)
    assert (row.settled, row.done_by) == (Settled.CALLED_AGAIN, agents["magda"])
    assert [one.flag for one in await rows(Conversation)] == [""]


async def test_a_voicemail_is_no_missed_call_and_what_was_understood_of_it_is_its_text(
    ask: Ask, bring: Bring, database: Database, rows: Rows
) -> None:
    await ask(call("incoming", Progress.RINGING))
    await bring(voicemail())
    await bring(replace(voicemail(), recording=None, transcript="Please call me back"))
    await bring(call(progress=Progress.DELIVERED))
    assert await due(database) == []
    (word,) = await rows(Interaction)
    assert (await due(database, voicemail=True), word.body_text) == ([word.id], "Please call me back")


async def test_missed_calls_are_found_by_name_number_and_owner_and_come_in_pages(
    ask: Ask, bring: Bring, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    for number in range(5):
        at = now + timedelta(minutes=number)
        sender = Address(Kind.VOICE, f"+4860200000{number}")
        await ask(replace(call("incoming", Progress.RINGING, f"CA{number}"), sender=sender), at=at)
        await bring(call(progress=Progress.DELIVERED, sid=f"CA{number}"), at=at)
    first = await due(database, limit=2)
    rest = await due(database, before=first[-1])
    assert len(first) == 2
    assert first + rest == sorted(first + rest, reverse=True)
    assert len(first + rest) == 5
    assert await due(database, query="602 000 003") == [first[1]]
    assert await due(database, query="nobody") == []
    assert await due(database, staff_id=agents["magda"]) == []
    conversation = next(one for one in await rows(Interaction) if one.id == first[0]).conversation_id
    async with database.unit() as session:
        await assignment.assign(session, conversation, agents["magda"])
    assert await due(database, staff_id=agents["magda"]) == [first[0]]


async def test_what_is_done_by_hand_or_with_its_conversation_is_no_work_any_more(
    missed: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        await assignment.resolve(session, word.conversation_id, now=now + timedelta(minutes=1))
    assert (await due(database), await due(database, done=True)) == ([], [missed])
    async with database.unit() as session:
        await assignment.reopen(session, word.conversation_id)
        await missed_calls.done(session, missed, staff_id=agents["oleg"], now=now)
        with pytest.raises(NoSuchCall):
            await missed_calls.done(session, UUID(int=0), staff_id=agents["oleg"], now=now)
    assert await due(database) == []
    (row,) = await rows(MissedCall)
    assert (row.settled, row.done_by) == (Settled.BY_HAND, agents["oleg"])


# ---- calling out ----------------------------------------------------------------------------


async def test_calling_back_rings_ones_own_telephone_and_is_done_when_the_customer_talks(
    missed: UUID, agents: dict[str, int], ask: Ask, bring: Bring, database: Database, reception: Reception, rows: Rows
) -> None:
    (first,) = await rows(Interaction)
    later = first.at + timedelta(minutes=1)
    async with database.unit() as session:
        await policies.save(session, Policy("Calls", first=60), now=first.at, by=None)
        await keeping.reckon_anew(session, now=first.at)
    async with database.unit() as session:
        placed = await calling_customers.call(
            session, first.customer_id, staff_id=agents["oleg"], gate=reception.gate, now=later
        )
        with pytest.raises(CannotCall, match="You have a call already"):
            await calling_customers.call(
                session, first.customer_id, staff_id=agents["oleg"], gate=reception.gate, now=later
            )
    assert isinstance(placed, Placed)
    token = reception.gate.signer.message_token(placed.interaction_id)
    ours, theirs = Address(Kind.VOICE, HUB_PHONE), Address(Kind.VOICE, OLEG)
    event = CallEvent("CA7", Direction.OUT, ours, theirs, asks=True, step="answered", token=token)
    await ask(replace(event, progress=Progress.ANSWERED), at=later)
    assert (await rows(Interaction))[1].state is State.RINGING
    assert await due(database) == [missed]
    leg = replace(event, asks=False, leg_id="CA8", recipient=Address(Kind.VOICE, ANA_PHONE))
    await bring(replace(leg, step="joined", progress=Progress.ANSWERED), at=later)
    back = (await rows(Interaction))[1]
    assert (back.state, back.conversation_id) == (State.TALKING, first.conversation_id)
    assert await due(database) == []
    assert (await rows(MissedCall))[0].settled is Settled.CALLED_BACK
    async with database.unit() as session:
        await keeping.reckon_anew(session, now=later)
    (promised,) = await rows(Promise)
    assert (promised.kind, promised.settled_at, promised.kept) == (Promised.FIRST, later, True)
    await bring(replace(event, asks=False, step="", progress=Progress.DELIVERED), at=later)
    async with database.unit() as session:
        assert [one.id for one in await call_cards.not_wrapped_up(session)] == [placed.interaction_id]


async def test_a_call_to_nobody_who_may_be_called_is_held_and_keeps_nobody_busy(
    missed: UUID, agents: dict[str, int], database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    (word,) = await rows(Interaction)
    async with database.unit() as session:
        await directory.change(session, word.customer_id, {"do_not_contact": True}, now=now)
        held = await calling_customers.call(
            session, word.customer_id, staff_id=agents["oleg"], gate=reception.gate, now=now
        )
        assert isinstance(held, Held)
        assert await current_calls.busy(session) == frozenset()
        with pytest.raises(CannotCall, match="no number of this customer"):
            await calling_customers.call(
                session, word.customer_id, staff_id=1, gate=reception.gate, now=now, number="+48601999999"
            )


# ---- by hand --------------------------------------------------------------------------------


async def test_a_call_and_a_visit_are_logged_by_hand_at_the_moment_they_took_place(
    missed: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    (first,) = await rows(Interaction)
    before, after = now - timedelta(days=2), now + timedelta(minutes=3)
    async with database.unit() as session:
        visit = Contact(What.VISIT, True, before, 45, "Looked at the house", outcome_id=1)
        await logged.log(session, first.customer_id, None, visit, staff_id=agents["oleg"], now=now)
        back = Contact(What.CALL, False, after, 3, "Told her")
        await logged.log(session, first.customer_id, first.conversation_id, back, staff_id=agents["oleg"], now=after)
    found = [(w.kind, w.direction, w.at, w.body_text, w.call) for w in await rows(Interaction) if w.id != missed]
    assert [told[-1].pop("logged_at") for told in found] == [now.isoformat(), after.isoformat()]
    assert found == [
        (
            None,
            Way.NOTE,
            before,
            "Looked at the house",
            {"logged": "visit", "seconds": 2700, "way": "in", "outcome": "Settled"},
        ),
        (Kind.VOICE, Way.OUT, after, "Told her", {"logged": "call", "seconds": 180, "way": "out"}),
    ]
    assert (await rows(MissedCall))[0].settled is Settled.CALLED_BACK


@pytest.mark.parametrize(("hours", "minutes"), [(1, 5), (-24 * 4000, 5), (-1, -1), (-1, 1441)])
async def test_what_cannot_have_been_is_not_logged(
    hours: int, minutes: int, missed: UUID, agents: dict[str, int], database: Database, rows: Rows, now: datetime
) -> None:
    (first,) = await rows(Interaction)
    contact = Contact(What.CALL, True, now + timedelta(hours=hours), minutes)
    async with database.unit() as session:
        with pytest.raises(LogProblem):
            await logged.log(session, first.customer_id, None, contact, staff_id=agents["oleg"], now=now)


# ---- outcomes -------------------------------------------------------------------------------


async def test_outcomes_are_named_ordered_and_put_away(
    database: Database, agents: dict[str, int], now: datetime
) -> None:
    by = agents["oleg"]
    async with database.unit() as session:
        usual = await call_outcomes.listing(session)
        fresh = await call_outcomes.add(session, " Sold  it ", by=by, now=now)
        assert fresh.name == "Sold it"
        with pytest.raises(OutcomeProblem, match="already"):
            await call_outcomes.add(session, "sold it", by=by, now=now)
        with pytest.raises(OutcomeProblem, match="at most 60"):
            await call_outcomes.add(session, "x" * 61, by=by, now=now)
        for _ in usual:
            await call_outcomes.move(session, fresh.id or 0, -1)
        assert (await call_outcomes.listing(session))[0].id == fresh.id
        for one in usual:
            await call_outcomes.change(session, one.id or 0, name=one.name, active=False, by=by, now=now)
        assert [one.id for one in await call_outcomes.listing(session)] == [fresh.id]
        with pytest.raises(OutcomeProblem, match="has to be left"):
            await call_outcomes.change(session, fresh.id or 0, name="Sold it", active=False, by=by, now=now)
