"""Two customers become one, and two again: nothing is lost, nothing is allowed that one of them refused."""

from __future__ import annotations

import asyncio
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address
from hub.clock import uuid7
from hub.customers import consent, directory, identities, merging, moving, parting
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import METADATA, Conversation, Customer, Interaction, Task
from hub.models.vocabulary import Kind, Purpose
from tests.hub.customers.couple import couple, everything
from tests.log_rows import heard


@pytest.mark.parametrize("seed", range(6))
async def test_merge_and_un_merge_give_back_exactly_what_was(database: Database, now: datetime, seed: int) -> None:
    async with database.unit() as session:
        both = await couple(session, Random(seed), now)
    before = await everything(database)
    async with database.unit() as session:
        merged = await merging.merge(session, both.winner, both.loser, staff_id=both.staff, now=now)
    async with database.unit() as session:
        assert (await session.exec(select(Customer.id))).all() == [both.winner]
    async with database.unit() as session:
        await parting.part(session, merged.id, staff_id=both.staff, now=now)
    after = dict(await everything(database))
    after["consent"] = [row for row in after["consent"] if row["source"] != merging.SOURCE]
    assert after == before


async def _customer(database: Database, name: str, now: datetime, **more: Any) -> UUID:
    async with database.unit() as session:
        new = NewCustomer(name=name, emails=(f"{name.lower()}@example.org",), **more)
        return (await directory.create(session, new, now=now)).id


async def _merge(database: Database, winner: UUID, loser: UUID, now: datetime, kept: tuple[str, ...] = ()) -> UUID:
    async with database.unit() as session:
        return (await merging.merge(session, winner, loser, kept=kept, staff_id=None, now=now)).id


async def _part(database: Database, merge: UUID, now: datetime) -> None:
    async with database.unit() as session:
        await parting.part(session, merge, staff_id=None, now=now)


async def _addresses(database: Database, customer: UUID) -> list[str]:
    async with database.unit() as session:
        return [one.value for one in await identities.of(session, customer)]


async def _says(database: Database, customer: UUID, granted: bool, now: datetime) -> None:
    async with database.unit() as session:
        said = Statement(customer, Purpose.MARKETING, None, granted=granted, source="told an agent")
        await consent.record(session, said, now=now)


async def _allows(database: Database, customer: UUID) -> bool | None:
    async with database.unit() as session:
        row = consent.standing(await consent.ledger(session, customer), Purpose.MARKETING, Kind.EMAIL)
        return None if row is None else row.granted


def test_every_table_that_names_a_customer_is_thought_of() -> None:
    naming = {
        table.name
        for table in METADATA.sorted_tables
        if any(key.column.table.name == "customer" for key in table.foreign_keys) or "customer_id" in table.columns
    }
    assert naming == set(moving.tables()) | moving.KEYED | moving.ELSEWHERE


async def test_everybody_who_asks_for_the_merged_one_is_told_of_the_other(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now, external_id="C-7")
    await _merge(database, ana, anna, now)
    async with database.unit() as session:
        with pytest.raises(directory.Merged) as told:
            await directory.get(session, anna)
        by_number = await directory.find_external(session, "C-7")
    assert told.value.into == ana
    assert by_number is not None
    assert by_number.id == ana
    assert await _addresses(database, ana) == ["ana@example.org", "anna@example.org"]


@pytest.mark.parametrize("first", [True, False])
async def test_of_a_yes_and_a_no_the_no_counts_whichever_was_said_first(
    database: Database, now: datetime, first: bool
) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    for one in (ana, anna) if first else (anna, ana):
        await _says(database, one, one == anna, now)
    merge = await _merge(database, ana, anna, now)
    assert await _allows(database, ana) is False
    await _part(database, merge, now)
    assert (await _allows(database, ana), await _allows(database, anna)) == (False, True)


