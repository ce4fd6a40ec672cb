"""What the log's rows name is there: kept by triggers, and for a campaign's by a lock, see 0003_dispatch."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from hub.clock import uuid7
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Conversation, Interaction, Staff
from hub.models.vocabulary import ConversationState, Direction, Kind, Origin, Role, State
from hub.outbound import mailings

_WAITS = """
select count(*) from pg_locks l join pg_database d on d.oid = l.database
where d.datname = current_database() and l.locktype = 'advisory' and not l.granted
"""


@pytest.fixture
async def ana(database: Database, now: datetime) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, directory.NewCustomer("Ana"), now=now)).id


def _word(customer: UUID, now: datetime, **more: Any) -> Interaction:
    said: dict[str, Any] = {"origin": Origin.AGENT, "direction": Direction.OUT, "state": State.SENT, **more}
    return Interaction(id=uuid7(now), at=now, customer_id=customer, kind=Kind.EMAIL, state_at=now, **said)


async def _left(database: Database) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))


_NOBODY = UUID(int=77)


@pytest.mark.parametrize(
    "named", [{"customer_id": _NOBODY}, {"conversation_id": _NOBODY}, {"points_to_id": _NOBODY}, {"staff_id": 77}]
)
async def test_a_word_names_nobody_and_nothing_that_is_not_there(
    database: Database, ana: UUID, now: datetime, named: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match="there is no"):
        async with database.unit() as session:
            session.add(_word(now=now, **{"customer": named.pop("customer_id", ana), **named}))
    assert await _left(database) == []


async def test_a_word_is_not_moved_to_a_customer_who_is_not_there(database: Database, ana: UUID, now: datetime) -> None:
    async with database.unit() as session:
        session.add(word := _word(ana, now, origin=Origin.CAMPAIGN))
    with pytest.raises(IntegrityError, match="there is no customer"):
        async with database.unit() as session:
            await session.execute(
                text("update interaction set customer_id = :to where id = :id"), {"to": uuid7(now), "id": word.id}
            )


async def test_a_customer_s_words_go_with_the_customer(database: Database, ana: UUID, now: datetime) -> None:
    async with database.unit() as session:
        bea = await directory.create(session, directory.NewCustomer("Bea"), now=now)
        stays = _word(bea.id, now)
        session.add_all([_word(ana, now), _word(ana, now, origin=Origin.CAMPAIGN), stays])
    async with database.unit() as session:
        await session.execute(text("delete from customer where id = :id"), {"id": ana})
    assert [one.id for one in await _left(database)] == [stays.id]


async def test_a_word_forgets_its_conversation_and_its_writer_and_stays(
    database: Database, ana: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        staff = Staff(name="Ewa", email="ewa@hub.example", role=Role.AGENT, password_hash="", created_at=now)
        talk = Conversation(
            id=uuid7(now), customer_id=ana, kind=Kind.EMAIL, state=ConversationState.OPEN, last_at=now, created_at=now
        )
        session.add_all([staff, talk])
        await session.flush()
        session.add(_word(ana, now, conversation_id=talk.id, points_to_id=talk.id, staff_id=staff.id))
    async with database.unit() as session:
        await session.delete(talk)
        await session.delete(staff)
    (word,) = await _left(database)
    assert (word.conversation_id, word.points_to_id, word.staff_id) == (None, None, None)


async def test_whoever_is_erased_while_a_campaign_writes_to_them_leaves_nothing_behind(
    database: Database, ana: UUID, now: datetime
) -> None:
    async def erase() -> None:
        async with database.unit() as session:
            await session.execute(text("delete from customer where id = :id"), {"id": ana})

    async with database.unit() as session:
        await session.execute(mailings.NOBODY_GOES)
        erasing = asyncio.create_task(erase())
        async with asyncio.timeout(60):
            while not (await session.execute(text(_WAITS))).scalar_one():
                pass
        session.add(_word(ana, now, origin=Origin.CAMPAIGN))
    await asyncio.wait_for(erasing, 60)
    assert await _left(database) == []
