"""When an occasion that many keep is looked at again: a look reads everybody, and most looks would find nobody.

After one that found nobody the next waits: twice as long each time, and never beyond the moment at which it is time
somewhere else. What a person changes about greetings begins anew. Of an occasion that few keep each look is cheap; so
is one at whoever was added lately, which is done all the while.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import GreetingLook

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)


async def resting(session: AsyncSession, *, now: datetime) -> set[int]:
    """Occasions that are not looked at now. One that waits longer than any does waits by a clock that was wrong."""
    waiting = col(GreetingLook.next_at).between(now + timedelta(microseconds=1), now + LONGEST)
    return set(await session.exec(select(GreetingLook.occasion_id).where(waiting)))


async def found_nobody(session: AsyncSession, occasion_id: int, *, opens: datetime | None, now: datetime) -> None:
    """`opens`: when it is time somewhere else, as far as that is known."""
    row = await session.get(GreetingLook, occasion_id) or GreetingLook(occasion_id=occasion_id, next_at=now)
    pause = min(SHORTEST * 2**row.empty, LONGEST)
    row.empty, row.next_at = min(row.empty + 1, 10), min(now + pause, opens or now + pause)
    session.add(row)


async def found_some(session: AsyncSession, occasion_id: int) -> None:
    """Others may follow at once."""
    await session.exec(delete(GreetingLook).where(col(GreetingLook.occasion_id) == occasion_id))


async def begin_anew(session: AsyncSession) -> None:
    """Somebody changed what is greeted, or whom: all are looked at the next time. One gives way to another."""
    await session.exec(delete(GreetingLook))
