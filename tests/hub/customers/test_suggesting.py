"""Who may be one person is found in the database, told with its reasons, and asked once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.customers import automatic, directory, identities, merging, parting, suggesting
from hub.customers.directory import NewCustomer
from hub.customers.matching import Field, Grade
from hub.database.engine import Database
from hub.models import Staff
from hub.models.vocabulary import AddressKind, Role

BORN = (1987, 2, 11)


async def _add(database: Database, name: str, now: datetime, **more: Any) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, NewCustomer(name=name, **more), now=now)).id


async def _look(database: Database, now: datetime) -> None:
    """All of them, two at a time."""
    after: UUID | None = suggesting.NOBODY
    while after is not None:
        async with database.unit() as session:
            after = await suggesting.advance(session, after, now=now, limit=2)


async def _pairs(database: Database) -> list[set[str]]:
    async with database.unit() as session:
        return [{one.one_name, one.other_name} for one in await suggesting.listing(session)]


@pytest.fixture
async def agent(database: Database, now: datetime) -> int:
    async with database.unit() as session:
        oleg = Staff(email="oleg@meadow.example", name="Oleg", password_hash="", role=Role.AGENT, created_at=now)
        session.add(oleg)
        await session.flush()
        return oleg.id or 0


async def test_who_may_be_one_person_is_found_with_what_agrees_and_what_differs(
    database: Database, now: datetime
) -> None:
    ana = await _add(database, "Ana Kowalska", now, birthday=BORN, emails=("ana.kowalska@example.org",))
    await _add(database, "Ивайло Петров", now, birthday=(1950, 1, 2))
    await _add(database, "Ана Ковалска", now, birthday=(1987, 11, 2), emails=("ana.kowalska@example.com",))
    await _look(database, now)
    async with database.unit() as session:
        (found,) = await suggesting.of(session, ana)
    assert found.other(ana)[1] == "Ана Ковалска"
    assert dict(found.findings) == {
        Field.NAME: Grade.ALIKE,
        Field.BIRTHDAY: Grade.ALIKE,
        Field.EMAIL: Grade.ALIKE,
    }
    assert not found.sure


async def test_addresses_that_a_list_has_columns_for_are_compared(database: Database, now: datetime) -> None:
    told = {"Ulica": "Długa 14", "Kod pocztowy": "80-831", "PESEL": "87021112345"}
    await _add(database, "Ana Kowalska", now, birthday=BORN, attributes=told)
    await _add(database, "Kowalska Ana", now, birthday=BORN, attributes={**told, "Ulica": "Lipowa 2"})
    await _look(database, now)
    async with database.unit() as session:
        (found,) = await suggesting.sure(session, limit=5)
    assert dict(found.findings)[Field.STREET] is Grade.DIFFERS
    assert dict(found.findings)[Field.NUMBER] is Grade.SAME


async def test_who_was_looked_at_is_looked_at_again_when_something_changed(database: Database, now: datetime) -> None:
    ana = await _add(database, "Ana Kowalska", now)
    other = await _add(database, "Ana Kowalska", now)
    await _look(database, now)
    assert await _pairs(database) == []
    later = now + timedelta(hours=1)
    async with database.unit() as session:
        for one, host in ((ana, "org"), (other, "com")):
            await identities.add(session, one, AddressKind.EMAIL, f"ana.kowalska@example.{host}", now=later)
    async with database.unit() as session:
        await suggesting.look(session, ana, now=later)
        await suggesting.look(session, other, now=later)
    assert await _pairs(database) == [{"Ana Kowalska"}]
    async with database.unit() as session:
        await directory.change(session, ana, {"name": "Boris Petrov"}, now=later + timedelta(hours=1))
    await _look(database, later + timedelta(hours=1))
    assert await _pairs(database) == []


async def test_who_was_said_to_be_two_people_is_not_suggested_again(
    database: Database, agent: int, now: datetime
) -> None:
    ana, anna = [await _add(database, "Ana Kowalska", now, birthday=BORN) for _ in range(2)]
    await _look(database, now)
    assert len(await _pairs(database)) == 1
    async with database.unit() as session:
        await suggesting.refuse(session, anna, ana, staff_id=agent, now=now)
        await directory.change(session, ana, {"given_name": "Ana"}, now=now + timedelta(hours=1))
    await _look(database, now + timedelta(hours=2))
    assert await _pairs(database) == []


async def test_a_refusal_goes_along_when_one_of_them_is_merged_and_comes_back(
    database: Database, agent: int, now: datetime
) -> None:
    ana, anna, third = [await _add(database, "Ana Kowalska", now, birthday=BORN) for _ in range(3)]
    async with database.unit() as session:
        await suggesting.refuse(session, anna, third, staff_id=agent, now=now)
        merge = (await merging.merge(session, ana, anna, staff_id=agent, now=now)).id
    await _look(database, now)
    assert await _pairs(database) == []
    async with database.unit() as session:
        await parting.part(session, merge, staff_id=agent, now=now)
    await _look(database, now + timedelta(hours=1))
    async with database.unit() as session:
        assert await suggesting.of(session, anna) == []  # neither Ana, from whom she was parted, nor the third


async def test_a_key_that_everybody_shares_compares_nobody(database: Database, now: datetime) -> None:
    for _ in range(suggesting.COMMON + 1):
        await _add(database, "Ivan Ivanov", now, attributes={"city": "Sofia", "postcode": "1000"})
    async with database.unit() as session:
        await suggesting.advance(session, suggesting.NOBODY, now=now)
    assert await _pairs(database) == []


async def test_who_shares_a_key_is_found_by_the_index_however_few_there_were(database: Database, now: datetime) -> None:
    for number in range(20):
        if number == 10:  # what the database knows of them from now on: there are so few that all are read at once
            await _look(database, now)
            async with database.unit() as session:
                await session.execute(text("analyze customer_keys"))
        await _add(database, f"Ana{number} Kowalska", now, emails=(f"a{number}@example.org",))
    async with database.unit() as session:
        await suggesting.advance(session, suggesting.NOBODY, now=now)
        read = text("select seq_scan from pg_stat_xact_user_tables where relname = 'customer_keys'")
        assert (await session.execute(read)).scalar_one() <= 1  # to find those of whom something changed


async def test_suggestions_come_page_by_page_the_likeliest_first(database: Database, now: datetime) -> None:
    for name in ("Ana Kowalska", "Boris Petrov", "Celina Lis"):
        for host in ("org", "com"):
            mail = f"{name.lower().replace(' ', '.')}@example.{host}"
            born = BORN if name.startswith("Ana") else None
            await _add(database, name, now, birthday=born, emails=(mail,))
    await _look(database, now)
    async with database.unit() as session:
        everything = await suggesting.listing(session)
        first = await suggesting.listing(session, limit=1)
        rest = await suggesting.listing(session, after=first[0].cursor)
    assert everything[0].one_name == "Ana Kowalska"
    assert [*first, *rest] == everything
    assert len(everything) == 3


async def _merge_next(database: Database, now: datetime) -> tuple[UUID, UUID] | None:
    async with database.unit() as session:
        done = await automatic.merge_next(session, now=now)
    return (done.into_id, done.loser_id) if done is not None else None


async def test_those_who_are_sure_are_merged_without_a_person_into_the_card_that_somebody_made(
    database: Database, now: datetime
) -> None:
    told: dict[str, Any] = {"birthday": BORN, "attributes": {"PESEL": "87021112345"}}
    unseen = await _add(database, "Ana Kowalska", now, **told)
    async with database.unit() as session:
        (await directory.get(session, unseen)).provisional = True
    made = await _add(database, "Kowalska Ana", now + timedelta(hours=1), **told)
    await _add(database, "Ana Kowalska", now, birthday=BORN)  # likely, not sure
    later = now + timedelta(hours=2)
    await _look(database, later)
    assert await _merge_next(database, later) == (made, unseen)
    assert await _merge_next(database, later) is None


async def test_two_who_were_sure_until_a_card_was_corrected_are_not_merged_by_themselves(
    database: Database, now: datetime
) -> None:
    told: dict[str, Any] = {"birthday": BORN, "attributes": {"PESEL": "87021112345"}}
    ana, _ = [await _add(database, "Ana Kowalska", now, **told) for _ in range(2)]
    await _look(database, now)
    later = now + timedelta(hours=1)
    async with database.unit() as session:
        assert len(await suggesting.sure(session, limit=5)) == 1
        await directory.change(session, ana, {"birthday": (1950, 1, 2)}, now=later)
    assert await _merge_next(database, later) is None
    async with database.unit() as session:
        assert await suggesting.sure(session, limit=5) == []
