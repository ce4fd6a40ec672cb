"""Leaving somebody out: this customer is not greeted for this occasion on this day. It can be taken back."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Greeting, GreetingSkip
from hub.occasions import looks
from hub.sentences import Sentence


class TooLate(ValueError):
    """The greeting is in the log already."""


async def skip(
    session: AsyncSession, customer_id: UUID, occasion_id: int, day: date, *, by: int | None, now: datetime
) -> None:
    """Whoever keeps something else on that day is greeted for that. Raises TooLate."""
    made = select(Greeting.id).where(
        Greeting.customer_id == customer_id, Greeting.kept == day, Greeting.occasion_id == occasion_id
    )
    if (await session.exec(made)).first() is not None:
        raise TooLate(Sentence("The greeting has been made already: it is in the customer's history."))
    values = {"customer_id": customer_id, "occasion_id": occasion_id, "day": day, "staff_id": by, "at": now}
    await session.execute(insert(GreetingSkip).values(**values).on_conflict_do_nothing())
    await looks.begin_anew(session)
    await live.publish(session, "greeting")


async def take_back(session: AsyncSession, customer_id: UUID, occasion_id: int, day: date) -> None:
    """Greeted after all, if it is not too late."""
    await session.execute(
        delete(GreetingSkip).where(
            col(GreetingSkip.customer_id) == customer_id,
            col(GreetingSkip.occasion_id) == occasion_id,
            col(GreetingSkip.day) == day,
        )
    )
    await looks.begin_anew(session)
    await live.publish(session, "greeting")