async def test_a_yes_of_one_of_them_stands_for_both(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    await _says(database, anna, True, now)
    await _merge(database, ana, anna, now)
    assert await _allows(database, ana) is True


async def test_a_no_that_was_said_while_they_were_one_is_both_s(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    await _says(database, anna, True, now)
    merge = await _merge(database, ana, anna, now)
    await _says(database, ana, False, now)
    await _part(database, merge, now)
    assert (await _allows(database, ana), await _allows(database, anna)) == (False, False)


async def test_the_ledger_lets_nothing_else_be_changed_by_a_merge(database: Database, now: datetime) -> None:
    ana = await _customer(database, "Ana", now)
    await _says(database, ana, False, now)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.unit() as session:
            await session.execute(text("select set_config('hub.merging', 'on', true)"))
            await session.execute(text("update consent set granted = true"))


async def test_who_may_not_be_contacted_is_not_contacted_after_it(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    async with database.unit() as session:
        await directory.change(session, anna, {"do_not_contact": True}, now=now)
    merge = await _merge(database, ana, anna, now)
    async with database.unit() as session:
        assert (await directory.get(session, ana)).do_not_contact
    await _part(database, merge, now)
    async with database.unit() as session:
        flags = [(await directory.get(session, one)).do_not_contact for one in (ana, anna)]
    assert flags == [False, True]


async def test_the_fields_that_were_chosen_are_the_other_s_and_empty_ones_are_filled(
    database: Database, now: datetime
) -> None:
    ana = await _customer(database, "Ana", now, labels=("garden",))
    anna = await _customer(database, "Anna", now, country="PL", birthday=(1987, 2, 11), labels=("trade",))
    await _merge(database, ana, anna, now, kept=("name",))
    async with database.unit() as session:
        one = await directory.get(session, ana)
    assert (one.name, one.country, one.birth_year, one.labels) == ("Anna", "PL", 1987, ["garden", "trade"])


async def test_what_a_person_changed_since_stays_when_they_are_taken_apart(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now, labels=("trade",))
    merge = await _merge(database, ana, anna, now, kept=("name",))
    async with database.unit() as session:
        await directory.change(session, ana, {"name": "Ana Nowak", "labels": ["trade", "new"]}, now=now)
    await _part(database, merge, now)
    async with database.unit() as session:
        one = await directory.get(session, ana)
    assert (one.name, one.labels) == ("Ana Nowak", ["new"])


async def test_what_came_since_goes_with_the_address_it_came_by(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    merge = await _merge(database, ana, anna, now)
    words = {}
    async with database.unit() as session:
        for address in ("ana@example.org", "anna@example.org"):
            talk = Conversation(
                id=uuid7(now), customer_id=ana, kind=Kind.EMAIL, channel="mail", created_at=now, last_at=now
            )
            session.add(talk)
            await session.flush()
            words[address] = heard(ana, now, sender=address, conversation_id=talk.id)
            session.add(words[address])
            session.add(Task(customer_id=ana, conversation_id=talk.id, title=address, created_at=now, changed_at=now))
    await _part(database, merge, now)
    async with database.unit() as session:
        for owner, address in ((ana, "ana@example.org"), (anna, "anna@example.org")):
            word = await session.get(Interaction, words[address].id)
            place = await session.get(Conversation, words[address].conversation_id)
            task = (await session.exec(select(Task).where(Task.title == address))).one()
            assert word is not None
            assert place is not None
            assert [word.customer_id, place.customer_id, task.customer_id] == [owner] * 3


async def test_a_chain_is_taken_apart_from_its_end(database: Database, now: datetime) -> None:
    names = ("Ana", "Anna", "Anka")
    ana, anna, anka = [await _customer(database, name, now, labels=(name,)) for name in names]
    before = await everything(database)
    first = await _merge(database, anna, anka, now)
    second = await _merge(database, ana, anna, now)
    async with database.unit() as session:
        assert await directory.standing(session, anka) == ana
    with pytest.raises(parting.CannotPart):
        await _part(database, first, now)
    await _part(database, second, now)
    await _part(database, first, now)
    assert await everything(database) == before


async def test_of_two_who_became_part_of_one_the_first_may_leave_first(database: Database, now: datetime) -> None:
    ana, anna, anka = [
        await _customer(database, "Ana", now),
        await _customer(database, "Anna", now, labels=("Anna", "spring"), vip=True),
        await _customer(database, "Anka", now, labels=("Anka", "spring"), vip=True),
    ]
    before = await everything(database)
    first = await _merge(database, ana, anna, now)
    second = await _merge(database, ana, anka, now)
    await _part(database, first, now)
    async with database.unit() as session:
        assert (await directory.get(session, ana)).vip  # as Anka is
    await _part(database, second, now)
    assert await everything(database) == before


async def test_of_two_merges_at_once_the_second_is_told_what_the_first_did(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    both = (_merge(database, ana, anna, now), _merge(database, anna, ana, now))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Merged", "UUID"]


async def test_nobody_is_merged_twice_over_or_with_themselves(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)
    with pytest.raises(merging.CannotMerge):
        await _merge(database, ana, ana, now)
    merge = await _merge(database, ana, anna, now)
    with pytest.raises(directory.Merged):
        await _merge(database, ana, anna, now)
    await _part(database, merge, now)
    with pytest.raises(parting.CannotPart):
        await _part(database, merge, now)


async def test_a_word_that_comes_while_they_are_merged_is_the_winner_s(database: Database, now: datetime) -> None:
    ana, anna = await _customer(database, "Ana", now), await _customer(database, "Anna", now)

    async def comes() -> UUID:
        async with database.unit() as session:
            address = Address(Kind.EMAIL, "anna@example.org", "Anna")
            writer = (await directory.resolve(session, address, now=now)).customer.id
            session.add(heard(writer, now, sender="anna@example.org"))
            return writer

    async with database.unit() as session:
        await merging.merge(session, ana, anna, staff_id=None, now=now)
        coming = asyncio.create_task(comes())
        await _waits_for_a_lock(database)
    assert await coming == ana


async def test_a_merge_that_comes_before_the_taking_back_of_an_earlier_one_is_not_waited_for_crosswise(
    database: Database, now: datetime
) -> None:
    ana, anna, anka = [await _customer(database, name, now) for name in ("Ana", "Anna", "Anka")]
    earlier = await _merge(database, anna, anka, now)
    async with database.unit() as session:
        await session.execute(merging.NOBODY_IS_WRITTEN_TO)
        parted = asyncio.create_task(_part(database, earlier, now))
        await _waits_for_a_lock(database)
        await merging.merge(session, ana, anna, staff_id=None, now=now)
    with pytest.raises(parting.CannotPart, match="take that back first"):
        await parted


async def test_what_was_taken_back_for_another_s_sake_is_done_again(database: Database, now: datetime) -> None:
    tries = 0

    async def unlucky(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        session.add(Task(title=f"Try {tries}", created_at=now, changed_at=now))
        await session.flush()
        if tries < 3:
            await session.execute(text("do $$ begin raise sqlstate '40P01'; end $$"))

    await database.insisting(unlucky)
    async with database.unit() as session:
        assert (await session.exec(select(Task.title))).all() == ["Try 3"]


async def _waits_for_a_lock(database: Database) -> None:
    """Until somebody stands in a queue."""
    async with asyncio.timeout(60):
        while True:
            async with database.unit() as session:
                waiting = text(
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
                if (await session.execute(waiting)).first() is not None:
                    return


_WAITING = text("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
