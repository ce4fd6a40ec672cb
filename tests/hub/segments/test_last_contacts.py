"""When customers were last in contact, kept beside the log: segments mean by it whom they mean by the log itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Auto
from hub import clock
from hub.customers import merging, parting
from hub.database.engine import Database
from hub.models import Customer, Interaction, LastContact, LastContactsUntil, StaleContact
from hub.models.vocabulary import Direction, Kind, Origin, State
from hub.personal import rows as persons
from hub.personal import theirs
from hub.reports.health import doctor
from hub.segments import asking, compiling, rolling_up, tree
from hub.segments.compiling import Terms
from tests.hub.segments.people import customer

# The database's own clock says what is old: these are old, or young, at any time at which the test runs.
NOW = clock.now()
AGES = [timedelta(days=n) for n in (1, 3, 20, 100, 170, 190, 350, 380, 700)]
YOUNG = [timedelta(minutes=n) for n in (-5, 0, 1, 90)]
FIELDS = ("last_contact_days", "wrote_days", "called_days")
QUESTIONS: list[Any] = [
    {"field": field, "op": op, "value": value}
    for field in FIELDS
    for op, value in (("gt", 0), ("lt", 1), ("gt", 2), ("lt", 180), ("gt", 180), ("gt", 365), ("exists", False))
]
QUESTIONS.append({"any": [QUESTIONS[4], {"not": QUESTIONS[11]}, {"field": "language", "op": "eq", "value": "pl"}]})


def word(who: UUID, age: timedelta, **more: Any) -> Interaction:
    at = NOW - age
    usual = {"direction": Direction.IN, "kind": Kind.EMAIL, "origin": Origin.CUSTOMER, "state": State.RECEIVED}
    return Interaction(id=clock.uuid7(at), at=at, customer_id=who, state_at=at, **usual | more)


async def people(database: Database, many: int) -> list[UUID]:
    made = [customer(f"No. {n}", NOW - timedelta(days=900), language="pl" if n % 5 else "en") for n in range(many)]
    async with database.unit() as session:
        session.add_all(made)
    return [one.id for one in made]


async def say(database: Database, *words: Interaction) -> None:
    async with database.unit() as session:
        session.add_all(words)


async def quickly(database: Database) -> list[list[UUID]]:
    """Whom each question means by what is kept, in the order of their ids."""
    async with database.unit() as session:
        return [
            await asking.slice_after(session, await asking.where(session, one, now=NOW), None, limit=99)
            for one in QUESTIONS
        ]


async def by_the_log(database: Database) -> list[list[UUID]]:
    async with database.unit() as session:
        wheres = [compiling.compile(tree.read(one), Terms(NOW)) for one in QUESTIONS]
        return [await asking.slice_after(session, where, None, limit=99) for where in wheres]


async def _until(database: Database) -> UUID | None:
    async with database.unit() as session:
        return (await session.exec(select(LastContactsUntil.until))).first()


async def _kept(database: Database) -> dict[UUID, UUID | None]:
    async with database.unit() as session:
        return {one.customer_id: one.contact for one in await session.exec(select(LastContact))}


# ---- what may happen to a log ---------------------------------------------------------------

Happening = Callable[[Database, Random], Awaitable[None]]


async def _customers(session: AsyncSession) -> Sequence[UUID]:
    return (await session.exec(select(Customer.id).order_by(col(Customer.id)))).all()


def _any_word(who: UUID, chance: Random) -> Interaction:
    return word(
        who,
        chance.choice([*AGES, *YOUNG]),
        direction=chance.choice(list(Direction)),
        kind=chance.choice(list(Kind)),
        origin=chance.choice([Origin.CUSTOMER, Origin.AGENT, Origin.CAMPAIGN, Origin.TEST]),
        state=chance.choice([State.QUEUED, State.SENT, State.RECEIVED, State.WITHHELD, State.CANCELLED]),
        auto=chance.choice(["", "", Auto.AUTO_REPLY]),
    )


async def _it_is_said(database: Database, chance: Random) -> None:
    """Now, or long ago: by an import."""
    async with database.unit() as session:
        them = await _customers(session)
        session.add_all([_any_word(chance.choice(them), chance) for _ in range(chance.randint(1, 12))])


async def _it_leaves_late(database: Database, chance: Random) -> None:
    """Or is taken back."""
    state = chance.choice([State.SENT, State.EXPIRED, State.FAILED, State.QUEUED])
    async with database.unit() as session:
        some = (await session.exec(select(Interaction.id).order_by(col(Interaction.id)))).all()
        if some:
            these = chance.sample(some, min(4, len(some)))
            await session.exec(update(Interaction).where(col(Interaction.id).in_(these)).values(state=state))


async def _it_is_taken_out(database: Database, chance: Random) -> None:
    async with database.unit() as session:
        some = (await session.exec(select(Interaction.id).order_by(col(Interaction.id)))).all()
        if some:
            await session.exec(delete(Interaction).where(col(Interaction.id) == chance.choice(some)))


async def _two_are_one(database: Database, chance: Random) -> None:
    """And one of three times two again."""
    async with database.unit() as session:
        winner, loser = chance.sample(await _customers(session), 2)
        merged = await merging.merge(session, winner, loser, staff_id=None, now=NOW)
    if chance.random() < 0.3:
        await _it_is_said(database, chance)
        async with database.unit() as session:
            await parting.part(session, merged.id, staff_id=None, now=NOW)


async def _somebody_is_erased(database: Database, chance: Random) -> None:
    async with database.unit() as session:
        whose = await theirs.person(session, chance.choice(await _customers(session)))
        await persons.lock(session, whose)
        await persons.delete(session, whose, now=NOW)


async def _it_is_kept(database: Database, chance: Random) -> None:
    """A few slices of it, or all; the last of them may be killed before its end."""
    for _ in range(chance.randint(1, 4)):
        async with database.unit() as session:
            await rolling_up.advance(session, now=NOW, slice=chance.randint(1, 9))
    if chance.random() < 0.3:
        with pytest.raises(ConnectionAbortedError):
            await _killed(database)
    if chance.random() < 0.5:
        await rolling_up.roll_up(database, now=NOW)


async def _killed(database: Database) -> None:
    async with database.unit() as session:
        await rolling_up.advance(session, now=NOW)
        raise ConnectionAbortedError


async def _all_is_made_anew(database: Database, chance: Random) -> None:
    async with database.unit() as session:
        await session.execute(text("truncate last_contact_until"))


HAPPENINGS: Sequence[Happening] = (
    *(_it_is_said, _it_is_said, _it_leaves_late, _it_is_taken_out, _two_are_one, _it_is_kept, _it_is_kept),
    *(_somebody_is_erased, _all_is_made_anew),
)
_WEIGHTS = (6, 6, 5, 3, 2, 6, 6, 1, 1)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_to_the_log_segments_mean_whom_they_mean_by_it(database: Database, seed: int) -> None:
    chance = Random(seed)
    await people(database, 14)
    await _it_is_said(database, chance)
    for number, happening in enumerate(chance.choices(HAPPENINGS, _WEIGHTS, k=24)):
        await happening(database, chance)
        assert await quickly(database) == await by_the_log(database), f"{number}: {happening.__name__}"
    await rolling_up.roll_up(database, now=NOW)
    assert await quickly(database) == await by_the_log(database)
    async with database.unit() as session:
        assert (await session.exec(select(StaleContact))).all() == []
        assert [one for one in await doctor(session, now=NOW) if "contact" in one.check] == []


# ---- one by one -----------------------------------------------------------------------------


async def test_what_is_old_is_kept_and_what_is_young_is_not_yet(database: Database) -> None:
    ada, boris = await people(database, 2)
    old, young = word(ada, AGES[2]), word(boris, YOUNG[3])
    ids = old.id
    await say(database, old, young)
    await rolling_up.roll_up(database, now=NOW)
    assert await _kept(database) == {ada: ids}


async def test_nothing_is_kept_while_somebody_may_still_write_what_is_old(database: Database) -> None:
    (ada,) = await people(database, 1)
    await say(database, word(ada, AGES[4]))
    async with database.unit() as slow:
        slow.add(word(ada, AGES[3]))
        await slow.flush()
        await rolling_up.roll_up(database, now=NOW)
        assert await _kept(database) == {}
    await rolling_up.roll_up(database, now=NOW)
    assert list(await _kept(database)) == [ada]
    assert await quickly(database) == await by_the_log(database)


async def test_who_counts_meanwhile_is_waited_for_before_it_is_made_anew(database: Database) -> None:
    (ada,) = await people(database, 1)
    await say(database, word(ada, AGES[4]))
    await rolling_up.roll_up(database, now=NOW)
    async with database.unit() as counting:
        await asking.where(counting, QUESTIONS[0], now=NOW)
        with pytest.raises(DBAPIError, match="lock timeout"):
            async with database.unit() as session:
                await session.execute(text("set local lock_timeout = '50ms'"))
                await session.execute(text("truncate last_contact_until"))


async def test_what_leaves_as_usual_says_nothing_of_it(database: Database) -> None:
    """A campaign's messages are written and leave without a row more."""
    (ada,) = await people(database, 1)
    sent = word(ada, YOUNG[1], direction=Direction.OUT, origin=Origin.CAMPAIGN, state=State.QUEUED)
    await say(database, sent)
    async with database.unit() as session:
        await session.exec(update(Interaction).values(state=State.SENT))
        assert (await session.exec(select(StaleContact))).all() == []


async def test_the_doctor_sees_a_wrong_one(database: Database) -> None:
    ada, boris = await people(database, 2)
    await say(database, word(ada, AGES[4]), word(boris, AGES[2]))
    await rolling_up.roll_up(database, now=NOW)
    async with database.unit() as session:
        await session.exec(
            update(LastContact).where(col(LastContact.customer_id) == ada).values(contact=clock.uuid7(NOW))
        )
        (found,) = [one for one in await doctor(session, now=NOW) if "contact" in one.check]
        await session.execute(text("truncate last_contact_until"))
    assert (found.count, found.example) == (1, str(ada))
    await rolling_up.roll_up(database, now=NOW)
    async with database.unit() as session:
        assert [one for one in await doctor(session, now=NOW) if "contact" in one.check] == []
