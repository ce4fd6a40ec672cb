"""What is usual goes by two statements, and leaves what the long way leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select

from channels.message import Kind, Progress, Reason, Receipt
from hub.clock import uuid7
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import receipts, record, usual
from hub.interactions.reckoning import News
from hub.models import Interaction, ReceiptRow
from hub.models.vocabulary import State
from tests.log_rows import said

Write = Callable[[Sequence[News]], Awaitable[None]]
_STEPS = (Progress.QUEUED, Progress.SENDING, Progress.SENT, Progress.DELIVERED, Progress.READ, Progress.FAILED)
_WAITS = "select count(*) from pg_locks where not granted"


async def _message(database: Database, name: str, now: datetime) -> UUID:
    """An SMS under way that its carrier calls `name`."""
    async with database.unit() as session:
        new = directory.NewCustomer("Ana", phones=(f"+48732{abs(hash(name)) % 10**6:06}",), timezone="UTC")
        customer = await directory.create(session, new, now=now)
        row = said(customer.id, now, kind=Kind.SMS, channel="sms", state=State.SENDING, recipient="+48732000000")
        session.add(row)
        await session.flush()
        await record.name(session, "sms", name, row.id)
    return row.id


def _news(name: str, step: Progress) -> News:
    reason = Reason.UNREACHABLE if step is Progress.FAILED else None
    return News("sms", Receipt(name, step, reason=reason), None)


async def _left(database: Database, interaction: UUID) -> tuple[object, ...]:
    async with database.unit() as session:
        row = await session.get(Interaction, interaction)
        told = (await session.exec(select(ReceiptRow).where(col(ReceiptRow.interaction_id) == interaction))).all()
    assert row is not None
    return row.state, row.state_rank, row.reason, row.flag, sorted((t.progress, t.code, t.leg) for t in told)


async def _the_long_way(database: Database, news: Sequence[News], now: datetime) -> None:
    async with database.unit() as session:
        await receipts.apply_all(session, news, now=now)


async def _the_usual_way(database: Database, news: Sequence[News], now: datetime) -> None:
    left = await usual.settle(database, news, now=now)
    if left:
        await _the_long_way(database, left, now)


@given(groups=st.lists(st.lists(st.sampled_from(_STEPS), min_size=1, max_size=4), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_groups_of_usual_and_unusual_news_leave_what_the_long_way_leaves(
    groups: list[list[Progress]], database: Database, now: datetime
) -> None:
    """News in a group is told in the order of what is usual first: so the long way hears it here."""
    names = [str(uuid7(now)) for _ in range(2)]
    ids = [await _message(database, name, now) for name in names]
    for group in groups:
        ordered = sorted(group, key=lambda step: step is Progress.FAILED)
        await _the_usual_way(database, [_news(names[0], step) for step in group], now)
        for step in ordered:
            await _the_long_way(database, [_news(names[1], step)], now)
    assert await _left(database, ids[0]) == await _left(database, ids[1])


async def test_who_is_overtaken_between_look_and_write_writes_nothing(database: Database, now: datetime) -> None:
    interaction = await _message(database, "SM1", now)
    async with database.unit() as session:
        await session.execute(
            text("update interaction set state = 'delivered', state_rank = 4 where id = :id"), {"id": interaction}
        )
        late = asyncio.create_task(usual.settle(database, [_news("SM1", Progress.SENT)], now=now))
        async with asyncio.timeout(30):
            while not (await session.execute(text(_WAITS))).scalar_one():
                pass
    assert await late == [_news("SM1", Progress.SENT)]
    assert (await _left(database, interaction))[4] == []


async def test_what_tells_something_about_the_address_or_has_no_message_is_not_usual(
    database: Database, now: datetime
) -> None:
    await _message(database, "SM1", now)
    asked = [_news("SM1", Progress.FAILED), _news("SM2", Progress.SENT)]
    assert await usual.settle(database, asked, now=now) == asked
